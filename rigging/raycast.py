# SPDX-License-Identifier: GPL-3.0-or-later
"""Rays against a triangle mesh, by Intel Embree.

Embree computes in float32, so the mesh is moved and scaled to unit size first; results are in the
caller's own coordinates. Measured on Embree 4.4: the same mesh and rays give the same bits in
every run, process and with one thread or several, also where triangles coincide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore import EmbreeDevice
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import ArrayLike, NDArray

from .topology import all_corners


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
    isn't finite are never hit. ``extent``: the longest side of the triangles' bounding box (where
    they were when the scene was built).
    """

    def __init__(self, vertices: ArrayLike, triangles: ArrayLike) -> None:
        self.vertices: NDArray[np.float64] = np.asarray(vertices, np.float64).reshape(-1, 3)
        self.triangles: NDArray[np.int64] = np.asarray(triangles, np.int64).reshape(-1, 3)
        finite = np.isfinite(self.vertices).all(axis=1)
        self._solid = np.flatnonzero(all_corners(finite, self.triangles))
        solid = self.triangles[self._solid]
        used = np.zeros(len(self.vertices), bool)
        used[solid] = True
        points = self.vertices[used]
        low, high = (
            (points.min(axis=0), points.max(axis=0)) if len(points) else (np.zeros(3), np.ones(3))
        )
        self._centre = (low + high) / 2
        self._turn: NDArray[np.float64] | None = None  # (3, 3) since the scene was built
        self.extent = float((high - low).max()) or 1.0
        self._scene = EmbreeScene(_device(), robust=True)
        if len(solid):
            # Loose vertices may be anywhere, also at NaN: Embree only gets those with triangles.
            place = (np.cumsum(used) - 1).astype(np.int32)
            TriangleMesh(self._scene, self._to_unit(points), place[solid])

    def moved(
        self, scale: float, turn: NDArray[np.float64], offset: NDArray[np.float64]
    ) -> RayScene:
        """The same triangles with vertices p at ``scale * turn @ p + offset``, at no cost.

        ``turn``: (3, 3) rotation, ``offset``: (3,).
        """
        scene = RayScene.__new__(RayScene)
        scene.vertices = scale * self.vertices @ turn.T + offset
        scene.triangles, scene._solid, scene._scene = self.triangles, self._solid, self._scene
        scene._centre = scale * turn @ self._centre + offset
        scene._turn = turn if self._turn is None else turn @ self._turn
        scene.extent = scale * self.extent
        return scene

    def cast(self, origins: ArrayLike, directions: ArrayLike) -> Hits:
        """First hits of rays from ``origins`` (N, 3) along ``directions``, of any length.

        ``directions``: (N, 3), or (3,) for parallel rays. Distances are in the mesh's units. A ray
        that starts on the surface may hit it at once: start it a little off the surface.
        """
        origins = np.asarray(origins, np.float64).reshape(-1, 3)
        if not len(self._solid) or not len(origins):
            return _no_hits(len(origins))
        rays = self._unit_rays(directions, len(origins))
        return self._hits(self._scene.run(self._to_unit(origins), rays, output=1))

    def blocks(self, origins: ArrayLike, directions: ArrayLike) -> NDArray[np.bool_]:
        """(N,) whether rays like those of ``cast`` hit anything; far faster than the first hit."""
        origins = np.asarray(origins, np.float64).reshape(-1, 3)
        if not len(self._solid) or not len(origins):
            return np.zeros(len(origins), bool)
        rays = self._unit_rays(directions, len(origins))
        blocked: NDArray[np.bool_] = (
            self._scene.run(self._to_unit(origins), rays, query="OCCLUDED") >= 0
        )
        return blocked

    def _to_unit(self, points: NDArray[np.float64]) -> NDArray[np.float32]:
        """Points (N, 3) where the mesh has unit size and lies around the origin."""
        return (self._turned_back(points - self._centre) / self.extent).astype(np.float32)

    def _turned_back(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Vectors (..., 3) as they were before the scene was turned."""
        if self._turn is None:
            return vectors
        return np.einsum("...j,jk->...k", vectors, self._turn)

    def _unit_rays(self, directions: ArrayLike, count: int) -> NDArray[np.float32]:
        """(count, 3) unit vectors along ``directions`` (count, 3) or (3,), as Embree takes them."""
        directions = self._turned_back(np.asarray(directions, np.float64))
        lengths = np.sqrt(np.einsum("...j,...j->...", directions, directions))[..., None]
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = (directions / lengths).astype(np.float32)
        return np.ascontiguousarray(np.broadcast_to(unit, (count, 3)))

    def _hits(self, result: dict[str, NDArray[np.float32]]) -> Hits:
        primitive = result["primID"]
        missed = primitive < 0
        triangle = np.append(self._solid, -1)[primitive]
        barycentric = np.empty((len(primitive), 3))
        barycentric[:, 1] = result["u"]
        barycentric[:, 2] = result["v"]
        barycentric[:, 0] = 1.0 - barycentric[:, 1] - barycentric[:, 2]
        barycentric[missed] = 0.0
        distance = result["tfar"].astype(np.float64) * self.extent
        distance[missed] = np.inf
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


@cache
def _device() -> EmbreeDevice:
    """One Embree device for all scenes, until the process ends.

    A scene that is given none makes its own, and Python's garbage collector may free that one
    first where the scene hangs in a reference cycle: Embree then crashes as it frees the scene.
    """
    return EmbreeDevice()


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors; zero stays zero."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def _no_hits(count: int) -> Hits:
    return Hits(np.full(count, -1, np.int64), np.zeros((count, 3)), np.full(count, np.inf))
