# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole batch on the template head: what is written, where, and that it can be repeated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from auto_rig_face.animation.standards import STANDARDS
from auto_rig_face.batch import importers
from auto_rig_face.batch.registration import ensure_registered
from auto_rig_face.models.assets import asset_path
from auto_rig_face.rigging.head import Role
from auto_rig_face.rigging.template import load_template
from auto_rig_face.vocabulary import ARKIT_SHAPES, BONES, LANDMARKS

SCRIPT = Path(__file__).resolve().parents[2] / "batch" / "rig.py"
TIME_LIMIT = 240  # seconds for a run; a head of this size takes less than ten


# Several heads in processes of their own, perhaps on a machine that does other things too.
pytestmark = pytest.mark.timeout(2 * TIME_LIMIT + 60)


@pytest.fixture(autouse=True)
def clean() -> None:
    ensure_registered()
    importers.enable_io_addons()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def _add_head(name: str = "Head", x: float = 0.0) -> bpy.types.Object:
    """The template's human head, 6 cm between the eyes, facing -Y; its eyes are own objects."""
    head = load_template(asset_path("template.npz")).head
    points = np.asarray(head.vertices)[:, [0, 2, 1]] * [0.06, -0.06, 0.06]
    role = np.asarray(head.role)
    eyes = np.isin(role, (Role.EYE_L, Role.EYE_R))
    _add_part(f"{name} eyes", points, head.triangles, eyes, x)
    return _add_part(name, points, head.triangles, ~eyes, x)


def _add_part(
    name: str, points: np.ndarray, triangles: np.ndarray, wanted: np.ndarray, x: float
) -> bpy.types.Object:
    row = np.cumsum(wanted) - 1
    mesh = bpy.data.meshes.new(name)
    kept = wanted[triangles].all(axis=1)
    mesh.from_pydata(points[wanted].tolist(), [], row[triangles[kept]].tolist())
    mesh.shade_smooth()
    scene_object = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(scene_object)
    scene_object.location.x = x
    bpy.context.view_layer.update()
    return scene_object


def _add_ball(name: str, x: float) -> None:
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.1, location=(x, 0.0, 0.0))
    bpy.context.object.name = name


def _save(path: Path) -> Path:
    writers: dict[str, Callable[..., object]] = {
        ".blend": bpy.ops.wm.save_as_mainfile,
        ".glb": bpy.ops.export_scene.gltf,
        ".fbx": bpy.ops.export_scene.fbx,
        ".obj": bpy.ops.wm.obj_export,
    }
    writers[path.suffix](filepath=str(path))
    return path


