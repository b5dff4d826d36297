# SPDX-License-Identifier: GPL-3.0-or-later
"""The armature of a face rig: bones, rolls, bone collections, and what carries it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..animation.control_map import CONTROL
from ..properties import state_of
from ..rigging.data import Bone, FaceRig
from ..vocabulary import BONE_COLLECTIONS
from .head import SceneHead
from .host import Carrier, carrier_of
from .objects import derived_name, link_beside, objects_in_view
from .state import protect_state
from .transaction import Transaction

SUFFIX: Final = "_FaceRig"

# Inter-ocular distances, in metres, within which the armature needs no scale of its own. Blender
# drops bones that are shorter than about 1e-5.
_PLAIN_SCALES: Final = (1e-3, 1e3)
_USUAL_IOD: Final = 0.06

# On a bone of the rig: the name that it was made under, which stays when somebody renames it.
_WRITTEN_AS: Final = "auto_rig_face_bone"


def write_armature(
    context: bpy.types.Context,
    scene_head: SceneHead,
    rig: FaceRig,
    names: dict[str, str],
    transaction: Transaction,
    *,
    only: Collection[str] | None = None,
) -> bpy.types.Object:
    """Make the head's armature, or bring the one that an earlier run made up to date.

    ``names``: bone of the vocabulary -> name in this scene. ``only``: the bones that may change
    where the armature exists already; None for all.
    """
    carrier = carrier_of(scene_head, rig.landmarks.frame)
    armature = existing_armature(context, scene_head.obj)
    if armature is None:
        armature = _create(context, scene_head, rig, carrier, transaction)
        only = None
    else:
        _protect_bones(context, armature, transaction)
    bones = [
        replace(bone, name=names[bone.name], parent=names.get(bone.parent or ""))
        for bone in rig.bones
        if only is None or bone.name in only
    ]
    gone = _others(armature, bones) if only is None else ()
    set_bones(context, armature, bones, rest_matrix(armature, carrier), gone=gone)
    for bone in bones:
        armature.data.bones[bone.name][_WRITTEN_AS] = bone.name
    _assign_collections(armature, names)
    return armature


def existing_armature(
    context: bpy.types.Context, head: bpy.types.Object
) -> bpy.types.Object | None:
    """The armature that an earlier run made for this head, if it is still there."""
    for obj in objects_in_view(context):
        if obj.type == "ARMATURE" and state_of(obj).head == head:
            return obj
    return None


def renamed_bones(armature: bpy.types.Object) -> dict[str, str]:
    """Present name -> the rig's name of the bones that somebody has renamed. Blender gives their
    vertex groups the new name, too.
    """
    written = {bone.name: bone.get(_WRITTEN_AS, bone.name) for bone in armature.data.bones}
    return {now: then for now, then in written.items() if now != then}


def set_bones(
    context: bpy.types.Context,
    armature: bpy.types.Object,
    bones: Iterable[Bone],
    matrix_world: Matrix,
    *,
    gone: Collection[str] = (),
) -> None:
    """Place ``bones`` (world space) in the armature, in place where they exist.

    ``matrix_world``: the armature's, as it is where everything that carries it is at rest.
    ``gone``: names of bones that are removed.
    """
    bones = tuple(bones)
    to_local = matrix_world.inverted()
    with _edit_mode(context, armature) as edit_bones:
        for name in gone:
            edit_bones.remove(edit_bones[name])
        for bone in bones:
            edit_bone = edit_bones.get(bone.name) or edit_bones.new(bone.name)
            edit_bone.use_connect = False
            edit_bone.head = to_local @ Vector(bone.head)
            edit_bone.tail = to_local @ Vector(bone.tail)
            edit_bone.align_roll(to_local.to_3x3() @ Vector(bone.z_axis))
        for bone in bones:
            edit_bones[bone.name].parent = edit_bones.get(bone.parent or "")


def mark_deforming(armature: bpy.types.Object, deforming: Collection[str]) -> None:
    """Only bones that hold skin take part in deformation, here and in exported files."""
    for bone in armature.data.bones:
        bone.use_deform = bone.name in deforming


def _create(
    context: bpy.types.Context,
    scene_head: SceneHead,
    rig: FaceRig,
    carrier: Carrier | None,
    transaction: Transaction,
) -> bpy.types.Object:
    name = derived_name(scene_head.obj, SUFFIX)
    data = bpy.data.armatures.new(name)
    transaction.on_rollback(lambda: bpy.data.armatures.remove(data))
    armature = bpy.data.objects.new(name, data)
    transaction.on_rollback(lambda: bpy.data.objects.remove(armature))
    data.display_type = "OCTAHEDRAL"
    armature.show_in_front = True
    armature.matrix_world = Matrix.Scale(_object_scale(rig.landmarks.frame.scale), 4)
    link_beside(context, armature, scene_head.obj)
    _attach(scene_head, armature, carrier, transaction)
    context.view_layer.update()
    state = state_of(armature)
    state.role, state.head = "ARMATURE", scene_head.obj
    return armature


def _object_scale(iod: float) -> float:
    smallest, largest = _PLAIN_SCALES
    return 1.0 if smallest <= iod <= largest else iod / _USUAL_IOD


def _attach(
    scene_head: SceneHead,
    armature: bpy.types.Object,
    carrier: Carrier | None,
    transaction: Transaction,
) -> None:
    """Let whatever moves the head move the rig; a head that nothing moves goes with the rig."""
    placed = armature.matrix_world.copy()
    if carrier is None:
        for part in scene_head.parts:
            if part.obj.parent is None:
                _parent_to(part.obj, armature, placed, transaction)
        return
    armature.parent = carrier.obj
    if carrier.bone:
        armature.parent_type, armature.parent_bone = "BONE", carrier.bone
    armature.matrix_parent_inverse = carrier.matrix_world.inverted()
    armature.matrix_basis = placed


def _parent_to(
    obj: bpy.types.Object, armature: bpy.types.Object, placed: Matrix, transaction: Transaction
) -> None:
    before = (obj.matrix_parent_inverse.copy(), obj.parent_type)

    def give_back() -> None:
        obj.parent = None
        obj.matrix_parent_inverse, obj.parent_type = before

    transaction.on_rollback(give_back)
    protect_state(obj, transaction)
    obj.parent = armature
    obj.matrix_parent_inverse = placed.inverted()
    state_of(obj).parented = True


def _assign_collections(armature: bpy.types.Object, names: dict[str, str]) -> None:
    for title, members in BONE_COLLECTIONS.items():
        collection = armature.data.collections.get(title)
        if collection is None:
            collection = armature.data.collections.new(title)
        for member in members:
            bone = armature.data.bones.get(names[member])
            if bone is not None:
                collection.assign(bone)


def rest_matrix(armature: bpy.types.Object, carrier: Carrier | None) -> Matrix:
    """World matrix of the armature with what carries it where it was when the head was read."""
    if carrier is None or armature.parent != carrier.obj:
        return armature.matrix_world.copy()
    return carrier.matrix_world @ armature.matrix_parent_inverse @ armature.matrix_basis


def _protect_bones(
    context: bpy.types.Context, armature: bpy.types.Object, transaction: Transaction
) -> None:
    before = [
        Bone(
            name=bone.name,
            parent=bone.parent.name if bone.parent is not None else None,
            head=np.array(bone.head_local, dtype=np.float64),
            tail=np.array(bone.tail_local, dtype=np.float64),
            z_axis=np.array(bone.matrix_local.col[2][:3], dtype=np.float64),
        )
        for bone in armature.data.bones
    ]

    def give_back() -> None:
        local, gone = Matrix.Identity(4), _others(armature, before)
        set_bones(context, armature, before, local, gone=gone)

    transaction.on_rollback(give_back)


def _others(armature: bpy.types.Object, bones: Iterable[Bone]) -> list[str]:
    """Bones of the armature that are neither among ``bones`` nor on-face controls."""
    kept = {bone.name for bone in bones} | set(CONTROL)
    return [bone.name for bone in armature.data.bones if bone.name not in kept]


@contextmanager
def _edit_mode(
    context: bpy.types.Context, armature: bpy.types.Object
) -> Iterator[bpy.types.ArmatureEditBones]:
    """The armature's edit bones; active object and selection come back afterwards."""
    layer = context.view_layer
    active, selected = layer.objects.active, list(context.selected_objects)
    for obj in selected:
        obj.select_set(False)  # other selected armatures would enter Edit Mode too
    layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        yield armature.data.edit_bones
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
        armature.select_set(False)
        for obj in selected:
            obj.select_set(True)
        layer.objects.active = active
