# SPDX-License-Identifier: GPL-3.0-or-later
"""Take folds out of a shape: triangles that a displacement turns over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .certificate.skin import near_lids, near_lips
from .head import Head, Role
from .laplacian import factorise, surface_laplacian
from .topology import all_corners, any_corner, compact, edge_graph, surface_distance

# How far around a flipped triangle the displacement is smoothed, one after the other until none
# is left; IOD.
REACHES: Final[tuple[float, ...]] = (0.02, 0.03, 0.045, 0.07, 0.1, 0.15, 0.25, 0.4)
RINGS: Final[int] = 2
MOVED: Final[float] = 1e-5  # IOD


@dataclass(frozen=True)
class _Patch:
    """Skin around a fold: ``ids`` (P,) of the unfolder's vertices, ``triangles`` (T, 3) numbered
    within them, ``distance`` (P,) from the fold along the surface, inf beyond the reach.
    """

    ids: NDArray[np.int64]
    triangles: NDArray[np.int64]
    distance: NDArray[np.float64]


class Unfolder:
    """Smooths a displacement around the skin triangles that it flips, and nowhere else.

    Skin that is seen counts. Lids and lips fold by nature and keep what their constraints gave
    them: folds there are left alone, and the margins stay where they are. Inside, vertices are
    numbered among those of that skin (``ids``).
    """

    def __init__(self, head: Head) -> None:
        skin = head.triangles_of(Role.SKIN)
        near = np.linalg.norm(head.vertices - [0.0, -0.6, -0.3], axis=1) < 2.8
        skin = skin[any_corner(head.visible, skin) & all_corners(near, skin)]
        self.ids, self.triangles = compact(skin, len(head.vertices))
        self.vertices = head.vertices[self.ids]
        self.rest = _normals(self.vertices[self.triangles])
        has_area = np.einsum("ij,ij->i", self.rest, self.rest) > 1e-18
        self.fixed = np.zeros(len(self.ids), bool)
        for rim in head.rims.values():
            self._hold(np.concatenate([rim.upper, rim.lower]), 0.25 * rim.opening)
        if head.seam is not None:
            self._hold(np.concatenate([head.seam.upper, head.seam.lower]), 0.02)
        delicate = near_lids(head, self.vertices) | near_lips(head, self.vertices)
        self.may_flip = has_area & ~any_corner(delicate, self.triangles)

    def _hold(self, line: NDArray[np.float64], reach: float) -> None:
        self.fixed |= np.isfinite(cKDTree(line).query(self.vertices, distance_upper_bound=reach)[0])

    def __call__(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """The shape (N, 3) without flipped triangles, as far as smoothing can take them out."""
        local = displacement[self.ids]
        moves = np.abs(local).max(axis=1) > MOVED
        flipped = self._flipped(
            local, np.flatnonzero(any_corner(moves, self.triangles) & self.may_flip)
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
        patch = self._patch_around(flipped, reach)
        rows = np.flatnonzero((patch.distance < reach) & ~self.fixed[patch.ids])
        if len(rows) == 0:
            return local, flipped
        # A discrete harmonic function: the weighted mean of the neighbours everywhere.
        laplacian, _ = surface_laplacian(self.vertices[patch.ids], patch.triangles)
        around = local[patch.ids]
        around[rows] = 0.0
        filled = factorise(laplacian[rows][:, rows]).solve(-(laplacian[rows] @ around))
        x = np.clip(2.0 - 2.0 * patch.distance[rows] / reach, 0.0, 1.0)[:, None]
        share = x * x * (3 - 2 * x)
        ids = patch.ids[rows]
        local = local.copy()
        local[ids] += share * (filled - local[ids])
        # Only triangles with a vertex that moved can have changed.
        moved = np.zeros(len(self.vertices), bool)
        moved[ids] = True
        touched = any_corner(moved, self.triangles) & self.may_flip
        touched[flipped] = True
        return local, self._flipped(local, np.flatnonzero(touched))

    def _patch_around(self, flipped: NDArray[np.int64], reach: float) -> _Patch:
        """The skin within ``reach`` of flipped triangles, at least the triangles next to them
        however coarse the mesh, and a ring more.
        """
        near = np.zeros(len(self.vertices), bool)
        near[self.triangles[flipped]] = True
        seeds = np.flatnonzero(near)
        for _ in range(RINGS):
            near[self.triangles[any_corner(near, self.triangles)]] = True
        ring = near.copy()
        tree = cKDTree(self.vertices[seeds])
        near |= np.isfinite(tree.query(self.vertices, distance_upper_bound=reach)[0])
        faces = self.triangles[any_corner(near, self.triangles)]
        ids, triangles = compact(faces, len(self.vertices))
        graph = edge_graph(self.vertices[ids], triangles)
        distance = surface_distance(graph, np.searchsorted(ids, seeds), limit=reach)
        distance[ring[ids]] = np.minimum(distance[ring[ids]], 0.7 * reach)
        return _Patch(ids, triangles, distance)

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
