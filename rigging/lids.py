# SPDX-License-Identifier: GPL-3.0-or-later
"""Lids that close: both margins are swept on to one closing curve, then lifted clear of the eye.

Eyes are spheres, flat or concave discs, so clearance is measured against the eye part itself
along the direction in which the eye looks, never against an ideal sphere. Head frame throughout.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import diags
from scipy.spatial import cKDTree

from .head import Head, LidRim, Role
from .polyline import resample
from .raycast import RayScene
from .topology import edge_graph, surface_distance

SAMPLES: Final[int] = 121
LOWER_SHARE: Final[float] = 0.15  # how far up the lower lid comes; the upper does the rest
OVERLAP: Final[float] = 0.025  # of the opening: the upper lid comes to rest upon the lower one
CLEARANCE: Final[float] = 0.006
MAX_LIFT: Final[float] = 0.09  # a lid further inside the eye than this isn't in front of it
REACH_UPPER: Final[float] = 1.15  # of the opening: how far from the margin the sweep reaches
REACH_LOWER: Final[float] = 0.9
EYE_ROLES = {"L": Role.EYE_L, "R": Role.EYE_R}


class Lids:
    """The lids of one eye, prepared once for all of its shapes."""

    def __init__(self, head: Head, side: str) -> None:
        self.head, self.side = head, side
        self.rim: LidRim = head.rims[side]
        self.upper = resample(self.rim.upper, SAMPLES)
        self.lower = resample(self.rim.lower, SAMPLES)
        self.along = np.linspace(0.0, 1.0, SAMPLES)
        eye = head.triangles[np.isin(head.role[head.triangles[:, 0]], (EYE_ROLES[side],))]
        self.eye = RayScene(head.vertices, eye) if len(eye) else None
        self._measure_lids()

    def _measure_lids(self) -> None:
        """For each skin vertex near: which lid, where along it, how far from its margin."""
        head, opening = self.head, self.rim.opening
        skin = (head.role == Role.SKIN) & (
            np.linalg.norm(head.vertices - self.upper.mean(axis=0), axis=1)
            < 2.5 * np.ptp(self.upper[:, 0]) + opening
        )
        self.region = np.flatnonzero(skin)
        triangles = head.triangles[skin[head.triangles].all(axis=1)]
        graph = edge_graph(head.vertices, triangles)
        seen = np.flatnonzero(skin & head.visible)
        tree = cKDTree(head.vertices[seen])
        distances = []
        for margin in (self.upper, self.lower):
            offset, nearest = tree.query(margin, k=3)
            ids = seen[nearest.ravel()]
            unique, first = np.unique(ids, return_index=True)
            distances.append(
                surface_distance(
                    graph, unique, limit=4.0 * max(opening, 0.05), offsets=offset.ravel()[first]
                )[self.region]
            )
        to_upper, to_lower = distances
        far = 9.0
        to_upper = np.where(np.isfinite(to_upper), to_upper, far)
        to_lower = np.where(np.isfinite(to_lower), to_lower, far)
        points = head.vertices[self.region]
        gap_upper, self.at_upper = cKDTree(self.upper).query(points)
        gap_lower, self.at_lower = cKDTree(self.lower).query(points)
        # Surface distance starts at the vertices next to the margin; on the margin itself the
        # straight distance is the truer one.
        to_upper = np.maximum(gap_upper, np.minimum(to_upper, 1.5 * gap_upper + 0.5 * opening))
        to_lower = np.maximum(gap_lower, np.minimum(to_lower, 1.5 * gap_lower + 0.5 * opening))
        blend = 0.15 * opening
        self.upper_share = np.clip(0.5 + (to_lower - to_upper) / blend, 0.0, 1.0)
        self.fade_upper = _fade(to_upper / (REACH_UPPER * opening + 0.02))
        self.fade_lower = _fade(to_lower / (REACH_LOWER * opening + 0.02))

    def _margin_motion(self, displacement: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """What a shape does to the two margins: (SAMPLES, 3) each, smooth along the lid."""
        seen = self.region[self.head.visible[self.region]]
        tree = cKDTree(self.head.vertices[seen])
        motions = []
        for margin in (self.upper, self.lower):
            distance, nearest = tree.query(margin, k=4)
            weight = 1.0 / (distance + 1e-4)
            weight /= weight.sum(axis=1, keepdims=True)
            motion = (displacement[seen[nearest]] * weight[..., None]).sum(axis=1)
            motions.append(gaussian_filter1d(motion, 3, axis=0, mode="nearest"))
        return motions

    def sweep(
        self, upper: NDArray[np.float64], lower: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(R, 3) displacement of the region that moves the margins by ``upper``, ``lower``."""
        share = self.upper_share[:, None]
        return (
            share * self.fade_upper[:, None] * upper[self.at_upper]
            + (1 - share) * self.fade_lower[:, None] * lower[self.at_lower]
        )

    def close(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """A blink (N, 3) whose lids meet, made out of the transferred one."""
        up = self.rim.axes[1]
        meeting = (1 - LOWER_SHARE) * self.lower + LOWER_SHARE * self.upper
        meeting = meeting + self._lift_out(meeting, CLEARANCE)[:, None] * self.rim.axes[2]
        height = np.linalg.norm(self.upper - self.lower, axis=1)
        overlap = (OVERLAP * self.rim.opening * np.clip(height / self.rim.opening * 4, 0, 1))[
            :, None
        ] * up
        # The corners stay: there the lids meet already.
        inner = np.clip(np.minimum(self.along, 1 - self.along) / 0.06, 0.0, 1.0)[:, None]
        moved_upper, moved_lower = self._margin_motion(displacement)
        correction = self.sweep(
            inner * (meeting - overlap + 0.5 * CLEARANCE * self.rim.axes[2] - self.upper)
            - moved_upper,
            inner * (meeting + 0.3 * overlap - self.lower) - moved_lower,
        )
        result = displacement.copy()
        result[self.region] += correction
        return self.clear_path(result)

    def _lift_out(self, points: NDArray[np.float64], clearance: float) -> NDArray[np.float64]:
        """(P,) how far forward points must go to lie ``clearance`` before the eye; 0 if they do
        or if no eye lies there."""
        if self.eye is None or len(points) == 0:
            return np.zeros(len(points))
        front = self.rim.axes[2]
        hits = self.eye.cast(points + 2.0 * front, np.tile(-front, (len(points), 1)))
        lift = np.where(hits.triangle >= 0, 2.0 - hits.distance + clearance, 0.0)
        return np.where((lift > 0) & (lift < MAX_LIFT + clearance), lift, 0.0)

    def clear_path(
        self, displacement: NDArray[np.float64], amounts: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
    ) -> NDArray[np.float64]:
        """Bulge a shape (N, 3) outwards until its straight path from rest misses the eye.

        A shape key moves each vertex along a line; over a round eye the middle of that line is
        what cuts in, so the end must bulge. What is inside the eye at rest doesn't count.
        """
        if self.eye is None:
            return displacement
        head, region = self.head, self.region
        moves = np.linalg.norm(displacement[region], axis=1) > 1e-4
        ids = region[moves & (self.upper_share >= 0)]
        rest = head.vertices[ids]
        at_rest = self._lift_out(rest, 0.0)
        # Skin behind the margin (the lid's inner side) lies against the eye and may stay there.
        free = head.visible[ids] & (at_rest < 0.01)
        ids, rest = ids[free], rest[free]
        lift = np.zeros(len(ids))
        for amount in amounts:
            need = self._lift_out(rest + amount * displacement[ids], 0.5 * CLEARANCE)
            lift = np.maximum(lift, need / amount)
        lift = np.minimum(lift, MAX_LIFT)
        if not (lift > 0).any():
            return displacement
        field = np.zeros(len(head.vertices))
        field[ids] = lift
        smooth = self._spread(field, ids)
        result = displacement.copy()
        result[region] += smooth[region, None] * self.rim.axes[2]
        return result

    def _spread(self, field: NDArray[np.float64], ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """Even out a lift over the neighbours without taking any of it away."""
        head = self.head
        inside = np.zeros(len(head.vertices), bool)
        inside[self.region] = True
        triangles = head.triangles[inside[head.triangles].all(axis=1)]
        graph = edge_graph(head.vertices, triangles)
        graph = ((graph + graph.T) > 0).astype(np.float64)
        mean = diags(1.0 / np.maximum(np.asarray(graph.sum(axis=1)).ravel(), 1.0)) @ graph
        result = field.copy()
        for _ in range(4):
            result = np.maximum(field, 0.5 * result + 0.5 * (mean @ result))
        return result


def _fade(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 at 0, 0 from 1 on, with a smooth start and end."""
    x = np.clip(x, 0.0, 1.0)
    return (1 - x) ** 2 * (1 + 2 * x)
