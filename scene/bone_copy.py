# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a rigged head that bones alone move, for what knows no shape keys.

The rig itself stays as it is. The copy keeps the artist's own vertex groups and modifiers; in place
of the rig's groups and armature it gets those of the decomposition (``rigging.bone_shapes``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ..errors import RigError
from ..properties import parts_of, state_of
from ..rigging.data import Bone
from .armature import existing_armature, set_bones
from .bone_names import is_our_modifier
from .fcurves import channelbag_in
from .mesh_access import copy_without_keys, has_mirror
from .objects import derived_name
from .state import clear_state
from .transaction import Transaction
from .weights import MODIFIER_NAME, add_weights, remove_groups

Floats = NDArray[np.float64]

SUFFIX: Final = "_Bones"
ARMATURE_SUFFIX: Final = "_BoneRig"
ROOT: Final = "face_root"
SKULL: Final = "face_skull"
_LENGTH: Final = 0.25  # of a bone, in inter-ocular distances
_LEAST: Final = 1e-4  # weights that don't count
# The copy's marks, so that the next one can take its place.
_MARK: Final = "auto_rig_face_bones_of"


@dataclass(frozen=True)
class BoneRig:
    """``names`` of B bones, the skull first; ``places`` (B, 3) in world space; ``weights`` (V, B)
    of the vertices of the head and its parts, object by object; ``unit``: inter-ocular distance.
    """

    names: tuple[str, ...]
    places: Floats
    weights: Floats
    unit: float


def rest_matrix(context: bpy.types.Context, head: bpy.types.Object) -> Floats:
    """(4, 4) world matrix in which the copy's armature will stand: that of the rig's, if any."""
    armature = existing_armature(context, head)
    matrix = Matrix.Identity(4) if armature is None else armature.matrix_world
    return np.array(matrix, dtype=np.float64)


def require_no_mirror(head: bpy.types.Object) -> None:
    """Raises RigError where a Mirror modifier makes skin that has no weights of its own."""
    for obj in (head, *parts_of(head)):
        if has_mirror(obj):
            raise RigError(
                f'"{obj.name}" is half of a mesh, with a Mirror modifier.',
                "Apply the Mirror modifier to a copy without shape keys, rig that, then try again: "
                "bones of both sides need skin of both sides.",
            )


def write_copy(
    context: bpy.types.Context, head: bpy.types.Object, rig: BoneRig, transaction: Transaction
) -> bpy.types.Object:
    """Make the copy, in a collection of its own, in place of an earlier one; its armature."""
    name = derived_name(head, SUFFIX)
    collection = bpy.data.collections.new(name)
    transaction.on_rollback(lambda: bpy.data.collections.remove(collection))
    context.scene.collection.children.link(collection)
    armature = _armature(context, head, rig, collection, transaction)
    first = 0
    for obj in (head, *parts_of(head)):
        count = len(obj.data.vertices)
        copy = _bare_copy(obj, collection, transaction)
        _write_groups(copy, rig, slice(first, first + count))
        _bind(copy, obj, armature)
        first += count
    collection[_MARK] = head.name
    transaction.on_commit(lambda: remove_copies(head, collection))
    return armature


def remove_copies(head: bpy.types.Object, kept: bpy.types.Collection | None = None) -> None:
    """Take earlier copies of the head away, with their meshes, armatures and actions."""
    marked = [item for item in bpy.data.collections if item.get(_MARK) == head.name]
    for collection in [item for item in marked if item != kept]:
        for obj in list(collection.objects):
            data = obj.data
            action = obj.animation_data.action if obj.animation_data is not None else None
            bpy.data.objects.remove(obj)
            if action is not None and action.users == 0:
                bpy.data.actions.remove(action)
            if data is not None and data.users == 0:
                holder = bpy.data.meshes if isinstance(data, bpy.types.Mesh) else None
                (holder or bpy.data.armatures).remove(data)
        bpy.data.collections.remove(collection)


def _armature(
    context: bpy.types.Context,
    head: bpy.types.Object,
    rig: BoneRig,
    collection: bpy.types.Collection,
    transaction: Transaction,
) -> bpy.types.Object:
    """Standing where the rig's own stands, and carried by what carries that."""
    name = derived_name(head, ARMATURE_SUFFIX)
    data = bpy.data.armatures.new(name)
    transaction.on_rollback(lambda: bpy.data.armatures.remove(data))
    armature = bpy.data.objects.new(name, data)
    transaction.on_rollback(lambda: bpy.data.objects.remove(armature))
    collection.objects.link(armature)
    armature.show_in_front = True
    own = existing_armature(context, head)
    if own is not None:
        _carry_like(armature, own)
    context.view_layer.update()
    matrix = armature.matrix_world.copy()
    bones = [Bone(ROOT, None, *_ends(rig.places[0], rig.unit))]
    bones += [
        Bone(bone, ROOT if bone == SKULL else SKULL, *_ends(place, rig.unit))
        for bone, place in zip(rig.names, rig.places, strict=True)
    ]
    set_bones(context, armature, bones, matrix)
    data.bones[ROOT].use_deform = False
    return armature


