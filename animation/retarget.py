# SPDX-License-Identifier: GPL-3.0-or-later
"""An actor's weights on a character: how strongly each shape key answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..errors import RigError
from ..vocabulary import ARKIT_SHAPES
from .data import Floats


class Gain(NamedTuple):
    """A shape key gets ``gain`` times the actor's weight, and ``offset`` on top."""

    gain: float = 1.0
    offset: float = 0.0


def even_gains(strength: float) -> dict[str, Gain]:
    """Every shape multiplied by the same."""
    return dict.fromkeys(ARKIT_SHAPES, Gain(strength))


def retarget(values: Floats, gains: Mapping[str, Gain]) -> Floats:
    """(F, 52) in 0..1; shapes that ``gains`` doesn't name keep the actor's weight.

    ``values`` (F, 52) in the order of ARKIT_SHAPES. Raises RigError for a name that is no shape
    and for a gain that is no number.
    """
    table = np.array([gains.get(name, Gain()) for name in ARKIT_SHAPES], np.float64)
    unknown = next((name for name in gains if name not in ARKIT_SHAPES), None)
    if unknown is not None:
        raise RigError(
            f"{unknown} isn't one of the 52 ARKit shapes.", "Correct the name or leave it out."
        )
    wrong = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(wrong):
        raise RigError(
            f"The gain or offset of {ARKIT_SHAPES[wrong[0]]} isn't a number.", "Enter a number."
        )
    return np.clip(values * table[:, 0] + table[:, 1], 0.0, 1.0)
