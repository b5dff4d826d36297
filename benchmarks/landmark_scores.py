# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of the landmark benchmark: arrays in, numbers out.

Errors are percent of the inter-ocular distance (IOD): 1 IOD in the head frame, at the face's own
distance from the camera and seen from straight on, so that a profile isn't divided by a
foreshortened distance. A picture's error is the mean over its valid points, and a figure the mean
over pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.landmarks import points as scheme
from training.landmarks import source
from training.landmarks.heads import families

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NAMED: Final = scheme.indices(tuple(scheme.PRODUCT_POINTS.values()))
FAILURE: Final = 10.0  # percent of the IOD
SURE: Final = 0.5  # score from which a network says that there is a face
FOUND: Final = 30.0  # percent of the IOD; points farther off lie on something else
OVERLAP: Final = 0.3  # intersection over union, for what gives a box only
SHARES_WITHIN: Final = (5.0, 10.0)
DECILES: Final = 10

CREATURES: Final = ("animal", "creature", "robot")
HALVES: Final[dict[str, tuple[str, ...]]] = {
    "realistic": families.REALISTIC,
    "stylised": source.STYLISED,
}
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "human": families.REALISTIC,
    "stylised humanoid": tuple(name for name in source.STYLISED if name not in CREATURES),
    "creature": CREATURES,
}
REGIONS: Final = ("eyes", "brows", "mouth", "nose", "jaw")


@dataclass(frozen=True)
class Truth:
    """What M pictures of faces show. ``family``, ``style`` (M,); ``yaw`` (M,) degrees; ``valid``
    (M, N): points that exist and lie inside the picture.
    """

    family: NDArray[np.str_]
    style: NDArray[np.str_]
    yaw: Floats
    valid: Bools

    def of(self, chosen: Sequence[str]) -> Bools:
        """(M,) the pictures of these families."""
        return np.isin(self.family, chosen)


@dataclass(frozen=True)
class Answers:
    """What one network said of the same pictures. ``score`` (M,) 0..1, 0 without a face; ``error``
    and ``expected`` (M, N) percent of the IOD, NaN for points that it doesn't give; ``overlap``
    (M,) of its box with the face's, NaN where it gives points; ``false`` (F,) scores of pictures
    without a face.
    """

    name: str
    score: Floats
    error: Floats
    expected: Floats
    overlap: Floats
    false: Floats

    @property
    def has_points(self) -> bool:
        """Whether it gives points at all, or boxes only."""
        return bool(np.isfinite(self.error).any())


@dataclass(frozen=True)
class Decile:
    """Points of one tenth, by the error that was expected: the means of both, in percent."""

    expected: float
    observed: float

    @property
    def factor(self) -> float:
        """How far both are apart, at least 1."""
        return max(self.expected, self.observed) / max(min(self.expected, self.observed), 1e-9)


def picture_means(error: Floats, valid: Bools) -> Floats:
    """(M,) mean ``error`` (M, P) over valid points that were given; NaN where there are none."""
    counted = valid & np.isfinite(error)
    sums = np.where(counted, error, 0.0).sum(axis=1)
    counts = counted.sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def mean(values: Floats) -> float | None:
    """The mean of what is a number; None where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def area(means: Floats) -> float | None:
    """AUC@10 of picture errors (M,): area under the cumulative error curve up to ``FAILURE``,
    divided by it. Infinite errors are pictures without an answer; NaN doesn't count.
    """
    known = means[~np.isnan(means)]
    return float(np.clip(1 - known / FAILURE, 0, 1).mean()) if len(known) else None


def failures(means: Floats) -> float | None:
    """FR@10: the share of picture errors (M,) above ``FAILURE``; NaN doesn't count."""
    known = means[~np.isnan(means)]
    return float((known > FAILURE).mean()) if len(known) else None


def cumulative(means: Floats, limits: Floats) -> Floats:
    """(L,) the share of pictures whose error (M,) is within each of ``limits`` (L,)."""
    known = means[~np.isnan(means)]
    return (known[None] <= limits[:, None]).mean(axis=1) if len(known) else np.zeros(len(limits))


def within(error: Floats, valid: Bools, limit: float) -> float | None:
    """The share of valid points that are off by at most ``limit``."""
    errors = error[valid & np.isfinite(error)]
    return float((errors <= limit).mean()) if len(errors) else None


def deciles(expected: Floats, error: Floats, valid: Bools) -> list[Decile]:
    """Valid points in ten groups of equal size, from the smallest expected error on; empty with
    fewer points than groups.
    """
    counted = valid & np.isfinite(error) & np.isfinite(expected)
    foreseen, observed = expected[counted], error[counted]
    if len(foreseen) < DECILES:
        return []
    groups = np.array_split(np.argsort(foreseen, kind="stable"), DECILES)
    return [Decile(float(foreseen[g].mean()), float(observed[g].mean())) for g in groups]


def sure(answers: Answers) -> Bools:
    """(M,) where the network says that there is a face, wherever."""
    return answers.score > SURE


def found(answers: Answers, truth: Truth) -> Bools:
    """(M,) where the network says so, and means this face."""
    means = picture_means(answers.error[:, NAMED], truth.valid[:, NAMED])
    placed = np.where(np.isnan(answers.overlap), means < FOUND, answers.overlap >= OVERLAP)
    return sure(answers) & placed


def answered_means(answers: Answers, truth: Truth) -> Floats:
    """(M,) picture errors of the named points, infinite where no face was seen."""
    means = picture_means(answers.error[:, NAMED], truth.valid[:, NAMED])
    return np.where(sure(answers) & np.isfinite(means), means, np.inf)


def shared_means(
    ours: Answers, theirs: Answers, truth: Truth, chosen: Bools
) -> tuple[Floats, Floats]:
    """Picture errors (K,) of both networks on the ``chosen`` (M,) pictures, over the named points
    that both give.
    """
    both = truth.valid & np.isfinite(ours.error) & np.isfinite(theirs.error)
    own, other = (
        picture_means(answers.error[chosen][:, NAMED], both[chosen][:, NAMED])
        for answers in (ours, theirs)
    )
    return own, other


def false_finds(answers: Answers) -> float | None:
    """The share of pictures without a face in which the network says that it sees one."""
    return float((answers.false > SURE).mean()) if len(answers.false) else None


def box_overlap(first: Floats, second: Floats) -> float:
    """Intersection over union of two boxes (4,): left, top, right, bottom."""
    low, high = np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])
    common = float(np.prod(np.maximum(high - low, 0.0)))
    areas = float(np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2]))
    return common / max(areas - common, 1e-9)


def region_rows(region: str, *, named: bool) -> NDArray[np.int64]:
    """Rows of the scheme that belong to a region: all of them, or the product's named points."""
    rows = scheme.indices(scheme.REGIONS[region])
    return np.intersect1d(rows, NAMED) if named else rows
