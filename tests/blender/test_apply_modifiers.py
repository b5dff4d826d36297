# SPDX-License-Identifier: GPL-3.0-or-later
"""Modifiers applied on a rigged mesh: every key goes through them, and everything else stays."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from auto_rig_face.properties import state_of
from auto_rig_face.scene.mesh_access import basis_positions, key_positions
from auto_rig_face.scene.sculpting import find_corrections
from auto_rig_face.vocabulary import ARKIT_SHAPES


@pytest.fixture
def rigged(head_with_eyes, write_rig):
    """A rigged ball with eyes, a sculpted key, a material, and an animated slider."""
    head = head_with_eyes
    head.data.materials.append(bpy.data.materials.new("Skin"))
    write_rig(head, correctives=[("eyeBlinkLeft", "eyeSquintLeft")])
    key = head.data.shape_keys.key_blocks["jawOpen"]
    positions = key_positions(key)
    positions[:20] += 0.05
    key.points.foreach_set("co", positions.ravel())
    key.value = 0.25
    key.keyframe_insert("value", frame=1)
    key.slider_max = 1.5
    return head


def apply(obj, **given):
    bpy.context.view_layer.objects.active = obj
    return bpy.ops.auto_rig_face.apply_modifiers(**given)


def shown_with(obj, shown, values):
    blocks = obj.data.shape_keys.key_blocks
    for name, value in values.items():
        blocks[name].value = value
    positions = shown(obj)
    for name in values:
        blocks[name].value = 0.0
    return positions


def test_each_key_goes_through_a_subdivision(rigged, shown):
    rigged.data.shape_keys.animation_data_clear()  # the sliders are set by hand here
    rigged.data.shape_keys.key_blocks["jawOpen"].value = 0.0
    rigged.modifiers.new("Subdivision", "SUBSURF").levels = 1
    names = ("jawOpen", "mouthSmileLeft", "eyeBlinkLeft")
    before = {name: shown_with(rigged, shown, {name: 1.0}) for name in names}
    assert apply(rigged) == {"FINISHED"}
    assert [item.type for item in rigged.modifiers] == ["ARMATURE"]
    for name in names:
        after = shown_with(rigged, shown, {name: 1.0})
        np.testing.assert_allclose(after, before[name], atol=1e-5)


def test_keys_drivers_animation_groups_and_state_stay(rigged):
    keys = rigged.data.shape_keys
    names = keys.key_blocks.keys()
    pointer = keys.as_pointer()
    eye = bpy.data.objects["Eye.L"]
    driven = len(keys.animation_data.drivers)
    groups = rigged.vertex_groups.keys()
    layers = rigged.data.uv_layers.keys()
    rigged.modifiers.new("Subdivision", "SUBSURF").levels = 1
    rigged.modifiers.new("Triangulate", "TRIANGULATE")
    count = len(rigged.data.vertices)
    assert apply(rigged) == {"FINISHED"}
    keys = rigged.data.shape_keys
    assert keys.as_pointer() == pointer
    assert keys.key_blocks.keys() == names
    assert keys.key_blocks["jawOpen"].value == pytest.approx(0.25)
    assert keys.key_blocks["jawOpen"].slider_max == pytest.approx(1.5)
    assert keys.animation_data.action is not None
    assert len(keys.animation_data.drivers) == driven > 0
    target = eye.data.shape_keys.animation_data.drivers[0].driver.variables[0].targets[0]
    assert target.id == keys
    assert rigged.vertex_groups.keys() == groups
    assert rigged.data.uv_layers.keys() == layers != []
    assert [material.name for material in rigged.data.materials] == ["Skin"]
    assert len(rigged.data.vertices) > count
    assert all(len(polygon.vertices) == 3 for polygon in rigged.data.polygons)
    weights = [sum(group.weight for group in vertex.groups) for vertex in rigged.data.vertices]
    np.testing.assert_allclose(weights, 1.0, atol=1e-4)
    assert state_of(rigged).keys["jawOpen"].count == len(rigged.data.vertices)
    assert list(find_corrections(rigged)) == ["jawOpen"]


def test_rigging_again_keeps_what_was_sculpted_and_notices_nothing_else(rigged, write_rig):
    rigged.modifiers.new("Subdivision", "SUBSURF").levels = 1
    added = find_corrections(rigged)["jawOpen"]
    apply(rigged)
    carried = find_corrections(rigged)["jawOpen"]
    assert np.linalg.norm(carried, axis=1).max() == pytest.approx(
        np.linalg.norm(added, axis=1).max(), rel=0.15
    )
    write_rig(rigged)
    again = find_corrections(rigged)
    assert list(again) == ["jawOpen"]
    np.testing.assert_allclose(again["jawOpen"], carried, atol=1e-4)


def test_a_mirror_doubles_the_half_and_its_keys(head, write_rig, shown):
    for vertex in head.data.vertices:
        vertex.co.x = abs(vertex.co.x) + 0.01
    write_rig(head)
    mirror = head.modifiers.new("Mirror", "MIRROR")
    mirror.use_mirror_merge = False
    count = len(head.data.vertices)
    before = shown_with(head, shown, {"jawOpen": 1.0})
    assert apply(head, modifier="Mirror") == {"FINISHED"}
    assert len(head.data.vertices) == 2 * count
    np.testing.assert_allclose(shown_with(head, shown, {"jawOpen": 1.0}), before, atol=1e-5)


def test_what_cannot_be_kept_is_told_and_nothing_changes(rigged):
    weld = rigged.modifiers.new("Weld", "WELD")
    weld.merge_threshold = 0.12
    before = {name: key_positions(rigged.data.shape_keys.key_blocks[name]) for name in ARKIT_SHAPES}
    with pytest.raises(RuntimeError, match="another mesh"):
        apply(rigged)
    assert "Weld" in rigged.modifiers
    for name, positions in before.items():
        now = key_positions(rigged.data.shape_keys.key_blocks[name])
        np.testing.assert_array_equal(now, positions)


def test_the_armature_is_never_applied(rigged):
    armature = next(item.name for item in rigged.modifiers if item.type == "ARMATURE")
    with pytest.raises(RuntimeError, match="stays"):
        apply(rigged, modifier=armature)
    with pytest.raises(RuntimeError, match="no modifier"):
        apply(rigged)


def test_one_undo_takes_it_back(rigged):
    rigged.modifiers.new("Subdivision", "SUBSURF").levels = 1
    count, before = len(rigged.data.vertices), basis_positions(rigged.data)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.auto_rig_face.apply_modifiers("EXEC_DEFAULT", True)
    assert len(bpy.data.objects["Head"].data.vertices) > count
    bpy.ops.ed.undo()
    head = bpy.data.objects["Head"]
    assert "Subdivision" in head.modifiers
    np.testing.assert_array_equal(basis_positions(head.data), before)
