# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole button on a human head and on a ball: rig, undo, correct by markers, remove."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from auto_rig_face import pipeline
from auto_rig_face.properties import is_rigged, progress_of, settings_of, state_of
from auto_rig_face.rigging import asking
from auto_rig_face.rigging.data import Message
from auto_rig_face.rigging.landmarks import move_landmarks
from auto_rig_face.scene.armature import existing_armature
from auto_rig_face.scene.markers import markers_of, moved_markers, read_markers
from auto_rig_face.scene.mesh_access import basis_positions
from auto_rig_face.scene.storage import stored_base_landmarks, stored_landmarks
from auto_rig_face.vocabulary import (
    ARKIT_SHAPES,
    BONES,
    MARKERS,
    STICKY_LIPS,
    corrective_pair,
    shapes_of_marker,
)


def press():
    return bpy.ops.auto_rig_face.rig_face()


def key_positions(obj, name):
    key = obj.data.shape_keys.key_blocks[name]
    values = np.empty(len(key.points) * 3, dtype=np.float32)
    key.points.foreach_get("co", values)
    return values.reshape(-1, 3)


def test_one_press_rigs_a_human_head(human, shown):
    before = shown(human)
    assert press() == {"FINISHED"}
    np.testing.assert_array_equal(basis_positions(human.data), before)
    np.testing.assert_allclose(shown(human), before, atol=1e-6)
    names = human.data.shape_keys.key_blocks.keys()[1:]
    assert names[:52] == list(ARKIT_SHAPES)
    assert "eyeBlinkLeft_eyeSquintLeft" in names
    assert all(name == STICKY_LIPS or corrective_pair(name) for name in names[52:])
    state = state_of(human)
    assert {bone.name for bone in existing_armature(bpy.context, human).data.bones} == set(BONES)
    assert state.status in {"GREEN", "AMBER", "RED"}
    assert len(state.metrics) > 5
    opened = key_positions(human, "jawOpen") - before
    chin = stored_landmarks(human).named["chin"]
    nearest = np.linalg.norm(before - chin, axis=1).argmin()
    assert opened[nearest, 2] < -0.005
    eyes = bpy.data.objects["Eyes"]
    assert "eyeLookUpLeft" in eyes.data.shape_keys.key_blocks
    assert {"eye.L", "eye.R"} <= set(eyes.vertex_groups.keys())


def test_a_head_that_was_mirrored_by_its_scale_is_rigged(human):
    """Its polygons are wound inwards then; so are those of many files."""
    for obj in (human, bpy.data.objects["Eyes"]):
        obj.scale.x = -1.0
    bpy.context.view_layer.update()
    assert press() == {"FINISHED"}
    assert state_of(human).status == "GREEN"
    # The character's left is at +X in the scene, which is -X on the mesh.
    before = basis_positions(human.data)
    moved = np.linalg.norm(key_positions(human, "mouthSmileLeft") - before, axis=1)
    assert before[moved.argmax(), 0] < 0


def test_stages_come_in_order_and_stopping_takes_all_back(context, human):
    names = []
    stages = pipeline.rig_stages(context, human)
    fractions = []
    for progress in stages:
        names.append(progress.stage)
        fractions.append(progress.fraction)
        if progress.stage == "Writing the rig":
            stages.close()
            break
    assert names[:2] == ["Reading the head", "Finding the face"]
    assert fractions == sorted(fractions)
    assert 0.0 <= fractions[0] <= fractions[-1] < 1.0
    assert human.data.shape_keys is None
    assert len(bpy.data.armatures) == 0
    assert not is_rigged(human)


def test_a_search_without_a_face_goes_on_in_steps_and_can_be_stopped(context, head):
    before = sorted(bpy.data.objects.keys())
    stages = pipeline.rig_stages(context, head)
    fractions = []
    for progress in stages:
        if progress.stage.startswith("Finding the face"):
            fractions.append(progress.fraction)
        if len(fractions) == 12:
            stages.close()
    assert len(fractions) == 12
    assert fractions == sorted(fractions)
    assert fractions[0] < fractions[-1]
    assert sorted(bpy.data.objects.keys()) == before
    assert head.data.shape_keys is None
    assert state_of(head).status == "NONE"


