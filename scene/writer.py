# SPDX-License-Identifier: GPL-3.0-or-later
"""A FaceRig into the scene: shape keys, armature, skin weights, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import bpy

from ..rigging.data import FaceRig, Message, RigOptions
from ..vocabulary import ARKIT_SHAPES, BONES, shapes_of_marker
from .armature import existing_armature, mark_deforming, write_armature
from .bone_names import bone_names
from .control_rig import update_controls
from .head import SceneHead, SceneOptions
from .objects import make_single_user
from .sculpting import Carry
from .shape_keys import NO_CARRIES, write_shape_keys
from .state import protect_state
from .transaction import Transaction
from .weights import write_modifier, write_weights

# Start of a marker's name -> starts of the names of the bones whose place depends on it.
_BONES_OF_MARKER = {
    "eye": ("eye", "lid"),
    "brow": ("brow",),
    "nose": ("nose",),
    "mouth": ("jaw", "tongue", "lip", "cheek"),
    "lip": ("jaw", "tongue", "lip"),
    "chin": ("jaw", "tongue", "lip"),
}


@dataclass(frozen=True)
class WrittenRig:
    """What was written: the armature (None without bones) and remarks for the artist."""

    armature: bpy.types.Object | None
    messages: tuple[Message, ...]


def write(
    context: bpy.types.Context,
    scene_head: SceneHead,
    rig: FaceRig,
    options: RigOptions,
    scene_options: SceneOptions,
    transaction: Transaction,
    *,
    moved_markers: Collection[str] | None = None,
    carries: Mapping[str, Carry] = NO_CARRIES,
) -> WrittenRig:
    """Write the rig on the head and its parts; ``transaction`` takes everything back on failure.

    ``moved_markers``: None writes everything; otherwise the head carries a rig already, and only
    what depends on these markers is written again. ``carries``: see write_shape_keys.
    """
    for part in scene_head.parts:
        protect_state(part.obj, transaction)
    messages = _own_meshes(scene_head, transaction)
    if options.shape_keys:
        messages += write_shape_keys(
            scene_head,
            rig,
            _shapes(rig, options, moved_markers),
            scene_options,
            transaction,
            remove_others=moved_markers is None,
            carries=carries,
        )
    armature = None
    if options.bones:
        armature = _write_bones(context, scene_head, rig, transaction, moved_markers)
        messages += _rename_messages(scene_head)
    _update_controls(context, scene_head, rig, armature)
    _refresh(context, scene_head)
    return WrittenRig(armature, tuple(messages))


def _shapes(rig: FaceRig, options: RigOptions, moved_markers: Collection[str] | None) -> list[str]:
    wanted = options.shapes or ARKIT_SHAPES
    if moved_markers is not None:
        dependent = {shape for marker in moved_markers for shape in shapes_of_marker(marker)}
        wanted = tuple(shape for shape in wanted if shape in dependent)
    return [shape for shape in wanted if shape in rig.shapes]


def _write_bones(
    context: bpy.types.Context,
    scene_head: SceneHead,
    rig: FaceRig,
    transaction: Transaction,
    moved_markers: Collection[str] | None,
) -> bpy.types.Object:
    only = None
    if moved_markers is not None and existing_armature(context, scene_head.obj) is not None:
        starts = tuple(
            start
            for marker in moved_markers
            for start in _BONES_OF_MARKER[marker.split("_", maxsplit=1)[0]]
        )
        only = {bone for bone in BONES if bone.startswith(starts)}
    names = bone_names(scene_head)
    armature = write_armature(context, scene_head, rig, names, transaction, only=only)
    held = write_weights(scene_head, rig, names, transaction, only=only)
    mark_deforming(armature, held)
    for part in scene_head.parts:
        write_modifier(part.obj, armature, transaction)
    return armature


def _update_controls(
    context: bpy.types.Context,
    scene_head: SceneHead,
    rig: FaceRig,
    armature: bpy.types.Object | None,
) -> None:
    armature = armature or existing_armature(context, scene_head.obj)
    if armature is not None:
        update_controls(context, scene_head, rig.landmarks, armature)


def _own_meshes(scene_head: SceneHead, transaction: Transaction) -> list[Message]:
    """Give each object a mesh of its own: linked duplicates can't have different shape keys."""
    names = [part.obj.name for part in scene_head.parts if make_single_user(part.obj, transaction)]
    if not names:
        return []
    text = f"{', '.join(names)} shared a mesh with other objects and now have their own."
    return [Message("info", text)]


def _rename_messages(scene_head: SceneHead) -> list[Message]:
    names = bone_names(scene_head)
    renamed = [name for bone, name in names.items() if name != bone]
    if not renamed:
        return []
    text = (
        "Some bone names were taken by your own armature or vertex groups; "
        f"the rig's are called {', '.join(renamed)}."
    )
    return [Message("info", text)]


def _refresh(context: bpy.types.Context, scene_head: SceneHead) -> None:
    for part in scene_head.parts:
        part.obj.data.update()
    context.view_layer.update()
