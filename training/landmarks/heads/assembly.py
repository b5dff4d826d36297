# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting a head together from parts, and the surface that later parts are laid on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from auto_rig_face.rigging.raycast import RayScene
from numpy.typing import ArrayLike, NDArray

from .. import points as scheme
from ..expressions import Expression
from ..scene import Head, Role
from .shapes import Floats, Mesh, merge, vertex_normals

FAR = 40.0  # IOD: outside every head


@dataclass(frozen=True)
class Chart:
    """A plane that things are drawn on before they are laid on a surface along its normal.

    ``origin`` (3,), ``axes`` (3, 3): rows right, up, normal; drawing coordinates are (u, v).
    """

    origin: Floats
    axes: Floats

    def lines(self, drawing: Floats) -> Floats:
        """(N, 3) points of the plane for ``drawing`` (N, 2)."""
        return self.origin + drawing @ self.axes[:2]


FRONT = Chart(np.zeros(3), np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]))


class Surface:
    """The outside of what is built so far, asked by rays."""

    def __init__(self, mesh: Mesh) -> None:
        self.scene = RayScene(mesh.vertices, mesh.triangles)
        self.normals = vertex_normals(mesh.vertices, mesh.triangles)

    def lay(self, drawing: ArrayLike, chart: Chart = FRONT, offset: ArrayLike = 0.0) -> Floats:
        """``drawing`` (N, 2) of a chart laid on the surface, ``offset`` (N,) above it: (N, 3).

        Where the surface ends or has an opening, through which its inside is seen, the drawing goes
        on at the depth of the nearest point that is on it.
        """
        drawing = np.asarray(drawing, float)
        plane = chart.lines(drawing)
        hits = self.scene.cast(
            plane + FAR * chart.axes[2], np.tile(-chart.axes[2], (len(plane), 1))
        )
        faces = self.scene.triangle_normals[hits.triangle]
        found = hits.found & (faces @ chart.axes[2] > 0.0)
        depth = FAR - hits.distance
        normals = np.tile(chart.axes[2], (len(plane), 1))
        corners = self.scene.triangles[hits.triangle[found]]
        mixed = np.einsum("nc,ncx->nx", hits.barycentric[found], self.normals[corners])
        normals[found] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
        if not found.all():
            depth = _fill(drawing, depth, found)
        placed = plane + depth[:, None] * chart.axes[2]
        return placed + normals * np.broadcast_to(np.asarray(offset, float), (len(plane),))[:, None]

    def outward(self, centre: ArrayLike, directions: ArrayLike) -> Floats:
        """Outermost points (N, 3) from ``centre`` along ``directions`` (N, 3)."""
        middle: Floats = np.array(centre, float)
        ways: Floats = np.array(directions, float, ndmin=2)
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        hits = self.scene.cast(middle + FAR * ways, -ways)
        reach = np.where(hits.found, FAR - hits.distance, 0.0)
        if not hits.found.all():
            reach[~hits.found] = np.median(reach[hits.found]) if hits.found.any() else 1.0
        placed: Floats = middle + ways * reach[:, None]
        return placed


def _fill(drawing: Floats, depth: Floats, found: NDArray[np.bool_]) -> Floats:
    if not found.any():
        return np.zeros(len(depth))
    known = np.flatnonzero(found)
    for index in np.flatnonzero(~found):
        nearest = known[np.argmin(((drawing[known] - drawing[index]) ** 2).sum(axis=1))]
        depth[index] = depth[nearest]
    return depth


@dataclass
class _Part:
    mesh: Mesh
    role: NDArray[np.uint8]
    tint: Floats
    solid: bool
    flat: bool


@dataclass
class Assembly:
    """Parts and points, collected. ``faceted`` shades solid parts flat."""

    faceted: bool = False
    parts: list[_Part] = field(default_factory=list)
    points: dict[str, Floats] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    def add(
        self,
        mesh: Mesh,
        role: Role | NDArray[np.uint8],
        tint: ArrayLike = 0.0,
        *,
        solid: bool = True,
        flat: bool = False,
    ) -> None:
        """Add a part. ``solid`` parts carry what is laid on the head later; drawings don't.
        ``flat``: shaded flat on a faceted head, as solid parts are.
        """
        roles = np.broadcast_to(np.asarray(role, np.uint8), (len(mesh.triangles),))
        tints = np.broadcast_to(np.asarray(tint, float), (len(mesh.vertices),))
        self.parts.append(_Part(mesh, roles, tints, solid, flat or solid))

    def surface(self, *roles: Role) -> Surface:
        """The solid parts so far, or those of them with one of ``roles``."""
        chosen = [
            part.mesh for part in self.parts if part.solid and (not roles or part.role[0] in roles)
        ]
        return Surface(merge(*chosen))

    def mark(self, points: Mapping[str, ArrayLike]) -> None:
        """Set named points."""
        for name, point in points.items():
            self.points[name] = np.asarray(point, float)

    def mark_row(self, stem: str, row: ArrayLike, first: int = 0) -> None:
        """Set ``stem_00``, ``stem_01`` and so on to the rows of ``row`` (N, 3)."""
        self.mark({f"{stem}_{i:02d}": point for i, point in enumerate(np.asarray(row), first)})

    def lack(self, feature: str) -> None:
        """The head has no such feature; its points are only where it would be."""
        self.missing.update(scheme.FEATURES[feature])

    def finish(self, expression: Expression, family: str, identity: int) -> Head:
        """The head. Raises KeyError when a point of the scheme was never set."""
        meshes, normals, roles, tints = [], [], [], []
        for part in self.parts:
            mesh, tint = part.mesh, part.tint
            if self.faceted and part.flat:
                tint = tint[mesh.triangles.ravel()]
                apart = np.arange(3 * len(mesh.triangles)).reshape(-1, 3)
                mesh = Mesh(mesh.vertices[mesh.triangles.ravel()], apart)
            meshes.append(mesh)
            normals.append(vertex_normals(mesh.vertices, mesh.triangles))
            roles.append(part.role)
            tints.append(tint)
        whole = merge(*meshes)
        return Head(
            vertices=whole.vertices.astype(np.float32),
            normals=np.concatenate(normals).astype(np.float32),
            triangles=whole.triangles.astype(np.int32),
            role=np.concatenate(roles),
            tint=np.concatenate(tints).astype(np.float32),
            points=np.stack([self.points[name] for name in scheme.NAMES]).astype(np.float32),
            exists=np.array([name not in self.missing for name in scheme.NAMES]),
            expression=expression,
            family=family,
            identity=identity,
        )
