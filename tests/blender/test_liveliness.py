# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech and idle life on a head in Blender: what they key, what they leave, and the buttons."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from auto_rig_face.acting import Turn, act
from auto_rig_face.animation.idle import Idle, idle
from auto_rig_face.animation.keys import evaluate
from auto_rig_face.animation.speech import SPEECH_SHAPES
from auto_rig_face.animation.transition import Acting
from auto_rig_face.animation.visemes import VisemeCue
from auto_rig_face.errors import RigError
from auto_rig_face.liveliness import live, speak
from auto_rig_face.properties import progress_of
from auto_rig_face.scene.actions import pose_at
from auto_rig_face.scene.fcurves import GENERATED, curves_by_path, value_path
from auto_rig_face.scene.layers import has_layer, remove_layer
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.vocabulary import ARKIT_SHAPES

INDEX = {name: index for index, name in enumerate(ARKIT_SHAPES)}
MAP = [VisemeCue(0.5, 0.6, "PP"), VisemeCue(0.6, 0.9, "aa"), VisemeCue(0.9, 1.0, "PP")]
BLINK = "eyeBlinkLeft"
END = 481


@pytest.fixture
def rigged(head: bpy.types.Object, write_rig: Callable[..., object]) -> bpy.types.Object:
    """A ball with the shape keys of a rig; 24 frames a second."""
    write_rig(head)
    bpy.context.scene.render.fps = 24
    return head


def value(head: bpy.types.Object, name: str, frame: float) -> float:
    """What the slider shows at a frame."""
    bpy.context.scene.frame_set(int(frame))
    return float(head.data.shape_keys.key_blocks[name].value)


def strips_of(head: bpy.types.Object) -> list[bpy.types.NlaStrip]:
    data = head.data.shape_keys.animation_data
    return [strip for track in data.nla_tracks for strip in track.strips]


def layer_curves(head: bpy.types.Object) -> dict[str, bpy.types.FCurve]:
    """F-curves of the only strip, by the name of their shape."""
    (strip,) = strips_of(head)
    bag = strip.action.layers[0].strips[0].channelbag(strip.action_slot)
    return {curve.data_path.split('"')[1]: curve for curve in bag.fcurves}


def shut_frame(head: bpy.types.Object) -> int:
    """The first frame at which the layer shuts the lids."""
    points = layer_curves(head)[BLINK].keyframe_points
    return round(next(point.co.x for point in points if point.co.y == 1.0))


def test_a_word_opens_and_shuts_the_mouth(rigged: bpy.types.Object) -> None:
    done = speak(bpy.context, rigged, MAP, 10)
    jaw = [value(rigged, "jawOpen", 10 + seconds * 24) for seconds in (0.25, 0.75, 1.25)]
    assert jaw[0] == pytest.approx(0.0, abs=0.02)
    assert jaw[1] > 0.4
    assert jaw[2] < 0.02
    for seconds in (0.55, 0.95):
        frame = round(10 + seconds * 24)
        gap = value(rigged, "jawOpen", frame) - value(rigged, "mouthClose", frame)
        assert gap == pytest.approx(0.0, abs=0.02)
    assert done.end >= 34
    assert done.written.missing == done.written.driven == ()
    moved = {path.split('"')[1] for path in curves_by_path(rigged)}
    assert {"jawOpen", "mouthClose", "mouthPressLeft"} <= moved <= set(SPEECH_SHAPES)
    keys = [point.type for c in curves_by_path(rigged).values() for point in c.keyframe_points]
    assert set(keys) == {GENERATED}
    assert len(keys) == done.written.keys


def test_speaking_again_replaces_its_own_keys_and_leaves_the_animator_s(
    rigged: bpy.types.Object,
) -> None:
    act(bpy.context, rigged, [Turn("joy", 1.0, 10)], 1, Acting(blink=False))
    smile = pose_at(rigged, 40)[INDEX["mouthSmileLeft"]]
    assert smile > 0.5
    key = rigged.data.shape_keys.key_blocks["jawOpen"]
    key.value = 0.9
    key.keyframe_insert("value", frame=27)
    speak(bpy.context, rigged, MAP, 10)
    first = {path: len(c.keyframe_points) for path, c in curves_by_path(rigged).items()}
    speak(bpy.context, rigged, MAP, 10)
    assert {path: len(c.keyframe_points) for path, c in curves_by_path(rigged).items()} == first
    assert value(rigged, "jawOpen", 27) == pytest.approx(0.9)
    assert value(rigged, "mouthSmileLeft", 27) == pytest.approx(smile, abs=1e-4)