def test_a_moved_marker_rebuilds_only_what_depends_on_it(context, human):
    press()
    bpy.ops.auto_rig_face.edit_markers()
    assert set(markers_of(context, human)) == set(MARKERS)
    for name, point in read_markers(context, human).items():
        np.testing.assert_allclose(point, stored_landmarks(human).named[name], atol=1e-6)
    before = {name: key_positions(human, name) for name in ARKIT_SHAPES}
    marker = markers_of(context, human)["brow_mid_L"]
    marker.location.z += 0.006
    context.view_layer.objects.active = marker
    assert press() == {"FINISHED"}
    changed = {
        name
        for name in ARKIT_SHAPES
        if not np.array_equal(before[name], key_positions(human, name))
    }
    assert changed
    assert changed <= set(shapes_of_marker("brow_mid_L"))
    assert stored_landmarks(human).source == "corrected"
    assert moved_markers(context, human) == set()
    names = human.data.shape_keys.key_blocks.keys()[1:]
    assert names[:52] == list(ARKIT_SHAPES)
    assert all(name == STICKY_LIPS or corrective_pair(name) for name in names[52:])
    bpy.ops.auto_rig_face.hide_markers()
    assert markers_of(context, human) == {}
    assert context.view_layer.objects.active == human


def test_pressing_again_does_not_look_for_the_face_again(context, human, monkeypatch):
    press()
    monkeypatch.setattr(pipeline, "face_detectors", None)
    keys = {name: key_positions(human, name) for name in ARKIT_SHAPES}
    assert press() == {"FINISHED"}
    for name in ARKIT_SHAPES:
        np.testing.assert_array_equal(key_positions(human, name), keys[name])


def test_an_edited_mesh_takes_its_landmarks_along(context, human, monkeypatch):
    press()
    chin = stored_base_landmarks(human).named["chin"]
    bpy.ops.auto_rig_face.edit_markers()
    human.data.shape_keys.reference_key.points[0].co.z += 1e-4
    monkeypatch.setattr(pipeline, "face_detectors", None)
    assert press() == {"FINISHED"}
    assert stored_landmarks(human).source == "automatic"
    np.testing.assert_allclose(stored_base_landmarks(human).named["chin"], chin, atol=1e-5)


def test_without_a_face_markers_appear_and_the_button_goes_on(context, head):
    with pytest.raises(RuntimeError, match="No face was found"):
        press()
    assert set(markers_of(context, head)) == set(MARKERS)
    assert progress_of(context).problem
    assert progress_of(context).remedy
    assert not is_rigged(head)
    # The ball has neither lids nor lips: the rig that goes on from the guess says so.
    assert press() == {"FINISHED"}
    assert is_rigged(head)
    assert stored_landmarks(head).source == "markers"
    assert any("at a guess" in message.text for message in state_of(head).messages)
    assert set(markers_of(context, head)) == set(MARKERS)


def test_markers_that_were_placed_by_hand_are_not_called_a_guess(context, head):
    assert bpy.ops.auto_rig_face.edit_markers() == {"FINISHED"}
    chin = markers_of(context, head)["chin"]
    chin.location.y += 0.05 * max(head.dimensions)
    context.view_layer.objects.active = head
    assert press() == {"FINISHED"}
    assert stored_landmarks(head).source == "markers"
    assert not any("at a guess" in message.text for message in state_of(head).messages)


def test_removing_the_rig_gives_the_input_back(human, shown):
    before = shown(human)
    press()
    assert bpy.ops.auto_rig_face.remove_rig() == {"FINISHED"}
    assert human.data.shape_keys is None
    assert len(human.vertex_groups) == len(human.modifiers) == len(bpy.data.armatures) == 0
    assert human.parent is None
    assert bpy.data.objects["Eyes"].data.shape_keys is None
    np.testing.assert_array_equal(shown(human), before)


def test_one_undo_takes_the_whole_rig_back(human):
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.auto_rig_face.rig_face("EXEC_DEFAULT", True)
    assert is_rigged(bpy.data.objects["Human"])
    bpy.ops.ed.undo()
    human = bpy.data.objects["Human"]
    assert not is_rigged(human)
    assert human.data.shape_keys is None
    assert len(human.vertex_groups) == len(human.modifiers) == len(bpy.data.armatures) == 0
    assert human.parent is None


def test_options_choose_shapes(context, human):
    settings = settings_of(context)
    settings.bones = False
    for name in ("eyes", "brows", "mouth", "cheeks", "nose", "tongue"):
        setattr(settings, name, False)
    press()
    names = human.data.shape_keys.key_blocks.keys()[1:]
    jaws = [name for name in ARKIT_SHAPES if name.startswith("jaw")]
    assert names == [*jaws, STICKY_LIPS]
    assert len(bpy.data.armatures) == 0


