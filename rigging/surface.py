# SPDX-License-Identifier: GPL-3.0-or-later
"""Closest points on triangle meshes, by libigl."""

from __future__ import annotations

from dataclasses import dataclass

import igl
import numpy as np
from numpy.typing import NDArray


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
    return Surface(vertices, triangles).closest(points)


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
