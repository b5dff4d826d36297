# SPDX-License-Identifier: GPL-3.0-or-later
"""On-face controls: bones that drive the shape keys of a rigged head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import bpy
import numpy as np
import pytest
from auto_rig_face.animation.control_map import COLLECTION, CONTROL, CONTROLS, HALF_AXES, LOOSE
from auto_rig_face.batch import exporters, importers
from auto_rig_face.errors import RigError
from auto_rig_face.properties import ATTRIBUTE
from auto_rig_face.rigging.data import RigOptions
from auto_rig_face.scene.control_armature import UNIT, controls_of, is_loose, select
from auto_rig_face.scene.control_rig import add_controls, loosen, remove_controls
from auto_rig_face.scene.poses import set_pose, shown_pose
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.vocabulary import ARKIT_SHAPES, mirror_shape
from mathutils import Matrix

KINDS = ("Smile", "Stretch")
LIDS = ("eyeBlinkLeft", "eyeSquintLeft")


@pytest.fixture
def rigged(head_with_eyes: bpy.types.Object, write_rig: Callable[..., object]) -> bpy.types.Object:
    """A ball with eyes, shape keys, a corrective, sticky lips and an armature."""
    write_rig(head_with_eyes, correctives=[LIDS], sticky=True)
    return head_with_eyes


@pytest.fixture
def controlled(context: bpy.types.Context, rigged: bpy.types.Object) -> bpy.types.Object:
    """The same with controls."""
    add_controls(context, rigged)
    return rigged


def values(head: bpy.types.Object) -> dict[str, float]:
    """Values of the shape keys that aren't 0, as they are evaluated."""
    bpy.context.view_layer.update()
    blocks = head.data.shape_keys.key_blocks[1:]
    return {block.name: block.value for block in blocks if abs(block.value) > 1e-6}


def drag(head: bpy.types.Object, shape: str, value: float) -> None:
    """Move the control of a shape, as if by hand."""
    armature, half = controls_of(head), HALF_AXES[shape]
    bone = armature.pose.bones[half.channel.control]
    bone.location[half.channel.axis] = half.sign * half.size * value * armature[UNIT]


def drivers(obj: bpy.types.Object) -> set[str]:
    """What has a driver."""
    data = obj.data.shape_keys.animation_data
    return set() if data is None else {curve.data_path for curve in data.drivers}


def state_of_file() -> Iterator[object]:
    """All that controls might leave behind."""
    for collection in (
        *(bpy.data.objects, bpy.data.meshes, bpy.data.armatures, bpy.data.collections),
        bpy.data.actions,
    ):
        yield sorted(item.name for item in collection)
    for obj in bpy.data.objects:
        yield sorted(set(obj.keys()) - {ATTRIBUTE})
        if obj.type == "MESH" and obj.data.shape_keys is not None:
            yield obj.name, drivers(obj), [key.slider_max for key in obj.data.shape_keys.key_blocks]
        if obj.type == "ARMATURE":
            yield [(bone.name, bone.use_deform) for bone in obj.data.bones]
            collections = obj.data.collections
            yield [(item.name, item.is_visible, sorted(item.keys())) for item in collections]


def test_each_shape_is_reached_by_its_control_and_nothing_else_moves(
    controlled: bpy.types.Object,
) -> None:
    for shape in ARKIT_SHAPES:
        drag(controlled, shape, 1.0)
        assert values(controlled) == pytest.approx({shape: 1.0}, abs=1e-5)
        drag(controlled, shape, 0.4)
        assert values(controlled) == pytest.approx({shape: 0.4}, abs=1e-5)
        drag(controlled, shape, 0.0)
    assert values(controlled) == {}


def test_limits_hold_controls_and_shapes_at_one_until_they_are_loosened(
    controlled: bpy.types.Object,
) -> None:
    armature = controls_of(controlled)
    jaw, whole = armature.pose.bones["ctrl_jaw"], HALF_AXES["jawOpen"].size * armature[UNIT]
    drag(controlled, "jawOpen", 3.0)
    assert values(controlled) == pytest.approx({"jawOpen": 1.0})
    assert (jaw.matrix.translation - jaw.bone.matrix_local.translation).length == pytest.approx(
        whole, rel=1e-4
    )
    loosen(controlled, loose=True)
    assert is_loose(armature)
    assert values(controlled)["jawOpen"] == pytest.approx(LOOSE)
    loosen(controlled, loose=False)
    assert values(controlled) == pytest.approx({"jawOpen": 1.0})


