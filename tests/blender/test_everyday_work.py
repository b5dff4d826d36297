# SPDX-License-Identifier: GPL-3.0-or-later
"""Duplicating, joining, renaming, appending, linking and overriding a rigged head."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from auto_rig_face.properties import head_of, is_rigged, state_of
from auto_rig_face.scene.armature import existing_armature
from auto_rig_face.scene.head import SceneOptions
from auto_rig_face.scene.mesh_access import key_positions
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.scene.sculpting import find_corrections
from auto_rig_face.vocabulary import ARKIT_SHAPES


@pytest.fixture
def rigged(head_with_eyes, write_rig):
    """A rigged ball with two eyes; the armature comes with it."""
    write_rig(head_with_eyes)
    return head_with_eyes


@pytest.fixture
def rig_file(rigged, tmp_path):
    """The rigged ball in a file of its own, and the path of that file."""
    path = str(tmp_path / "head.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return path


def family(head):
    """The head, its parts and its armature."""
    return [obj for obj in bpy.data.objects if head_of(obj) == head]


def select(objects, active):
    bpy.ops.object.select_all(action="DESELECT")
    for obj in objects:
        obj.select_set(True)
    bpy.context.view_layer.objects.active = active


def duplicate(head, *, linked=False):
    select(family(head), head)
    bpy.ops.object.duplicate(linked=linked)
    return bpy.context.view_layer.objects.active


def slider_moves(head, shown, name="jawOpen"):
    before = shown(head)
    head.data.shape_keys.key_blocks[name].value = 1.0
    moved = np.abs(shown(head) - before).max()
    head.data.shape_keys.key_blocks[name].value = 0.0
    return moved


@pytest.mark.parametrize("linked", [False, True])
def test_a_copy_of_everything_is_a_rig_of_its_own(context, rigged, shown, linked):
    copy = duplicate(rigged, linked=linked)
    assert copy != rigged
    assert is_rigged(copy)
    armature = existing_armature(context, copy)
    assert armature is not None
    assert armature != existing_armature(context, rigged)
    assert state_of(armature).head == copy
    assert len(family(copy)) == len(family(rigged)) == 4
    assert next(item.object for item in copy.modifiers if item.type == "ARMATURE") == armature
    assert slider_moves(copy, shown) > 0.01
    if not linked:
        assert copy.data.shape_keys != rigged.data.shape_keys
        eye = next(obj for obj in family(copy) if obj.name.startswith("Eye.L"))
        target = eye.data.shape_keys.animation_data.drivers[0].driver.variables[0].targets[0]
        assert target.id == copy.data.shape_keys
    remove_rig(context, copy)
    assert is_rigged(rigged)
    assert existing_armature(context, rigged) is not None
    assert set(ARKIT_SHAPES) <= set(rigged.data.shape_keys.key_blocks.keys())
    assert slider_moves(rigged, shown) > 0.01


def test_a_copy_of_a_linked_rig_is_rigged_again_on_its_own(context, rigged, write_rig):
    copy = duplicate(rigged, linked=True)
    before = key_positions(rigged.data.shape_keys.key_blocks["jawOpen"])
    write_rig(copy, size=2.0)
    assert copy.data != rigged.data
    after = key_positions(rigged.data.shape_keys.key_blocks["jawOpen"])
    np.testing.assert_array_equal(after, before)


def test_a_copy_of_the_head_alone_gets_an_armature_of_its_own(context, rigged, write_rig):
    select([rigged], rigged)
    bpy.ops.object.duplicate()
    copy = context.view_layer.objects.active
    write_rig(copy)
    mine = existing_armature(context, copy)
    assert mine is not None
    assert mine != existing_armature(context, rigged)
    ours = [item for item in copy.modifiers if item.type == "ARMATURE"]
    assert [item.object for item in ours] == [mine]
    assert [obj for obj in family(rigged) if obj.name.startswith("Eye")]


def test_renamed_objects_bones_and_groups_go_on(context, rigged, write_rig, shown):
    armature = existing_armature(context, rigged)
    rigged.name, rigged.data.name, armature.name = "Hero", "HeroMesh", "HeroRig"
    rigged.data.shape_keys.name = "HeroKeys"
    armature.data.bones["jaw"].name = "Kiefer"
    assert "Kiefer" in rigged.vertex_groups
    write_rig(rigged)
    assert existing_armature(context, rigged) == armature
    assert slider_moves(rigged, shown) > 0.01
    posed = [
        sum(g.weight for g in v.groups if rigged.vertex_groups[g.group].name in armature.data.bones)
        for v in rigged.data.vertices
    ]
    np.testing.assert_allclose(posed, 1.0, atol=1e-4)
    assert "jaw" in armature.data.bones
    assert "Kiefer" in rigged.vertex_groups


def test_the_group_of_a_renamed_bone_goes_with_the_rig(context, rigged, write_rig):
    armature = existing_armature(context, rigged)
    armature.data.bones["jaw"].name = "Kiefer"
    own = rigged.vertex_groups.new(name="Mine")
    own.add([0], 0.5, "REPLACE")
    bpy.ops.object.select_all(action="DESELECT")
    context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    ear = armature.data.edit_bones.new("Mine")
    ear.tail = (0.0, 0.0, 1.0)
    bpy.ops.object.mode_set(mode="OBJECT")
    context.view_layer.objects.active = rigged
    remove_rig(context, rigged)
    assert [group.name for group in rigged.vertex_groups] == ["Mine"]


def test_the_group_of_a_renamed_bone_is_the_artist_s_once_the_head_was_rigged_again(
    context, rigged, write_rig
):
    existing_armature(context, rigged).data.bones["jaw"].name = "Kiefer"
    write_rig(rigged)
    remove_rig(context, rigged)
    assert [group.name for group in rigged.vertex_groups] == ["Kiefer"]


def test_a_renamed_key_stays_the_artists(rigged, write_rig):
    keys = rigged.data.shape_keys.key_blocks
    keys["mouthSmileLeft"].name = "My Smile"
    mine = key_positions(keys["My Smile"])
    write_rig(rigged, size=2.0)
    np.testing.assert_array_equal(key_positions(keys["My Smile"]), mine)
    assert "mouthSmileLeft" not in keys
    write_rig(rigged, size=2.0, scene_options=SceneOptions(deleted_keys=True))
    assert "mouthSmileLeft" in keys
    np.testing.assert_array_equal(key_positions(keys["My Smile"]), mine)
    assert find_corrections(rigged) == {}


def test_deleted_keys_come_back_only_if_asked(rigged, write_rig):
    rigged.shape_key_remove(rigged.data.shape_keys.key_blocks["tongueOut"])
    for _ in range(2):
        write_rig(rigged)
        assert "tongueOut" not in rigged.data.shape_keys.key_blocks
        texts = [line.text for line in state_of(rigged).messages]
        assert any("tongueOut" in text and "deleted" in text for text in texts)
    write_rig(rigged, scene_options=SceneOptions(deleted_keys=True))
    assert set(ARKIT_SHAPES) <= set(rigged.data.shape_keys.key_blocks.keys())


def test_a_head_whose_keys_are_all_gone_gets_all_of_them_again(rigged, write_rig):
    rigged.shape_key_clear()
    write_rig(rigged)
    assert set(ARKIT_SHAPES) <= set(rigged.data.shape_keys.key_blocks.keys())


def test_what_is_joined_to_the_head_is_rigged_with_it(rigged, write_rig, ball, make_active, shown):
    hat = ball("Hat", 0.2, (0.0, 0.0, 1.2))
    select([hat, rigged], rigged)
    count, more = len(rigged.data.vertices), len(hat.data.vertices)
    bpy.ops.object.join()
    assert len(rigged.data.vertices) == count + more
    assert is_rigged(rigged)
    make_active(rigged)
    write_rig(rigged)
    assert find_corrections(rigged) == {}
    assert slider_moves(rigged, shown) > 0.01
    weights = [sum(group.weight for group in vertex.groups) for vertex in rigged.data.vertices]
    np.testing.assert_allclose(weights, 1.0, atol=1e-4)


def test_a_head_that_is_joined_to_something_is_no_rig_but_can_become_one(
    context, rigged, write_rig, ball, make_active, shown
):
    body = ball("Body", 1.1, (0.0, 0.0, -0.1))
    armature = existing_armature(context, rigged)
    select([rigged, body], body)
    bpy.ops.object.join()
    assert not is_rigged(body)
    make_active(body)
    write_rig(body)
    assert is_rigged(body)
    assert existing_armature(context, body) is not None
    assert slider_moves(body, shown) > 0.01
    assert armature.name in bpy.data.objects


def test_an_appended_head_works_on(context, rig_file, write_rig, shown, make_active):
    with bpy.data.libraries.load(rig_file) as (there, here):
        here.objects = there.objects
    for obj in here.objects:
        context.scene.collection.objects.link(obj)
    context.view_layer.update()
    head = bpy.data.objects["Head"]
    assert is_rigged(head)
    assert existing_armature(context, head) is not None
    assert slider_moves(head, shown) > 0.01
    make_active(head)
    write_rig(head)
    assert len([obj for obj in bpy.data.objects if obj.type == "ARMATURE"]) == 1


def linked_objects(context, path):
    with bpy.data.libraries.load(path, link=True) as (there, here):
        here.objects = there.objects
    for obj in here.objects:
        context.scene.collection.objects.link(obj)
    context.view_layer.update()
    return {obj.name: obj for obj in here.objects}


OPERATORS = {
    "rig_face": {},
    "edit_markers": {},
    "remove_rig": {},
    "emotion_transition": {"emotion": "joy"},
    "apply_modifiers": {},
    "idle_life": {},
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_linked_head_is_refused_in_plain_words(context, rig_file, operator):
    head = linked_objects(context, rig_file)["Head"]
    context.view_layer.objects.active = head
    with pytest.raises(RuntimeError, match=r"linked|Library|library"):
        getattr(bpy.ops.auto_rig_face, operator)(**OPERATORS[operator])


def test_an_override_can_be_animated_but_not_rigged(context, rig_file, tmp_path):
    linked = linked_objects(context, rig_file)["Head"]
    head = linked.override_hierarchy_create(context.scene, context.view_layer)
    context.view_layer.objects.active = head
    with pytest.raises(RuntimeError, match="mesh"):
        bpy.ops.auto_rig_face.emotion_transition(emotion="joy")
    head.data.override_create(remap_local_usages=True)
    assert head.override_library is not None
    assert len(family(head)) == 4
    assert bpy.ops.auto_rig_face.emotion_transition(emotion="joy") == {"FINISHED"}
    with pytest.raises(RuntimeError, match="linked"):
        bpy.ops.auto_rig_face.rig_face()
    with pytest.raises(RuntimeError, match="linked"):
        bpy.ops.auto_rig_face.remove_rig()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    head = next(obj for obj in bpy.data.objects if obj.override_library and is_rigged(obj))
    assert head.data.shape_keys.animation_data.action is not None
