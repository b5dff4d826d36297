# SPDX-License-Identifier: GPL-3.0-or-later
"""Adding controls ends in Pose Mode; what can be pressed from there leaves it by itself."""

from __future__ import annotations

import bpy
import pytest
from auto_rig_face.properties import is_rigged, state_of
from auto_rig_face.scene.control_armature import controls_of
from auto_rig_face.scene.control_rig import add_controls


@pytest.fixture
def posing(context: bpy.types.Context, actor: bpy.types.Object) -> bpy.types.Object:
    """The human head with controls, in Pose Mode with one of them selected."""
    add_controls(context, actor)
    bpy.ops.object.select_all(action="DESELECT")
    pose(actor)
    return actor


def pose(head: bpy.types.Object) -> None:
    """Go to Pose Mode as Add Controls does."""
    armature = controls_of(head)
    armature.select_set(True)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="POSE")


def press(name: str, **options: object) -> set[str]:
    """Press a button of the tab."""
    operator = getattr(bpy.ops.auto_rig_face, name)
    assert operator.poll()
    return operator(**options)


def test_the_rig_is_removed(context: bpy.types.Context, posing: bpy.types.Object) -> None:
    assert press("remove_rig") == {"FINISHED"}
    assert context.mode == "OBJECT"
    assert context.view_layer.objects.active == posing
    assert not is_rigged(posing)
    assert len(bpy.data.armatures) == 0


def test_markers_are_shown_and_hidden(posing: bpy.types.Object) -> None:
    assert press("edit_markers") == {"FINISHED"}
    assert any(state_of(obj).role == "MARKER" for obj in posing.children)
    pose(posing)
    assert press("hide_markers") == {"FINISHED"}
    assert not any(state_of(obj).role == "MARKER" for obj in posing.children)


def test_keys_of_a_standard_come_and_go(posing: bpy.types.Object) -> None:
    assert press("add_standard_keys", standard="vrm", mode="ADD") == {"FINISHED"}
    assert "happy" in posing.data.shape_keys.key_blocks
    pose(posing)
    assert press("remove_standard_keys", standard="vrm") == {"FINISHED"}
    assert "happy" not in posing.data.shape_keys.key_blocks


def test_the_head_is_rigged_again_and_keeps_its_controls(
    context: bpy.types.Context, posing: bpy.types.Object
) -> None:
    assert press("rig_face") == {"FINISHED"}
    assert context.mode == "OBJECT"
    assert controls_of(posing) is not None


def test_bones_for_export_are_made(posing: bpy.types.Object) -> None:
    assert press("bones_for_export", content="POSES", bones=8) == {"FINISHED"}


def test_one_undo_takes_the_rig_back_with_its_pose(posing: bpy.types.Object) -> None:
    name = posing.name
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.auto_rig_face.remove_rig("EXEC_DEFAULT", True) == {"FINISHED"}
    bpy.ops.ed.undo()
    assert controls_of(bpy.data.objects[name]) is not None


def test_edit_mode_is_the_artist_s(posing: bpy.types.Object) -> None:
    bpy.ops.object.mode_set(mode="EDIT")
    assert not bpy.ops.auto_rig_face.remove_rig.poll()
    bpy.ops.object.mode_set(mode="OBJECT")
