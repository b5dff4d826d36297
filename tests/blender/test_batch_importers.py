# SPDX-License-Identifier: GPL-3.0-or-later
"""Files into the scene and back to the file's own coordinates; damaged files."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from auto_rig_face.batch import importers
from auto_rig_face.batch.registration import ensure_registered
from auto_rig_face.batch.scene_meshes import scene_meshes
from auto_rig_face.errors import RigError

# A lopsided tetrahedron: no axis or side can be mistaken for another.
POINTS = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 4.0]])
FACES = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]


@pytest.fixture(autouse=True)
def clean() -> None:
    ensure_registered()
    importers.enable_io_addons()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def _object(name: str = "Head") -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(POINTS.tolist(), [], FACES)
    scene_object = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(scene_object)
    scene_object.location = (1.0, 2.0, 3.0)
    scene_object.rotation_euler = (0.3, 0.5, 0.7)
    bpy.context.view_layer.update()
    return scene_object


def _save(path: Path) -> Path:
    """The lopsided tetrahedron as a file of the kind of ``path``."""
    _object()
    writers: dict[str, Callable[..., object]] = {
        ".blend": bpy.ops.wm.save_as_mainfile,
        ".glb": bpy.ops.export_scene.gltf,
        ".gltf": bpy.ops.export_scene.gltf,
        ".fbx": bpy.ops.export_scene.fbx,
        ".obj": bpy.ops.wm.obj_export,
    }
    extra = {".gltf": {"export_format": "GLTF_SEPARATE"}, ".glb": {"export_format": "GLB"}}
    writers[path.suffix](filepath=str(path), **extra.get(path.suffix, {}))
    return path


def _points_file(imported: importers.Imported) -> np.ndarray:
    (mesh,) = scene_meshes(bpy.context)
    return np.unique(np.round(imported.to_file(mesh.vertices), 4), axis=0)


def test_obj_coordinates_are_the_files_own(tmp_path: Path) -> None:
    path = tmp_path / "a.obj"
    rows = [f"v {x} {y} {z}" for x, y, z in POINTS]
    rows += ["f " + " ".join(str(i + 1) for i in face) for face in FACES]
    path.write_text("\n".join(rows))
    imported = importers.open_file(path)
    np.testing.assert_allclose(_points_file(imported), np.unique(POINTS, axis=0), atol=1e-4)


def test_gltf_coordinates_are_the_files_own(tmp_path: Path) -> None:
    scene_object = _object()
    world = np.array([scene_object.matrix_world @ v.co for v in scene_object.data.vertices])
    path = tmp_path / "a.glb"
    bpy.ops.export_scene.gltf(filepath=str(path), export_format="GLB", export_yup=True)
    imported = importers.open_file(path)
    expected = np.unique(np.round(world[:, [0, 2, 1]] * [1, 1, -1], 4), axis=0)
    np.testing.assert_allclose(_points_file(imported), expected, atol=2e-4)


@pytest.mark.parametrize(
    ("options", "file_from_world"),
    [
        ({}, 100.0 * np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])),
        (
            {"axis_forward": "Y", "axis_up": "Z"},
            100.0 * np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ),
        (
            {"apply_scale_options": "FBX_SCALE_UNITS"},
            np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]),
        ),
    ],
    ids=["y up, centimetres", "z up", "y up, metres"],
)
def test_fbx_coordinates_are_the_files_own(
    tmp_path: Path, options: dict[str, str], file_from_world: np.ndarray
) -> None:
    scene_object = _object()
    world = np.array([scene_object.matrix_world @ v.co for v in scene_object.data.vertices])
    path = tmp_path / "a.fbx"
    bpy.ops.export_scene.fbx(filepath=str(path), **options)
    imported = importers.open_file(path)
    expected = np.unique(np.round(world @ file_from_world.T, 4), axis=0)
    np.testing.assert_allclose(_points_file(imported), expected, rtol=1e-4, atol=2e-3)


def test_blend_coordinates_are_blenders(tmp_path: Path) -> None:
    scene_object = _object()
    world = np.array([scene_object.matrix_world @ v.co for v in scene_object.data.vertices])
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"), compress=True)
    imported = importers.open_file(tmp_path / "a.blend")
    expected = np.unique(np.round(world, 4), axis=0)
    np.testing.assert_allclose(_points_file(imported), expected, atol=2e-4)


@pytest.mark.parametrize("suffix", [".blend", ".glb", ".gltf", ".fbx", ".obj"])
def test_nothing_of_the_scene_before_is_left(tmp_path: Path, suffix: str) -> None:
    path = _save(tmp_path / f"a{suffix}")
    _object("Intruder")
    importers.open_file(path)
    assert [mesh.name for mesh in scene_meshes(bpy.context)] in (["Head"], ["a"])


@pytest.mark.parametrize("suffix", [".blend", ".glb", ".gltf", ".fbx"])
@pytest.mark.parametrize("keep", [0.1, 0.6, 0.97])
def test_a_truncated_file_is_named(tmp_path: Path, suffix: str, keep: float) -> None:
    path = _save(tmp_path / f"broken{suffix}")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(RigError) as caught:
        importers.open_file(path)
    assert "broken" in caught.value.problem
    assert caught.value.remedy


def test_a_truncated_compressed_blend_is_named(tmp_path: Path) -> None:
    _object()
    path = tmp_path / "broken.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(RigError, match="broken"):
        importers.open_file(path)


@pytest.mark.parametrize("suffix", [".blend", ".glb", ".gltf", ".fbx"])
def test_a_file_of_something_else_is_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"odd{suffix}"
    path.write_bytes(b"This is a letter, not a head. " * 40)
    with pytest.raises(RigError, match="odd"):
        importers.open_file(path)


def test_a_glb_whose_contents_are_scrambled_is_named(tmp_path: Path) -> None:
    path = _save(tmp_path / "broken.glb")
    data = bytearray(path.read_bytes())
    (length,) = struct.unpack_from("<I", data, 12)
    data[20 : 20 + length] = b"#" * length
    path.write_bytes(data)
    with pytest.raises(RigError, match=r"broken\.glb"):
        importers.open_file(path)


def test_a_gltf_without_its_buffer_is_named(tmp_path: Path) -> None:
    path = _save(tmp_path / "alone.gltf")
    (tmp_path / "alone.bin").unlink()
    with pytest.raises(RigError, match=r"alone\.gltf"):
        importers.open_file(path)


def test_missing_empty_and_unknown_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"gone\.obj can't be read"):
        importers.open_file(tmp_path / "gone.obj")
    (tmp_path / "a.obj").touch()
    with pytest.raises(RigError, match=r"a\.obj is empty"):
        importers.open_file(tmp_path / "a.obj")
    with pytest.raises(RigError, match="of a kind"):
        importers.open_file(tmp_path / "a.stl")
