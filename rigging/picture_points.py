# SPDX-License-Identifier: GPL-3.0-or-later
"""The points of a face in one picture, made of what two networks see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .canonical_face import eye_centres
from .dense_points import FACE_LANDMARKER
from .expected_error import SHARED
from .orientation import Prediction
from .reference import PHOTOGRAPH_ERROR, SAME_POINTS, UNSURE

Floats = NDArray[np.float64]

_SMALLEST: Final = 1e-6


@dataclass(frozen=True)
class PicturePoints:
    """``points`` (478, 2) pixels, y down; ``expected_error`` (478,) pixels they are off by."""

    points: Floats
    expected_error: Floats

    @property
    def eye_distance(self) -> float:
        """Pixels between the middles of the eye corners."""
        right, left = eye_centres(self.points)
        return max(float(np.linalg.norm(left - right)), _SMALLEST)

    @property
    def doubt(self) -> float:
        """The median of the expected errors, of the eye distance."""
        return float(np.median(self.expected_error)) / self.eye_distance


def points_of(prediction: Prediction) -> PicturePoints:
    """What one network sees."""
    points = np.asarray(prediction.points, np.float64)[:FACE_LANDMARKER, :2]
    if prediction.expected_error is not None:
        expected = np.asarray(prediction.expected_error, np.float64)[:FACE_LANDMARKER]
        return PicturePoints(points, expected)
    silent = PicturePoints(points, np.zeros(len(points)))
    return PicturePoints(points, np.full(len(points), PHOTOGRAPH_ERROR * silent.eye_distance))


def joined(predictions: Sequence[Prediction]) -> PicturePoints | None:
    """What two networks see together; None without any.

    Where they mean the same face, each point is weighed by how sure they are of it. Where they
    don't, the one that says what it expects counts, unless it isn't sure itself: see
    reference.surest_face.
    """
    silent = [points_of(p) for p in predictions if p.expected_error is None]
    says = [points_of(p) for p in predictions if p.expected_error is not None]
    if not silent or not says:
        return next(iter(silent or says), None)
    first, second = silent[0], says[0]
    apart = np.linalg.norm(first.points - second.points, axis=1)
    if np.median(apart) >= SAME_POINTS * second.eye_distance:
        return first if second.doubt > UNSURE else second
    mine, theirs = first.expected_error, second.expected_error
    weight = (theirs**2 / (mine**2 + theirs**2))[:, None]
    expected = SHARED * mine * theirs / np.hypot(mine, theirs)
    # Where they disagree by more than both expect, at least one of them is wrong.
    expected = expected * np.maximum(1.0, apart / (mine + theirs))
    return PicturePoints(weight * first.points + (1.0 - weight) * second.points, expected)
