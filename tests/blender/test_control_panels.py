# SPDX-License-Identifier: GPL-3.0-or-later
"""Sliders, reset, symmetric editing and the picker."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import pytest
from auto_rig_face.animation.control_map import CONTROL, PICKER
from auto_rig_face.properties import sliders_of
from auto_rig_face.scene.control_armature import UNIT, controls_of, is_selected
from auto_rig_face.scene.control_rig import add_controls
from auto_rig_face.scene.fcurves import curves_by_channel, curves_by_path, value_path
from auto_rig_face.vocabulary import ARKIT_SHAPES, SLIDER_REGIONS


@pytest.fixture(params=["keys", "controls"])
def face(
    context: bpy.types.Context,
    head: bpy.types.Object,
    write_rig: Callable[..., object],
    request: pytest.FixtureRequest,
) -> bpy.types.Object:
    """A rigged ball without and with controls."""
    write_rig(head)
    if request.param == "controls":
        add_controls(context, head)
    bpy.context.view_layer.objects.active = head
    return head


def shown(head: bpy.types.Object) -> dict[str, float]:
    """The keys that aren't at 0."""
    bpy.context.view_layer.update()
    blocks = head.data.shape_keys.key_blocks[1:]
    return {block.name: block.value for block in blocks if abs(block.value) > 1e-6}


def test_every_slider_shows_and_sets_its_shape(face: bpy.types.Object) -> None:
    sliders = sliders_of(face)
    for shape in ARKIT_SHAPES:
        setattr(sliders, shape, 0.6)
        assert shown(face) == pytest.approx({shape: 0.6}, abs=1e-5)
        assert getattr(sliders, shape) == pytest.approx(0.6, abs=1e-5)
        setattr(sliders, shape, 0.0)
    assert shown(face) == {}


def test_symmetric_editing_sets_the_other_side(face: bpy.types.Object) -> None:
    sliders = sliders_of(face)
    sliders.symmetric = True
    sliders.mouthSmileLeft = 0.5
    sliders.jawLeft = 0.4
    sliders.eyeLookInRight = 0.3
    wanted = {
        *(("mouthSmileLeft", 0.5), ("mouthSmileRight", 0.5)),
        *(("eyeLookInRight", 0.3), ("eyeLookInLeft", 0.3), ("jawLeft", 0.4)),
    }
    assert shown(face) == pytest.approx(dict(wanted), abs=1e-5)


def test_a_slider_takes_the_axis_from_its_opposite_only_when_it_is_on(
    face: bpy.types.Object,
) -> None:
    sliders = sliders_of(face)
    sliders.mouthFrownLeft = 0.3
    sliders.mouthSmileLeft = 0.0
    assert shown(face) == pytest.approx({"mouthFrownLeft": 0.3}, abs=1e-5)
    sliders.mouthSmileLeft = 0.5
    wanted = {"mouthSmileLeft": 0.5}
    if controls_of(face) is None:
        wanted["mouthFrownLeft"] = 0.3
    assert shown(face) == pytest.approx(wanted, abs=1e-5)


def test_regions_are_reset_alone_and_together(face: bpy.types.Object) -> None:
    sliders = sliders_of(face)
    for shape in ("browInnerUp", "eyeLookUpLeft", "jawOpen"):
        setattr(sliders, shape, 1.0)
    armature = controls_of(face)
    if armature is not None:
        armature.pose.bones["ctrl_eyes"].location.x = 0.1 * armature[UNIT]
    bpy.ops.auto_rig_face.reset_face(region="Eyes")
    assert set(shown(face)) == {"browInnerUp", "jawOpen"}
    bpy.ops.auto_rig_face.reset_face(region="ALL")
    assert shown(face) == {}


def test_sliders_are_keyed_where_auto_keying_is_on_and_by_the_button(
    face: bpy.types.Object,
) -> None:
    scene = bpy.context.scene
    scene.frame_set(7)
    scene.tool_settings.use_keyframe_insert_auto = True
    sliders_of(face).jawOpen = 0.5
    scene.tool_settings.use_keyframe_insert_auto = False
    scene.frame_set(20)
    sliders_of(face).jawOpen = 1.0
    bpy.ops.auto_rig_face.key_face(region="Jaw")
    armature = controls_of(face)
    if armature is None:
        curve = curves_by_path(face)[value_path("jawOpen")]
    else:
        curves = curves_by_channel(armature)
        curve = curves['pose.bones["ctrl_jaw"].location', 1]
        assert curve.group.name == "ctrl_jaw"
    assert [key.co.x for key in curve.keyframe_points] == [7, 20]
    scene.frame_set(7)
    assert shown(face) == pytest.approx({"jawOpen": 0.5}, abs=1e-5)


def test_the_picker_selects_controls_and_shift_extends(
    context: bpy.types.Context, head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head)
    add_controls(context, head)
    bpy.context.view_layer.objects.active = head
    armature = controls_of(head)

    def pick(control: str, *, extend: bool = False) -> set[str]:
        bpy.ops.auto_rig_face.select_control(control=control, extend=extend)
        return {bone.name for bone in armature.pose.bones if is_selected(armature, bone.name)}

    assert pick("ctrl_jaw") == {"ctrl_jaw"}
    assert bpy.context.mode == "POSE"
    assert bpy.context.active_object == armature
    assert armature.data.bones.active.name == "ctrl_jaw"
    assert pick("ctrl_lip_corner.L") == {"ctrl_lip_corner.L"}
    assert pick("ctrl_lip_corner.R", extend=True) == {"ctrl_lip_corner.L", "ctrl_lip_corner.R"}
    assert pick("ctrl_lip_corner.R", extend=True) == {"ctrl_lip_corner.L"}
    bpy.ops.object.mode_set(mode="OBJECT")


def test_every_control_has_a_button_and_every_shape_a_region() -> None:
    buttons = [button[0] for row in PICKER for button in row if button is not None]
    assert sorted(buttons) == sorted(CONTROL)
    assert sorted(shape for shapes in SLIDER_REGIONS.values() for shape in shapes) == sorted(
        ARKIT_SHAPES
    )
    assert len({len(row) for row in PICKER}) == 1