def test_the_recording_keeps_its_speed_at_any_rate(rigged: bpy.types.Object) -> None:
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 60, 1.001
    speak(bpy.context, rigged, MAP, 100)
    curve = curves_by_path(rigged)[value_path("jawOpen")]
    frames = np.arange(100, 180)
    widest = frames[np.argmax([curve.evaluate(frame) for frame in frames])]
    assert (widest - 100) * 1.001 / 60 == pytest.approx(0.75, abs=0.1)


def test_life_is_added_to_what_the_action_does(rigged: bpy.types.Object) -> None:
    act(bpy.context, rigged, [Turn("sadness", 1.0, 24)], 1, Acting(blink=False))
    action = rigged.data.shape_keys.animation_data.action
    frames = range(1, END, 7)
    before = np.array([[value(rigged, name, f) for name in ARKIT_SHAPES] for f in frames])
    done = live(bpy.context, rigged, 1, END)
    curves = layer_curves(rigged)
    assert done.written.keys == sum(len(curve.keyframe_points) for curve in curves.values()) > 100
    after = np.array([[value(rigged, name, f) for name in ARKIT_SHAPES] for f in frames])
    added = np.array(
        [[curves[n].evaluate(f) if n in curves else 0.0 for n in ARKIT_SHAPES] for f in frames]
    )
    assert added.max() > 0.2
    np.testing.assert_allclose(after, np.clip(before + added, 0.0, 1.0), atol=1e-5)
    assert rigged.data.shape_keys.animation_data.action == action


def test_the_lids_shut_and_what_is_keyed_stays_what_is_seen(rigged: bpy.types.Object) -> None:
    live(bpy.context, rigged, 1, END)
    frame = shut_frame(rigged)
    assert value(rigged, BLINK, frame) == pytest.approx(1.0)
    assert value(rigged, BLINK, END) == 0.0
    # A transition that begins within a blink begins with open lids, for the layer shuts them.
    bpy.context.scene.frame_set(frame)
    assert pose_at(rigged, frame)[INDEX[BLINK]] == 0.0
    # Blender takes the layer's part out of what one keys.
    bpy.context.scene.frame_set(100)
    block = rigged.data.shape_keys.key_blocks["browInnerUp"]
    block.value = 0.5
    block.keyframe_insert("value", frame=100)
    assert value(rigged, "browInnerUp", 100) == pytest.approx(0.5, abs=1e-4)


def test_a_slider_that_nobody_keyed_keeps_its_value(rigged: bpy.types.Object) -> None:
    blocks = rigged.data.shape_keys.key_blocks
    blocks["eyeSquintLeft"].value = 0.3
    blocks["cheekPuff"].value = 0.6  # life doesn't move it
    live(bpy.context, rigged, 1, END)
    assert value(rigged, "eyeSquintLeft", 1) == pytest.approx(0.3)
    assert value(rigged, "eyeSquintLeft", 240) >= 0.3 - 1e-5
    assert value(rigged, "cheekPuff", 240) == pytest.approx(0.6)
    live(bpy.context, rigged, 1, END, Idle(2.0, 3))
    assert value(rigged, "eyeSquintLeft", 1) == pytest.approx(0.3)
    bpy.context.scene.frame_set(240)
    assert remove_layer(rigged)
    assert value(rigged, "eyeSquintLeft", 100) == pytest.approx(0.3)
    assert value(rigged, "browInnerUp", 100) == 0.0


