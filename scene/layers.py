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

from collections.abc import Callable, Iterator
from typing import Final

import bpy

from ..animation.data import Animation
from ..errors import RigError
from .actions import Written, insert_curve
from .face_channels import Face, face_of, sort_out
from .fcurves import (
    GENERATED,
    FChannel,
    channelbag_in,
    channelbags,
    curves_by_channel,
    ensure_channelbag,
)

# On a layer's action: that it is one, and how the head's own action was blended before.
_MARK: Final = "auto_rig_face_layer"
_BLENDED: Final = "auto_rig_face_blended"


def write_layer(head: bpy.types.Object, name: str, animation: Animation) -> Written:
    """Put ``animation`` in place of the layer of this head, if it has one. Its curves start and end
    at 0, and all of them at the same frames. Raises RigError, and changes nothing, where strips of
    the artist's would look different afterwards.
    """
    shapes = sort_out(head, animation.curves)
    face = face_of(head)
    data = face.owner.animation_data or face.owner.animation_data_create()
    _check(head, data)
    before = {channel for strip in _own_strips(head) for channel in channels_of(strip)}
    blended = _take_away(head)
    for shape in shapes.free:
        _keep_slider(head, face.channel(shape), before, animation.start)
    action = bpy.data.actions.new(f"{head.name} {name}")
    bag, slot = new_channelbag(action, face)
    # A layer is added to whatever is there, and so speaks of no other shape.
    curves = face.added_curves(animation)
    count = sum(
        insert_curve(bag.fcurves.new(channel.path, index=channel.array_index), curve)
        for channel, curve in curves.items()
    )
    track = data.nla_tracks.new()
    track.name = name
    strip = track.strips.new(name, round(animation.start), action)
    strip.action_slot = slot
    strip.blend_type, strip.extrapolation = face.blending, "NOTHING"
    action[_MARK] = name
    action[_BLENDED] = blended or data.action_blend_type
    if data.action_blend_type == "REPLACE":
        data.action_blend_type = face.blending
    data.use_nla = True
    return Written(count, shapes.missing, shapes.driven)


def remove_layer(head: bpy.types.Object) -> bool:
    """Take the layer off, and the keys that kept sliders; whether there was one."""
    if not has_layer(head):
        return False
    face = face_of(head)
    channels = {channel for strip in _own_strips(head) for channel in channels_of(strip)}
    face.owner.animation_data.action_blend_type = _take_away(head)
    kept = _take_kept(head, channels)
    animated = set(curves_by_channel(face.owner)) | _channels_of_strips(head)
    for channel in channels - animated:
        face.stand(channel, kept.get(channel, 0.0))
    return True


def hand_over_layer(source: bpy.types.AnimData, target: bpy.types.AnimData, blended: str) -> None:
    """A layer's strip was moved from ``source`` to ``target``, whose action was ``blended`` before:
    let each action be blended as it was without a layer, once it has none.
    """
    strips = (strip for track in target.nla_tracks for strip in track.strips)
    for action in {strip.action for strip in strips if _is_own(strip)}:
        source.action_blend_type = action.get(_BLENDED, "REPLACE")
        action[_BLENDED] = blended


def has_layer(head: bpy.types.Object) -> bool:
    """Whether the head carries a layer."""
    return any(True for _strip in _own_strips(head))


def _check(head: bpy.types.Object, data: bpy.types.AnimData) -> None:
    """RigError where the action can't add to the strips without changing what the artist sees."""
    if data.use_tweak_mode:
        raise RigError(
            f'A strip of "{head.name}" is being tweaked in the NLA Editor.',
            "Press Tab there to leave Tweak Mode, then try again.",
        )
    others = _channels_of_strips(head)
    shared = others & set(curves_by_channel(face_of(head).owner))
    replaced = data.action_blend_type == "REPLACE" and shared
    if replaced or (others and not data.use_nla):
        raise RigError(
            f'"{head.name}" has strips of its own in the NLA Editor that its action replaces.',
            "Push the action down there, or set its blending to Add or Combine, then try again.",
        )


