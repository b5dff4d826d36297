# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a pose folds the skin over or pushes it through itself.

Testing every triangle of a dense head against every other in 52 poses takes many seconds, so
only triangles that can take part are tested. A displacement that differs by less than half of the
distance between any two points is one-to-one, so skin can only meet skin where it is strained by
more than that or where two sheets lie close already: lips, lids, nostrils, deep creases.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from igl.predicates import find_self_intersections
from numpy.typing import NDArray

from ..data import Metric
from ..head import Head
from ..topology import any_corner
from .report import judged, place_of
from .skin import MOVED, ExposedSkin

THREADS = min(4, os.cpu_count() or 1)
STRAINED = 0.5
SHEET_REACH = 0.6  # IOD; no pose brings sheets together that are further apart
CONTACT_MOTION = 0.02  # IOD; lips, or the lids of one eye, that shift less than this do not meet
SLIVER = 0.05  # height / longest edge below which a triangle has no dependable normal


@dataclass(frozen=True)
class Folds:
    """What one pose does to the skin: ``pairs`` (K, 2) and ``flipped`` (J,) triangle indices."""

    name: str
    pairs: NDArray[np.int64]
    flipped: NDArray[np.int64]


def measure_folds(
    head: Head, skin: ExposedSkin, poses: dict[str, NDArray[np.float64]]
) -> list[Metric]:
    """New self-intersections (the worst single pose) and flips (all poses together)."""
    limit = intersection_limit(skin)
    finder = FoldFinder(head, skin)
    with ThreadPoolExecutor(THREADS) as pool:  # libigl and large numpy operations run side by side
        folds = finder.new(list(pool.map(finder.examine, poses.keys(), poses.values())))
    return [_intersections(head, skin, folds, limit), _flips(head, skin, folds)]


def intersection_limit(skin: ExposedSkin) -> float:
    """Twice the pairs that an artist's rig of this density has in its worst pose.

    Skin meets skin along curves around lids and lips, so the count grows with the square root of
    the number of triangles there; coarse lips have fewer triangles than that to spare. Measured
    in docs/evaluation.md.
    """
    around = float(any_corner(skin.near_lids | skin.near_lips, skin.triangles).sum())
    return float(np.ceil(2 * min(3 * np.sqrt(around), around / 12)))


def _intersections(head: Head, skin: ExposedSkin, folds: list[Folds], limit: float) -> Metric:
    worst = max(folds, key=lambda fold: len(fold.pairs), default=None)
    if worst is None or len(worst.pairs) == 0:
        return judged("new self-intersections", 0, limit, "triangle pairs")
    total = sum(len(fold.pairs) for fold in folds)
    return judged(
        "new self-intersections",
        len(worst.pairs),
        limit,
        "triangle pairs",
        place_of(head, worst.name, skin.points[skin.triangles[worst.pairs.ravel()]].mean((0, 1))),
        f"{total} pairs over all poses",
    )


def _flips(head: Head, skin: ExposedSkin, folds: list[Folds]) -> Metric:
    total = sum(len(fold.flipped) for fold in folds)
    place = ""
    if total:
        worst = max(folds, key=lambda fold: len(fold.flipped))
        place = place_of(
            head, worst.name, skin.points[skin.triangles[worst.flipped[0]]].mean(axis=0)
        )
    return judged("flips", total, 0, "triangles", place)


