# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a rig off a head: what the rig made goes, everything else stays as it is."""

from __future__ import annotations

import bpy

from ..properties import parts_of, state_of
from ..vocabulary import STICKY_LIPS, STICKY_PROPERTY
from .armature import existing_armature, renamed_bones
from .bone_names import is_our_modifier
from .control_rig import remove_controls
from .key_drivers import remove_driver
from .key_names import restore_names
from .key_writer import remove_keys, remove_lone_basis
from .layers import remove_layer
from .markers import remove_markers
from .pose_assets import remove_pose_assets
from .state import clear_state
from .strips import remove_strips
from .transaction import Transaction
from .vrm_expressions import unbind_expressions
from .weights import remove_groups


def remove_rig(context: bpy.types.Context, head: bpy.types.Object) -> list[str]:
    """Remove keys, groups, modifiers, armature and markers that the rig made.

    Returns the names of the rig's keys that the artist has sculpted since, which are kept.
    """
    remove_markers(context, head)
    remove_layer(head)
    remove_strips(head)
    with Transaction() as transaction:
        restore_names(head, transaction)
    unbind_expressions(context, head)
    remove_controls(context, head)
    remove_pose_assets(head)
    armature = existing_armature(context, head)
    kept: list[str] = []
    for obj in _members(head):
        kept += _remove_from(obj, armature)
    head.pop(STICKY_PROPERTY, None)
    if armature is not None:
        data = armature.data
        bpy.data.objects.remove(armature)
        if data.users == 0:
            bpy.data.armatures.remove(data)
    context.view_layer.update()
    return sorted(set(kept))


def _members(head: bpy.types.Object) -> list[bpy.types.Object]:
    """The parts, then the head: the parts' drivers read the head's keys."""
    return [*parts_of(head), head]


def _remove_from(obj: bpy.types.Object, armature: bpy.types.Object | None) -> list[str]:
    state = state_of(obj)
    if obj.data.users - int(obj.data.use_fake_user) > 1:
        obj.data = obj.data.copy()  # a linked duplicate goes on with the keys
    kept = remove_keys(obj, [key.name for key in state.keys])
    if STICKY_LIPS in kept:  # its slider goes
        remove_driver(obj, STICKY_LIPS)
    remove_lone_basis(obj)
    remove_groups(obj, [group.name for group in state.groups])
    renamed = {} if armature is None else renamed_bones(armature)
    remove_groups(obj, [now for now, then in renamed.items() if then in state.groups])
    for modifier in [item for item in obj.modifiers if is_our_modifier(obj, item)]:
        obj.modifiers.remove(modifier)
    if state.parented and armature is not None and obj.parent == armature:
        placed = obj.matrix_world.copy()
        obj.parent = None
        obj.matrix_world = placed
    clear_state(obj)
    return kept
