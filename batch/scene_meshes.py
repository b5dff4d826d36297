# SPDX-License-Identifier: GPL-3.0-or-later
"""The meshes of the open scene for the search for heads, and the search for a face on them."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..properties import state_of
from ..rigging.data import FaceMesh, MeshPart
from ..scene.mesh_access import basis_positions, loop_triangles, matrix_array
from .heads import FaceFinder, SceneMesh


def scene_meshes(context: bpy.types.Context) -> list[SceneMesh]:
    """The visible mesh objects that have faces, by name, at rest and in world space."""
    return [
        _read(scene_object)
        for scene_object in sorted(context.view_layer.objects, key=lambda item: item.name)
        if scene_object.type == "MESH"
        and scene_object.visible_get()
        and len(scene_object.data.polygons) > 0
    ]


def _read(scene_object: bpy.types.Object) -> SceneMesh:
    matrix = matrix_array(scene_object.matrix_world)
    vertices = basis_positions(scene_object.data) @ matrix[:3, :3].T + matrix[:3, 3]
    triangles, _, _ = loop_triangles(scene_object.data)
    return SceneMesh(
        scene_object.name,
        vertices,
        triangles,
        armature=_armature_of(scene_object),
        marked=_is_marked(scene_object),
    )


def _armature_of(scene_object: bpy.types.Object) -> str | None:
    for modifier in scene_object.modifiers:
        if modifier.type == "ARMATURE" and modifier.object is not None:
            return str(modifier.object.name)
    return None


def _is_marked(scene_object: bpy.types.Object) -> bool:
    """Whether somebody has put landmark markers on this object."""
    return any(
        state_of(other).role == "MARKER" and state_of(other).head == scene_object
        for other in scene_object.children
    )


def face_finder() -> FaceFinder:
    """A function that gives the dense face points (478, 3) on meshes, or None without a face."""

    def find(group: Sequence[SceneMesh]) -> NDArray[np.float64] | None:
        from ..pipeline import face_detectors
        from ..rigging.fusion import locate_face

        try:
            return locate_face(_join(group), *face_detectors()).dense
        except RigError as error:
            if error.wants_markers or error.refused:
                return None
            raise

    return find


def _join(group: Sequence[SceneMesh]) -> FaceMesh:
    """The meshes as one, in their own colours: some faces are only painted."""
    from ..scene.appearance import Textures, join_appearances, read_appearance

    textures = Textures()
    appearances = []
    for mesh in group:
        scene_object = bpy.data.objects[mesh.name]
        surface = loop_triangles(scene_object.data)
        appearances.append(read_appearance(scene_object, scene_object.data, *surface, textures))
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in group)])
    return FaceMesh(
        np.concatenate([mesh.vertices for mesh in group]),
        np.concatenate([m.triangles + s for m, s in zip(group, starts, strict=False)]),
        tuple(
            MeshPart(mesh.name, int(start), int(start) + len(mesh.vertices))
            for mesh, start in zip(group, starts, strict=False)
        ),
        join_appearances(appearances, textures),
    )
