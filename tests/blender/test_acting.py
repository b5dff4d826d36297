# SPDX-License-Identifier: GPL-3.0-or-later
"""Emotions and captures on the timeline: by the functions that everything uses, and by buttons."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import bpy
import numpy as np
import pytest
from auto_rig_face.acting import CaptureOptions, Turn, act, frame_rate, perform
from auto_rig_face.animation.captures import Capture
from auto_rig_face.animation.transition import Acting
from auto_rig_face.errors import RigError
from auto_rig_face.properties import settings_of
from auto_rig_face.scene.actions import pose_at
from auto_rig_face.scene.fcurves import GENERATED, curves_by_path, value_path
from auto_rig_face.vocabulary import ARKIT_SHAPES

INDEX = {name: index for index, name in enumerate(ARKIT_SHAPES)}
SMILES = [INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"]]
BROWS = [index for name, index in INDEX.items() if name.startswith("brow")]
MOUTH = [index for name, index in INDEX.items() if name.startswith(("mouth", "jaw"))]


@pytest.fixture
def rigged(head: bpy.types.Object, write_rig: Callable[..., object]) -> bpy.types.Object:
    """A ball with the shape keys of a rig."""
    write_rig(head)
    return head


def key_frames(head: bpy.types.Object) -> list[float]:
    """Frames of all keys, in order."""
    return sorted(
        point.co.x for curve in curves_by_path(head).values() for point in curve.keyframe_points
    )


def joy(**settings: float) -> dict[str, object]:
    """Arguments of the operator, as its redo panel would pass them."""
    return {"first": "current", "emotion": "joy", "start": 10, **settings}


def press(**arguments: object) -> set[str]:
    """The button, run with these settings."""
    return bpy.ops.auto_rig_face.emotion_transition("EXEC_DEFAULT", **arguments)


def test_a_face_turns_to_an_emotion_and_keeps_it(rigged: bpy.types.Object) -> None:
    done = act(bpy.context, rigged, [Turn("joy", 1.0, 24, 12)], 10, Acting(blink=False))
    assert done.end == 46
    np.testing.assert_allclose(pose_at(rigged, 10), 0.0, atol=1e-6)
    held = pose_at(rigged, 34)
    assert held[SMILES].min() > 0.5
    for frame in (35, 40, 46, 100):
        np.testing.assert_allclose(pose_at(rigged, frame), held, atol=1e-6)
    assert done.written.missing == ()


def test_emotions_follow_each_other_and_lead_back(rigged: bpy.types.Object) -> None:
    turns = [Turn("joy", 1.0, 20, 10), Turn("anger", 1.0, 16, 4)]
    done = act(bpy.context, rigged, turns, 1, Acting(blink=False), back=True)
    assert done.end == 1 + 20 + 10 + 16 + 4 + 16
    angry = pose_at(rigged, 47)
    assert pose_at(rigged, 31)[SMILES].min() > 0.5
    assert angry[SMILES].max() < 0.2
    assert angry[INDEX["browDownLeft"]] > 0.5
    np.testing.assert_allclose(pose_at(rigged, done.end), 0.0, atol=1e-6)


def test_a_face_begins_as_it_is_at_the_first_frame(rigged: bpy.types.Object) -> None:
    rigged.data.shape_keys.key_blocks["cheekPuff"].value = 0.6
    act(bpy.context, rigged, [Turn("joy", 1.0, 24)], 10, Acting(blink=False))
    assert pose_at(rigged, 10)[INDEX["cheekPuff"]] == pytest.approx(0.6, abs=1e-4)
    assert pose_at(rigged, 34)[INDEX["cheekPuff"]] < 0.2


def test_only_the_chosen_regions_are_keyed(rigged: bpy.types.Object) -> None:
    acting = Acting(regions=("brows",), blink=False)
    act(bpy.context, rigged, [Turn("anger", 1.0, 24)], 1, acting)
    assert {path.split('"')[1][:4] for path in curves_by_path(rigged)} == {"brow"}


def test_the_same_seed_acts_the_same_and_another_one_does_not(rigged: bpy.types.Object) -> None:
    poses = []
    for seed in (3, 3, 4):
        act(bpy.context, rigged, [Turn("fear", 1.0, 24)], 1, Acting(seed=seed))
        poses.append([pose_at(rigged, frame) for frame in range(1, 26)])
        for curve in tuple(curves_by_path(rigged)):
            name = curve.split('"')[1]
            rigged.data.shape_keys.key_blocks[name].driver_remove("value")
        rigged.data.shape_keys.animation_data_clear()
        for block in rigged.data.shape_keys.key_blocks:
            block.value = 0.0
    np.testing.assert_array_equal(poses[0], poses[1])
    assert np.abs(np.array(poses[0]) - np.array(poses[2])).max() > 0.02


def test_a_head_without_shape_keys_is_told_so(head: bpy.types.Object) -> None:
    with pytest.raises(RigError, match="no shape keys"):
        act(bpy.context, head, [Turn("joy", 1.0, 24)], 1, Acting())
    assert head.data.shape_keys is None


def capture(seconds: float, rate: float) -> Capture:
    """A jaw that opens and shuts three times, with the frame numbers of its recording."""
    times = np.arange(round(seconds * rate) + 1) / rate
    values = np.zeros((len(times), len(ARKIT_SHAPES)))
    values[:, INDEX["jawOpen"]] = 0.4 - 0.4 * np.cos(2 * np.pi * 3 * times / seconds)
    return Capture(times, values, None, None, rate, "take")


@pytest.mark.parametrize(("fps", "base"), [(24, 1.0), (25, 1.0), (30, 1.001), (30, 1.0), (60, 1.0)])
def test_a_capture_takes_as_long_in_the_scene_as_it_did(
    rigged: bpy.types.Object, fps: int, base: float
) -> None:
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = fps, base
    take = capture(4.0, 60.0)
    done = perform(bpy.context, rigged, take, 5, CaptureOptions(smoothing=0.0))
    rate = float(frame_rate(bpy.context.scene))
    assert rate == pytest.approx(float(Fraction(fps) / Fraction(str(base))), abs=1e-9)
    assert done.end == pytest.approx(5 + int(4.0 * rate + 1e-6))
    for frame in range(5, int(done.end) + 1):
        seen = pose_at(rigged, frame)[INDEX["jawOpen"]]
        wanted = np.interp((frame - 5) / rate, take.times, take.values[:, INDEX["jawOpen"]])
        assert seen == pytest.approx(wanted, abs=0.02)
    assert len(key_frames(rigged)) < done.end / 2


def test_the_button_keys_an_emotion_and_goes_to_its_end(rigged: bpy.types.Object) -> None:
    bpy.context.scene.frame_set(10)
    assert press(**joy(length=20, hold=5)) == {"FINISHED"}
    assert bpy.context.scene.frame_current == 35
    assert min(key_frames(rigged)) == 10
    assert pose_at(rigged, 30)[SMILES].min() > 0.5


def test_redoing_with_other_settings_replaces_its_own_keys_alone(rigged: bpy.types.Object) -> None:
    key = rigged.data.shape_keys.key_blocks["mouthSmileLeft"]
    key.value = 0.25
    key.keyframe_insert("value", frame=3)
    key.value = 0.0
    key.keyframe_insert("value", frame=10)
    press(**joy(length=20, seed=1))
    once = len(key_frames(rigged))
    press(**joy(length=20, seed=1))
    assert len(key_frames(rigged)) == once
    curve = curves_by_path(rigged)[value_path("mouthSmileLeft")]
    own = [point.co.x for point in curve.keyframe_points if point.type != GENERATED]
    assert own == [3.0, 10.0]
    assert curve.evaluate(3) == pytest.approx(0.25)


def test_the_button_tells_what_it_could_not_key(rigged: bpy.types.Object) -> None:
    rigged.data.shape_keys.driver_add(value_path("mouthSmileLeft"))
    assert press(**joy()) == {"FINISHED"}
    assert value_path("mouthSmileLeft") not in curves_by_path(rigged)
    assert value_path("mouthSmileRight") in curves_by_path(rigged)


def test_the_button_works_in_pose_mode(human_rig: bpy.types.Object) -> None:
    armature = next(obj for obj in bpy.data.objects if obj.type == "ARMATURE")
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="POSE")
    assert press(**joy()) == {"FINISHED"}
    bpy.ops.object.mode_set(mode="OBJECT")
    assert key_frames(human_rig)


@pytest.fixture
def human_rig(human: bpy.types.Object) -> bpy.types.Object:
    """The human head, rigged by the button."""
    assert bpy.ops.auto_rig_face.rig_face() == {"FINISHED"}
    return human


def test_the_button_waits_for_a_rig(head: bpy.types.Object) -> None:
    assert head == bpy.context.active_object
    assert not bpy.ops.auto_rig_face.emotion_transition.poll()
    assert not bpy.ops.auto_rig_face.import_capture.poll()


def test_a_capture_file_is_keyed_from_its_start_on(
    rigged: bpy.types.Object, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "take.csv", rows=61)
    bpy.context.scene.render.fps = 30
    bpy.context.scene.frame_end = 20
    result = bpy.ops.auto_rig_face.import_capture(
        "EXEC_DEFAULT", filepath=str(path), start=10, smoothing=0.0
    )
    assert result == {"FINISHED"}
    assert (min(key_frames(rigged)), max(key_frames(rigged))) == (10, 40)
    assert bpy.context.scene.frame_end == 40
    assert bpy.context.scene.frame_current == 10
    assert pose_at(rigged, 40)[INDEX["jawOpen"]] == pytest.approx(0.6, abs=0.011)


def test_a_file_that_is_no_capture_leaves_everything_as_it_was(
    rigged: bpy.types.Object, tmp_path: Path
) -> None:
    press(**joy())
    before = key_frames(rigged)
    wrong = tmp_path / "table.csv"
    wrong.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"table\.csv"):
        bpy.ops.auto_rig_face.import_capture("EXEC_DEFAULT", filepath=str(wrong), start=1)
    assert key_frames(rigged) == before
    assert "table.csv" in settings_problem()


def settings_problem() -> str:
    """What the panel says went wrong."""
    from auto_rig_face.properties import progress_of

    assert settings_of(bpy.context) is not None
    return progress_of(bpy.context).problem


def write_csv(path: Path, rows: int) -> Path:
    """A capture in Live Link Face's form at 60 frames a second: the jaw opens evenly to 0.6."""
    names = [name[0].upper() + name[1:] for name in ARKIT_SHAPES]
    lines = [",".join(["Timecode", "BlendshapeCount", *names])]
    for row in range(rows):
        values = ["0.0"] * len(names)
        values[INDEX["jawOpen"]] = f"{0.6 * row / (rows - 1):.6f}"
        lines.append(f"00:00:{row // 60:02d}:{row % 60:02d}.000,61," + ",".join(values))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_with_asymmetry_the_face_returns_to_where_it_began(rigged: bpy.types.Object) -> None:
    keys = rigged.data.shape_keys.key_blocks
    for side in ("Left", "Right"):
        keys[f"mouthSmile{side}"].value = 0.3
    press(emotion="joy", start=1, length=12, hold=6, back=True, asymmetry=1.0)
    before, held, after = (pose_at(rigged, frame) for frame in (1, 13, 31))
    left, right = (held[ARKIT_SHAPES.index(f"mouthSmile{side}")] for side in ("Left", "Right"))
    assert abs(left - right) > 0.1
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_nothing_moves_while_an_emotion_is_held(rigged: bpy.types.Object) -> None:
    turns = [Turn("anger", 1.0, 12, 10), Turn("joy", 1.0, 12, 10)]
    act(bpy.context, rigged, turns, 1, Acting(asymmetry=1.0))
    np.testing.assert_allclose(pose_at(rigged, 13), pose_at(rigged, 23), atol=1e-4)
    assert np.abs(pose_at(rigged, 23) - pose_at(rigged, 35)).max() > 0.3
