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
from .actions import Written, fill, insert_curve
from .face_channels import face_of, sort_out
from .fcurves import FChannel, curves_by_channel
from .layers import (
    channels_of,
    has_layer,
    new_channelbag,
    remove_strips_where,
    strips_of,
)

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
    owner = face_of(head).owner
    data = owner.animation_data or owner.animation_data_create()
    _require_seen(head, data, animations)
    start = round(animations[0].start)
    remove_strips_where(
        head,
        lambda strip: (
            _is_own(strip) and strip.action[_MARK] == name and round(strip.frame_start) == start
        ),
    )
    kept = _sliders(head, animations)
    if kept:
        still = {
            channel: Curve(np.array([start, start + 1.0]), np.full(2, value), np.zeros(2))
            for channel, value in kept.items()
        }
        _add(head, _KEPT, start, lambda bag: _insert(bag, still), "HOLD")
    written = sort_out(head, [shape for animation in animations for shape in animation.curves])
    count = _add(
        *(head, name, start),
        lambda bag: fill(bag, head, animations).keys,
        "HOLD_FORWARD" if keep else "NOTHING",
    )
    data.use_nla = True
    return Written(count, written.missing, written.driven)


def remove_strips(head: bpy.types.Object) -> None:
    """Take off all strips that were written here, wherever they have been moved to."""
    remove_strips_where(head, _is_own)


def _add(
    head: bpy.types.Object,
    name: str,
    start: int,
    write: Callable[[bpy.types.ActionChannelbag], int],
    extrapolation: str,
) -> int:
    """Put what ``write`` writes on a new track; how many keys it says that it has written."""
    face = face_of(head)
    action = bpy.data.actions.new(f"{head.name} {name}")
    action[_MARK] = name
    bag, slot = new_channelbag(action, face)
    count = write(bag)
    track = face.owner.animation_data.nla_tracks.new()
    track.name = name
    strip = track.strips.new(name, start, action)
    strip.action_slot = slot
    strip.blend_type, strip.extrapolation = "REPLACE", extrapolation
    return count


def _insert(bag: bpy.types.ActionChannelbag, curves: dict[FChannel, Curve]) -> int:
    return sum(
        insert_curve(bag.fcurves.new(channel.path, index=channel.array_index), curve)
        for channel, curve in curves.items()
    )


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
    if set(_channels(head, animations)) & set(curves_by_channel(face_of(head).owner)):
        raise RigError(
            f'The action of "{head.name}" keys the same shapes, and Blender lets it hide strips.',
            "Push the action down in the NLA Editor, or turn NLA Strip off.",
        )


def _channels(head: bpy.types.Object, animations: Sequence[Animation]) -> list[FChannel]:
    """What a strip with these animations moves."""
    shapes = sort_out(head, [shape for animation in animations for shape in animation.curves]).free
    return list(dict.fromkeys(face_of(head).channel(shape) for shape in shapes))


def _sliders(head: bpy.types.Object, animations: Sequence[Animation]) -> dict[FChannel, float]:
    """What the face shows, where it isn't at rest, of what only the new strip would move."""
    face = face_of(head)
    moved = {channel for strip in strips_of(head) for channel in channels_of(strip)}
    shown = {channel: face.shown(channel) for channel in _channels(head, animations)}
    return {channel: value for channel, value in shown.items() if value and channel not in moved}


def _is_own(strip: bpy.types.NlaStrip) -> bool:
    return strip.action is not None and _MARK in strip.action
