# SPDX-License-Identifier: GPL-3.0-or-later
"""A head and its parts from the scene as one FaceMesh. The scene is left as it was."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ..rigging.data import Appearance, FaceMesh, MeshPart
from .appearance import Textures, join_appearances, read_appearance
from .head import SceneHead, SceneOptions, ScenePart
from .mesh_access import (
    basis_positions,
    has_mirror,
    loop_triangles,
    matrix_array,
    mirrored_mesh,
    present_vertices,
)
from .parts import collect_parts
from .validate import validate_matrix, validate_object, validate_positions

_DEFAULTS = SceneOptions()


@dataclass(frozen=True)
class _Surface:
    """One object as it enters the FaceMesh. ``source`` maps own vertices to its ``vertices``."""

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int64]
    source: NDArray[np.int64]
    appearance: Appearance
    to_local: NDArray[np.float64]
    mirrored: bool


def read(
    context: bpy.types.Context,
    obj: bpy.types.Object | None,
    *,
    options: SceneOptions = _DEFAULTS,
) -> tuple[FaceMesh, SceneHead]:
    """The head ``obj`` with its eyeballs, teeth, tongue, brows, lashes, hair and glasses.

    Positions are undeformed (Basis) and in world space; Mirror modifiers are applied, all others
    are not. Raises RigError, naming object and remedy, where ``obj`` can't be rigged.
    """
    context.view_layer.update()
    obj = validate_object(context, obj)
    validate_matrix(obj, matrix_array(obj.matrix_world))
    positions = basis_positions(obj.data).astype(np.float64)
    if not has_mirror(obj):
        validate_positions(obj, positions)
    found, messages = collect_parts(context, obj, options)
    textures = Textures()
    surfaces = [_read_surface(context, item, textures) for item in (obj, *found)]
    validate_positions(obj, surfaces[0].vertices)
    face_mesh, parts = _join([obj, *found], surfaces, textures)
    return face_mesh, SceneHead(parts=parts, messages=(*messages, *textures.messages))


def _read_surface(
    context: bpy.types.Context, obj: bpy.types.Object, textures: Textures
) -> _Surface:
    if not has_mirror(obj):
        own = basis_positions(obj.data)
        return _surface(obj, obj.data, own, np.arange(len(own)), textures, mirrored=False)
    with mirrored_mesh(context, obj) as (mesh, source):
        shown = basis_positions(mesh)
        present = present_vertices(obj, shown, source)
        return _surface(obj, mesh, shown, present, textures, mirrored=True)


def _surface(
    obj: bpy.types.Object,
    mesh: bpy.types.Mesh,
    positions: NDArray[np.float32],
    source: NDArray[np.int64],
    textures: Textures,
    *,
    mirrored: bool,
) -> _Surface:
    matrix = matrix_array(obj.matrix_world)
    triangles, corners, slots = loop_triangles(mesh)
    if np.linalg.det(matrix[:3, :3]) < 0.0:
        # A reflection turns every face inside out in world space.
        triangles, corners = triangles[:, [0, 2, 1]], corners[:, [0, 2, 1]]
    return _Surface(
        vertices=positions.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3],
        triangles=triangles,
        source=source,
        appearance=read_appearance(obj, mesh, triangles, corners, slots, textures),
        to_local=np.linalg.inv(matrix[:3, :3]),
        mirrored=mirrored,
    )


def _join(
    objects: list[bpy.types.Object], surfaces: list[_Surface], textures: Textures
) -> tuple[FaceMesh, tuple[ScenePart, ...]]:
    counts = [len(surface.vertices) for surface in surfaces]
    starts = np.concatenate(([0], np.cumsum(counts)[:-1])).astype(int)
    scene_parts, mesh_parts = [], []
    for obj, surface, start, count in zip(objects, surfaces, starts, counts, strict=True):
        stop = int(start) + count
        mesh_parts.append(MeshPart(obj.name, int(start), stop))
        source = np.where(surface.source >= 0, surface.source + start, -1)
        scene_parts.append(
            ScenePart(obj, int(start), stop, surface.to_local, source, surface.mirrored)
        )
    face_mesh = FaceMesh(
        vertices=np.concatenate([surface.vertices for surface in surfaces]),
        triangles=np.concatenate(
            [surface.triangles + start for surface, start in zip(surfaces, starts, strict=True)]
        ),
        parts=tuple(mesh_parts),
        appearance=join_appearances([surface.appearance for surface in surfaces], textures),
    )
    return face_mesh, tuple(scene_parts)
