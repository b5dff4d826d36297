# SPDX-License-Identifier: GPL-3.0-or-later
"""The meshes of the open scene for the search for heads, and the search for a face on them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..properties import state_of
from ..rigging.data import FaceMesh, MeshPart
from ..scene.mesh_access import basis_positions, loop_triangles, matrix_array
from .heads import FaceFinder, SceneMesh

if TYPE_CHECKING:
    from ..models.face_landmarker import FaceLandmarker


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
    """A function that gives the dense face points (478, 3) on a mesh, or None without a face."""

    def find(
        vertices: NDArray[np.float64], triangles: NDArray[np.int64]
    ) -> NDArray[np.float64] | None:
        from ..rigging.fusion import locate_face

        face_mesh = FaceMesh(vertices, triangles, (MeshPart("", 0, len(vertices)),))
        try:
            return locate_face(face_mesh, _landmarker().predict).dense
        except RigError as error:
            if error.wants_markers or error.refused:
                return None
            raise

    return find


@cache
def _landmarker() -> FaceLandmarker:
    from ..models.face_landmarker import FaceLandmarker

    return FaceLandmarker()