def test_options_that_leave_nothing_are_told(context, human):
    settings_of(context).bones = settings_of(context).shape_keys = False
    with pytest.raises(RuntimeError, match="Neither shape keys nor bones"):
        press()


@pytest.mark.parametrize("operator", ["rig_face", "edit_markers", "hide_markers", "remove_rig"])
def test_buttons_that_cannot_work_are_off(context, operator):
    assert not getattr(bpy.ops.auto_rig_face, operator).poll()


def test_a_reference_picture_is_compared(context, human, random):
    noise = random.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    outcome = pipeline.rig_head(context, human, reference=noise)
    assert any("reference picture" in message.text for message in outcome.messages)
    assert set(outcome.objects) == {"Human", "Eyes"}
    assert {"read", "find face", "write"} <= set(outcome.seconds)


def test_a_picture_that_was_chosen_for_the_head_is_used(context, human, random):
    image = bpy.data.images.new("Drawing", 48, 48)
    image.pixels.foreach_set(random.random(48 * 48 * 4).astype(np.float32))
    state_of(human).reference = image
    press()
    assert any("reference picture" in line.text for line in state_of(human).messages)
    bpy.ops.auto_rig_face.remove_rig()
    assert state_of(human).reference == image


def test_a_picture_without_pixels_is_told(context, human):
    image = bpy.data.images.new("Lost", 8, 8)
    image.source, image.filepath = "FILE", "//nowhere.png"
    state_of(human).reference = image
    with pytest.raises(RuntimeError, match="Lost"):
        press()


def test_unsure_points_are_asked_for_and_then_the_work_goes_on(context, human, monkeypatch):
    monkeypatch.setattr(asking, "ASK_ABOVE", 0.001)
    with pytest.raises(RuntimeError, match="only a guess"):
        press()
    shown = markers_of(context, human)
    assert 0 < len(shown) <= asking.MOST_ASKED
    assert all(state_of(marker).asked for marker in shown.values())
    assert not is_rigged(human)
    name, marker = next(iter(shown.items()))
    marker.location.z += 0.004
    bpy.context.view_layer.update()
    place = np.array(marker.matrix_world.translation)
    press()
    assert is_rigged(human)
    landmarks = stored_base_landmarks(human)
    assert landmarks.source == "corrected"
    certain = {name for name, value in landmarks.confidence.items() if value == 1.0}
    assert certain == set(shown)
    np.testing.assert_allclose(landmarks.named[name], place, atol=1e-3)
    assert not any(state_of(marker).asked for marker in markers_of(context, human).values())


def test_a_question_with_all_markers_shown_marks_those_that_are_meant(context, human, monkeypatch):
    press()
    bpy.ops.auto_rig_face.edit_markers()
    human.data.vertices[0].co.z += 1e-4
    human.data.shape_keys.reference_key.points[0].co.z += 1e-4
    monkeypatch.setattr(asking, "ASK_ABOVE", 0.001)
    with pytest.raises(RuntimeError, match="only a guess"):
        press()
    asked = [m for m in markers_of(context, human).values() if state_of(m).asked]
    assert 0 < len(asked) <= asking.MOST_ASKED
    press()
    assert state_of(human).status != "NONE"


def test_a_picture_can_be_taken_back(context, human, monkeypatch):
    press()
    before = key_positions(human, "browDownLeft")

    def with_picture(_, landmarks, __):
        moved = landmarks.named["brow_mid_L"] + [0.0, 0.0, 0.03]
        text = Message("info", "The reference picture moved the brow.")
        return move_landmarks(landmarks, {"brow_mid_L": moved}, {}), (text,)

    monkeypatch.setattr(pipeline, "_with_picture", with_picture)
    changed = []
    for _ in range(2):
        outcome = pipeline.rig_head(context, human, reference=np.zeros((9, 9, 3), np.uint8))
        assert any("moved the brow" in message.text for message in outcome.messages)
        assert stored_landmarks(human).picture
        changed.append(key_positions(human, "browDownLeft"))
    np.testing.assert_array_equal(*changed)
    assert not np.array_equal(changed[0], before)
    monkeypatch.undo()
    press()
    assert not stored_landmarks(human).picture
    np.testing.assert_array_equal(key_positions(human, "browDownLeft"), before)


def test_a_job_of_a_saved_window_does_not_run_after_loading(context, human, tmp_path):
    progress_of(context).running = True
    progress_of(context).problem = "Something was wrong."
    assert not bpy.ops.auto_rig_face.rig_face.poll()
    path = str(tmp_path / "autosave.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert not progress_of(bpy.context).running
    assert progress_of(bpy.context).problem == ""