def test_living_again_replaces_the_layer_alone(rigged: bpy.types.Object) -> None:
    act(bpy.context, rigged, [Turn("joy", 1.0, 24)], 1, Acting(blink=False))
    live(bpy.context, rigged, 1, END, Idle(1.0, 1))
    first = {n: [p.co.x for p in c.keyframe_points] for n, c in layer_curves(rigged).items()}
    keyed = {path: len(c.keyframe_points) for path, c in curves_by_path(rigged).items()}
    actions = len(bpy.data.actions)
    live(bpy.context, rigged, 1, END, Idle(1.0, 2))
    second = {n: [p.co.x for p in c.keyframe_points] for n, c in layer_curves(rigged).items()}
    assert first[BLINK] != second[BLINK]
    assert len(bpy.data.actions) == actions
    assert {path: len(c.keyframe_points) for path, c in curves_by_path(rigged).items()} == keyed
    live(bpy.context, rigged, 1, END, Idle(1.0, 1))
    again = {n: [p.co.x for p in c.keyframe_points] for n, c in layer_curves(rigged).items()}
    assert again == first


def test_removing_life_leaves_everything_as_it_was(rigged: bpy.types.Object) -> None:
    act(bpy.context, rigged, [Turn("fear", 1.0, 24)], 1, Acting(blink=False))
    data = rigged.data.shape_keys.animation_data
    frames = range(1, 60, 5)
    before = [[value(rigged, name, f) for name in ARKIT_SHAPES] for f in frames]
    keyed, actions = set(curves_by_path(rigged)), set(bpy.data.actions)
    live(bpy.context, rigged, 1, END)
    assert has_layer(rigged)
    assert data.action_blend_type == "ADD"
    assert remove_layer(rigged)
    assert not has_layer(rigged)
    assert not remove_layer(rigged)
    assert data.action_blend_type == "REPLACE"
    assert len(data.nla_tracks) == 0
    assert (set(curves_by_path(rigged)), set(bpy.data.actions)) == (keyed, actions)
    after = [[value(rigged, name, f) for name in ARKIT_SHAPES] for f in frames]
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_emotions_and_speech_go_on_under_life(rigged: bpy.types.Object) -> None:
    live(bpy.context, rigged, 1, END)
    done = act(bpy.context, rigged, [Turn("joy", 1.0, 24)], 30, Acting(blink=False))
    speak(bpy.context, rigged, MAP, 100)
    assert value(rigged, "mouthSmileLeft", done.end) > 0.5
    assert value(rigged, BLINK, shut_frame(rigged)) == pytest.approx(1.0)
    frame = round(100 + 0.55 * 24)
    gap = value(rigged, "jawOpen", frame) - value(rigged, "mouthClose", frame)
    assert gap == pytest.approx(0.0, abs=0.02)


def push_down(head: bpy.types.Object, blend: str) -> bpy.types.NlaStrip:
    """A strip of the artist's that lifts the brows and shuts an eye half."""
    keys = head.data.shape_keys
    for name, level in (("browInnerUp", 0.3), (BLINK, 0.5)):
        keys.key_blocks[name].value = level
        keys.key_blocks[name].keyframe_insert("value", frame=1)
    data = keys.animation_data
    action, slot = data.action, data.action_slot
    data.action = None
    strip = data.nla_tracks.new().strips.new("Mine", 1, action)
    strip.action_slot = slot
    strip.blend_type = blend
    return strip


def test_strips_of_the_artist_s_stay_and_are_added_to(rigged: bpy.types.Object) -> None:
    push_down(rigged, "REPLACE")
    live(bpy.context, rigged, 1, END)
    assert strips_of(rigged)[0].name == "Mine"
    assert value(rigged, BLINK, 1) == pytest.approx(0.5)
    assert value(rigged, "browInnerUp", 1) == pytest.approx(0.3)
    remove_layer(rigged)
    assert [strip.name for strip in strips_of(rigged)] == ["Mine"]
    assert value(rigged, BLINK, 100) == pytest.approx(0.5)


def test_strips_that_would_look_different_are_told_and_nothing_changes(
    rigged: bpy.types.Object,
) -> None:
    push_down(rigged, "REPLACE")
    block = rigged.data.shape_keys.key_blocks[BLINK]
    block.value = 0.1
    block.keyframe_insert("value", frame=1)
    actions = len(bpy.data.actions)
    with pytest.raises(RigError, match="NLA Editor"):
        live(bpy.context, rigged, 1, END)
    assert len(strips_of(rigged)) == 1
    assert len(bpy.data.actions) == actions
    assert value(rigged, BLINK, 100) == pytest.approx(0.1)
    rigged.data.shape_keys.animation_data.action_blend_type = "COMBINE"
    live(bpy.context, rigged, 1, END)
    assert rigged.data.shape_keys.animation_data.action_blend_type == "COMBINE"
    remove_layer(rigged)
    assert rigged.data.shape_keys.animation_data.action_blend_type == "COMBINE"


