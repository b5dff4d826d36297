# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts played on rigged heads, and what is in the files that come out."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from auto_rig_face.acting import frame_rate
from auto_rig_face.errors import RigError
from auto_rig_face.scene.actions import pose_at
from auto_rig_face.scene.fcurves import curves_by_path, value_path
from auto_rig_face.vocabulary import ARKIT_SHAPES, STICKY_LIPS, corrective_name

PAIR = ("eyeBlinkLeft", "cheekSquintLeft")
CORRECTIVE = corrective_name(*PAIR)
INDEX = {name: index for index, name in enumerate(ARKIT_SHAPES)}
JOY = {"type": "emotion", "emotion": "joy", "start": 1}
LINE = [  # "map"
    {"phoneme": "M", "start": 0.5, "end": 0.6},
    {"phoneme": "AA1", "start": 0.6, "end": 0.9},
    {"phoneme": "P", "start": 0.9, "end": 1.0},
]

Play = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.timeout(400)


def write_capture(path: Path, fps: float = 24.0, frames: int = 25, **weights: float) -> Path:
    """A take in which shapes go up to ``weights`` and back once."""
    wave = np.sin(np.linspace(0.0, math.pi, frames))
    table = [[float(share * value) for value in weights.values()] for share in wave]
    path.write_text(json.dumps({"fps": fps, "names": list(weights), "weights": table}))
    return path


def the_head() -> bpy.types.Object:
    """The head of the open file: objects from before are gone with their file."""
    return bpy.data.objects["Head"]


def keys_of(mesh: str) -> dict[str, float]:
    """Values of the shape keys of the object whose mesh has this name."""
    blocks = bpy.data.meshes[mesh].shape_keys.key_blocks
    return {block.name: block.value for block in blocks[1:]}


def values_at(frames: Iterator[float] | list[float]) -> dict[str, list[dict[str, float]]]:
    """What the shape keys of all parts show at some frames."""
    shown: dict[str, list[dict[str, float]]] = {"Head": [], "Eye.L": [], "Lashes": []}
    for frame in frames:
        bpy.context.scene.frame_set(math.floor(frame), subframe=frame % 1.0)
        for mesh, values in shown.items():
            values.append(keys_of(mesh))
    return shown


def jaw_turns(frames: list[float]) -> list[float]:
    """How far the jaw bone is turned from its rest, in radians, at some frames."""
    armature = next(obj for obj in bpy.data.objects if obj.type == "ARMATURE")
    angles = []
    for frame in frames:
        bpy.context.scene.frame_set(math.floor(frame), subframe=frame % 1.0)
        angles.append(armature.pose.bones["jaw"].matrix_basis.to_quaternion().angle)
    return angles


