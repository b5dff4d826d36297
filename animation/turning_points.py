# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys where a motion turns, as an animator sets them, and between those only where it needs more.

What counts in speech are its extremes, where lips meet or a jaw is widest: there the curve is exact
and its handles are level.
"""

from __future__ import annotations

import itertools

import numpy as np

from .data import Curve, Floats


def keyed_at_turns(frames: Floats, values: Floats, tolerance: float) -> Curve:
    """A curve through the turning points of ``values`` (F,) at ``frames`` (F,), evenly spaced, and
    within ``tolerance`` of them everywhere. It comes from rest and goes to rest.
    """
    step = frames[1] - frames[0] if len(frames) > 1 else 1.0
    slopes = _slopes(values)
    turns = turning_points(values, tolerance)
    slopes[turns] = 0.0
    knots = [0]
    for first, last in itertools.pairwise(turns):
        knots += _between(values, slopes, first, last, tolerance)
    return Curve(frames[knots], values[knots], slopes[knots] / step)


def _slopes(values: Floats) -> Floats:
    """Change a frame, level at both ends and nowhere so steep that the curve would run past its
    neighbours: F. Fritsch and R. Carlson, "Monotone piecewise cubic interpolation" (1980).
    """
    slopes = np.zeros(len(values))
    before, after = np.diff(values)[:-1], np.diff(values)[1:]
    least = 3.0 * np.minimum(np.abs(before), np.abs(after))
    onward = before * after > 0.0
    slopes[1:-1] = np.where(onward, np.clip((before + after) / 2.0, -least, least), 0.0)
    return slopes


def turning_points(values: Floats, least: float) -> list[int]:
    """Rows of the extremes that are more than ``least`` away from the ones beside them, in order,
    and of both ends.
    """
    turns = [0]
    lowest = highest = rising = 0  # rising: 1, falling: -1, 0 while nobody knows
    for row in range(1, len(values)):
        if values[row] > values[highest]:
            highest = row
        if values[row] < values[lowest]:
            lowest = row
        if rising >= 0 and values[highest] - values[row] > least:
            turns.append(highest)
            rising, lowest, highest = -1, row, row
        elif rising <= 0 and values[row] - values[lowest] > least:
            turns.append(lowest)
            rising, lowest, highest = 1, row, row
    return sorted({*turns, len(values) - 1})


def _between(values: Floats, slopes: Floats, first: int, last: int, tolerance: float) -> list[int]:
    """Rows of keys after ``first`` up to ``last``: more where the cubic is off by too much."""
    knots = []
    waiting = [(first, last)]
    while waiting:
        begin, end = waiting.pop()
        span = end - begin
        t = np.arange(1, span) / span
        rest = 1.0 - t
        cubic = (
            values[begin] * (1.0 + 2.0 * t) * rest * rest
            + values[end] * t * t * (3.0 - 2.0 * t)
            + span * t * rest * (slopes[begin] * rest - slopes[end] * t)
        )
        error = np.abs(cubic - values[begin + 1 : end])
        if span < 2 or error.max() <= tolerance:
            knots.append(end)
        else:
            worst = begin + 1 + int(error.argmax())
            waiting += [(worst, end), (begin, worst)]
    return knots