def _carry_like(armature: bpy.types.Object, own: bpy.types.Object) -> None:
    armature.parent, armature.parent_type = own.parent, own.parent_type
    armature.parent_bone = own.parent_bone
    armature.matrix_parent_inverse = own.matrix_parent_inverse.copy()
    armature.matrix_basis = own.matrix_basis.copy()


def _ends(place: Floats, unit: float) -> tuple[Floats, Floats, Floats]:
    """Head, tail and z axis of a bone that stands upright."""
    up = np.array([0.0, 0.0, 1.0])
    return place, place + _LENGTH * unit * up, np.array([0.0, -1.0, 0.0])


def _bare_copy(
    obj: bpy.types.Object, collection: bpy.types.Collection, transaction: Transaction
) -> bpy.types.Object:
    """At rest, without the rig's keys, groups and modifier."""
    copy = copy_without_keys(obj)
    data = copy.data
    transaction.on_rollback(lambda: bpy.data.meshes.remove(data))
    transaction.on_rollback(lambda: bpy.data.objects.remove(copy))
    copy.name = derived_name(obj, SUFFIX)
    copy.animation_data_clear()
    remove_groups(copy, [group.name for group in state_of(obj).groups])
    for modifier in [item for item in copy.modifiers if is_our_modifier(obj, item)]:
        copy.modifiers.remove(modifier)
    clear_state(copy)
    collection.objects.link(copy)
    return copy


def _write_groups(copy: bpy.types.Object, rig: BoneRig, rows: slice) -> None:
    weights = rig.weights[rows].astype(np.float32)
    for column, name in enumerate(rig.names):
        held = np.flatnonzero(weights[:, column] > _LEAST)
        if len(held):
            add_weights(copy.vertex_groups.new(name=name), held, weights[held, column])


def _bind(copy: bpy.types.Object, obj: bpy.types.Object, armature: bpy.types.Object) -> None:
    """The modifier where the rig's stands, and the armature as parent where the rig's was that."""
    places = [i for i, item in enumerate(obj.modifiers) if is_our_modifier(obj, item)]
    modifier = copy.modifiers.new(MODIFIER_NAME, "ARMATURE")
    modifier.object = armature
    if places:
        copy.modifiers.move(len(copy.modifiers) - 1, places[0])
    if obj.parent is not None and state_of(obj.parent).role == "ARMATURE":
        copy.parent = armature
        copy.matrix_parent_inverse = obj.matrix_parent_inverse.copy()


def write_poses(
    armature: bpy.types.Object,
    names: Sequence[str],
    frames: Floats,
    turns: Floats,
    moves: Floats,
    markers: Sequence[str] = (),
) -> None:
    """Key the bones ``names`` at each of ``frames`` (F,) by ``turns`` (F, B, 3, 3) and ``moves``
    (F, B, 3) in the armature's space, in an action of their own. ``markers``: names of the frames.
    """
    action = bpy.data.actions.new(armature.name)
    slot = action.slots.new(id_type="OBJECT", name=armature.name)
    bag = channelbag_in(action, slot)
    for column, name in enumerate(names):
        rest = np.array(armature.data.bones[name].matrix_local, dtype=np.float64)
        moved = np.tile(np.eye(4), (len(frames), 1, 1))
        moved[:, :3, :3], moved[:, :3, 3] = turns[:, column], moves[:, column]
        local = np.linalg.inv(rest) @ moved @ rest
        path = f'pose.bones["{bpy.utils.escape_identifier(name)}"]'
        _key(bag, f"{path}.location", frames, local[:, :3, 3])
        _key(bag, f"{path}.rotation_quaternion", frames, _quaternions(local[:, :3, :3]))
    for frame, title in zip(frames.tolist(), markers, strict=False):
        action.pose_markers.new(title).frame = round(frame)
    data = armature.animation_data_create()
    data.action, data.action_slot = action, slot


def _key(bag: bpy.types.ActionChannelbag, path: str, frames: Floats, values: Floats) -> None:
    interpolations = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items
    linear = interpolations["LINEAR"].value
    for index in range(values.shape[1]):
        curve = bag.fcurves.new(path, index=index)
        curve.keyframe_points.add(len(frames))
        keys = np.column_stack([frames, values[:, index]]).ravel()
        curve.keyframe_points.foreach_set("co", keys)
        curve.keyframe_points.foreach_set("interpolation", np.full(len(frames), linear))
        curve.update()


def _quaternions(turns: Floats) -> Floats:
    """(F, 4) without jumps from one to its negative."""
    found = np.array([Matrix(turn.tolist()).to_quaternion() for turn in turns])
    for row in range(1, len(found)):
        if found[row] @ found[row - 1] < 0.0:
            found[row] *= -1.0
    return found