def json_of_glb(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    document: dict[str, Any] = json.loads(data[20 : 20 + length])
    return document


def turn_the_jaw() -> None:
    """The artist's own animation of a bone: half a radian at frame 30."""
    armature = next(obj for obj in bpy.data.objects if obj.type == "ARMATURE")
    bone = armature.pose.bones["jaw"]
    bone.rotation_mode = "XYZ"
    for frame, angle in ((1, 0.0), (30, 0.5), (60, 0.0)):
        bone.rotation_euler.x = angle
        bone.keyframe_insert("rotation_euler", frame=frame)


@pytest.mark.parametrize("rate", [24, 29.97])
def test_the_glb_moves_as_the_blend_does(
    rigged: bpy.types.Object, play: Play, tmp_path: Path, rate: float
) -> None:
    turn_the_jaw()
    write_capture(tmp_path / "up.json", eyeLookUpLeft=0.8, jawOpen=0.7)
    report = play(
        {**JOY, "intensity": 1.5},
        {"type": "blink", "frame": 30},
        {"type": "capture", "file": "up.json", "start": 60},
        formats=("blend", "glb"),
        frame_rate=rate,
    )
    in_blend = assert_the_glb_moves_as_the_blend_does(tmp_path / "out", report["frames"])
    # What could not be seen to agree if it stood still.
    for mesh, name in (
        *(("Head", name) for name in ("mouthSmileLeft", *PAIR, CORRECTIVE, STICKY_LIPS)),
        *(("Lashes", name) for name in (*PAIR, CORRECTIVE)),
        ("Eye.L", "eyeLookUpLeft"),
    ):
        assert np.ptp([values[name] for values in in_blend[mesh]]) > 0.1, (mesh, name)


@pytest.mark.parametrize("rate", [24, 29.97])
def test_speech_and_idle_life_are_in_both_files(
    rigged: bpy.types.Object, play: Play, tmp_path: Path, rate: float
) -> None:
    turn_the_jaw()
    bpy.context.scene.frame_end = 60  # so the script's end counts
    (tmp_path / "line.json").write_text(json.dumps(LINE))
    events = [
        {**JOY, "length": 12, "hold": 10},
        {"type": "speech", "file": "line.json", "start": 12},
    ]
    play(*events, frame_rate=rate)
    last = math.ceil(12 + 1.25 * frame_rate(bpy.context.scene))
    without = values_at([float(frame) for frame in range(1, 131)])
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "rig.blend"))
    life = {"type": "idle", "start": 2, "end": 130, "seed": 3}
    report = play(life, *events, formats=("blend", "glb"), frame_rate=rate)
    assert report["frames"] == [1, 130]
    assert [(e["type"], e["start"], e["end"]) for e in report["events"]] == [
        ("idle", 2, 130),
        ("emotion", 1, 23),
        ("speech", 12, last),
    ]
    assert all(type(event[name]) is int for event in report["events"] for name in ("start", "end"))
    assert all(event["keys"] > 10 for event in report["events"])

    in_blend = assert_the_glb_moves_as_the_blend_does(tmp_path / "out", report["frames"])
    for name in ("jawOpen", "mouthSmileLeft", *PAIR, CORRECTIVE):
        assert np.ptp([values[name] for values in in_blend["Head"]]) > 0.1, name
    for mesh, name in (("Head", "eyeBlinkLeft"), ("Lashes", "eyeBlinkLeft")):
        added = [
            now[name] - before[name]
            for now, before in zip(in_blend[mesh], without[mesh], strict=True)
        ]
        assert max(added) > 0.9, (mesh, name)  # blinks that only the layer has
    gaze = [
        now[name] - before[name]
        for now, before in zip(in_blend["Head"], without["Head"], strict=True)
        for name in now
        if name.startswith("eyeLook")
    ]
    assert max(gaze) > 0.05


def assert_the_glb_moves_as_the_blend_does(
    out: Path, span: list[int]
) -> dict[str, list[dict[str, float]]]:
    """Import both files and compare all their sliders at every frame; those of the .blend."""
    frames = [float(frame) for frame in range(span[0], span[1] + 1)]
    bpy.ops.wm.open_mainfile(filepath=str(out / "rig.blend"))
    in_blend, jaw_in_blend = values_at(frames), jaw_turns(frames)
    exact = frame_rate(bpy.context.scene)

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.gltf(filepath=str(out / "rig.glb"))
    scene = bpy.context.scene
    assert scene.render.fps_base == 1.0
    at = [float(frame / exact * scene.render.fps) for frame in frames]
    in_glb, jaw_in_glb = values_at(at), jaw_turns(at)

    for mesh, moments in in_blend.items():
        for wanted, found in zip(moments, in_glb[mesh], strict=True):
            assert found.keys() == wanted.keys()
            for name, value in wanted.items():
                assert found[name] == pytest.approx(value, abs=0.02), (mesh, name)
    np.testing.assert_allclose(jaw_in_glb, jaw_in_blend, atol=0.01)
    assert max(jaw_in_blend) == pytest.approx(0.5, abs=0.01)
    return in_blend


@pytest.mark.parametrize("rate", [25, 29.97, 59.94])
def test_times_in_the_glb_are_seconds(
    rigged: bpy.types.Object, play: Play, tmp_path: Path, rate: float
) -> None:
    report = play(JOY, formats=("glb",), frame_rate=rate)
    document = json_of_glb(tmp_path / "out" / "rig.glb")
    (animation,) = document["animations"]
    times = max(
        (document["accessors"][sampler["input"]] for sampler in animation["samplers"]),
        key=lambda accessor: accessor["count"],
    )
    first, last = report["frames"]
    exact = Fraction(rate) if rate == 25 else Fraction(round(rate) * 1000, 1001)
    assert times["count"] == last - first + 1
    assert times["min"][0] == pytest.approx(float(first / exact), rel=1e-6)
    assert times["max"][0] == pytest.approx(float(last / exact), rel=1e-6)


