# SPDX-License-Identifier: GPL-3.0-or-later
"""A standard's keys in exchange files: every name is there, and moves what its recipe says."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
from auto_rig_face.animation.standards import STANDARDS
from auto_rig_face.batch import exporters, importers
from auto_rig_face.properties import state_of
from auto_rig_face.standards import add_standard
from numpy.typing import NDArray
from scipy.spatial import cKDTree

CORRECTIVES = [("eyeBlinkLeft", "eyeSquintLeft"), ("mouthFunnel", "mouthPucker")]
# A glTF's or FBX's floats, in head radii; the smallest share of a shape moves far more.
NEAR = 2e-5


@pytest.fixture
def rigged(head_with_eyes, write_rig):
    """A head with two eyes, correctives, and an armature."""
    importers.enable_io_addons()
    write_rig(head_with_eyes, correctives=CORRECTIVES)
    return head_with_eyes


def world(obj: bpy.types.Object, key: bpy.types.ShapeKey) -> NDArray[np.float64]:
    """Where a key puts the object's vertices."""
    positions = np.empty(len(key.points) * 3, dtype=np.float32)
    key.points.foreach_get("co", positions)
    matrix = np.array(obj.matrix_world)
    return positions.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def motions(obj: bpy.types.Object) -> tuple[NDArray, dict[str, NDArray]]:
    """Vertices at rest, and how far each key moves them, in world space."""
    rest = world(obj, obj.data.shape_keys.reference_key)
    keys = list(obj.data.shape_keys.key_blocks)[1:]
    return rest, {key.name: world(obj, key) - rest for key in keys}


def of_recipe(before: dict[str, NDArray], recipe: dict[str, float]) -> NDArray:
    """What the rig's keys and its correctives come to, from its keys of before."""
    values = dict(recipe)
    for first, second in CORRECTIVES:
        values[f"{first}_{second}"] = recipe.get(first, 0.0) * recipe.get(second, 0.0)
    still = np.zeros_like(next(iter(before.values())))
    return sum((value * before[name] for name, value in values.items() if name in before), still)


def arrive(kind: str, path: Path) -> None:
    exporters.export(kind, path)
    importers.open_file(path)
    bpy.context.view_layer.update()


CASES = [(name, "ADD") for name in STANDARDS] + [("unity", "RENAME"), ("metahuman", "RENAME")]


@pytest.mark.parametrize("kind", ["glb", "fbx"])
@pytest.mark.parametrize(("identifier", "mode"), CASES)
def test_names_and_shapes_arrive(context, rigged, tmp_path, identifier, mode, kind):
    before = {obj.name: motions(obj) for obj in context.scene.objects if has_keys(obj)}
    add_standard(context, rigged, identifier, mode)
    path = tmp_path / f"a.{kind}"
    arrive(kind, path)
    standard = STANDARDS[identifier]
    found = set()
    for name, (rest, rig) in before.items():
        obj = bpy.data.objects[name]
        rest_now, keys = motions(obj)
        distance, nearest = cKDTree(rest).query(rest_now)
        assert distance.max() < NEAR
        moved = 0
        for target, recipe in standard.targets.items():
            expected = of_recipe(rig, dict(recipe))
            if target not in keys:
                assert np.abs(expected).max() < NEAR, (name, target)
                continue
            moved += np.abs(expected).max() > 100 * NEAR
            np.testing.assert_allclose(keys[target], expected[nearest], atol=NEAR, err_msg=target)
        found |= set(keys)
        assert moved or name != "Head"
    assert set(standard.targets) <= set(motions(bpy.data.objects["Head"])[1])
    own = set(standard.renames.values())
    assert found & own == (set() if mode == "RENAME" else own)


def has_keys(obj: bpy.types.Object) -> bool:
    return obj.type == "MESH" and obj.data.shape_keys is not None


@pytest.mark.parametrize("kind", ["glb", "fbx"])
def test_japanese_names_are_utf8_in_the_file(context, rigged, tmp_path, kind):
    add_standard(context, rigged, "mmd")
    path = tmp_path / f"a.{kind}"
    exporters.export(kind, path)
    data = path.read_bytes()
    for name in STANDARDS["mmd"].targets:
        escaped = name.encode("ascii", "backslashreplace")
        assert name.encode() in data or escaped in data, name


def test_a_blend_file_keeps_what_it_knows(context, rigged, tmp_path):
    add_standard(context, rigged, "vrm")
    add_standard(context, rigged, "unity", "RENAME")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    state = state_of(bpy.data.objects["Head"])
    assert {item.name for item in state.standards} == {"vrm", "unity"}
    assert state.renamed
    assert state.keys["JawOpen"].original == "jawOpen"
