# SPDX-License-Identifier: GPL-3.0-or-later
"""The button after the mesh was edited: landmarks, corrections and sculpted keys go along."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np
import pytest
from auto_rig_face import pipeline
from auto_rig_face.properties import state_of
from auto_rig_face.scene.markers import markers_of
from auto_rig_face.scene.mesh_access import basis_positions, key_positions
from auto_rig_face.scene.packed import unpack_vectors
from auto_rig_face.scene.storage import stored_base_landmarks

BROW = "brow_mid_L"
SMILE = "mouthSmileLeft"


@pytest.fixture
def corrected(context, human):
    """The human head, rigged, with a brow marker that the artist has moved, and rigged again."""
    bpy.ops.auto_rig_face.rig_face()
    bpy.ops.auto_rig_face.edit_markers()
    markers_of(context, human)[BROW].location.z += 0.006
    bpy.ops.auto_rig_face.rig_face()
    context.view_layer.objects.active = human
    return human


@pytest.fixture
def no_detector(monkeypatch):
    """Looking for the face fails the test."""
    monkeypatch.setattr(pipeline, "_detect", None)


def motion(obj, name):
    return key_positions(obj.data.shape_keys.key_blocks[name]) - basis_positions(obj.data)


def sculpt(obj, name, by=0.004):
    """Pushes the skin around the left corner of the mouth; returns rows and what was added."""
    corner = stored_base_landmarks(obj).named["mouth_corner_L"]
    away = np.linalg.norm(basis_positions(obj.data) - corner, axis=1)
    strength = np.clip(1.0 - away / 0.012, 0.0, None)
    added = strength[:, None] * np.array([0.0, -by, by / 2])
    key = obj.data.shape_keys.key_blocks[name]
    key.points.foreach_set("co", (key_positions(key) + added).astype(np.float32).ravel())
    return added


def edit(obj, change):
    """An edit in Edit Mode, as Blender does it with shape keys."""
    bpy.context.view_layer.objects.active = obj
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    change()
    bpy.ops.object.mode_set(mode="OBJECT")


def shuffle():
    bpy.ops.mesh.sort_elements(type="RANDOMIZE", elements={"VERT"}, seed=3)


def cut_neck():
    mesh = bmesh.from_edit_mesh(bpy.context.edit_object.data)
    low = min(vertex.co.z for vertex in mesh.verts)
    gone = [vertex for vertex in mesh.verts if vertex.co.z < low + 0.03]
    assert gone
    bmesh.ops.delete(mesh, geom=gone, context="VERTS")
    bmesh.update_edit_mesh(bpy.context.edit_object.data)


def subdivide():
    bpy.ops.mesh.subdivide(number_cuts=1)


def texts(obj):
    return [line.text for line in state_of(obj).messages]


def test_sculpting_the_base_moves_landmarks_and_corrections_along(corrected, no_detector):
    brow = stored_base_landmarks(corrected).named[BROW]
    keys = corrected.data.shape_keys
    moved = basis_positions(corrected.data) + np.float32([0.0, 0.0, 0.02])
    keys.reference_key.points.foreach_set("co", moved.ravel())
    bpy.ops.auto_rig_face.rig_face()
    landmarks = stored_base_landmarks(corrected)
    assert landmarks.source == "corrected"
    np.testing.assert_allclose(landmarks.named[BROW], brow + [0.0, 0.0, 0.02], atol=1e-5)
    assert any("went with its surface" in text for text in texts(corrected))
    assert not any("sculpted" in text for text in texts(corrected))


@pytest.mark.parametrize("change", [shuffle, cut_neck, subdivide])
def test_another_topology_keeps_corrections_and_sculpting(corrected, no_detector, change):
    before = stored_base_landmarks(corrected)
    added = sculpt(corrected, SMILE)
    places = basis_positions(corrected.data).copy()
    moving = np.flatnonzero(np.linalg.norm(added, axis=1) > 1e-3)
    edit(corrected, change)
    bpy.ops.auto_rig_face.rig_face()
    after = stored_base_landmarks(corrected)
    assert after.source == "corrected"
    off = [np.linalg.norm(after.named[name] - before.named[name]) for name in before.named]
    assert max(off) < 0.002 * before.frame.scale
    assert any("carried over" in text for text in texts(corrected))
    sculpted = [text.rsplit(": ", 1)[1] for text in texts(corrected) if "sculpted" in text]
    assert sculpted == [f"{SMILE}."]
    now = basis_positions(corrected.data)
    nearest = np.array([np.linalg.norm(now - places[row], axis=1).argmin() for row in moving])
    assert np.abs(now[nearest] - places[moving]).max() < 1e-6
    kept = unpack_vectors(state_of(corrected).keys[SMILE].correction)[nearest]
    error = np.linalg.norm(kept - added[moving], axis=1)
    print("residual of the carried sculpting, % IOD:", 100 * error.max() / before.frame.scale)
    assert error.max() < (0.001 if change is not subdivide else 0.01) * before.frame.scale


def test_a_head_that_was_moved_and_scaled_as_a_whole_is_aligned_first(corrected, no_detector):
    before = stored_base_landmarks(corrected)

    def change():
        subdivide()
        bpy.ops.transform.resize(value=(1.5, 1.5, 1.5))
        bpy.ops.transform.translate(value=(0.3, 0.1, -0.2))

    old = basis_positions(corrected.data).astype(float)
    edit(corrected, change)
    now = basis_positions(corrected.data)[: len(old)].astype(float)
    ratio = np.linalg.norm(np.ptp(now, axis=0)) / np.linalg.norm(np.ptp(old, axis=0))
    assert ratio == pytest.approx(1.5, abs=1e-3)
    shift = now.mean(axis=0) - 1.5 * old.mean(axis=0)
    bpy.ops.auto_rig_face.rig_face()
    after = stored_base_landmarks(corrected)
    off = [
        np.linalg.norm(after.named[n] - 1.5 * before.named[n] - shift) / after.frame.scale
        for n in before.named
    ]
    assert max(off) < 0.02
    assert after.frame.scale == pytest.approx(1.5 * before.frame.scale, rel=0.01)


def test_where_the_surface_changed_too_much_the_rest_is_kept(corrected, monkeypatch):
    before = stored_base_landmarks(corrected)
    calls = []
    detect = pipeline._detect
    monkeypatch.setattr(pipeline, "_detect", lambda *given: calls.append(1) or detect(*given))

    def shorten_the_chin():
        subdivide()
        mesh = bmesh.from_edit_mesh(bpy.context.edit_object.data)
        chin = before.named["chin"]
        for vertex in mesh.verts:
            away = np.linalg.norm(np.array(vertex.co) - chin)
            vertex.co.z += 0.012 * max(0.0, 1.0 - away / 0.03)
        bmesh.update_edit_mesh(bpy.context.edit_object.data)

    edit(corrected, shorten_the_chin)
    bpy.ops.auto_rig_face.rig_face()
    after = stored_base_landmarks(corrected)
    assert calls == [1]
    assert any("found again" in text and BROW in text for text in texts(corrected))
    assert np.linalg.norm(after.named[BROW] - before.named[BROW]) < 0.01 * before.frame.scale


def test_a_mesh_that_lost_its_keys_gets_known_sculpting_back(corrected, no_detector):
    added = sculpt(corrected, SMILE)
    bpy.ops.auto_rig_face.rig_face()
    corrected.shape_key_clear()
    edit(corrected, shuffle)
    bpy.ops.auto_rig_face.rig_face()
    moved = np.linalg.norm(unpack_vectors(state_of(corrected).keys[SMILE].correction), axis=1)
    assert np.sort(moved)[-10:] == pytest.approx(np.sort(np.linalg.norm(added, axis=1))[-10:], 0.01)
