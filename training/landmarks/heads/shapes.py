# SPDX-License-Identifier: GPL-3.0-or-later
"""Simple closed meshes: the parts that built heads and their hats, horns and glasses are made of.

Each function returns vertices (V, 3) and triangles (T, 3) with outward winding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mesh:
    """``vertices`` (V, 3), ``triangles`` (T, 3)."""

    vertices: Floats
    triangles: NDArray[np.int64]

    def moved(self, rotation: ArrayLike | None = None, offset: ArrayLike = (0, 0, 0)) -> Mesh:
        """Turned by ``rotation`` (3, 3) about the origin, then shifted."""
        vertices = self.vertices if rotation is None else self.vertices @ np.asarray(rotation).T
        return Mesh(vertices + np.asarray(offset, float), self.triangles)

    def mirrored(self) -> Mesh:
        """The same on the other side of the face."""
        return Mesh(self.vertices * [-1.0, 1.0, 1.0], self.triangles[:, ::-1])


def merge(*meshes: Mesh) -> Mesh:
    """Several meshes as one, not connected."""
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([m.triangles + s for m, s in zip(meshes, starts[:-1], strict=True)]),
    )


def grid_triangles(rows: int, columns: int, *, wrap: bool = False) -> NDArray[np.int64]:
    """Triangles of a grid of ``rows`` x ``columns`` vertices; ``wrap`` joins the last column to
    the first. Outward where rows run down and columns run anticlockwise seen from above.
    """
    r = np.arange(rows - 1)[:, None] * columns
    c = np.arange(columns if wrap else columns - 1)[None]
    following = (c + 1) % columns
    a, b = (r + c).ravel(), (r + following).ravel()
    d, e = (r + columns + c).ravel(), (r + columns + following).ravel()
    return np.concatenate([np.stack([a, d, b], 1), np.stack([b, d, e], 1)])


def closed_rings(rings: Floats) -> Mesh:
    """A surface through ``rings`` (R, S, 3), from top to bottom, closed by a fan at both ends."""
    rows, columns = rings.shape[:2]
    sides = grid_triangles(rows, columns, wrap=True)
    ends = np.stack([rings[0].mean(axis=0), rings[-1].mean(axis=0)])
    top, bottom = rows * columns, rows * columns + 1
    c = np.arange(columns)
    following = (c + 1) % columns
    last = (rows - 1) * columns
    caps = np.concatenate(
        [
            np.stack([np.full(columns, top), c, following], 1),
            np.stack([np.full(columns, bottom), last + following, last + c], 1),
        ]
    )
    return Mesh(np.concatenate([rings.reshape(-1, 3), ends]), np.concatenate([sides, caps]))


def _signed_power(values: Floats, exponent: float) -> Floats:
    return np.sign(values) * np.abs(values) ** exponent


def ellipsoid(
    centre: ArrayLike,
    radii: ArrayLike,
    *,
    rotation: ArrayLike | None = None,
    squareness: float = 1.0,
    rows: int = 15,
    columns: int = 24,
) -> Mesh:
    """An ellipsoid, or with ``squareness`` below 1 a rounded box (superellipsoid)."""
    polar = np.linspace(0.0, np.pi, rows + 2)[1:-1, None]
    around = (np.arange(columns) * 2 * np.pi / columns)[None]
    height = _signed_power(np.cos(polar), squareness)
    wide = _signed_power(np.sin(polar), squareness)
    x = wide * _signed_power(np.cos(around), squareness)
    z = -wide * _signed_power(np.sin(around), squareness)
    y = np.broadcast_to(height, x.shape)
    mesh = closed_rings(np.stack([x, y, z], axis=2))
    vertices = mesh.vertices.copy()
    vertices[-2:, 1] = [1.0, -1.0]
    return Mesh(vertices * np.asarray(radii, float), mesh.triangles).moved(rotation, centre)


def box(centre: ArrayLike, half: ArrayLike, rotation: ArrayLike | None = None) -> Mesh:
    """A box with ``half`` sizes (3,)."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    return Mesh(corners * np.asarray(half, float), triangles).moved(rotation, centre)


def tube(
    path: ArrayLike,
    radii: ArrayLike,
    *,
    columns: int = 8,
    flat: float = 1.0,
    side: ArrayLike = (0.0, 0.0, 1.0),
) -> Mesh:
    """A closed tube along ``path`` (K, 3) with ``radii`` (K,) or one for all. ``flat`` scales the
    cross-section along ``side``.
    """
    path = np.asarray(path, float)
    radii = np.broadcast_to(np.asarray(radii, float), (len(path),))
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    normal = np.asarray(side, float) - (along @ np.asarray(side, float))[:, None] * along
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    across = np.cross(along, normal)
    around = np.arange(columns) * 2 * np.pi / columns
    ring = (
        np.cos(around)[None, :, None] * across[:, None]
        + flat * np.sin(around)[None, :, None] * normal[:, None]
    )
    mesh = closed_rings(path[:, None] + radii[:, None, None] * ring)
    return Mesh(mesh.vertices, mesh.triangles[:, ::-1])


def lathe(profile: ArrayLike, *, columns: int = 24, depth: float = 1.0) -> Mesh:
    """``profile`` (K, 2) of radius and height, from top to bottom, turned about +Y; ``depth``
    scales along Z.
    """
    profile = np.asarray(profile, float)
    around = np.arange(columns) * 2 * np.pi / columns
    x = profile[:, :1] * np.cos(around)
    z = -profile[:, :1] * np.sin(around) * depth
    y = np.broadcast_to(profile[:, 1:], x.shape)
    return closed_rings(np.stack([x, y, z], axis=2))


def cone(
    base: ArrayLike, tip: ArrayLike, radius: float, *, columns: int = 12, flat: float = 1.0
) -> Mesh:
    """A cone from ``base`` to ``tip``."""
    path = np.linspace(np.asarray(base, float), np.asarray(tip, float), 4)
    return tube(path, radius * np.array([1.0, 0.68, 0.35, 0.02]), columns=columns, flat=flat)


def turn(axis: str, degrees: float) -> Floats:
    """A rotation matrix about a coordinate axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    if axis == "x":
        return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    if axis == "y":
        return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def vertex_normals(vertices: Floats, triangles: NDArray[np.int64]) -> Floats:
    """(V, 3) area-weighted unit normals."""
    corners = vertices[triangles]
    area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.stack(
        [
            np.bincount(
                triangles.ravel(), weights=np.repeat(area[:, axis], 3), minlength=len(vertices)
            )
            for axis in range(3)
        ],
        axis=1,
    )
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
