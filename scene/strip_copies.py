# SPDX-License-Identifier: GPL-3.0-or-later
"""NLA strips moved from one owner to another: each at the same place, blended in the same way, with
an action that plays the same on what it moves there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import bpy

from ..errors import RigError
from .control_bake import Curves, copy_curve
from .face_channels import Face
from .fcurves import FChannel
from .layers import channels_of, curves_of, new_channelbag

# In the order in which Blender takes them: setting one changes those that follow from it.
_PLACE: Final = ("action_frame_start", "action_frame_end", "scale", "repeat")
_SETTINGS: Final = (
    *("name", "extrapolation", "blend_type", "use_auto_blend", "blend_in", "blend_out", "mute"),
    *("use_reverse", "use_animated_influence", "use_animated_time", "use_animated_time_cyclic"),
    *("use_sync_length", "select"),
)
_RANGE: Final = ("use_frame_range", "frame_start", "frame_end", "use_cyclic")


# Writes a strip's curves, translated, into the place for them; returns those that it wrote.
Translate = Callable[
    [bpy.types.NlaStrip, Curves, bpy.types.ActionChannelbag], Sequence[bpy.types.FCurve]
]


@dataclass
class Moved:
    """``strips``: how many; ``shared``: names of actions that something else uses as well, where
    they stay as they are.
    """

    strips: int = 0
    curves: int = 0
    keys: int = 0
    shared: list[str] = field(default_factory=list)


def tracks_with(owner: bpy.types.ID, channels: Collection[FChannel]) -> list[bpy.types.NlaTrack]:
    """The tracks, from the lowest up, that have a strip that moves one of the channels."""
    data, wanted = owner.animation_data, set(channels)
    tracks = () if data is None else data.nla_tracks
    return [track for track in tracks if any(channels_of(strip) & wanted for strip in track.strips)]


def require_movable(owner: bpy.types.ID, name: str, channels: Collection[FChannel]) -> None:
    """RigError, which speaks of ``name``, where a strip that moves the channels plays in a way that
    can't be carried over.
    """
    data, tracks = owner.animation_data, tracks_with(owner, channels)
    if data is not None and data.use_tweak_mode:
        raise RigError(
            f'A strip of "{name}" is being tweaked in the NLA Editor.',
            "Press Tab there to leave Tweak Mode, then try again.",
        )
    if tracks and any(track.is_solo for track in data.nla_tracks):
        raise RigError(
            f'A track of "{name}" plays alone in the NLA Editor (its star is on).',
            "Turn the star off, then try again.",
        )
    for strip in (strip for track in tracks for strip in track.strips):
        if strip.type != "CLIP":
            raise RigError(
                f'"{strip.name}" in the NLA Editor holds or joins other strips of "{name}", '
                "which can't be carried over.",
                "Remove the Meta Strip or Transition there, or bake the strips into one action "
                "(Edit, Bake Action), then try again.",
            )
        curves = [curve for at, curve in curves_of(strip).items() if at in channels]
        if len(strip.modifiers) or any(len(c.modifiers) for c in (*curves, *strip.fcurves)):
            raise RigError(
                f'The strip "{strip.name}" of "{name}" or its F-curves have modifiers, which '
                "can't be carried over.",
                "Bake them into keys (Edit, Bake Action), or remove them, then try again.",
            )


def move_strips(
    source: bpy.types.ID,
    face: Face,
    gone: Callable[[bpy.types.NlaStrip], set[FChannel]],
    translate: Translate,
) -> Moved:
    """Move what ``gone`` names of each strip, from the tracks that have any of it to new tracks
    above those of ``face``. What else a track moves stays where it is.
    """
    data = source.animation_data
    tracks = [
        track
        for track in (() if data is None else data.nla_tracks)
        if any(gone(strip) for strip in track.strips)
    ]
    moved = Moved()
    made: dict[tuple[str, int, bool], tuple[bpy.types.Action, bpy.types.ActionSlot]] = {}
    for track in tracks:
        target = face.owner.animation_data or face.owner.animation_data_create()
        copy = target.nla_tracks.new()
        copy.name = track.name
        for strip in track.strips:
            # Strips that share an action go on sharing one.
            name = "" if strip.action is None else strip.action.name
            key = (name, strip.action_slot_handle, strip.blend_type == "MULTIPLY")
            if key not in made:
                made[key] = _translated(strip, face, translate, moved)
            copy_strip(strip, copy, *made[key])
            moved.strips += 1
        copy.mute, copy.lock = track.mute, track.lock
    for action in _take_off(source, tracks, gone):
        if action.users == 0:
            bpy.data.actions.remove(action)
        elif action.users > int(action.use_fake_user):
            moved.shared.append(action.name)
    for (name, *_), (action, _) in made.items():
        if name and name not in bpy.data.actions:
            action.name = name
    return moved


def copy_strip(
    strip: bpy.types.NlaStrip,
    track: bpy.types.NlaTrack,
    action: bpy.types.Action,
    slot: bpy.types.ActionSlot,
) -> bpy.types.NlaStrip:
    """The same strip of another action, after those that a track has."""
    # Blender wants room for it; only then does it go to its place, fractions of frames and all.
    beyond = max([strip.frame_end, *(other.frame_end for other in track.strips)])
    copy = track.strips.new(strip.name, int(beyond) + 2, action)
    copy.action_slot = slot
    copy.use_sync_length = False
    for name in _PLACE:
        setattr(copy, name, getattr(strip, name))
    copy.frame_start_raw, copy.frame_end_raw = strip.frame_start, strip.frame_end
    for name in _SETTINGS:
        setattr(copy, name, getattr(strip, name))
    for curve in strip.fcurves:
        own = copy.fcurves.find(curve.data_path)
        own.keyframe_points.clear()
        copy_curve(curve, own, 1.0)
        own.update()
    return copy


def _translated(
    strip: bpy.types.NlaStrip, face: Face, translate: Translate, moved: Moved
) -> tuple[bpy.types.Action, bpy.types.ActionSlot]:
    old = strip.action
    action = bpy.data.actions.new(strip.name if old is None else old.name)
    bag, slot = new_channelbag(action, face)
    if old is not None:
        for name, value in old.items():
            action[name] = value
        if old.use_frame_range:
            for name in _RANGE:
                setattr(action, name, getattr(old, name))
    for curve in translate(strip, curves_of(strip), bag):
        moved.curves += 1
        moved.keys += len(curve.keyframe_points)
    return action, slot


def _take_off(
    source: bpy.types.ID,
    tracks: list[bpy.types.NlaTrack],
    gone: Callable[[bpy.types.NlaStrip], set[FChannel]],
) -> list[bpy.types.Action]:
    """Remove what is gone: tracks with nothing else, else F-curves. Returns the actions."""
    actions = {s.action.name: s.action for t in tracks for s in t.strips if s.action is not None}
    staying = []
    for track in tracks:
        if any(set(curves_of(strip)) - gone(strip) for strip in track.strips):
            staying += list(track.strips)
        else:
            for strip in list(track.strips):
                track.strips.remove(strip)
            source.animation_data.nla_tracks.remove(track)
    rest: dict[str, bpy.types.Action] = {}
    for strip in staying:
        old, channels = strip.action, gone(strip)
        if old is None or not channels:
            continue
        users = sum(other.action == old for other in staying)
        alone = old.users - int(old.use_fake_user) == users and old.library is None
        if not alone:
            handle = strip.action_slot_handle
            strip.action = rest.setdefault(old.name, rest.get(old.name) or old.copy())
            strip.action_slot = next(s for s in strip.action.slots if s.handle == handle)
        for channel, curve in list(curves_of(strip).items()):
            if channel in channels:
                _remove(strip, curve)
    return list(actions.values())


def _remove(strip: bpy.types.NlaStrip, curve: bpy.types.FCurve) -> None:
    for layer in strip.action.layers:
        for inner in layer.strips:
            bag = inner.channelbag(strip.action_slot)
            if bag is not None and curve in list(bag.fcurves):
                bag.fcurves.remove(curve)
                return
