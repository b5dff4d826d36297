# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the F-curves of an object's shape keys are kept: one slot of a layered action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import bpy

from ..errors import RigError

# Blender's type of the keys that are written here, which tells them from the animator's.
GENERATED: Final = "GENERATED"


class FChannel(NamedTuple):
    """What an F-curve moves: a data path and an index."""

    path: str
    array_index: int = 0


def require_shape_keys(obj: bpy.types.Object, purpose: str) -> None:
    """RigError where the object has none; ``purpose``: a verb, such as animate."""
    if obj.data.shape_keys is None:
        raise RigError(
            f'"{obj.name}" has no shape keys to {purpose}.',
            "Turn on Shape Keys in the options and press Auto-Rig Face.",
        )


def value_path(name: str) -> str:
    """Data path of a shape key's value."""
    return f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'


def is_driven(obj: bpy.types.Object, name: str) -> bool:
    """Whether a driver sets the value of a shape key, so that no F-curve can."""
    animation = obj.data.shape_keys.animation_data
    return animation is not None and animation.drivers.find(value_path(name)) is not None


def channelbags(owner: bpy.types.ID) -> list[bpy.types.ActionChannelbag]:
    """The F-curves that move something now: shape keys, or an armature."""
    animation = owner.animation_data
    if animation is None or animation.action is None or animation.action_slot is None:
        return []
    return [
        bag
        for layer in animation.action.layers
        for strip in layer.strips
        if (bag := strip.channelbag(animation.action_slot)) is not None
    ]


def ensure_channelbag(owner: bpy.types.ID, name: str) -> bpy.types.ActionChannelbag:
    """Where F-curves of shape keys or an armature can be added; action and slot are made if need
    be. ``name``: what the slot is called, and the action with "Face" after it.
    """
    present = channelbags(owner)
    if present:
        return present[0]
    animation = owner.animation_data or owner.animation_data_create()
    if animation.action is None:
        animation.action = bpy.data.actions.new(f"{name} Face")
    action = animation.action
    if animation.action_slot is None:
        slots = animation.action_suitable_slots
        id_type = "KEY" if isinstance(owner, bpy.types.Key) else "OBJECT"
        slot = slots[0] if len(slots) else action.slots.new(id_type=id_type, name=name)
        animation.action_slot = slot
    return channelbag_in(action, animation.action_slot)


def channelbag_in(
    action: bpy.types.Action, slot: bpy.types.ActionSlot
) -> bpy.types.ActionChannelbag:
    """Where an action keeps the F-curves of a slot; layer and strip are made if need be."""
    layer = action.layers[0] if len(action.layers) else action.layers.new("Layer")
    strip = layer.strips[0] if len(layer.strips) else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def curves_by_path(obj: bpy.types.Object) -> dict[str, bpy.types.FCurve]:
    """The F-curves of the object's shape keys by data path."""
    keys = obj.data.shape_keys
    return {curve.data_path: curve for bag in channelbags(keys) for curve in bag.fcurves}


def curves_by_channel(owner: bpy.types.ID) -> dict[FChannel, bpy.types.FCurve]:
    """The F-curves that move shape keys or an armature."""
    return {
        FChannel(curve.data_path, curve.array_index): curve
        for bag in channelbags(owner)
        for curve in bag.fcurves
    }


def has_keys(curve: bpy.types.FCurve | None) -> bool:
    """Whether a curve moves something by keys: it is there, and not muted."""
    if curve is None or curve.mute or not len(curve.keyframe_points):
        return False
    return curve.group is None or not curve.group.mute


def remove_generated(obj: bpy.types.Object, name: str) -> None:
    """Take the F-curve off a shape key if nobody has set a key of their own on it."""
    for bag in channelbags(obj.data.shape_keys):
        curve = bag.fcurves.find(value_path(name))
        if curve is not None and all(key.type == GENERATED for key in curve.keyframe_points):
            bag.fcurves.remove(curve)


def remove_curves(owner: bpy.types.ID, goes: Callable[[bpy.types.FCurve], bool]) -> None:
    """Remove F-curves of shape keys or an armature, and the action with the last of them."""
    action = None
    for bag in channelbags(owner):
        for curve in [curve for curve in bag.fcurves if goes(curve)]:
            bag.fcurves.remove(curve)
            action = owner.animation_data.action
    if action is not None:
        strips = (strip for layer in action.layers for strip in layer.strips)
        if not any(len(bag.fcurves) for strip in strips for bag in strip.channelbags):
            owner.animation_data.action = None
            if action.users == 0:
                bpy.data.actions.remove(action)