def _keep_slider(
    head: bpy.types.Object, channel: FChannel, moved: set[FChannel], frame: float
) -> None:
    """Key what nothing but a layer moves; what is in ``moved`` shows the layer, not itself."""
    face = face_of(head)
    if channel in curves_by_channel(face.owner) or channel in _channels_of_strips(head):
        return
    bag = ensure_channelbag(face.owner, face.name)
    curve = bag.fcurves.new(channel.path, index=channel.array_index)
    value = 0.0 if channel in moved else face.shown(channel)
    curve.keyframe_points.insert(frame, value, keyframe_type=GENERATED)


def _take_kept(head: bpy.types.Object, channels: set[FChannel]) -> dict[FChannel, float]:
    """Remove the keys that kept sliders; their values."""
    kept: dict[FChannel, float] = {}
    for bag in channelbags(face_of(head).owner):
        for curve in list(bag.fcurves):
            channel = FChannel(curve.data_path, curve.array_index)
            points = curve.keyframe_points
            if channel in channels and len(points) == 1 and points[0].type == GENERATED:
                kept[channel] = points[0].co.y
                bag.fcurves.remove(curve)
    return kept


def _take_away(head: bpy.types.Object) -> str:
    """Remove the layer's strips and actions; how the action was blended before, empty if none."""
    blended = [strip.action.get(_BLENDED, "REPLACE") for strip in _own_strips(head)]
    remove_strips_where(head, _is_own)
    return blended[-1] if blended else ""


def remove_strips_where(head: bpy.types.Object, goes: Callable[[bpy.types.NlaStrip], bool]) -> None:
    """Remove strips, the tracks that they leave empty, and actions that nothing else uses."""
    if head.data.shape_keys is None or face_of(head).owner.animation_data is None:
        return
    tracks = face_of(head).owner.animation_data.nla_tracks
    for track in list(tracks):
        for strip in [strip for strip in track.strips if goes(strip)]:
            action = strip.action
            track.strips.remove(strip)
            if action.users == 0:
                bpy.data.actions.remove(action)
            if not len(track.strips):
                tracks.remove(track)


def strips_of(head: bpy.types.Object) -> Iterator[bpy.types.NlaStrip]:
    """All strips that move the head's shape keys or controls, from the lowest track up."""
    if head.data.shape_keys is not None:
        data = face_of(head).owner.animation_data
        for track in data.nla_tracks if data is not None else ():
            yield from track.strips


def _is_own(strip: bpy.types.NlaStrip) -> bool:
    return strip.action is not None and _MARK in strip.action


def _own_strips(head: bpy.types.Object) -> Iterator[bpy.types.NlaStrip]:
    return (strip for strip in strips_of(head) if _is_own(strip))


def _channels_of_strips(head: bpy.types.Object) -> set[FChannel]:
    """What strips of the artist's move."""
    strips = (strip for strip in strips_of(head) if not _is_own(strip))
    return {channel for strip in strips for channel in channels_of(strip)}


def channels_of(strip: bpy.types.NlaStrip) -> set[FChannel]:
    """What a strip moves."""
    return set(curves_of(strip))


def curves_of(strip: bpy.types.NlaStrip) -> dict[FChannel, bpy.types.FCurve]:
    """The F-curves that a strip plays."""
    if strip.action is None or strip.action_slot is None:
        return {}
    bags = (
        inner.channelbag(strip.action_slot)
        for layer in strip.action.layers
        for inner in layer.strips
    )
    return {
        FChannel(curve.data_path, curve.array_index): curve
        for bag in bags
        if bag is not None
        for curve in bag.fcurves
    }


def new_channelbag(
    action: bpy.types.Action, face: Face
) -> tuple[bpy.types.ActionChannelbag, bpy.types.ActionSlot]:
    """The place for F-curves of a face in a new action, and its slot."""
    id_type = "KEY" if isinstance(face.owner, bpy.types.Key) else "OBJECT"
    slot = action.slots.new(id_type=id_type, name=face.name)
    return channelbag_in(action, slot), slot
