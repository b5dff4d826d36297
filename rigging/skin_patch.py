# SPDX-License-Identifier: GPL-3.0-or-later
"""A piece of a head's skin as a small mesh of its own, and smooth functions on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from .head import Head, Role, once_per_head
from .laplacian import HarmonicSolver
from .topology import any_corner, compact, edge_graph, mostly, surface_distance

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SkinPatch:
    """``index`` (n,) vertices of the head, ``points`` (n, 3), ``triangles`` (m, 3) into them,
    ``visible`` (n,) bool.
    """

    index: NDArray[np.int64]
    points: Floats
    triangles: NDArray[np.int64]
    visible: NDArray[np.bool_]

    @cached_property
    def solver(self) -> HarmonicSolver:
        """Laplace solver on this patch."""
        return HarmonicSolver(self.points, self.triangles)

    @cached_property
    def graph(self) -> csr_matrix:
        """Edge lengths (n, n)."""
        return edge_graph(self.points, self.triangles)

    @cached_property
    def visible_points(self) -> tuple[NDArray[np.int64], cKDTree]:
        """The vertices of the patch that can be seen, and their positions to search in."""
        ids = np.flatnonzero(self.visible)
        return ids, cKDTree(self.points[ids])

    @cached_property
    def piece(self) -> NDArray[np.int64]:
        """(n,) index of the connected piece of each vertex."""
        return connected_components(self.graph, directed=False)[1]

    def distance(self, sources: NDArray[np.int64], offsets: Floats, limit: float) -> Floats:
        """(n,) distance along the surface from ``sources``, inf beyond ``limit``."""
        return surface_distance(self.graph, sources, limit=limit, offsets=offsets)

    def nearest(
        self, points: Floats, allowed: NDArray[np.bool_], neighbours: int = 1
    ) -> tuple[NDArray[np.int64], Floats]:
        """Vertices of the patch nearest to ``points`` (P, 3) among the ``allowed`` (n,), and how
        far they are; (P, neighbours) each. Empty where none is allowed.
        """
        if allowed is self.visible:
            ids, tree = self.visible_points
        else:
            ids = np.flatnonzero(allowed)
            tree = cKDTree(self.points[ids])
        if not len(ids):
            return np.zeros((0, 1), np.int64), np.zeros((0, 1))
        count = min(neighbours, len(ids))
        distance, place = tree.query(points, k=count)
        return ids[place].reshape(-1, count), distance.reshape(-1, count)


def cut_patch(head: Head, inside: NDArray[np.bool_]) -> SkinPatch:
    """The skin triangles with at least one vertex ``inside`` (N,)."""
    triangles = head.triangles_of(Role.SKIN)
    triangles = triangles[any_corner(inside, triangles)]
    index, local = compact(triangles, len(head.vertices))
    return SkinPatch(index, head.vertices[index], local, head.visible[index])


@once_per_head
def visible_skin_triangles(head: Head) -> NDArray[np.int64]:
    """Skin triangles that can be seen; all of the skin where none can."""
    triangles = head.triangles_of(Role.SKIN)
    seen = triangles[mostly(head.visible, triangles)]
    return seen if len(seen) else triangles


def smoothstep(x: Floats) -> Floats:
    """0 below 0, 1 above 1, with level ends."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def bump(x: Floats) -> Floats:
    """1 at 0, 0 from 1 on, with level ends (C1)."""
    return 1.0 - smoothstep(x)
