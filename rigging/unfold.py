# SPDX-License-Identifier: GPL-3.0-or-later
"""Take folds out of a shape: triangles that a displacement turns over."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from scipy.spatial import cKDTree

from .certificate.skin import near_lids, near_lips
from .head import Head, Role
from .laplacian import factorise, surface_laplacian
from .topology import edge_graph, surface_distance

# How far around a flipped triangle the displacement is smoothed, one after the other until none
# is left; IOD.
REACHES: Final[tuple[float, ...]] = (0.02, 0.03, 0.045, 0.07, 0.1, 0.15, 0.25, 0.4)
MOVED: Final[float] = 1e-5  # IOD


class Unfolder:
    """Smooths a displacement around the skin triangles that it flips, and nowhere else.

    Skin that is seen counts; lids and lips fold by nature and keep what their constraints gave
    them, which is why the smoothing stays within a few rings. Inside, vertices are numbered
    among those of that skin (``ids``).
    """

    def __init__(self, head: Head) -> None:
        skin = head.triangles_of(Role.SKIN)
        near = np.linalg.norm(head.vertices - [0.0, -0.6, -0.3], axis=1) < 2.8
        skin = skin[(head.visible[skin].any(axis=1) & near[skin].all(axis=1))]
        used = np.zeros(len(head.vertices), bool)
        used[skin] = True
        self.ids = np.flatnonzero(used)
        self.triangles = (np.cumsum(used) - 1)[skin]
        self.vertices = head.vertices[self.ids]
        self.graph = edge_graph(self.vertices, self.triangles)
        laplacian, _ = surface_laplacian(self.vertices, self.triangles)
        self.degree = laplacian.diagonal()
        self.neighbours: csr_matrix = (diags(self.degree) - laplacian).tocsr()
        self.rest = _normals(self.vertices[self.triangles])
        has_area = np.einsum("ij,ij->i", self.rest, self.rest) > 1e-18
        count = len(self.triangles)
        self.triangles_at = csr_matrix(
            (np.ones(3 * count), (self.triangles.ravel(), np.repeat(np.arange(count), 3))),
            (len(self.ids), count),
        )
        self.fixed = np.zeros(len(self.ids), bool)
        for rim in head.rims.values():
            self._hold(np.concatenate([rim.upper, rim.lower]), 0.25 * rim.opening)
        if head.seam is not None:
            self._hold(np.concatenate([head.seam.upper, head.seam.lower]), 0.02)
        delicate = near_lids(head, self.vertices) | near_lips(head, self.vertices)
        self.may_flip = has_area & ~delicate[self.triangles].any(axis=1)

    def _hold(self, line: NDArray[np.float64], reach: float) -> None:
        self.fixed |= np.isfinite(cKDTree(line).query(self.vertices, distance_upper_bound=reach)[0])

    def __call__(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """The shape (N, 3) without flipped triangles, as far as smoothing can take them out."""
        local = displacement[self.ids]
        moves = np.abs(local).max(axis=1) > MOVED
        flipped = self._flipped(
            local, np.flatnonzero(moves[self.triangles].any(axis=1) & self.may_flip)
        )
        if len(flipped) == 0:
            return displacement
        best, fewest = local, len(flipped)
        for reach in REACHES:
            local, flipped = self._smooth(local, flipped, reach)
            if len(flipped) < fewest:
                best, fewest = local, len(flipped)
            if fewest == 0:
                break
        result = displacement.copy()
        result[self.ids] = best
        return result

    def _smooth(
        self, local: NDArray[np.float64], flipped: NDArray[np.int64], reach: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The displacement filled in smoothly around flipped triangles from what lies ``reach``
        away, and what is flipped afterwards.
        """
        corners = np.unique(self.triangles[flipped])
        # At least the triangles next to them, however coarse the mesh.
        ring = np.unique(self.neighbours[np.unique(self.neighbours[corners].indices)].indices)
        distance = surface_distance(self.graph, corners, limit=reach)
        distance[ring] = np.minimum(distance[ring], 0.7 * reach)
        rows = np.flatnonzero((distance < reach) & ~self.fixed)
        if len(rows) == 0:
            return local, flipped
        # A discrete harmonic function: the weighted mean of the neighbours everywhere.
        inside = self.neighbours[rows]
        outside = local.copy()
        outside[rows] = 0.0
        filled = factorise(diags(self.degree[rows]) - inside[:, rows]).solve(inside @ outside)
        x = np.clip(2.0 - 2.0 * distance[rows] / reach, 0.0, 1.0)[:, None]
        share = x * x * (3 - 2 * x)
        local = local.copy()
        local[rows] += share * (filled - local[rows])
        # Only triangles with a vertex that moved can have changed.
        touched = np.unique(self.triangles_at[rows].indices)
        touched = np.union1d(touched[self.may_flip[touched]], flipped)
        return local, self._flipped(local, touched)

    def _flipped(
        self, local: NDArray[np.float64], triangles: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Those of the triangles (rows) that the displacement turns over."""
        corners = self.triangles[triangles]
        posed = _normals(self.vertices[corners] + local[corners])
        return triangles[np.einsum("ij,ij->i", posed, self.rest[triangles]) < 0]


def _normals(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, 3) area-weighted normals of triangles given by their corners (T, 3, 3)."""
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
