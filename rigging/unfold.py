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
        self.mean = diags(1.0 / np.maximum(degree, 1.0)) @ self.neighbours
        self.rest = self._normals(head.vertices, self.triangles)
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
        moves = (np.abs(displacement) > 1e-5).any(axis=1)
        chosen = moves[self.triangles].any(axis=1) & ((self.rest**2).sum(axis=1) > 1e-18)
        triangles, rest = self.triangles[chosen], self.rest[chosen]
        for number in range(ROUNDS):
            flipped = (self._normals(self.vertices + result, triangles) * rest).sum(axis=1) < 0
            if not flipped.any():
                break
            mark = np.zeros(len(self.vertices))
            mark[triangles[flipped]] = 1.0
            for _ in range(RINGS + number // 3):
                mark = np.maximum(mark, 0.6 * (self.neighbours @ mark > 0) * (mark == 0))
            mark[self.fixed] = 0.0
            if not mark.any():
                break
            if result is displacement:
                result = displacement.copy()
            ids = np.flatnonzero(mark)
            rows = self.mean[ids]
            for _ in range(4):
                result[ids] += mark[ids, None] * (rows @ result - result[ids])
        return result
