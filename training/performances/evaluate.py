# SPDX-License-Identifier: GPL-3.0-or-later
"""How right and how steady performances are that are read from films of characters that no network
was trained on, beside each frame by itself and the 1-euro filter.

*Error*: mean over all shapes and frames, and over those in which more than MOVED is shown.
*Jitter*: mean difference of the steps from frame to frame, in weight a second. No method is late:
the filter runs both ways, as in the product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from auto_rig_face.animation.one_euro import OneEuro, smooth
from numpy.typing import NDArray

from .clips import Clip

Floats = NDArray[np.float64]
Method = Callable[[Clip, Floats], Floats]
MOVED: Final = 0.05
CUTOFFS: Final = (0.25, 0.5, 1.0, 1.5, 2.5)
BETAS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_LAGS: Final = 6  # frames to either side


def filtered(filter_: OneEuro) -> Method:
    """The 1-euro filter, forwards and backwards."""

    def method(clip: Clip, values: Floats) -> Floats:
        return smooth(np.arange(len(values)) / clip.rate, values, filter_)

    return method


def as_read(_clip: Clip, values: Floats) -> Floats:
    """Each frame by itself."""
    return values


def best_filters(clips: Sequence[Clip], way: str, jitter: float) -> tuple[OneEuro, OneEuro]:
    """Of a grid, on validation clips: the filter of the smallest error, and that among those whose
    jitter is at most ``jitter``, or of the least jitter where none is that calm.
    """
    tried = [OneEuro(cutoff, beta) for cutoff in CUTOFFS for beta in BETAS]
    found = [figures(clips, way, filtered(one)) for one in tried]
    errors = np.array([one["rms"] for one in found])
    shaking = np.array([one["jitter"] for one in found])
    calm = np.where(shaking <= jitter, errors, np.inf)
    calmest = int(calm.argmin() if np.isfinite(calm).any() else shaking.argmin())
    return tried[int(errors.argmin())], tried[calmest]


def figures(clips: Sequence[Clip], way: str, method: Method) -> dict[str, Any]:
    """Of a method on the readings ``way`` ("alone" or "compared") of clips."""
    errors, squares, moved, steps, lags = [], [], [], [], []
    shown, found = [], []
    for clip in clips:
        values = method(clip, getattr(clip, way))
        off = np.abs(values - clip.truth)
        errors.append(off.mean())
        squares.append((off**2).mean())
        where = clip.truth > MOVED
        moved.append(off[where])
        steps.append(np.abs(np.diff(values - clip.truth, axis=0)).mean() * clip.rate)
        lags.append(_lag(values, clip.truth) / clip.rate)
        shown.append(clip.truth.ravel())
        found.append(values.ravel())
    return {
        "error": float(np.mean(errors)),
        "rms": float(np.sqrt(np.mean(squares))),
        "moved": float(np.concatenate(moved).mean()),
        "correlation": float(np.corrcoef(np.concatenate(shown), np.concatenate(found))[0, 1]),
        "jitter": float(np.mean(steps)),
        "lag": float(np.median(lags)),
    }


def _lag(values: Floats, truth: Floats) -> float:
    """Frames by which the values are late, where their motion agrees best with the truth's."""
    a, b = np.diff(values, axis=0), np.diff(truth, axis=0)
    shifts = range(-_LAGS, _LAGS + 1)
    inner = slice(_LAGS, len(a) - _LAGS)
    agreement = [float((np.roll(a, -shift, axis=0)[inner] * b[inner]).sum()) for shift in shifts]
    return float(shifts[int(np.argmax(agreement))])
