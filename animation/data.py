# SPDX-License-Identifier: GPL-3.0-or-later
"""What the animation layer hands to the scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A Bezier F-curve of K keys whose handles lie a third of the way to their neighbours, so that
    it is a cubic polynomial of time between two keys.

    ``frames`` (K,) increasing, in scene frames, may be fractions; ``values`` (K,); ``slopes`` (K,)
    of the tangent at each key, per frame, the same on both of its sides.
    """

    frames: Floats
    values: Floats
    slopes: Floats


@dataclass(frozen=True)
class Animation:
    """Curves of some shapes over a span. ``start``, ``end``: first and last scene frame that they
    are made for; ``curves``: ARKit name -> curve; ``at_rest``: names that stay at 0 all the time.
    Shapes in neither aren't touched.
    """

    start: float
    end: float
    curves: dict[str, Curve]
    at_rest: tuple[str, ...] = ()