def test_parts_and_correctives_follow(controlled: bpy.types.Object) -> None:
    drag(controlled, "eyeLookUpLeft", 0.5)
    drag(controlled, "eyeBlinkLeft", 0.5)
    drag(controlled, "eyeSquintLeft", 0.5)
    shown = values(controlled)
    assert shown["eyeBlinkLeft_eyeSquintLeft"] == pytest.approx(0.25, abs=1e-5)
    eye = bpy.data.objects["Eye.L"]
    assert values(eye)["eyeLookUpLeft"] == pytest.approx(0.5, abs=1e-5)


def test_one_control_turns_both_eyes(controlled: bpy.types.Object) -> None:
    armature = controls_of(controlled)
    size = HALF_AXES["eyeLookOutLeft"].size * armature[UNIT]
    armature.pose.bones["ctrl_eyes"].location.x = size / 2
    assert values(controlled) == pytest.approx(
        {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5}, abs=1e-5
    )
    set_pose(controlled, shown_pose(controlled))
    assert values(controlled) == pytest.approx(
        {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5}, abs=1e-5
    )


def test_a_flipped_pose_is_the_mirrored_expression(controlled: bpy.types.Object) -> None:
    armature = controls_of(controlled)
    random = np.random.default_rng(3)
    set_pose(controlled, random.random(len(ARKIT_SHAPES)))
    before = values(controlled)
    bpy.ops.object.select_all(action="DESELECT")
    armature.select_set(True)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.select_all(action="SELECT")
    bpy.ops.pose.copy()
    bpy.ops.pose.paste(flipped=True)
    bpy.ops.object.mode_set(mode="OBJECT")
    arkit = {name: value for name, value in before.items() if name in ARKIT_SHAPES}
    after = {name: value for name, value in values(controlled).items() if name in ARKIT_SHAPES}
    assert after == pytest.approx({mirror_shape(name): arkit[name] for name in arkit}, abs=1e-5)


def test_x_mirror_moves_the_other_side_too(controlled: bpy.types.Object) -> None:
    armature = controls_of(controlled)
    bpy.ops.object.select_all(action="DESELECT")
    armature.select_set(True)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="POSE")
    armature.pose.use_mirror_x = True
    select(armature, "ctrl_lip_corner.L", extend=False)
    bpy.ops.transform.translate(value=(0.02, 0.0, 0.03), orient_type="GLOBAL")
    bpy.ops.object.mode_set(mode="OBJECT")
    shown = values(controlled)
    assert set(shown) == {f"mouth{kind}{side}" for kind in KINDS for side in ("Left", "Right")}
    for kind in KINDS:
        assert shown[f"mouth{kind}Left"] == pytest.approx(shown[f"mouth{kind}Right"], abs=1e-5)