class FoldFinder:
    """Knows the skin at rest and looks for folds in one pose after the other."""

    def __init__(self, head: Head, skin: ExposedSkin) -> None:
        corners = skin.points[skin.triangles]
        self._skin = skin
        self._side_a = corners[:, 1] - corners[:, 0]
        self._side_b = corners[:, 2] - corners[:, 0]
        side_c = self._side_b - self._side_a
        normals = np.cross(self._side_a, self._side_b)
        squared = [
            np.einsum("ij,ij->i", side, side) for side in (self._side_a, self._side_b, side_c)
        ]
        self._sides = [np.maximum(side, 1e-20) for side in squared]
        longest = np.maximum(np.maximum.reduce(squared), 1e-20)
        self._normals = normals
        reliable = np.linalg.norm(normals, axis=1) > SLIVER * longest
        delicate = any_corner(skin.near_lids | skin.near_lips, skin.triangles)
        self._may_flip = reliable & ~delicate
        left = skin.points[:, 0] > 0
        openings = (skin.near_lips, skin.near_lids & left, skin.near_lids & ~left)
        self._openings = [np.flatnonzero(opening) for opening in openings if opening.any()]
        self._longest = longest
        self._sheets = close_sheets(head, skin)

    def examine(self, name: str, displacement: NDArray[np.float64]) -> Folds:
        """All intersecting pairs among the triangles that could have met, and flips."""
        triangles = self._skin.triangles
        moved = np.einsum("ij,ij->i", displacement, displacement) > MOVED**2
        active = np.flatnonzero(any_corner(moved, triangles))
        corner = displacement[triangles[active]]
        change_a, change_b = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
        flipped = self._flipped(active, change_a, change_b)
        pairs = self._pairs(active, change_a, change_b, displacement)
        return Folds(name, pairs, flipped)

    def _flipped(
        self,
        active: NDArray[np.int64],
        change_a: NDArray[np.float64],
        change_b: NDArray[np.float64],
    ) -> NDArray[np.int64]:
        posed = np.cross(self._side_a[active] + change_a, self._side_b[active] + change_b)
        turned = np.einsum("ij,ij->i", posed, self._normals[active]) < 0
        # A triangle squeezed to nothing has no side to show.
        longest = self._longest[active]
        solid = np.einsum("ij,ij->i", posed, posed) > (0.1 * SLIVER * longest) ** 2
        return active[turned & solid & self._may_flip[active]]

    def _pairs(
        self,
        active: NDArray[np.int64],
        change_a: NDArray[np.float64],
        change_b: NDArray[np.float64],
        displacement: NDArray[np.float64],
    ) -> NDArray[np.int64]:
        triangles = self._skin.triangles
        change_c = change_b - change_a
        strain = np.maximum.reduce(
            [
                np.einsum("ij,ij->i", change, change) / side[active]
                for change, side in zip((change_a, change_b, change_c), self._sides, strict=True)
            ]
        )
        strained = np.zeros(len(self._skin.points), bool)
        strained[triangles[active[strain > STRAINED**2]]] = True
        strained[self._sheets.pressed(displacement)] = True
        for opening in self._openings:
            if np.ptp(displacement[opening], axis=0).max() > CONTACT_MOTION:
                strained[opening] = True
        candidates = np.flatnonzero(any_corner(strained, triangles))
        return find_intersections(self._skin.points + displacement, triangles, candidates)

    def new_pairs(self, displacement: NDArray[np.float64]) -> NDArray[np.int64]:
        """(K, 2) the triangles that intersect in one pose and not at rest."""
        return self.new([self.examine("", displacement)])[0].pairs

    def new(self, folds: list[Folds]) -> list[Folds]:
        """The same folds without the pairs that intersect at rest already."""
        none = np.zeros(0, np.int64)
        involved = np.unique(np.concatenate([none, *(fold.pairs.ravel() for fold in folds)]))
        at_rest = find_intersections(self._skin.points, self._skin.triangles, involved)
        count = len(self._skin.triangles)
        known = at_rest[:, 0] * count + at_rest[:, 1]
        result = []
        for fold in folds:
            fresh = ~np.isin(fold.pairs[:, 0] * count + fold.pairs[:, 1], known)
            result.append(Folds(fold.name, fold.pairs[fresh], fold.flipped))
        return result


def find_intersections(
    points: NDArray[np.float64], triangles: NDArray[np.int64], candidates: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(K, 2) sorted pairs of intersecting triangles among ``candidates``."""
    if len(candidates) < 2:
        return np.zeros((0, 2), np.int64)
    chosen = triangles[candidates]
    used = np.zeros(len(points), bool)
    used[chosen] = True
    compact = np.cumsum(used) - 1
    found = find_self_intersections(points[used], compact[chosen])
    pairs = np.sort(candidates[np.asarray(found[1], np.int64).reshape(-1, 2)], axis=1)
    keys = np.unique(pairs[:, 0] * len(triangles) + pairs[:, 1])
    return np.stack([keys // len(triangles), keys % len(triangles)], axis=1)


@dataclass(frozen=True)
class CloseSheets:
    """Skin vertices that face other skin: ``vertex`` (S,) sees ``partner`` (S,) at ``gap`` (S,)."""

    vertex: NDArray[np.int64]
    partner: NDArray[np.int64]
    gap: NDArray[np.float64]

    def pressed(self, displacement: NDArray[np.float64]) -> NDArray[np.int64]:
        """Vertices that a pose brings towards the skin they face by a good part of the gap."""
        relative = displacement[self.vertex] - displacement[self.partner]
        nearer = np.einsum("ij,ij->i", relative, relative) > (0.3 * self.gap) ** 2
        return np.concatenate([self.vertex[nearer], self.partner[nearer]])


def close_sheets(head: Head, skin: ExposedSkin) -> CloseSheets:
    """Where skin faces skin across a small gap at rest."""
    normals = head.normals[skin.index]
    hits = head.scene.cast(skin.points + 1e-3 * normals, normals)
    local = np.full(len(head.vertices), -1, np.int64)
    local[skin.index] = np.arange(len(skin.index))
    partner = np.full(len(skin.index), -1, np.int64)
    near = (hits.triangle >= 0) & (hits.distance < SHEET_REACH)
    # The heaviest barycentric weight picks the nearest corner of the triangle that was hit.
    corner = hits.barycentric[near].argmax(axis=1)
    partner[near] = local[head.triangles[hits.triangle[near], corner]]
    vertex = np.flatnonzero(partner >= 0)
    return CloseSheets(vertex, partner[vertex], hits.distance[vertex])
