# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep skin from passing through skin that faces it: under a nose, in a crease, behind a chin.

A displacement that differs less between any two points than they lie apart can't push one through
the other, wherever they are on the surface. So where skin meets, the displacement is averaged over
all skin nearby in space, not along the surface. Head frame, IOD.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from scipy.spatial import cKDTree

from .certificate.folds import FoldFinder
from .certificate.skin import ExposedSkin
from .head import Head
from .skin_patch import smoothstep

# How far around a place where skin meets the displacement is averaged, one after the other.
REACHES: Final[tuple[float, ...]] = (0.06, 0.1, 0.16, 0.24, 0.35)
ROUNDS: Final[int] = 2  # at each reach
NEIGHBOURS: Final[int] = 4000  # a dense mesh is averaged over a sample of itself

Floats = NDArray[np.float64]


class Untangler:
    """Lids that close and lips that part keep what their constraints gave them."""

    def __init__(self, head: Head, skin: ExposedSkin, finder: FoldFinder) -> None:
        self._skin, self._finder = skin, finder
        self._free = np.ones(len(skin.index), bool)
        if head.rims:
            self._free &= ~skin.near_lids
        if head.seam is not None:
            self._free &= ~skin.near_lips

    def __call__(self, displacement: Floats, limit: float) -> Floats | None:
        """The pose (n, 3) of the exposed skin with at most ``limit`` pairs of triangles that meet;
        None where averaging doesn't help so far.
        """
        pairs = self._finder.new_pairs(displacement)
        for reach in (reach for reach in REACHES for _ in range(ROUNDS)):
            if len(pairs) <= limit:
                return displacement
            seeds = np.unique(self._skin.triangles[pairs.ravel()])
            displacement = self._averaged(displacement, seeds, reach)
            pairs = self._finder.new_pairs(displacement)
        return displacement if len(pairs) <= limit else None

    def _averaged(self, displacement: Floats, seeds: NDArray[np.int64], reach: float) -> Floats:
        points = self._skin.points
        distance = cKDTree(points[seeds]).query(points, distance_upper_bound=2 * reach)[0]
        rows = np.flatnonzero((distance < reach) & self._free)
        if not len(rows):
            return displacement
        around = np.flatnonzero(np.isfinite(distance))
        around = around[:: -(-len(around) // NEIGHBOURS)]
        near = cKDTree(points[rows]).sparse_distance_matrix(
            cKDTree(points[around]), reach, output_type="coo_matrix"
        )
        weights = csr_matrix(
            (np.exp(-2.0 * (near.data / reach) ** 2), (near.row, near.col)), near.shape
        )
        total = np.asarray(weights.sum(axis=1)).ravel()
        mean = diags(1.0 / np.maximum(total, 1e-12)) @ weights @ displacement[around]
        share = smoothstep(2.0 - 2.0 * distance[rows] / reach) * (total > 0)
        result = displacement.copy()
        result[rows] += share[:, None] * (mean - displacement[rows])
        return result
