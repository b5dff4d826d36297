# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sidebar says below the button, in every state that the active object can be in."""

from __future__ import annotations

from collections.abc import Iterator

import bpy
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.panels.advice import advice
from auto_rig_face.pipeline import offer_markers
from auto_rig_face.properties import progress_of, settings_of, state_of
from auto_rig_face.scene import edits


@pytest.fixture(autouse=True)
def quiet(context: bpy.types.Context) -> Iterator[None]:
    """Nothing is marked, and nothing was said before."""
    edits._mark_all()
    progress = progress_of(context)
    progress.problem = progress.remedy = progress.note = progress.object_name = ""
    yield
    progress = progress_of(bpy.context)  # a file that was opened brings a window manager of its own
    progress.running = False
    progress.problem = progress.remedy = progress.note = progress.object_name = ""


def said() -> str:
    edits.look_at_changes()
    return " ".join(line.text for line in advice(bpy.context))


def test_with_nothing_active_it_says_what_to_click(context) -> None:
    context.view_layer.objects.active = None
    assert said() == "Click the head first, so that it is the active object"


@pytest.mark.parametrize("kind", ["CAMERA", "CURVE"])
def test_a_wrong_object_is_named(context, make_active, kind) -> None:
    data = (
        bpy.data.cameras.new("Data") if kind == "CAMERA" else bpy.data.curves.new("Data", "CURVE")
    )
    thing = bpy.data.objects.new("Thing", data)
    context.collection.objects.link(thing)
    make_active(thing)
    assert said() == '"Thing" is not a mesh: click the head\'s mesh'


def test_a_bare_head_needs_no_words(ball, make_active) -> None:
    make_active(ball("Head", 0.5, (0.0, 0.0, 0.0)))
    assert said() == ""


def test_edit_mode_is_in_the_way(ball, make_active) -> None:
    make_active(ball("Head", 0.5, (0.0, 0.0, 0.0)))
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        assert "Object Mode" in said()
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")


def test_what_became_of_the_last_press_is_told_until_the_next(context, ball, make_active) -> None:
    make_active(ball("Head", 0.5, (0.0, 0.0, 0.0)))
    progress = progress_of(context)
    progress.note = "Auto-Rig Face was cancelled; nothing was changed"
    assert "cancelled" in said()
    context.object.scale = (0.0, 1.0, 1.0)  # which the button refuses
    with pytest.raises(RuntimeError):
        bpy.ops.auto_rig_face.rig_face()
    assert "cancelled" not in said()
    assert progress.problem in said()
    assert progress.remedy in said()
    progress.running = True
    assert said() == "", "the bar speaks for itself"


def test_an_edit_after_the_rig_is_noticed_and_can_be_taken_back(ball, make_active, write_rig):
    head = ball("Head", 0.5, (0.0, 0.0, 0.0))
    make_active(head)
    write_rig(head)
    assert said() == ""
    basis = head.data.shape_keys.key_blocks[0]
    before = basis.points[0].co.copy()
    basis.points[0].co.x += 0.1
    edits._marked.add(head.data.session_uid)
    assert "edited after it was rigged" in said()
    basis.points[0].co = before
    edits._marked.add(head.data.session_uid)
    assert said() == ""


def test_an_edited_part_is_named(ball, make_active, write_rig) -> None:
    head, eye = ball("Head", 0.5, (0.0, 0.0, 0.0)), ball("Eye.L", 0.1, (0.2, -0.4, 0.1))
    make_active(head)
    write_rig(head)
    assert said() == ""
    points = eye.data.shape_keys.key_blocks[0].points if eye.data.shape_keys else eye.data.vertices
    before = points[0].co.copy()
    points[0].co.z += 0.1
    edits._marked.add(eye.data.session_uid)
    assert '"Eye.L" was edited after the head was rigged' in said()
    assert edits.edited_parts(head) == ["Eye.L"]
    assert not edits.is_edited(head)
    make_active(eye)
    assert '"Eye.L" was edited' in said(), "the part stands for its head"
    points[0].co = before
    edits._marked.add(eye.data.session_uid)
    assert said() == ""


def test_a_question_is_still_there_when_the_file_is_opened_again(
    context, human, make_active, tmp_path
) -> None:
    make_active(human)
    error = RigError("Where is the chin?", "Drag it there.", wants_markers=True)
    offer_markers(context, human, 0.05, error=error)
    path = str(tmp_path / "asked.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    edits._mark_all()
    assert said() == "Where is the chin? Drag it there."
    bpy.ops.auto_rig_face.hide_markers()
    assert said() == "", "without its markers there is nothing to answer"


def test_a_rig_answers_the_question(context, ball, make_active, write_rig) -> None:
    head = ball("Head", 0.5, (0.0, 0.0, 0.0))
    make_active(head)
    state_of(head).problem = "Where is the chin?"
    write_rig(head)
    assert state_of(head).problem == ""
    assert said() == ""


def test_what_is_kept_is_told_as_it_is_set(context, ball, make_active, write_rig) -> None:
    head = ball("Head", 0.5, (0.0, 0.0, 0.0))
    make_active(head)
    write_rig(head)
    head.data.shape_keys.key_blocks[0].points[0].co.x += 0.1
    edits._mark_all()
    assert "sculpted keys are kept" in said()
    settings_of(context).sculpted_keys = "DISCARD"
    try:
        assert "sculpted keys aren't" in said()
    finally:
        settings_of(context).property_unset("sculpted_keys")


def test_a_plane_is_told_before_the_button_is_pressed(context) -> None:
    bpy.ops.mesh.primitive_plane_add()
    context.object.name = "Floor"
    assert said() == '"Floor" has 4 vertices, too few for a face: click the head\'s mesh'
    context.object.modifiers.new("Subdivision", "SUBSURF")
    assert said() == ""


def test_what_is_said_of_one_head_isnt_said_of_another(context, ball, make_active) -> None:
    first, second = ball("First", 0.5, (0.0, 0.0, 0.0)), ball("Second", 0.5, (3.0, 0.0, 0.0))
    make_active(first)
    first.scale = (0.0, 1.0, 1.0)  # which the button refuses
    with pytest.raises(RuntimeError):
        bpy.ops.auto_rig_face.rig_face()
    assert "First" in said()
    make_active(second)
    assert said() == ""


def test_moving_sliders_and_sculpting_a_shape_is_no_edit(ball, make_active, write_rig) -> None:
    head = ball("Head", 0.5, (0.0, 0.0, 0.0))
    make_active(head)
    write_rig(head)
    keys = head.data.shape_keys.key_blocks
    keys["jawOpen"].value = 1.0
    keys["jawOpen"].points[0].co.x += 0.1
    edits._mark_all()
    assert said() == ""


def test_blender_marks_what_changes(context, ball, make_active, write_rig) -> None:
    head = ball("Head", 0.5, (0.0, 0.0, 0.0))
    make_active(head)
    write_rig(head)
    assert said() == ""
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.subdivide()
    assert "edited" not in said(), "an edit that goes on is left alone"
    bpy.ops.object.mode_set(mode="OBJECT")
    context.view_layer.update()
    assert "edited after it was rigged" in said()


def test_a_head_without_a_rig_was_not_edited(ball, make_active) -> None:
    head = ball("Head", 0.5, (0.0, 0.0, 0.0))
    make_active(head)
    head.data.vertices[0].co.x += 1.0
    edits._mark_all()
    assert said() == ""
    assert not edits.is_edited(head)
