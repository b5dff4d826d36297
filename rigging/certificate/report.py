# SPDX-License-Identifier: GPL-3.0-or-later
"""How a figure becomes a line of the certificate, and how a place on the head is named."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..data import Metric
from ..head import Head


def judged(
    name: str, value: float, limit: float, unit: str = "", place: str = "", note: str = ""
) -> Metric:
    """A measured figure: it passes at or below its limit, and never when it is not a number."""
    return Metric(name, float(value), limit, bool(value <= limit), unit, place, note)


def not_measurable(name: str, limit: float, unit: str, reason: str) -> Metric:
    """A figure that this head can't have, and why; it does not count against the rig."""
    return Metric(name, None, limit, True, unit, "", reason)


def nearest_landmark(head: Head, point: NDArray[np.float64]) -> str:
    """The named landmark closest to a point of the head frame, for "where is it"."""
    names = list(head.landmarks.named)
    places = np.array([head.point(name) for name in names])
    return names[int(np.linalg.norm(places - point, axis=1).argmin())]


def place_of(head: Head, shape: str, point: NDArray[np.float64]) -> str:
    """A place in the words of the certificate: which shape, near which landmark."""
    return f"{shape}, near {nearest_landmark(head, point)}"