def test_the_blend_is_the_artist_s_file_with_keys(
    rigged: bpy.types.Object, play: Play, tmp_path: Path
) -> None:
    report = play(JOY, formats=("blend",))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "out" / "rig.blend"))
    points = [len(curve.keyframe_points) for curve in curves_by_path(the_head()).values()]
    assert sum(points) == report["keys"] > 50
    assert pose_at(the_head(), 25)[INDEX["mouthSmileLeft"]] > 0.5
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (1, 49)
    assert bpy.context.scene.frame_current == 1
    assert not (tmp_path / "out" / "rig.glb").exists()
    saved = json.loads((tmp_path / "out" / "rig.json").read_bytes())
    assert saved == report
    assert saved["status"] == "animated"
    assert saved["files"] == ["rig.blend", "rig.json"]
    assert saved["events"] == [
        {"number": 1, "type": "emotion", "start": 1, "end": 49, "keys": report["keys"]}
    ]


@pytest.mark.parametrize(
    ("said", "exact"),
    [
        (24, Fraction(24)),
        (25, Fraction(25)),
        (23.976, Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (60, Fraction(60)),
    ],
)
def test_the_frame_rate_is_set_exactly(
    rigged: bpy.types.Object, play: Play, said: float, exact: Fraction
) -> None:
    bpy.context.scene.render.fps = 15
    play({"type": "blink", "frame": 3}, frame_rate=said)
    assert frame_rate(bpy.context.scene) == exact


def test_the_range_covers_the_script_and_what_the_artist_animated(
    rigged: bpy.types.Object, play: Play
) -> None:
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 5, 250
    report = play({**JOY, "start": 3, "length": 10, "hold": 7})
    assert report["frames"] == [3, 20]
    bpy.context.scene.frame_end = 100
    assert play({**JOY, "start": 50, "length": 10, "hold": 7})["frames"] == [3, 100]
    assert play({**JOY, "start": 150, "length": 10, "hold": 7})["frames"] == [3, 167]


def test_a_new_frame_rate_is_told_where_something_was_animated(
    rigged: bpy.types.Object, play: Play
) -> None:
    turn_the_jaw()
    report = play(JOY, frame_rate=30)
    assert report["status"] == "animated_with_warnings"
    assert "frame rate was 24 and is 30" in report["messages"][0]["text"]


def test_a_take_that_ends_between_two_frames_ends_at_the_next(
    rigged: bpy.types.Object, play: Play, tmp_path: Path
) -> None:
    write_capture(tmp_path / "short.json", fps=60.0, frames=2, jawOpen=0.5)
    report = play({"type": "capture", "file": "short.json", "start": 10, "tolerance": 0})
    (event,) = report["events"]
    assert (event["start"], event["end"]) == (10, 11)
    assert type(event["end"]) is int


def test_several_heads_need_a_name(
    rigged: bpy.types.Object,
    play: Play,
    ball: Callable[..., bpy.types.Object],
    write_rig: Callable[..., object],
    tmp_path: Path,
) -> None:
    other = ball("Other", 1.0, (5.0, 0.0, 0.0))
    write_rig(other)
    with pytest.raises(RigError, match="several rigged heads: Head and Other"):
        play(JOY)
    with pytest.raises(RigError, match=r'"Othr".*Did you mean "Other"'):
        play(JOY, head="Othr")
    play(JOY, head="Eye.L", formats=("glb",))  # a part knows its head
    assert bpy.data.objects["Other"].data.shape_keys.animation_data is None
    names = {node["name"] for node in json_of_glb(tmp_path / "out" / "rig.glb")["nodes"]}
    assert {"Head", "Eye.L", "Lashes"} <= names
    assert not any("Other" in name for name in names)


def test_what_could_not_be_keyed_is_told(rigged: bpy.types.Object, play: Play) -> None:
    rigged.data.shape_keys.driver_add(value_path("mouthSmileLeft"))
    report = play(JOY)
    assert report["status"] == "animated_with_warnings"
    texts = [message["text"] for message in report["messages"]]
    assert "Event 1 (emotion): drivers of yours move mouthSmileLeft: not keyed." in texts
