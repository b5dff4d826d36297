# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves that are added to whatever the head's action does, as a strip of their own in the NLA.

Blender evaluates the active action last, on top of all strips, and by default it replaces what they
do. So a strip can only be added to it by letting the action add to the strip: the action's blending
becomes Add (https://docs.blender.org/manual/en/latest/editors/nla/properties_modifiers.html). The
sum is the same, the action stays the one that is keyed, and while one keys what one sees, Blender
takes the strip's part out again. Where no F-curve moves a shape, Add begins at 0 and not at what
the slider says, so that the slider's value is kept by a key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import bpy

from ..animation.data import Animation
from ..errors import RigError
from .actions import Written, insert_curve, key_name
from .fcurves import (
    GENERATED,
    channelbags,
    curves_by_path,
    ensure_channelbag,
    is_driven,
    value_path,
)

# On a layer's action: that it is one, and how the head's own action was blended before.
_MARK: Final = "auto_rig_face_layer"
_BLENDED: Final = "auto_rig_face_blended"


def write_layer(head: bpy.types.Object, name: str, animation: Animation) -> Written:
    """Put ``animation`` in place of the layer of this head, if it has one. Its curves start and end
    at 0, and all of them at the same frames. Raises RigError, and changes nothing, where strips of
    the artist's would look different afterwards.
    """
    shapes, missing, driven = _sorted_out(head, animation)
    keys = head.data.shape_keys
    data = keys.animation_data or keys.animation_data_create()
    _check(head, data)
    before = {path for strip in _own_strips(head) for path in paths_of(strip)}
    blended = _take_away(head)
    for shape in shapes:
        _keep_slider(head, shapes[shape], before, animation.start)
    action = bpy.data.actions.new(f"{head.name} {name}")
    slot = action.slots.new(id_type="KEY", name=head.name)
    bag = action.layers.new("Layer").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    count = sum(
        insert_curve(bag.fcurves.new(value_path(shapes[shape])), animation.curves[shape])
        for shape in shapes
    )
    track = data.nla_tracks.new()
    track.name = name
    strip = track.strips.new(name, round(animation.start), action)
    strip.action_slot = slot
    strip.blend_type, strip.extrapolation = "ADD", "NOTHING"
    action[_MARK] = name
    action[_BLENDED] = blended or data.action_blend_type
    if data.action_blend_type == "REPLACE":
        data.action_blend_type = "ADD"
    data.use_nla = True
    return Written(count, missing, driven)


def remove_layer(head: bpy.types.Object) -> bool:
    """Take the layer off, and the keys that kept sliders; whether there was one."""
    if not has_layer(head):
        return False
    keys = head.data.shape_keys
    paths = {path for strip in _own_strips(head) for path in paths_of(strip)}
    keys.animation_data.action_blend_type = _take_away(head)
    kept = _take_kept(head, paths)
    animated = set(curves_by_path(head)) | _paths_of_strips(head)
    for block in keys.key_blocks:
        path = value_path(block.name)
        if path in paths - animated:
            block.value = kept.get(path, 0.0)
    return True


def has_layer(head: bpy.types.Object) -> bool:
    """Whether the head carries a layer."""
    return any(True for _strip in _own_strips(head))


def _sorted_out(
    head: bpy.types.Object, animation: Animation
) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """Shape -> key of those that can be moved; the missing ones; and the keys that are driven."""
    names = {shape: key_name(head, shape) for shape in animation.curves}
    missing = tuple(sorted(shape for shape, name in names.items() if name is None))
    present = {shape: name for shape, name in names.items() if name is not None}
    driven = {name for name in present.values() if is_driven(head, name)}
    free = {shape: name for shape, name in present.items() if name not in driven}
    return free, missing, tuple(sorted(driven))


def _check(head: bpy.types.Object, data: bpy.types.AnimData) -> None:
    """RigError where the action can't add to the strips without changing what the artist sees."""
    if data.use_tweak_mode:
        raise RigError(
            f'A strip of "{head.name}" is being tweaked in the NLA Editor.',
            "Press Tab there to leave Tweak Mode, then try again.",
        )
    others = _paths_of_strips(head)
    shared = others & set(curves_by_path(head))
    replaced = data.action_blend_type == "REPLACE" and shared
    if replaced or (others and not data.use_nla):
        raise RigError(
            f'"{head.name}" has strips of its own in the NLA Editor that its action replaces.',
            "Push the action down there, or set its blending to Add or Combine, then try again.",
        )


def _keep_slider(head: bpy.types.Object, name: str, moved: set[str], frame: float) -> None:
    """Key a shape that nothing but a layer moves; one in ``moved`` shows the layer, not itself."""
    path = value_path(name)
    if path in curves_by_path(head) or path in _paths_of_strips(head):
        return
    curve = ensure_channelbag(head).fcurves.new(path)
    value = 0.0 if path in moved else head.data.shape_keys.key_blocks[name].value
    curve.keyframe_points.insert(frame, value, keyframe_type=GENERATED)


def _take_kept(head: bpy.types.Object, paths: set[str]) -> dict[str, float]:
    """Remove the keys that kept sliders; their values."""
    kept: dict[str, float] = {}
    for bag in channelbags(head):
        for curve in [curve for curve in bag.fcurves if curve.data_path in paths]:
            points = curve.keyframe_points
            if len(points) == 1 and points[0].type == GENERATED:
                kept[curve.data_path] = points[0].co.y
                bag.fcurves.remove(curve)
    return kept


def _take_away(head: bpy.types.Object) -> str:
    """Remove the layer's strips and actions; how the action was blended before, empty if none."""
    keys = head.data.shape_keys
    blended = ""
    if keys is None or keys.animation_data is None:
        return blended
    for track in list(keys.animation_data.nla_tracks):
        for strip in [strip for strip in track.strips if _is_own(strip)]:
            action = strip.action
            blended = action.get(_BLENDED, "REPLACE")
            track.strips.remove(strip)
            if action.users == 0:
                bpy.data.actions.remove(action)
            if not len(track.strips):
                keys.animation_data.nla_tracks.remove(track)
    return blended


def strips_of(head: bpy.types.Object) -> Iterator[bpy.types.NlaStrip]:
    """All strips that move the head's shape keys, from the lowest track up."""
    keys = head.data.shape_keys
    if keys is not None and keys.animation_data is not None:
        for track in keys.animation_data.nla_tracks:
            yield from track.strips


def _is_own(strip: bpy.types.NlaStrip) -> bool:
    return strip.action is not None and _MARK in strip.action


def _own_strips(head: bpy.types.Object) -> Iterator[bpy.types.NlaStrip]:
    return (strip for strip in strips_of(head) if _is_own(strip))


def _paths_of_strips(head: bpy.types.Object) -> set[str]:
    """What strips of the artist's move."""
    return {path for strip in strips_of(head) if not _is_own(strip) for path in paths_of(strip)}


def paths_of(strip: bpy.types.NlaStrip) -> set[str]:
    """Data paths of what a strip moves."""
    if strip.action is None or strip.action_slot is None:
        return set()
    bags = (
        inner.channelbag(strip.action_slot)
        for layer in strip.action.layers
        for inner in layer.strips
    )
    return {curve.data_path for bag in bags if bag is not None for curve in bag.fcurves}
