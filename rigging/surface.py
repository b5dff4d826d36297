# SPDX-License-Identifier: GPL-3.0-or-later
"""Closest points on triangle meshes, by libigl."""

from __future__ import annotations

from dataclasses import dataclass, replace

import igl
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

FEW_TRIANGLES = 4000  # a tree of so few takes no time


@dataclass(frozen=True)
class ClosestPoints:
    """``triangle`` (P,) row of the triangle list, ``corners`` (P, 3) its vertices, ``weights``
    (P, 3) barycentric, ``points`` (P, 3), ``distance`` (P,).
    """

    triangle: NDArray[np.int64]
    corners: NDArray[np.int64]
    weights: NDArray[np.float64]
    points: NDArray[np.float64]
    distance: NDArray[np.float64]

    def interpolate(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (N, ...) of the mesh's vertices at the points: (P, ...)."""
        shape = (len(self.weights), 3) + (1,) * (values.ndim - 1)
        return (values[self.corners] * self.weights.reshape(shape)).sum(axis=1)


@dataclass(frozen=True)
class SurfaceSamples:
    """Fixed points on a mesh. ``corners`` (P, 3) vertex indices, ``weights`` (P, 3)."""

    corners: NDArray[np.int64]
    weights: NDArray[np.float64]

    def on(self, vertices: NDArray[np.float64]) -> NDArray[np.float64]:
        """(P, 3) positions of the points where the mesh's vertices are ``vertices``."""
        return (vertices[self.corners] * self.weights[:, :, None]).sum(axis=1)


class Surface:
    """A mesh prepared once (bounding volumes), to be asked often for closest points."""

    def __init__(self, vertices: NDArray[np.float64], triangles: NDArray[np.int64]) -> None:
        self.vertices = np.ascontiguousarray(vertices, np.float64)
        self.triangles = np.ascontiguousarray(triangles, np.int64)
        self._tree = igl.AABB()
        self._tree.init(self.vertices, self.triangles)

    def closest(self, points: NDArray[np.float64]) -> ClosestPoints:
        """The closest point of the mesh to each of ``points`` (P, 3)."""
        squared, triangle, nearest = self._tree.squared_distance(
            self.vertices, self.triangles, np.ascontiguousarray(points, np.float64)
        )
        triangle = np.atleast_1d(triangle).astype(np.int64)
        nearest = np.atleast_2d(nearest)
        corners = self.triangles[triangle]
        weights = barycentric(nearest, *(self.vertices[corners[:, k]] for k in range(3)))
        return ClosestPoints(
            triangle, corners, weights, nearest, np.sqrt(np.maximum(np.atleast_1d(squared), 0.0))
        )


def closest(
    vertices: NDArray[np.float64], triangles: NDArray[np.int64], points: NDArray[np.float64]
) -> ClosestPoints:
    """The closest point of a mesh that is asked once to each of ``points`` (P, 3)."""
    if len(triangles) <= FEW_TRIANGLES or len(points) == 0:
        return Surface(vertices, triangles).closest(points)
    # Building the tree takes longest, so it gets only what may be closest to some point.
    samples = vertices[triangles[:: len(triangles) // (FEW_TRIANGLES // 2), 0]]
    reach = float(cKDTree(samples).query(points)[0].max())
    near = np.flatnonzero(
        touching(vertices, triangles, points.min(axis=0) - reach, points.max(axis=0) + reach)
    )
    found = Surface(vertices, triangles[near]).closest(points)
    return replace(found, triangle=near[found.triangle])


def touching(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """(M,) which triangles may touch the box from ``low`` (3,) to ``high`` (3,).

    False only for those that lie wholly beyond one of its six sides (the outcodes of Cohen and
    Sutherland, one bit a side).
    """
    beyond = np.zeros(len(vertices), np.uint8)
    for axis in range(3):
        beyond |= (vertices[:, axis] < low[axis]).astype(np.uint8) << (2 * axis)
        beyond |= (vertices[:, axis] > high[axis]).astype(np.uint8) << (2 * axis + 1)
    first, second, third = (beyond[triangles[:, corner]] for corner in range(3))
    return (first & second & third) == 0


def barycentric(
    points: NDArray[np.float64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    c: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(P, 3) weights of points on triangles, clamped to the triangle and safe where it has no
    area (then the whole weight goes to the first corner).
    """
    ab, ac, ap = b - a, c - a, points - a
    d00 = (ab * ab).sum(axis=1)
    d01 = (ab * ac).sum(axis=1)
    d11 = (ac * ac).sum(axis=1)
    d20 = (ap * ab).sum(axis=1)
    d21 = (ap * ac).sum(axis=1)
    determinant = d00 * d11 - d01 * d01
    safe = determinant > 1e-14 * np.maximum(d00 * d11, 1e-300)
    scale = np.where(safe, determinant, 1.0)
    v = np.where(safe, (d11 * d20 - d01 * d21) / scale, 0.0)
    w = np.where(safe, (d00 * d21 - d01 * d20) / scale, 0.0)
    weights = np.clip(np.stack([1.0 - v - w, v, w], axis=1), 0.0, 1.0)
    return weights / weights.sum(axis=1, keepdims=True)
