# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of the face as an NLA strip of their own, to be moved, stretched and blended there.

Where strips move a property and none of them has a say at a frame, Blender gives it its default,
not what its slider shows (measured in 4.5 and 5.2). So what a slider shows that nothing else moves
is kept by a strip below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import bpy
import numpy as np

from ..animation.data import Animation, Curve
from ..errors import RigError
from .actions import Written, fill, key_name
from .fcurves import curves_by_path, is_driven, value_path
from .layers import has_layer, paths_of, strips_of

# On an action of ours: the name that its strip was given.
_MARK: Final = "auto_rig_face_strip"
_KEPT: Final = "Sliders"


def write_strip(
    head: bpy.types.Object, name: str, animations: Sequence[Animation], *, keep: bool
) -> Written:
    """Write curves as a strip on a new track above the others; the head's action stays as it is.
    A strip that was written under the same name and still begins at the same frame gives way.

    ``keep``: what the last frame shows goes on after the strip; else what lies below comes back.
    Raises RigError, and changes nothing, where nobody would see the strip.
    """
    keys = head.data.shape_keys
    data = keys.animation_data or keys.animation_data_create()
    _require_seen(head, data, animations)
    start = round(animations[0].start)
    _take_away(
        head, lambda strip: strip.action[_MARK] == name and round(strip.frame_start) == start
    )
    kept = _sliders(head, animations)
    if kept:
        _add(head, _KEPT, [Animation(start, start + 1.0, kept)], "HOLD")
    written = _add(head, name, animations, "HOLD_FORWARD" if keep else "NOTHING")
    data.use_nla = True
    return written


def remove_strips(head: bpy.types.Object) -> None:
    """Take off all strips that were written here, wherever they have been moved to."""
    _take_away(head, lambda _strip: True)


def _add(
    head: bpy.types.Object, name: str, animations: Sequence[Animation], extrapolation: str
) -> Written:
    data = head.data.shape_keys.animation_data
    action = bpy.data.actions.new(f"{head.name} {name}")
    action[_MARK] = name
    slot = action.slots.new(id_type="KEY", name=head.name)
    bag = action.layers.new("Layer").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    written = fill(bag, head, animations)
    track = data.nla_tracks.new()
    track.name = name
    strip = track.strips.new(name, round(animations[0].start), action)
    strip.action_slot = slot
    strip.blend_type, strip.extrapolation = "REPLACE", extrapolation
    return written


def _require_seen(
    head: bpy.types.Object, data: bpy.types.AnimData, animations: Sequence[Animation]
) -> None:
    """Blender evaluates the action last: what it keys hides the strips below."""
    if data.use_tweak_mode:
        raise RigError(
            f'A strip of "{head.name}" is being tweaked in the NLA Editor.',
            "Press Tab there to leave Tweak Mode, then try again.",
        )
    if has_layer(head):
        raise RigError(
            f'A strip would hide the idle life of "{head.name}", which lies below it.',
            "Remove Idle Life, write the strip, then add Idle Life again.",
        )
    names = {key_name(head, shape) for animation in animations for shape in animation.curves}
    paths = {value_path(name) for name in names if name is not None}
    if paths & set(curves_by_path(head)):
        raise RigError(
            f'The action of "{head.name}" keys the same shapes, and Blender lets it hide strips.',
            "Push the action down in the NLA Editor, or turn NLA Strip off.",
        )


def _sliders(head: bpy.types.Object, animations: Sequence[Animation]) -> dict[str, Curve]:
    """What the sliders show of the shapes that only the new strip would move, as constant curves
    of two keys.
    """
    start = round(animations[0].start)
    moved = {path for strip in strips_of(head) for path in paths_of(strip)}
    kept = {}
    for shape in dict.fromkeys(shape for animation in animations for shape in animation.curves):
        name = key_name(head, shape)
        if name is None or is_driven(head, name) or value_path(name) in moved:
            continue
        value = head.data.shape_keys.key_blocks[name].value
        if value:
            frames = np.array([start, start + 1.0])
            kept[shape] = Curve(frames, np.full(2, value), np.zeros(2))
    return kept


def _take_away(head: bpy.types.Object, goes: Callable[[bpy.types.NlaStrip], bool]) -> None:
    """Remove those strips of ours that ``goes`` says, the tracks that they leave empty, and their
    actions unless something else uses them.
    """
    keys = head.data.shape_keys
    if keys is None or keys.animation_data is None:
        return
    tracks = keys.animation_data.nla_tracks
    for track in list(tracks):
        for strip in [strip for strip in track.strips if _is_own(strip) and goes(strip)]:
            action = strip.action
            track.strips.remove(strip)
            if action.users == 0:
                bpy.data.actions.remove(action)
            if not len(track.strips):
                tracks.remove(track)


def _is_own(strip: bpy.types.NlaStrip) -> bool:
    return strip.action is not None and _MARK in strip.action
