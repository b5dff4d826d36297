# SPDX-License-Identifier: GPL-3.0-or-later
"""What already moves a head: its parent, or the head bone of a body's armature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ..rigging.data import HeadFrame
from .bone_names import is_our_modifier
from .head import SceneHead, ScenePart

# Skin within this many IOD of the point between the eyes tells which bone carries the face.
_FACE_REACH: Final = 1.5


@dataclass(frozen=True)
class Carrier:
    """An object, or a bone of it, and the world matrix under which the head was read."""

    obj: bpy.types.Object
    bone: str
    matrix_world: Matrix


def carrier_of(scene_head: SceneHead, frame: HeadFrame) -> Carrier | None:
    """What the face rig must follow, or None for a head that stands alone."""
    head = scene_head.obj
    if head.parent is not None and head.parent_type == "BONE":
        posed = head.parent.pose.bones[head.parent_bone]
        return Carrier(head.parent, posed.name, _bone_world(head.parent, posed.matrix, posed.bone))
    body = _body_armature(head)
    if body is not None:
        bone = _head_bone(scene_head.parts[0], body, frame)
        if bone is not None:
            # The mesh was read undeformed, so the bone counts where it is at rest.
            return Carrier(body, bone.name, _bone_world(body, bone.matrix_local, bone))
    if head.parent is not None:
        return Carrier(head.parent, "", head.parent.matrix_world.copy())
    return None


def _body_armature(head: bpy.types.Object) -> bpy.types.Object | None:
    for modifier in head.modifiers:
        if modifier.type == "ARMATURE" and not is_our_modifier(head, modifier) and modifier.object:
            return modifier.object
    return None


def _bone_world(armature: bpy.types.Object, matrix: Matrix, bone: bpy.types.Bone) -> Matrix:
    """World matrix of the space that children of a bone live in: it starts at the bone's tail."""
    return armature.matrix_world @ matrix @ Matrix.Translation((0.0, bone.length, 0.0))


def _head_bone(part: ScenePart, body: bpy.types.Object, frame: HeadFrame) -> bpy.types.Bone | None:
    """The bone that carries most of the face, or its ancestor that is called a head."""
    heaviest = _heaviest_bone(part, body, frame)
    if heaviest is None:
        return None
    for bone in (heaviest, *heaviest.parent_recursive):
        if _is_head_name(bone.name):
            return bone
    return heaviest


def _heaviest_bone(
    part: ScenePart, body: bpy.types.Object, frame: HeadFrame
) -> bpy.types.Bone | None:
    totals: dict[int, float] = {}
    for index in np.flatnonzero(_near_face(part, frame)).tolist():
        for element in part.obj.data.vertices[index].groups:
            totals[element.group] = totals.get(element.group, 0.0) + element.weight
    groups = part.obj.vertex_groups
    weighted = {
        groups[index].name: total
        for index, total in totals.items()
        if groups[index].name in body.data.bones
    }
    if not weighted:
        return None
    return body.data.bones[max(weighted, key=lambda name: weighted[name])]


def _near_face(part: ScenePart, frame: HeadFrame) -> NDArray[np.bool_]:
    positions = np.empty(len(part.source) * 3, dtype=np.float32)
    part.obj.data.vertices.foreach_get("co", positions)
    world = positions.reshape(-1, 3) @ np.linalg.inv(part.to_local).T
    world += np.array(part.obj.matrix_world.translation)
    return np.linalg.norm(world - frame.origin, axis=1) < _FACE_REACH * frame.scale


def _is_head_name(name: str) -> bool:
    plain = name.lower()
    return "head" in plain and "forehead" not in plain and "headtop" not in plain
