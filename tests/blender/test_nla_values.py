# SPDX-License-Identifier: GPL-3.0-or-later
"""What strips and an action come to is computed as Blender does."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
from auto_rig_face.scene.fcurves import FChannel, channelbag_in, curves_by_path, value_path
from auto_rig_face.scene.nla_values import Stack
from auto_rig_face.vocabulary import ARKIT_SHAPES

JAW = "jawOpen"
LAST = 90


def action_of(points: dict[int, float]) -> bpy.types.Action:
    """An action of the jaw alone: frame -> value."""
    action = bpy.data.actions.new("Jaw")
    bag = channelbag_in(action, action.slots.new(id_type="KEY", name="Jaw"))
    curve = bag.fcurves.new(value_path(JAW))
    for frame, value in points.items():
        curve.keyframe_points.insert(frame, value)
    return action


def add_strip(
    track: bpy.types.NlaTrack, start: int, action: bpy.types.Action, **settings: object
) -> bpy.types.NlaStrip:
    """Put a strip on a track."""
    strip = track.strips.new("Jaw", start, action)
    strip.action_slot = action.slots[0]
    for name, value in settings.items():
        setattr(strip, name, value)
    return strip


def test_a_stack_is_worth_what_blender_plays(
    head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head)
    keys = head.data.shape_keys
    data = keys.animation_data_create()
    new = data.nla_tracks.new
    add_strip(new(), 4, action_of({1: 0.2, 21: 0.6}), extrapolation="HOLD_FORWARD")
    track, added = new(), action_of({1: 0.1, 11: 0.4})
    add_strip(track, 8, added, blend_type="ADD", repeat=2.5, scale=0.7, blend_in=4.0, blend_out=6.0)
    add_strip(track, 40, added, extrapolation="HOLD_FORWARD", use_animated_influence=True)
    add_strip(track, 70, added, extrapolation="NOTHING", use_reverse=True)
    influence = track.strips[1].fcurves.find("influence")
    influence.keyframe_points.clear()
    for frame, value in ((40, 0.2), (50, 0.9)):
        influence.keyframe_points.insert(frame, value)
    multiplied = action_of({1: 1.0, 21: 0.5})
    add_strip(new(), 30, multiplied, blend_type="MULTIPLY", extrapolation="NOTHING")
    muted = new()
    add_strip(muted, 1, multiplied)
    muted.mute = True
    for frame, value in ((10, 0.0), (60, 0.3)):
        keys.key_blocks[JAW].value = value
        keys.key_blocks[JAW].keyframe_insert("value", frame=frame)
    data.action_blend_type, data.action_influence = "ADD", 0.6
    assert len(curves_by_path(head)) == 1
    for used in (True, False):
        data.use_nla = used
        shown = []
        for frame in range(LAST):
            bpy.context.scene.frame_set(frame)
            shown.append(keys.key_blocks[JAW].value)
        assert np.ptp(shown) > 0.2
        stack = Stack(keys, np.arange(float(LAST)))
        values = stack.values(FChannel(value_path(JAW)))
        np.testing.assert_allclose(np.clip(values, 0.0, 1.0), shown, atol=1e-5)
        assert stack.values(FChannel(value_path(ARKIT_SHAPES[0]))) is None
