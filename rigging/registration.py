# SPDX-License-Identifier: GPL-3.0-or-later
"""Bend the template's skin on to a head: similarity, smooth warp, non-rigid ICP.

Non-rigid ICP after Amberg, Romdhani and Vetter, "Optimal Step Nonrigid ICP Algorithms for Surface
Registration", CVPR 2007, with the Laplacian and bi-Laplacian of the displacement as stiffness.
Everything is in the head frame (1 unit = IOD).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .dense_points import FACE_OVAL, IRISES, SUPERSEDED_POINTS
from .evidence import LID_LANDMARKS, mesh_evidence
from .front_depth import on_skin
from .head import Head, LipSide, Role
from .landmarks import PLACED, expected_error_of, seen_by_views
from .laplacian import factorise, surface_laplacian
from .similarity import fit_similarity, fit_warp
from .surface import Surface, closest, touching
from .template import Template
from .topology import all_corners, boundary_vertices, vertex_normals

STEPS: Final[int] = 12
STIFFNESS: Final[tuple[float, float]] = (10.0, 0.06)  # first and last step
REACH: Final[float] = 0.25  # a closest point further off is no match
ROOM: Final[float] = 0.75  # how far from its start a vertex finds its matches
MIN_COSINE: Final[float] = 0.5  # between the normals of a match
TANGENTIAL: Final[float] = 0.15  # share of the pull along the surface
DENSE_SMOOTHING: Final[float] = 0.6
RIM_SMOOTHING: Final[float] = 0.003
EXACT_WEIGHT: Final[float] = 15.0
# Of a named landmark that is expected to be so far off, IOD, or less; others hold less.
NAMED_ERROR: Final[float] = 0.05
NAMED_WEIGHT: Final[float] = 5.0
NAMED_SMOOTHING: Final[float] = 0.03

LIP_LANDMARKS: Final[tuple[str, ...]] = (
    "mouth_corner_L",
    "mouth_corner_R",
    "lip_upper_inner",
    "lip_lower_inner",
)


@dataclass(frozen=True)
class Registration:
    """The template's skin bent on to a head.

    ``skin`` (S,) indices of the template's skin vertices, ``triangles`` (M, 3) into those,
    ``rest`` (S, 3) their rest positions, ``vertices`` (S, 3) the bent ones.
    ``fit`` median distance of the visible bent face to the head.
    """

    skin: NDArray[np.int64]
    triangles: NDArray[np.int64]
    rest: NDArray[np.float64]
    vertices: NDArray[np.float64]
    fit: float


@dataclass(frozen=True)
class Pairs:
    """Corresponding points: ``source`` on the template's rest surface, ``target`` on the head.

    ``error`` (P,): IOD that a target is expected to be off by; 0 for rims, seam and hand-placed
    points, NaN for the many points that count together only.
    """

    source: NDArray[np.float64]
    target: NDArray[np.float64]
    error: NDArray[np.float64]

    @property
    def smoothing(self) -> NDArray[np.float64]:
        """(P,) how far a warp may pass by each of them; see fit_warp."""
        known = np.maximum(RIM_SMOOTHING, NAMED_SMOOTHING * (self.error / NAMED_ERROR) ** 2)
        return np.where(np.isnan(self.error), DENSE_SMOOTHING, known)

    def weight(self, pull: float) -> NDArray[np.float64]:
        """(P,) how strongly each holds the surface; ``pull``: those that count together only."""
        named = NAMED_WEIGHT * (NAMED_ERROR / np.maximum(self.error, NAMED_ERROR)) ** 2
        known = np.where(self.error > 0, named, EXACT_WEIGHT)
        return np.where(np.isnan(self.error), pull, known)


def correspondences(template: Template, head: Head) -> Pairs:
    """Landmarks, lid margins and lip seam that both surfaces have."""
    source, target, error = [], [], []

    def add(
        a: NDArray[np.float64], b: NDArray[np.float64], off: float | NDArray[np.float64] = 0.0
    ) -> None:
        source.append(np.atleast_2d(a))
        target.append(np.atleast_2d(b))
        error.append(np.broadcast_to(off, len(source[-1])))

    dropped = set(FACE_OVAL) | set(IRISES)
    lines: set[str] = set()  # landmarks that lie on a margin or the seam, already paired
    for side, rim in head.rims.items():
        own = template.head.rims[side]
        add(own.upper, rim.upper)
        add(own.lower[1:-1], rim.lower[1:-1])
        lines |= {f"{name}_{side}" for name in LID_LANDMARKS}
    if head.seam is not None and template.head.seam is not None:
        add(template.head.seam.upper, head.seam.upper)
        add(template.head.seam.lower[1:-1], head.seam.lower[1:-1])
        lines |= set(LIP_LANDMARKS)
    settled = mesh_evidence(head)
    for name, points in SUPERSEDED_POINTS.items():
        if name in settled:
            dropped |= set(points)
    own_points = template.named.on(template.head.vertices)
    for index, name in enumerate(template.landmark_names):
        placed = head.landmarks.confidence[name] >= PLACED
        seen = name in settled and name not in lines and not name.startswith("pupil")
        if placed or seen:
            add(own_points[index], head.point(name))
    if head.landmarks.dense is not None:
        dense = head.frame.to_head(head.landmarks.dense)
        kept = np.array([index for index in range(468) if index not in dropped])
        add(template.dense.on(template.head.vertices)[kept], dense[kept], np.nan)
    unsettled = [name for name in seen_by_views(head.landmarks) if name not in settled]
    if unsettled:
        rows = [template.landmark_names.index(name) for name in unsettled]
        places = on_skin(head, np.array([head.point(name) for name in unsettled]))
        off = [expected_error_of(head.landmarks.confidence[name]) for name in unsettled]
        add(own_points[rows], places, np.array(off))
    return Pairs(np.concatenate(source), np.concatenate(target), np.concatenate(error))


def register(template: Template, head: Head) -> Registration:
    """Bend the template's skin on to the head's visible skin."""
    pairs = correspondences(template, head)
    skin = np.flatnonzero(template.head.role == Role.SKIN)
    index = np.full(len(template.head.vertices), -1)
    index[skin] = np.arange(len(skin))
    triangles = index[template.head.triangles_of(Role.SKIN)]
    rest = template.head.vertices[skin]
    similarity = fit_similarity(pairs.source, pairs.target)
    warp = fit_warp(
        similarity(pairs.source),
        pairs.target,
        pairs.smoothing,
    )
    start = warp(similarity(rest))
    groups = _target_groups(template, head, skin, start)
    bent = _IterativeClosestPoints(head, triangles, rest, start, pairs, groups).solve()
    shown = template.head.visible[skin] & (np.linalg.norm(rest - [0, -0.6, 0.2], axis=1) < 1.3)
    return Registration(skin, triangles, rest, bent, _fit(head, groups, bent[shown]))


def _fit(head: Head, groups: list[_TargetGroup], points: NDArray[np.float64]) -> float:
    """Median distance of the bent face's points (P, 3) from the head's skin."""
    whole = [group.surface for group in groups if group.barred is None]
    target = whole[0] if whole else Surface(head.vertices, head.triangles_of(Role.SKIN))
    return float(np.median(target.closest(points).distance))


@dataclass(frozen=True)
class _TargetGroup:
    """Template skin vertices ``ids`` and the part of the head's visible skin that they may match:
    all but the lip ``barred``. ``open_edge`` (N,) bool: vertices of the head on an open edge.
    """

    ids: NDArray[np.int64]
    barred: LipSide | None
    surface: Surface
    open_edge: NDArray[np.bool_]


class _IterativeClosestPoints:
    """One registration's matrices and target surfaces."""

    def __init__(
        self,
        head: Head,
        triangles: NDArray[np.int64],
        rest: NDArray[np.float64],
        start: NDArray[np.float64],
        pairs: Pairs,
        groups: list[_TargetGroup],
    ) -> None:
        self.triangles, self.start = triangles, start
        laplacian, areas = surface_laplacian(rest, triangles)
        bilaplacian = laplacian @ sparse.diags(1 / areas) @ laplacian
        self.stiffness = (0.3 * laplacian + 0.009 * bilaplacian).tocsc()
        self.areas = areas
        on = closest(rest, triangles, pairs.source)
        count = len(pairs.source)
        self.at_pairs = sparse.csr_matrix(
            (on.weights.ravel(), (np.repeat(np.arange(count), 3), on.corners.ravel())),
            (count, len(rest)),
        )
        self.pairs = pairs
        self.groups = groups
        self.normals = head.normals

    def solve(self) -> NDArray[np.float64]:
        bent = self.start.copy()
        count = len(bent)
        number = len(self.pairs.source)
        for step in range(STEPS):
            stiffness = STIFFNESS[0] * (STIFFNESS[1] / STIFFNESS[0]) ** (step / (STEPS - 1))
            weight, wanted = self._matches(bent)
            pair_weight = self.pairs.weight(0.5 * stiffness / STIFFNESS[0] + 0.02) / number
            matrix = (
                stiffness * self.stiffness
                + self.at_pairs.T @ sparse.diags(pair_weight) @ self.at_pairs
                + sparse.diags(weight + 1e-9)
            )
            residual = self.pairs.target - self.at_pairs @ self.start
            right = weight[:, None] * (wanted - self.start) + self.at_pairs.T @ (
                pair_weight[:, None] * residual
            )
            bent = self.start + factorise(matrix).solve(np.asarray(right))
        assert bent.shape == (count, 3)
        return bent

    def _matches(
        self, bent: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(S,) weight and (S, 3) wanted position of each vertex; weight 0 without a match."""
        own_normals = vertex_normals(bent, self.triangles)
        weight = np.zeros(len(bent))
        wanted = bent.copy()
        for group in self.groups:
            ids = group.ids
            found = group.surface.closest(bent[ids])
            normal = found.interpolate(self.normals)
            length = np.linalg.norm(normal, axis=1, keepdims=True)
            normal = normal / np.maximum(length, 1e-12)
            used = found.weights > 0.01
            on_edge = (group.open_edge[found.corners] & used).sum(axis=1) >= used.sum(axis=1)
            good = (
                ((normal * own_normals[ids]).sum(axis=1) > MIN_COSINE)
                & (found.distance < REACH)
                & ~on_edge
            )
            offset = found.points - bent[ids]
            along = (offset * normal).sum(axis=1, keepdims=True) * normal
            wanted[ids] = bent[ids] + along + TANGENTIAL * (offset - along)
            weight[ids] = good * self.areas[ids]
        return weight, wanted


def _target_groups(
    template: Template, head: Head, skin: NDArray[np.int64], start: NDArray[np.float64]
) -> list[_TargetGroup]:
    """Which part of the head's skin each of the template's ``skin`` vertices may match.

    Upper lip matches all but the lower lip and the other way round; hidden template vertices
    (mouth bag, sockets) match nothing. ``start`` (S, 3): where the fit begins.
    """
    shown = head.visible & (head.role == Role.SKIN)
    near = (np.abs(head.vertices - [0.0, -0.5, 0.0]) < [2.2, 2.6, 3.0]).all(axis=1)
    triangles = head.triangles[all_corners(shown & near, head.triangles)]
    open_edge = boundary_vertices(head.triangles_of(Role.SKIN), len(head.vertices))
    seen = template.head.visible[skin]
    own_side = template.head.lip_side[skin]
    groups = []
    for value, barred in (
        (LipSide.NONE, None),
        (LipSide.UPPER, LipSide.LOWER),
        (LipSide.LOWER, LipSide.UPPER),
    ):
        ids = np.flatnonzero(seen & (own_side == value))
        if len(ids) == 0:
            continue
        low, high = start[ids].min(axis=0) - ROOM, start[ids].max(axis=0) + ROOM
        allowed = triangles[touching(head.vertices, triangles, low, high)]
        if barred is not None and head.seam is not None:
            allowed = allowed[(head.lip_side[allowed] != barred).all(axis=1)]
        if len(allowed):
            groups.append(_TargetGroup(ids, barred, Surface(head.vertices, allowed), open_edge))
    return groups