def test_driven_and_missing_shapes_are_named(rigged: bpy.types.Object) -> None:
    keys = rigged.data.shape_keys
    rigged.shape_key_remove(keys.key_blocks["jawOpen"])
    keys.driver_add(value_path(BLINK))
    done = live(bpy.context, rigged, 1, END)
    assert done.written.missing == ("jawOpen",)
    assert done.written.driven == (BLINK,)
    assert BLINK not in layer_curves(rigged)
    assert value_path(BLINK) not in curves_by_path(rigged)


def test_removing_the_rig_takes_life_along(rigged: bpy.types.Object) -> None:
    live(bpy.context, rigged, 1, END)
    actions = len(bpy.data.actions)
    remove_rig(bpy.context, rigged)
    assert rigged.data.shape_keys is None
    assert len(bpy.data.actions) < actions


def test_a_head_without_shape_keys_is_told_so(head: bpy.types.Object) -> None:
    for attempt in (
        lambda: speak(bpy.context, head, MAP, 1),
        lambda: live(bpy.context, head, 1, 99),
    ):
        with pytest.raises(RigError, match="no shape keys"):
            attempt()
    assert head.data.shape_keys is None
    assert not has_layer(head)


def test_the_button_imports_speech(rigged: bpy.types.Object, tmp_path: Path) -> None:
    path = tmp_path / "line.json"
    cues = [{"start": 0.0, "end": 0.1, "value": "A"}, {"start": 0.1, "end": 20.0, "value": "D"}]
    path.write_text(json.dumps({"mouthCues": cues}), encoding="utf-8")
    bpy.context.scene.frame_end = 50
    press = bpy.ops.auto_rig_face.import_speech
    assert press("EXEC_DEFAULT", filepath=str(path), start=20, jaw=0.5) == {"FINISHED"}
    assert bpy.context.scene.frame_current == 20
    assert bpy.context.scene.frame_end >= 20 + 20 * 24
    jaw = value(rigged, "jawOpen", 20 + 10 * 24)
    assert jaw == pytest.approx(0.25, abs=0.02)


def test_the_button_tells_what_is_wrong_with_a_file(
    rigged: bpy.types.Object, tmp_path: Path
) -> None:
    path = tmp_path / "bad.json"
    path.write_text("[{}]", encoding="utf-8")
    with pytest.raises(RuntimeError, match="timed speech"):
        bpy.ops.auto_rig_face.import_speech("EXEC_DEFAULT", filepath=str(path))
    assert "bad.json" in progress_of(bpy.context).problem
    assert curves_by_path(rigged) == {}


def test_the_buttons_of_idle_life(rigged: bpy.types.Object) -> None:
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 11, 400
    assert not bpy.ops.auto_rig_face.remove_idle_life.poll()
    assert bpy.ops.auto_rig_face.idle_life("EXEC_DEFAULT", seed=4) == {"FINISHED"}
    (strip,) = strips_of(rigged)
    assert (strip.frame_start, strip.frame_end) == (11, 400)
    assert bpy.ops.auto_rig_face.idle_life("EXEC_DEFAULT", seed=5, amount=0.5) == {"FINISHED"}
    assert len(strips_of(rigged)) == 1
    assert bpy.ops.auto_rig_face.remove_idle_life("EXEC_DEFAULT") == {"FINISHED"}
    assert strips_of(rigged) == []
    scene.frame_end = 12
    with pytest.raises(RuntimeError, match="isn't possible"):
        bpy.ops.auto_rig_face.idle_life("EXEC_DEFAULT")


def test_the_layer_plays_as_it_was_made(rigged: bpy.types.Object) -> None:
    live(bpy.context, rigged, 1, END, Idle(1.0, 7))
    made = idle(1, END, 24.0, Idle(1.0, 7))
    frames = np.arange(1.0, END + 1.0)
    for shape, curve in layer_curves(rigged).items():
        played = [curve.evaluate(frame) for frame in frames]
        np.testing.assert_allclose(played, evaluate(made.curves[shape], frames), atol=1e-5)
