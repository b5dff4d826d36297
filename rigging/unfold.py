# SPDX-License-Identifier: GPL-3.0-or-later
"""Take folds out of a shape: triangles that a displacement turns over."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from scipy.spatial import cKDTree

from .head import Head, Role
from .topology import edge_graph

ROUNDS: Final[int] = 12
RINGS: Final[int] = 2
OUTER_SHARE: Final[float] = 0.6  # of the smoothing, in the rings around a flipped triangle
PATIENCE: Final[int] = 3  # rounds without fewer flips before giving up


class Unfolder:
    """Smooths a displacement around the skin triangles that it flips, and nowhere else.

    Skin that is seen counts; lids and lips fold by nature and keep what their constraints gave
    them, which is why the smoothing stays within a few rings.
    """

    def __init__(self, head: Head) -> None:
        self.vertices = head.vertices
        skin = head.triangles_of(Role.SKIN)
        near = np.linalg.norm(head.vertices - [0.0, -0.6, -0.3], axis=1) < 2.8
        self.triangles = skin[(head.visible & near)[skin].all(axis=1)]
        graph = edge_graph(head.vertices, self.triangles)
        graph = graph + graph.T
        graph.data[:] = 1.0
        degree = np.asarray(graph.sum(axis=1)).ravel()
        self.neighbours: csr_matrix = graph.tocsr()
        self.mean = (diags(1.0 / np.maximum(degree, 1.0)) @ self.neighbours).tocsr()
        self.rest = self._normals(head.vertices, self.triangles)
        self.has_area = (self.rest**2).sum(axis=1) > 1e-18
        count = len(self.triangles)
        self.triangles_at = csr_matrix(
            (np.ones(3 * count), (self.triangles.ravel(), np.repeat(np.arange(count), 3))),
            (len(head.vertices), count),
        )
        self.fixed = np.zeros(len(head.vertices), bool)
        for rim in head.rims.values():
            self._hold(head, np.concatenate([rim.upper, rim.lower]), 0.25 * rim.opening)
        if head.seam is not None:
            self._hold(head, np.concatenate([head.seam.upper, head.seam.lower]), 0.02)

    def _hold(self, head: Head, line: NDArray[np.float64], reach: float) -> None:
        self.fixed |= cKDTree(line).query(head.vertices)[0] < reach

    def _normals(
        self, vertices: NDArray[np.float64], triangles: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        a, b, c = (vertices[triangles[:, k]] for k in range(3))
        return np.cross(b - a, c - a)

    def __call__(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """The shape (N, 3) without flipped triangles, as far as smoothing can take them out."""
        result = displacement
        moves = np.abs(displacement).max(axis=1) > 1e-5
        suspects = np.flatnonzero(moves[self.triangles].any(axis=1) & self.has_area)
        flipped = self._flipped(result, suspects)
        fewest, waited = len(flipped) + 1, 0
        for number in range(ROUNDS):
            waited = 0 if len(flipped) < fewest else waited + 1
            fewest = min(fewest, len(flipped))
            if len(flipped) == 0 or waited >= PATIENCE:
                break
            ids, share = self._around(flipped, RINGS + number // 3)
            if len(ids) == 0:
                break
            if result is displacement:
                result = displacement.copy()
            rows = self.mean[ids]
            for _ in range(4):
                result[ids] += share[:, None] * (rows @ result - result[ids])
            # Only triangles with a vertex that moved can have changed.
            touched = np.unique(self.triangles_at[ids].indices)
            touched = np.union1d(touched[self.has_area[touched]], flipped)
            flipped = self._flipped(result, touched)
        return result

    def _flipped(
        self, displacement: NDArray[np.float64], triangles: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Those of the triangles (rows) that the displacement turns over."""
        posed = self._normals(self.vertices + displacement, self.triangles[triangles])
        return triangles[(posed * self.rest[triangles]).sum(axis=1) < 0]

    def _around(
        self, triangles: NDArray[np.int64], rings: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Free vertices of triangles and ``rings`` around them, and how much each is smoothed."""
        share = dict.fromkeys(np.unique(self.triangles[triangles]).tolist(), 1.0)
        edge = np.array(list(share))
        for _ in range(rings):
            reached = np.unique(self.neighbours[edge].indices)
            edge = np.array([vertex for vertex in reached.tolist() if vertex not in share], int)
            share.update(dict.fromkeys(edge.tolist(), OUTER_SHARE))
            if len(edge) == 0:
                break
        ids = np.array(sorted(share))
        ids = ids[~self.fixed[ids]]
        return ids, np.array([share[vertex] for vertex in ids.tolist()])