def test_controls_take_the_expression_over_and_give_it_back(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    blocks = rigged.data.shape_keys.key_blocks
    blocks["jawOpen"].value, blocks["mouthSmileLeft"].value = 0.3, 0.8
    before = values(rigged)
    add_controls(context, rigged)
    assert values(rigged) == pytest.approx(before, abs=1e-5)
    remove_controls(context, rigged)
    assert values(rigged) == pytest.approx(before, abs=1e-5)


def test_nothing_is_left_of_them(context: bpy.types.Context, rigged: bpy.types.Object) -> None:
    before = list(state_of_file())
    add_controls(context, rigged)
    loosen(rigged, loose=True)
    assert list(state_of_file()) != before
    remove_controls(context, rigged)
    assert list(state_of_file()) == before


def test_removing_the_rig_removes_them(
    context: bpy.types.Context, head_with_eyes: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    before = list(state_of_file())
    write_rig(head_with_eyes)
    add_controls(context, head_with_eyes)
    remove_rig(context, head_with_eyes)
    assert list(state_of_file()) == before


def test_they_hold_no_skin_and_are_drawn_by_widgets_that_no_scene_shows(
    controlled: bpy.types.Object,
) -> None:
    armature = controls_of(controlled)
    groups = {group.name for group in controlled.vertex_groups}
    for control in CONTROLS:
        bone, posed = armature.data.bones[control.name], armature.pose.bones[control.name]
        assert not bone.use_deform
        assert control.name not in groups
        assert posed.custom_shape.name not in bpy.context.scene.objects
        assert [collection.name for collection in bone.collections] == [COLLECTION]
    assert set(armature.data.collections[COLLECTION].bones.keys()) == set(CONTROL)


def test_rigging_again_keeps_them_their_pose_and_what_they_drive(
    context: bpy.types.Context, controlled: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    armature = controls_of(controlled)
    drag(controlled, "jawOpen", 0.7)
    place = armature.data.bones["ctrl_jaw"].head_local.copy()
    controlled.data.transform(Matrix.Translation((0.0, 0.0, 0.5)), shape_keys=True)
    bpy.context.view_layer.objects.active = controlled
    write_rig(controlled, correctives=[LIDS], sticky=True)
    assert controls_of(controlled) == armature
    assert armature.data.bones["ctrl_jaw"].head_local.z == pytest.approx(place.z + 0.5, abs=1e-4)
    assert armature.data.bones["ctrl_jaw"].parent.name == "head"
    assert armature.pose.bones["ctrl_jaw"].custom_shape is not None
    assert values(controlled)["jawOpen"] == pytest.approx(0.7, abs=1e-5)


def test_drivers_of_the_artist_are_left_alone(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    keys = rigged.data.shape_keys
    own = keys.driver_add('key_blocks["jawOpen"].value')
    own.driver.expression = "0.25"
    add_controls(context, rigged)
    drag(rigged, "jawOpen", 1.0)
    assert set_pose(rigged, np.ones(52)).driven == ("jawOpen",)
    remove_controls(context, rigged)
    assert keys.animation_data.drivers.find('key_blocks["jawOpen"].value') is not None


def test_without_bones_the_artist_is_told_what_to_do(
    context: bpy.types.Context, head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head, options=RigOptions(bones=False))
    with pytest.raises(RigError, match="Turn on Bones"):
        add_controls(context, head)


@pytest.mark.parametrize("kind", ["glb", "fbx"])
def test_they_are_not_exported(controlled: bpy.types.Object, tmp_path: Path, kind: str) -> None:
    held = {bone.name for bone in controls_of(controlled).data.bones if bone.use_deform}
    path = tmp_path / f"face.{kind}"
    exporters.export(kind, path)
    importers.open_file(path)
    (armature,) = (obj for obj in bpy.data.objects if obj.type == "ARMATURE")
    names = {bone.name for bone in armature.data.bones}
    assert held <= names
    assert not names & set(CONTROL)


def test_one_undo_takes_them_back(rigged: bpy.types.Object) -> None:
    name = rigged.name
    bpy.context.view_layer.objects.active = rigged
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.auto_rig_face.add_controls("EXEC_DEFAULT", True)
    assert controls_of(bpy.data.objects[name]) is not None
    bpy.ops.ed.undo()
    head = bpy.data.objects[name]
    assert controls_of(head) is None
    assert 'key_blocks["jawOpen"].value' not in drivers(head)
    assert not any("FaceWidgets" in obj.name for obj in bpy.data.objects)


def test_the_buttons_add_loosen_and_remove(rigged: bpy.types.Object) -> None:
    bpy.context.view_layer.objects.active = rigged
    assert bpy.ops.auto_rig_face.add_controls() == {"FINISHED"}
    shown = [item.name for item in controls_of(rigged).data.collections if item.is_visible]
    assert shown == [COLLECTION]
    assert bpy.ops.auto_rig_face.loosen_controls(loose=True) == {"FINISHED"}
    bpy.ops.object.mode_set(mode="POSE")
    assert bpy.ops.auto_rig_face.remove_controls() == {"FINISHED"}
    assert controls_of(rigged) is None
