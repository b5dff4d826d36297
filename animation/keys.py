# SPDX-License-Identifier: GPL-3.0-or-later
"""From a value for every frame to few keys that an animator can edit.

Between two keys a curve is a cubic polynomial of time (data.Curve), so that the best slopes for
given keys are the solution of a linear least-squares problem over all frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .data import Curve, Floats

TOLERANCE: Final = 0.008  # of a weight; a curve is asked to be within 0.01
MOST_KEYS: Final = 8
_STEPS: Final = (-4, -2, -1, 1, 2, 4)  # frames that a key is tried at beside its own


@dataclass(frozen=True)
class _Fit:
    knots: list[int]
    slopes: Floats
    error: Floats  # (F, C), absolute


def keys_together(
    frames: Floats,
    values: Floats,
    corners: tuple[int, ...] = (),
    most: int = MOST_KEYS,
    tolerance: float = TOLERANCE,
) -> list[Curve]:
    """Curves of C channels with their keys at the same frames where that can be, so that they are
    easy to retime: at most ``most`` keys each.

    ``frames`` (F,) in order and evenly spaced; ``values`` (F, C), at rest in the first and last
    frame; ``corners``: rows that keys are first put at. A channel that the common keys don't bring
    within ``tolerance`` gets its own.
    """
    if not values.shape[1]:
        return []
    common = _enough(frames, values, corners, most, tolerance)
    curves = []
    for column, error in enumerate(common.error.max(axis=0)):
        fit, slopes = common, common.slopes[:, column]
        if error > tolerance:
            fit = _alone(frames, values[:, column : column + 1], corners, most, tolerance)
            slopes = fit.slopes[:, 0]
        curves.append(Curve(frames[fit.knots], values[fit.knots, column], slopes))
    return curves


def _alone(
    frames: Floats, channel: Floats, corners: tuple[int, ...], most: int, tolerance: float
) -> _Fit:
    """The best keys for one channel, which need not be at the corners."""
    fits = [_enough(frames, channel, kept, most, tolerance) for kept in (corners, ())]
    best = min(fits, key=lambda fit: float(fit.error.max()))
    return _rearranged(frames, channel, best, tolerance)


def evaluate(curve: Curve, frames: Floats) -> Floats:
    """Values of a curve at ``frames``; before its first and after its last key it stays."""
    if len(curve.frames) == 1:
        return np.full(len(frames), curve.values[0])
    inside = np.clip(frames, curve.frames[0], curve.frames[-1])
    of_values, of_slopes = _basis(inside, curve.frames)
    return of_values @ curve.values + of_slopes @ curve.slopes


def _enough(
    frames: Floats, values: Floats, corners: tuple[int, ...], most: int, tolerance: float
) -> _Fit:
    """Keys added where the error is largest, until it is within ``tolerance`` or no more may be."""
    first = sorted({0, len(frames) - 1, *corners})
    fit = _fit(frames, values, first if len(first) <= most else [0, len(frames) - 1])
    while fit.error.max() > tolerance and len(fit.knots) < min(most, len(frames)):
        fit = _with_another(frames, values, fit)
    return fit


def _with_another(frames: Floats, values: Floats, fit: _Fit) -> _Fit:
    """One key more: in the frame with the largest error that has none, or is nearest to it."""
    error = fit.error.max(axis=1)
    error[fit.knots] = -1.0
    return _fit(frames, values, sorted([*fit.knots, int(error.argmax())]))


def _rearranged(frames: Floats, values: Floats, fit: _Fit, tolerance: float) -> _Fit:
    """Keys moved by a few frames, one at a time, for as long as that helps."""
    best, helped = fit, True
    while helped and best.error.max() > tolerance:
        helped = False
        for place in range(1, len(best.knots) - 1):
            for step in _STEPS:
                knots = list(best.knots)
                knots[place] += step
                if not knots[place - 1] < knots[place] < knots[place + 1]:
                    continue
                tried = _fit(frames, values, knots)
                if tried.error.max() < best.error.max() - 1e-6:
                    best, helped = tried, True
    return best


def _fit(frames: Floats, values: Floats, knots: list[int]) -> _Fit:
    of_values, of_slopes = _basis(frames, frames[knots])
    rest = values - of_values @ values[knots]
    slopes = np.zeros((len(knots), values.shape[1]))
    inner = of_slopes[:, 1:-1]
    if inner.size:
        # Where two keys are neighbouring frames, nothing tells a slope: the smallest is taken.
        normal = inner.T @ inner
        normal += np.eye(len(normal)) * 1e-9 * max(float(np.trace(normal)), 1e-9)
        slopes[1:-1] = np.linalg.solve(normal, inner.T @ rest)
    return _Fit(knots, slopes, np.abs(rest - of_slopes @ slopes))


def _basis(frames: Floats, at: Floats) -> tuple[Floats, Floats]:
    """(F, K) weights of the keys' values, and of their slopes: cubic Hermite polynomials."""
    piece = np.clip(np.searchsorted(at, frames, side="right") - 1, 0, len(at) - 2)
    span = at[piece + 1] - at[piece]
    t = (frames - at[piece]) / span
    rows = np.arange(len(frames))
    of_values, of_slopes = np.zeros((2, len(frames), len(at)))
    of_values[rows, piece] = (1 + 2 * t) * (1 - t) ** 2
    of_values[rows, piece + 1] = t * t * (3 - 2 * t)
    of_slopes[rows, piece] = t * (1 - t) ** 2 * span
    of_slopes[rows, piece + 1] = t * t * (t - 1) * span
    return of_values, of_slopes
