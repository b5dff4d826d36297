# SPDX-License-Identifier: GPL-3.0-or-later
"""Rays against a triangle mesh, by Intel Embree.

Embree computes in float32, so the mesh is moved and scaled to unit size first; results are in the
caller's own coordinates. Measured on Embree 4.4: the same mesh and rays give the same bits in
every run, process and with one thread or several, also where triangles coincide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Hits:
    """The first triangle along each of N rays.

    ``triangle``: (N,) int64, -1 on a miss. ``barycentric``: (N, 3) float64, weights of the
    triangle's corners, zero on a miss. ``distance``: (N,) float64, inf on a miss.
    """

    triangle: NDArray[np.int64]
    barycentric: NDArray[np.float64]
    distance: NDArray[np.float64]

    @property
    def found(self) -> NDArray[np.bool_]:
        """(N,) whether the ray hit anything."""
        return self.triangle >= 0


class RayScene:
    """A mesh prepared once, to be asked often.

    ``vertices``: (V, 3) in any units. ``triangles``: (T, 3) indices. Triangles with a corner that
    isn't finite are never hit. ``extent``: the longest side of the triangles' bounding box.
    """

    def __init__(self, vertices: ArrayLike, triangles: ArrayLike) -> None:
        self.vertices: NDArray[np.float64] = np.asarray(vertices, np.float64).reshape(-1, 3)
        self.triangles: NDArray[np.int64] = np.asarray(triangles, np.int64).reshape(-1, 3)
        finite = np.isfinite(self.vertices).all(axis=1)
        self._solid = np.flatnonzero(finite[self.triangles].all(axis=1))
        solid = self.triangles[self._solid]
        used = self.vertices[np.unique(solid)]
        low, high = (used.min(axis=0), used.max(axis=0)) if len(used) else (np.zeros(3), np.ones(3))
        self._centre = (low + high) / 2
        self.extent = float((high - low).max()) or 1.0
        self._scene = EmbreeScene(robust=True)
        if len(solid):
            # Loose vertices may be anywhere, also at NaN: no triangle that Embree gets uses those.
            safe = np.where(finite[:, None], self.vertices, 0.0)
            unit = np.clip((safe - self._centre) / self.extent, -1.0, 1.0)
            TriangleMesh(self._scene, unit.astype(np.float32), solid.astype(np.int32))

    def cast(self, origins: ArrayLike, directions: ArrayLike) -> Hits:
        """First hits of rays from ``origins`` (N, 3) along ``directions`` (N, 3), of any length.

        Distances are in the mesh's units. A ray that starts on the surface may hit it at once:
        start it a little off the surface.
        """
        origins = np.asarray(origins, np.float64).reshape(-1, 3)
        directions = np.asarray(directions, np.float64).reshape(-1, 3)
        if not len(self._solid) or not len(origins):
            return _no_hits(len(origins))
        lengths = np.sqrt(np.einsum("ij,ij->i", directions, directions))
        with np.errstate(divide="ignore", invalid="ignore"):
            unit_directions = (directions / lengths[:, None]).astype(np.float32)
        unit_origins = ((origins - self._centre) / self.extent).astype(np.float32)
        result = self._scene.run(unit_origins, unit_directions, output=1)
        return self._hits(result)

    def _hits(self, result: dict[str, NDArray[np.float32]]) -> Hits:
        primitive = result["primID"]
        found = primitive >= 0
        triangle = np.where(found, self._solid[np.where(found, primitive, 0)], -1)
        u = np.where(found, result["u"], 0.0).astype(np.float64)
        v = np.where(found, result["v"], 0.0).astype(np.float64)
        barycentric = np.stack([np.where(found, 1.0 - u - v, 0.0), u, v], axis=1)
        distance = np.where(found, result["tfar"].astype(np.float64) * self.extent, np.inf)
        return Hits(triangle, barycentric, distance)

    @cached_property
    def triangle_normals(self) -> NDArray[np.float32]:
        """(T, 3) unit normals; zero for triangles without area or with coordinates not finite."""
        return _unit(self._area_vectors).astype(np.float32)

    @cached_property
    def vertex_normals(self) -> NDArray[np.float32]:
        """(V, 3) area-weighted unit normals for smooth shading; zero where there is no surface."""
        area_vectors = self._area_vectors
        total = np.zeros_like(self.vertices)
        for axis in range(3):
            total[:, axis] = np.bincount(
                self.triangles.reshape(-1),
                weights=np.repeat(area_vectors[:, axis], 3),
                minlength=len(self.vertices),
            )
        return _unit(total).astype(np.float32)

    @cached_property
    def _area_vectors(self) -> NDArray[np.float64]:
        """(T, 3) normals with twice the area of the unit-sized triangles as their length."""
        vectors = np.zeros((len(self.triangles), 3))
        corners = (self.vertices[self.triangles[self._solid]] - self._centre) / self.extent
        edges = corners[:, 1:] - corners[:, :1]
        vectors[self._solid] = np.cross(edges[:, 0], edges[:, 1])
        return vectors


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors; zero stays zero."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def _no_hits(count: int) -> Hits:
    return Hits(np.full(count, -1, np.int64), np.zeros((count, 3)), np.full(count, np.inf))