def _rig(*arguments: object, out: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, in processes of its own."""
    words = [str(word) for word in (*arguments, "--out", out)]
    return subprocess.run(
        [sys.executable, str(SCRIPT), *words],
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "random"},
    )


def _report(out: Path, stem: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((out / f"{stem}.json").read_bytes())
    return report


def _without_seconds(path: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(path.read_bytes())
    report.pop("seconds")
    for head in report.get("heads", ()):
        head.pop("seconds")
    return report


def test_every_input_kind_gives_the_same_bytes_in_every_run(tmp_path: Path) -> None:
    _add_head()
    inputs = [_save(tmp_path / f"from_{kind}.{kind}") for kind in ("obj", "glb", "fbx")]
    runs = []
    for name in ("one", "other"):
        out = tmp_path / name
        done = _rig(*inputs, "--format", "blend,glb,fbx", "--jobs", "2", out=out)
        # 0 or 1: how good the rigs are is not what is asked here, only whether they are there.
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        runs.append(out)
    names = sorted(path.name for path in runs[0].iterdir())
    assert names == sorted(path.name for path in runs[1].iterdir())
    assert len(names) == 3 * 5 + 1
    for name in names:
        one, other = runs[0] / name, runs[1] / name
        if one.suffix == ".json":
            assert _without_seconds(one) == _without_seconds(other), name
        else:
            assert one.read_bytes() == other.read_bytes(), name
    _landmarks_agree(runs[0])


def _landmarks_agree(out: Path) -> None:
    """The same head in three files: its landmarks differ by the files' axes and units alone."""
    points = {}
    for kind in ("obj", "glb", "fbx"):
        entries = _report(out, f"from_{kind}")["landmarks"]
        assert {entry["name"] for entry in entries} == set(LANDMARKS)
        assert all(0.0 <= entry["confidence"] <= 1.0 for entry in entries)
        points[kind] = np.array([entry["xyz"] for entry in entries])
    # Metres; the files round positions differently, which moves a lid by some tenths of a mm.
    np.testing.assert_allclose(points["obj"], points["glb"], atol=1e-3)
    np.testing.assert_allclose(points["fbx"] / 100.0, points["glb"], atol=1e-3)
    named = dict(zip((entry["name"] for entry in entries), points["glb"], strict=True))
    assert named["eye_outer_L"][0] > named["eye_outer_R"][0]  # glTF: +X is the character's left
    assert named["brow_mid_L"][1] > named["chin"][1]  # +Y up
    assert named["nose_tip"][2] > named["ala_L"][2]  # +Z to the front


def test_two_heads_and_a_ball_in_one_blend(tmp_path: Path) -> None:
    _add_head("Anna")
    _add_head("Bert", x=1.0)
    _add_ball("Ball", 2.0)
    path = _save(tmp_path / "cast.blend")
    before = path.read_bytes()
    out = tmp_path / "out"
    done = _rig(path, "--format", "blend,glb", "--jobs", "2", out=out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert path.read_bytes() == before
    for name, other in (("Anna", "Bert"), ("Bert", "Anna")):
        report = _report(out, f"cast_{name}")
        assert report["status"] in {"rigged", "rigged_with_warnings"}
        assert report["input"]["object"] == name
        importers.open_file(out / f"cast_{name}.blend")
        armature = bpy.data.objects[f"{name}_FaceRig"]
        assert {bone.name for bone in armature.data.bones} == set(BONES)
        keys = bpy.data.objects[name].data.shape_keys.key_blocks
        assert {key.name for key in keys} >= set(ARKIT_SHAPES)
        assert bpy.data.objects[other].data.shape_keys is None
        importers.open_file(out / f"cast_{name}.glb")
        assert name in bpy.data.objects
        assert other not in bpy.data.objects


def test_one_object_can_be_named(tmp_path: Path) -> None:
    _add_head("Anna")
    _add_ball("Ball", 2.0)
    path = _save(tmp_path / "cast.blend")
    out = tmp_path / "out"
    done = _rig(path, "--format", "glb", "--object", "Anna", "--strict", out=out)
    report = _report(out, "cast")
    assert done.returncode == (0 if report["status"] == "rigged" else 1)
    assert report["input"]["object"] == "Anna"
    assert report["certificate"]["metrics"]
    assert all(
        set(metric) == {"name", "value", "limit", "unit", "passed", "place", "note"}
        for metric in report["certificate"]["metrics"]
    )
    assert report["seconds"]["total"] > 0.0
    assert (out / "cast.png").read_bytes().startswith(b"\x89PNG")

    done = _rig(path, "--format", "glb", "--object", "Carl", out=out)
    assert done.returncode == 1
    report = _report(out, "cast")
    assert report["status"] == "failed"
    assert "Choose one of: Anna, Anna eyes, Ball" in report["messages"][0]["text"]


def test_keys_of_standards_are_in_the_results(tmp_path: Path) -> None:
    _add_head()
    path = _save(tmp_path / "head.glb")
    out = tmp_path / "out"
    asked = ("--format", "glb,fbx", "--standard", "vrm,mmd,unity", "--rename-keys")
    done = _rig(path, *asked, out=out)
    assert done.returncode == 0, done.stderr
    expected = {n for i in ("vrm", "mmd", "unity") for n in STANDARDS[i].targets}
    for kind in ("glb", "fbx"):
        importers.open_file(out / f"head.{kind}")
        keys = set(bpy.data.objects["Head"].data.shape_keys.key_blocks.keys())
        assert expected <= keys
        assert not keys & set(ARKIT_SHAPES)
    options = _report(out, "head")["options"]
    assert options["standards"] == ["vrm", "unity", "mmd"]
    assert options["rename_keys"]


def _lump(head: bpy.types.Object) -> np.ndarray:
    """(N, 3) how far jawOpen is off the Basis."""
    keys = head.data.shape_keys
    places = np.empty((2, 3 * len(head.data.vertices)), np.float32)
    for row, name in zip(places, ("jawOpen", "Basis"), strict=True):
        keys.key_blocks[name].points.foreach_get("co", row)
    return (places[0] - places[1]).reshape(-1, 3)


def test_a_rigged_head_is_rigged_again_as_is_asked(tmp_path: Path) -> None:
    _add_head()
    first = tmp_path / "first"
    done = _rig(_save(tmp_path / "head.blend"), "--format", "blend", out=first)
    assert done.returncode in {0, 1}, done.stderr
    found = {mark["name"]: mark["xyz"] for mark in _report(first, "head")["landmarks"]}

    # Somebody works on it: sculpts on a key, deletes one, has one of their own, drags a marker.
    bpy.ops.wm.open_mainfile(filepath=str(first / "head.blend"))
    head = bpy.data.objects["Head"]
    bpy.context.view_layer.objects.active = head
    before, keys = _lump(head), head.data.shape_keys.key_blocks
    top = int(np.argmax(np.abs(before).sum(axis=1)))
    keys["jawOpen"].points[top].co.x += 0.006
    head.shape_key_remove(keys["cheekPuff"])
    keys["mouthPucker"].name = "Mine"
    head.shape_key_add(name="mouthPucker")
    bpy.ops.auto_rig_face.edit_markers()
    chin = next(obj for obj in head.children if "chin" in obj.name.lower())
    chin.location.z -= 0.012
    worked = _save(tmp_path / "worked.blend")

    kept = tmp_path / "kept"
    assert _rig(worked, "--format", "blend", out=kept).returncode in {0, 1}
    marks = {mark["name"]: mark["xyz"] for mark in _report(kept, "worked")["landmarks"]}
    assert np.linalg.norm(np.subtract(marks["chin"], found["chin"])) > 0.005
    bpy.ops.wm.open_mainfile(filepath=str(kept / "worked.blend"))
    head = bpy.data.objects["Head"]
    assert _lump(head)[top, 0] - before[top, 0] > 0.004
    assert "cheekPuff" not in head.data.shape_keys.key_blocks

    anew = tmp_path / "anew"
    asked = ("--sculpted-keys", "discard", "--deleted-keys", "--find-face-again")
    done = _rig(worked, "--format", "blend", *asked, "--same-name", "replace", out=anew)
    assert done.returncode in {0, 1}, done.stderr
    marks = {mark["name"]: mark["xyz"] for mark in _report(anew, "worked")["landmarks"]}
    assert marks.keys() == found.keys()
    for name, place in found.items():
        np.testing.assert_allclose(marks[name], place, atol=1e-5)
    bpy.ops.wm.open_mainfile(filepath=str(anew / "worked.blend"))
    keys = bpy.data.objects["Head"].data.shape_keys.key_blocks
    assert {"cheekPuff", "Mine", "mouthPucker"} <= set(keys.keys())
    assert "mouthPucker.rig" not in keys
    np.testing.assert_allclose(_lump(bpy.data.objects["Head"]), before, atol=1e-5)
    options = _report(anew, "worked")["options"]
    assert (options["sculpted_keys"], options["find_again"]) == ("DISCARD", True)


def test_what_cannot_be_rigged_is_said_for_each_file(tmp_path: Path) -> None:
    _add_ball("Ball", 0.0)
    ball = _save(tmp_path / "ball.glb")
    corrupt = tmp_path / "corrupt.glb"
    corrupt.write_bytes(ball.read_bytes()[:-100])
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Nothing", None))
    empty = _save(tmp_path / "empty.blend")
    truncated = tmp_path / "truncated.blend"
    truncated.write_bytes(empty.read_bytes()[:-3000])
    out = tmp_path / "out"
    done = _rig(tmp_path, "--format", "glb", "--jobs", "2", out=out)
    assert done.returncode == 1
    texts = {}
    for path in (ball, corrupt, empty, truncated):
        report = _report(out, path.stem)
        assert report["status"] == ("refused" if path == ball else "failed")
        assert report["certificate"] is None
        assert not (out / f"{path.stem}.glb").exists()
        assert (out / f"{path.stem}.png").read_bytes().startswith(b"\x89PNG")
        texts[path.stem] = report["messages"][0]["text"]
    assert "No face was found" in texts["ball"]
    assert "corrupt.glb is damaged" in texts["corrupt"]
    assert "no visible mesh" in texts["empty"]
    assert "empty.blend" in texts["empty"]
    assert "truncated.blend is damaged" in texts["truncated"]
    run = json.loads((out / "report.json").read_bytes())
    assert run["totals"]["heads"] == 4
    assert not run["all_rigged"]
    assert not list(out.glob(".*"))


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="not run: needs a POSIX system")
def test_a_disk_that_fills_up_keeps_what_was_there(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: the same call fails."""
    _add_head()
    path = _save(tmp_path / "head.obj")
    out = tmp_path / "out"
    out.mkdir()
    command = f"ulimit -f 100; exec {sys.executable} {SCRIPT} {path} --out {out} --format glb"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=TIME_LIMIT, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert _report(out, "head")["status"] == "failed"
    assert str(out) in _report(out, "head")["messages"][-1]["text"]
    assert not (out / "head.glb").exists()
    assert not list(out.glob(".*"))
