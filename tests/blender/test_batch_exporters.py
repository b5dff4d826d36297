# SPDX-License-Identifier: GPL-3.0-or-later
"""Exported files come back with the same morph targets, joints and positions, byte for byte."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from auto_rig_face.batch import exporters, importers
from auto_rig_face.batch.blend_addresses import without_addresses
from auto_rig_face.batch.fbx_times import without_times
from auto_rig_face.errors import RigError
from auto_rig_face.scene.key_drivers import follow_product
from auto_rig_face.scene.transaction import Transaction
from auto_rig_face.vocabulary import ARKIT_SHAPES, BONE_PARENTS, BONES, corrective_name

GLTF_TOOLS = Path(__file__).resolve().parents[1] / "gltf"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "gltf_validator"


@pytest.fixture(autouse=True)
def character() -> None:
    """A sphere for a head, with eyes, all shape keys, all bones and weights on two of them."""
    importers.enable_io_addons()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    armature = _armature()
    for name, x, radius in (("Head", 0.0, 1.0), ("Eyes", 0.3, 0.1)):
        bpy.ops.mesh.primitive_uv_sphere_add(radius=radius, location=(x, 0.0, 0.0))
        scene_object = bpy.context.object
        scene_object.name = scene_object.data.name = name
        bpy.ops.object.shade_smooth()
        _shape_keys(scene_object)
        _bind(scene_object, armature)
    bpy.context.view_layer.update()


def _armature() -> bpy.types.Object:
    armature = bpy.data.objects.new("Head_FaceRig", bpy.data.armatures.new("Head_FaceRig"))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for i, name in enumerate(BONES):
        bone = armature.data.edit_bones.new(name)
        bone.head, bone.tail = (0.05 * i, 0.0, 0.0), (0.05 * i, 0.0, 0.2)
        parent = BONE_PARENTS[name]
        bone.parent = armature.data.edit_bones[parent] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def _shape_keys(scene_object: bpy.types.Object) -> None:
    scene_object.shape_key_add(name="Basis")
    for i, name in enumerate(ARKIT_SHAPES):
        key = scene_object.shape_key_add(name=name)
        key.data[i].co.x += 0.1


def _bind(scene_object: bpy.types.Object, armature: bpy.types.Object) -> None:
    count = len(scene_object.data.vertices)
    groups = {name: scene_object.vertex_groups.new(name=name) for name in BONES}
    groups["head"].add(range(count), 0.75, "REPLACE")
    groups["jaw"].add(range(count), 0.25, "REPLACE")
    scene_object.parent = armature
    scene_object.modifiers.new("Face Rig", "ARMATURE").object = armature


def _keys(scene_object: bpy.types.Object) -> list[str]:
    return [block.name for block in scene_object.data.shape_keys.key_blocks][1:]


def _json_of_glb(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    document: dict[str, Any] = json.loads(data[20 : 20 + length])
    return document


def _world(scene_object: bpy.types.Object, key: str | None = None) -> np.ndarray:
    blocks = scene_object.data.shape_keys.key_blocks
    points = blocks[key].data if key else blocks[0].data
    return np.array([scene_object.matrix_world @ point.co for point in points])


def _same_point_sets(one: np.ndarray, other: np.ndarray, tolerance: float = 1e-5) -> bool:
    """Vertices may be split and reordered, but none may have moved."""
    distances = np.linalg.norm(one[:, None] - other[None], axis=2)
    return bool(max(distances.min(axis=0).max(), distances.min(axis=1).max()) <= tolerance)


@pytest.mark.parametrize("kind", ["glb", "fbx", "blend"])
def test_a_file_comes_back_with_the_same_morph_targets_and_joints(
    tmp_path: Path, kind: str
) -> None:
    before = {name: _world(bpy.data.objects[name]) for name in ("Head", "Eyes")}
    open_jaw = _world(bpy.data.objects["Head"], "jawOpen")
    path = tmp_path / f"a.{kind}"
    exporters.export(kind, path)
    importers.open_file(path)
    armatures = [item for item in bpy.data.objects if item.type == "ARMATURE"]
    assert len(armatures) == 1
    assert {bone.name for bone in armatures[0].data.bones} == set(BONES)
    parents = {b.name: b.parent.name if b.parent else None for b in armatures[0].data.bones}
    assert parents == dict(BONE_PARENTS)
    for name, points in before.items():
        scene_object = bpy.data.objects[name]
        assert _keys(scene_object) == list(ARKIT_SHAPES)
        assert {group.name for group in scene_object.vertex_groups} >= {"head", "jaw"}
        assert _same_point_sets(_world(scene_object), points)
    assert _same_point_sets(_world(bpy.data.objects["Head"], "jawOpen"), open_jaw)


@pytest.mark.parametrize("kind", ["glb", "fbx"])
def test_correctives_come_along_after_the_arkit_names(tmp_path: Path, kind: str) -> None:
    head = bpy.data.objects["Head"]
    name = corrective_name("eyeBlinkLeft", "eyeSquintLeft")
    key = head.shape_key_add(name=name)
    key.data[7].co.z += 0.1
    with Transaction() as transaction:
        follow_product(head, name, head, ("eyeBlinkLeft", "eyeSquintLeft"), transaction)
    corrected = _world(head, name)
    path = tmp_path / f"a.{kind}"
    exporters.export(kind, path)
    importers.open_file(path)
    assert _keys(bpy.data.objects["Eyes"]) == list(ARKIT_SHAPES)
    assert _keys(bpy.data.objects["Head"]) == [*ARKIT_SHAPES, name]
    assert _same_point_sets(_world(bpy.data.objects["Head"], name), corrected)


def test_gltf_names_its_morph_targets_where_other_tools_look(tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    exporters.export("glb", path)
    document = _json_of_glb(path)
    meshes = {mesh["name"]: mesh for mesh in document["meshes"]}
    assert meshes["Head"]["extras"]["targetNames"] == list(ARKIT_SHAPES)
    assert len(meshes["Head"]["primitives"][0]["targets"]) == len(ARKIT_SHAPES)
    (skin,) = document["skins"]
    assert {document["nodes"][joint]["name"] for joint in skin["joints"]} == set(BONES)


def test_gltf_passes_the_khronos_validator(tmp_path: Path) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("not run: the Khronos validator needs Node.js and npm, which are not here")
    _install_validator(npm)
    path = tmp_path / "a.glb"
    exporters.export("glb", path)
    command = [node, str(GLTF_TOOLS / "validate.mjs"), str(CACHE), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    issues = json.loads(done.stdout)["issues"]
    # Blender keeps skinned meshes below their armature; their joints place them all the same.
    serious = [
        entry
        for entry in issues["messages"]
        if entry["severity"] < 2 and entry["code"] != "NODE_SKINNED_MESH_NON_ROOT"
    ]
    assert not serious, serious
    assert issues["numErrors"] == 0


def _install_validator(npm: str) -> None:
    """Once, by the lock file; afterwards no network is needed."""
    lock = GLTF_TOOLS / "package-lock.json"
    installed = CACHE / "package-lock.json"
    if installed.is_file() and installed.read_bytes() == lock.read_bytes():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    shutil.copy(GLTF_TOOLS / "package.json", CACHE)
    staged = CACHE / "npm-shrinkwrap.json"
    shutil.copy(lock, staged)
    command = [npm, "ci", "--no-audit", "--no-fund"]
    done = subprocess.run(
        command, cwd=CACHE, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"the Khronos validator can't be installed: {done.stderr}"
    staged.unlink()
    shutil.copy(lock, installed)


def test_what_does_not_belong_is_left_out_of_exchange_files(tmp_path: Path) -> None:
    exporters.export("glb", tmp_path / "a.glb", {"Eyes"})
    names = {mesh["name"] for mesh in _json_of_glb(tmp_path / "a.glb")["meshes"]}
    assert names == {"Head"}
    exporters.export("blend", tmp_path / "a.blend", {"Eyes"})
    importers.open_file(tmp_path / "a.blend")
    assert "Eyes" in bpy.data.objects


def test_custom_normals_survive_gltf(tmp_path: Path) -> None:
    mesh = bpy.data.objects["Eyes"].data
    custom = np.tile([0.0, 0.6, 0.8], (len(mesh.vertices), 1))
    mesh.normals_split_custom_set_from_vertices(custom.tolist())
    exporters.export("glb", tmp_path / "a.glb")
    importers.open_file(tmp_path / "a.glb")
    back = np.array([item.vector for item in bpy.data.objects["Eyes"].data.corner_normals])
    np.testing.assert_allclose(back, np.tile([0.0, 0.6, 0.8], (len(back), 1)), atol=1e-2)


def test_modifiers_of_the_artist_do_not_cost_the_shape_keys(tmp_path: Path) -> None:
    bpy.data.objects["Head"].modifiers.new("Smoother", "SUBSURF").levels = 1
    for kind in ("glb", "fbx"):
        exporters.export(kind, tmp_path / f"a.{kind}")
    exporters.export("blend", tmp_path / "a.blend")
    for kind in ("glb", "fbx"):
        importers.open_file(tmp_path / f"a.{kind}")
        assert _keys(bpy.data.objects["Head"]) == list(ARKIT_SHAPES)
    importers.open_file(tmp_path / "a.blend")
    assert "Smoother" in bpy.data.objects["Head"].modifiers


def test_the_same_scene_gives_the_same_bytes(tmp_path: Path) -> None:
    for kind in ("glb", "fbx", "blend"):
        exporters.export(kind, tmp_path / f"one.{kind}")
        exporters.export(kind, tmp_path / f"other.{kind}")
        assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"other.{kind}").read_bytes()


def _decorate() -> None:
    """Something of all that hangs on pointers: materials, pictures, curves, drivers, properties."""
    head = bpy.data.objects["Head"]
    material = bpy.data.materials.new("Skin")
    material.use_nodes = True
    picture = bpy.data.images.new("Freckles", 8, 8)
    picture.pixels[:] = [0.25] * len(picture.pixels)
    picture.pack()
    texture = material.node_tree.nodes.new("ShaderNodeTexImage")
    texture.image = picture
    shader = material.node_tree.nodes["Principled BSDF"]
    material.node_tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    for name in ("Head", "Eyes"):
        bpy.data.objects[name].data.materials.append(material)
    keys = head.data.shape_keys
    keys.key_blocks["jawOpen"].keyframe_insert("value", frame=3)
    driver = keys.key_blocks["mouthClose"].driver_add("value").driver
    variable = driver.variables.new()
    variable.targets[0].id_type, variable.targets[0].id = "KEY", keys
    variable.targets[0].data_path = 'key_blocks["jawOpen"].value'
    driver.expression = "var"
    head["note"] = {"list": [1.0, 2.0], "words": "text", "object": bpy.data.objects["Eyes"]}
    bpy.data.texts.new("Read me").write("First line\nSecond line")
    bone = bpy.data.objects["Head_FaceRig"].pose.bones["jaw"]
    bone.constraints.new("COPY_ROTATION").target = bpy.data.objects["Eyes"]
    bpy.data.collections.new("Faces").objects.link(head)


def test_a_blend_without_addresses_holds_the_same(tmp_path: Path) -> None:
    """Opened and saved again, both come to the same bytes: nothing was lost on the way."""
    _decorate()
    path = tmp_path / "a.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, compress=False)
    raw = path.read_bytes()
    assert without_addresses(raw) != raw
    again = []
    for data in (raw, without_addresses(raw)):
        path.write_bytes(data)
        importers.open_file(path)
        driver = bpy.data.objects["Head"].data.shape_keys.animation_data.drivers[0].driver
        assert driver.variables[0].targets[0].id.name == "Key"
        assert bpy.data.objects["Head"]["note"]["object"] == bpy.data.objects["Eyes"]
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "b.blend"), copy=True, compress=False)
        again.append(without_addresses((tmp_path / "b.blend").read_bytes()))
    assert again[0] == again[1]


def test_other_files_are_left_as_they_are() -> None:
    for data in (b"", b"BLENDER-v405", b"BLENDER_v279 and more", b"\x28\xb5\x2f\xfd" * 9):
        assert without_addresses(data) == data


def test_fbx_times_do_not_depend_on_the_clock(tmp_path: Path) -> None:
    from io_scene_fbx import export_fbx_bin

    header = export_fbx_bin.fbx_header_elements
    contents = []
    for year in (1999, 2031):
        moment = dt.datetime(year, 7, 8, 9, 10, 11, 123000, tzinfo=dt.UTC)
        export_fbx_bin.fbx_header_elements = lambda root, data, time=moment: header(
            root, data, time
        )
        try:
            bpy.ops.export_scene.fbx(filepath=str(tmp_path / "a.fbx"))
        finally:
            export_fbx_bin.fbx_header_elements = header
        contents.append((tmp_path / "a.fbx").read_bytes())
    assert contents[0] != contents[1]
    assert without_times(contents[0]) == without_times(contents[1])


@pytest.mark.parametrize("kind", ["glb", "fbx", "blend"])
def test_a_failed_write_names_the_file_and_leaves_no_other(tmp_path: Path, kind: str) -> None:
    (tmp_path / "gone").write_text("a file where a folder should be")
    with pytest.raises(RigError, match="gone"):
        exporters.export(kind, tmp_path / "gone" / f"a.{kind}")
    assert [path.name for path in tmp_path.iterdir()] == ["gone"]
