# SPDX-License-Identifier: GPL-3.0-or-later
"""From a recording to fewer keys within a stated tolerance.

A span whose cubic between measured slopes is off by more than the tolerance is split where it is
off the most: D. Douglas and T. Peucker, "Algorithms for the reduction of the number of points
required to represent a digitized line" (1973), with cubics in place of lines.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.signal import savgol_filter

from .data import Curve, Floats

TOLERANCE: Final = 0.01  # of a weight
_WINDOW: Final = 5  # frames that a slope is measured over


def reduced(frames: Floats, values: Floats, tolerance: float = TOLERANCE) -> Curve:
    """A curve within ``tolerance`` of ``values`` (F,) at ``frames`` (F,), which are evenly spaced.

    A tolerance of 0 keeps every frame.
    """
    if len(frames) == 1:
        return Curve(frames, values, np.zeros(1))
    slopes = _slopes(values) / (frames[1] - frames[0])
    if np.ptp(values) <= tolerance and tolerance > 0:
        knots = np.array([0, len(frames) - 1])
        level = (values.max() + values.min()) / 2
        return Curve(frames[knots], np.full(2, level), np.zeros(2))
    knots = np.array(_split(frames, values, slopes, tolerance))
    return Curve(frames[knots], values[knots], slopes[knots])


def _slopes(values: Floats) -> Floats:
    """Change a frame: of a parabola through the neighbouring frames."""
    if len(values) < _WINDOW:
        return np.gradient(values)
    return savgol_filter(values, _WINDOW, 2, deriv=1)


def _split(frames: Floats, values: Floats, slopes: Floats, tolerance: float) -> list[int]:
    """Rows that become keys, in order."""
    knots = [0]
    waiting = [(0, len(frames) - 1)]
    while waiting:
        first, last = waiting.pop()
        worst = _worst(frames, values, slopes, first, last, tolerance)
        if worst is None:
            knots.append(last)
        else:
            waiting += [(worst, last), (first, worst)]
    return knots


def _worst(
    frames: Floats, values: Floats, slopes: Floats, first: int, last: int, tolerance: float
) -> int | None:
    """The row between two keys where the cubic is off the most; None where that is tolerated."""
    if last - first < 2:
        return None
    span = frames[last] - frames[first]
    t = (frames[first + 1 : last] - frames[first]) / span
    rest = 1.0 - t
    cubic = (
        values[first] * (1.0 + 2.0 * t) * rest * rest
        + values[last] * t * t * (3.0 - 2.0 * t)
        + span * t * rest * (slopes[first] * rest - slopes[last] * t)
    )
    error = np.abs(cubic - values[first + 1 : last])
    worst = int(error.argmax())
    return None if error[worst] <= tolerance and tolerance > 0 else first + 1 + worst
