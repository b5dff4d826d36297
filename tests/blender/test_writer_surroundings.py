# SPDX-License-Identifier: GPL-3.0-or-later
"""A written rig beside what else is there: a body's armature, a Mirror modifier, a saved file."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np
import pytest
from auto_rig_face.properties import state_of
from auto_rig_face.scene.markers import show_markers
from auto_rig_face.scene.mesh_access import basis_positions
from auto_rig_face.scene.objects import objects_in_view
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.scene.transaction import Transaction
from auto_rig_face.vocabulary import MARKERS
from mathutils import Matrix


def key_positions(obj, name):
    key = obj.data.shape_keys.key_blocks[name]
    values = np.empty(len(key.points) * 3, dtype=np.float32)
    key.points.foreach_get("co", values)
    return values.reshape(-1, 3)


def group_weights(obj):
    """(N, G) weights and the groups' names."""
    weights = np.zeros((len(obj.data.vertices), len(obj.vertex_groups)))
    for vertex in obj.data.vertices:
        for element in vertex.groups:
            weights[vertex.index, element.group] = element.weight
    return weights, [group.name for group in obj.vertex_groups]


def body_armature(location, *, deform):
    data = bpy.data.armatures.new("Body")
    body = bpy.data.objects.new("Body", data)
    bpy.context.scene.collection.objects.link(body)
    body.location = location
    bpy.context.view_layer.objects.active = body
    bpy.ops.object.mode_set(mode="EDIT")
    for name, z in (("spine", -3.0), ("head", -1.0)):
        bone = data.edit_bones.new(name)
        bone.head, bone.tail = (0.0, 0.0, z), (0.0, 0.0, z + 2.0)
        bone.use_deform = deform
    data.edit_bones["head"].parent = data.edit_bones["spine"]
    bpy.ops.object.mode_set(mode="OBJECT")
    return body


def bind(head, body):
    head.vertex_groups.new(name="head").add(list(range(len(head.data.vertices))), 1.0, "REPLACE")
    head.modifiers.new("Body", "ARMATURE").object = body


def test_a_body_carries_the_face(head, write_rig, shown, make_active):
    body = body_armature((0.2, 0.0, 0.0), deform=True)
    bind(head, body)
    make_active(head)
    body.pose.bones["head"].rotation_mode = "XYZ"
    body.pose.bones["head"].rotation_euler = (0.3, 0.2, 0.5)  # posed while it is rigged
    posed = shown(head)
    armature = write_rig(head)
    assert (armature.parent, armature.parent_bone) == (body, "head")
    assert [item.name for item in head.modifiers] == ["Body", "FaceRig"]
    assert armature.data.bones.get("face_head") is not None
    assert head.vertex_groups["head"].weight(0) == 1.0
    np.testing.assert_allclose(shown(head), posed, atol=1e-5)
    armature.pose.bones["jaw"].location = (0.0, 0.2, 0.0)
    opened = shown(head) - posed
    assert np.linalg.norm(opened, axis=1).max() > 0.1
    body.pose.bones["head"].rotation_euler = (0.0, 0.0, 0.0)
    straight = shown(head) - basis_positions(head.data)
    turn = np.linalg.norm(opened, axis=1) - np.linalg.norm(straight, axis=1)
    assert np.abs(turn).max() < 1e-5


def test_a_head_on_a_bone_carries_the_face(head, write_rig, shown, make_active):
    body = body_armature((0.2, 0.0, 0.0), deform=False)
    head.parent, head.parent_type, head.parent_bone = body, "BONE", "head"
    bpy.context.view_layer.update()
    head.matrix_world = Matrix.Identity(4)
    make_active(head)
    body.pose.bones["head"].location = (0.0, 0.3, 0.0)
    bpy.context.view_layer.update()
    placed, seen = head.matrix_world.copy(), shown(head)
    armature = write_rig(head)
    assert (armature.parent, armature.parent_bone) == (body, "head")
    assert head.matrix_world == placed
    np.testing.assert_allclose(shown(head), seen, atol=1e-5)
    body.pose.bones["head"].location = (0.0, 1.3, 0.0)
    np.testing.assert_allclose(shown(head), seen, atol=1e-5)


def test_a_parented_head_keeps_its_parent(head, write_rig, make_active):
    parent = bpy.data.objects.new("Character", None)
    bpy.context.scene.collection.objects.link(parent)
    parent.location = (1.0, 2.0, 3.0)
    head.parent = parent
    make_active(head)
    armature = write_rig(head)
    assert head.parent == armature.parent == parent
    np.testing.assert_allclose(armature.matrix_world, np.eye(4), atol=1e-6)


def test_a_mirrored_half_moves_each_side_by_its_own_bone(head, write_rig, shown):
    keep_left_half(head)
    armature = write_rig(head)
    before = shown(head)
    armature.pose.bones["cheek.R"].location = (0.0, 0.2, 0.0)
    moved = np.linalg.norm(shown(head) - before, axis=1)
    assert moved[before[:, 0] < -0.1].min() > 0.01
    assert moved[before[:, 0] > 0.1].max() < 1e-6


def keep_left_half(head):
    mesh = bmesh.new()
    mesh.from_mesh(head.data)
    wrong_side = [vertex for vertex in mesh.verts if vertex.co.x < -1e-4]
    bmesh.ops.delete(mesh, geom=wrong_side, context="VERTS")
    mesh.to_mesh(head.data)
    mesh.free()
    head.modifiers.new("Mirror", "MIRROR")


def test_a_mirrored_half_gets_keys_on_the_side_that_is_there(head, write_rig):
    keep_left_half(head)
    write_rig(head)
    rest = basis_positions(head.data)
    assert np.abs(key_positions(head, "eyeBlinkLeft") - rest).max() > 0.05
    np.testing.assert_array_equal(key_positions(head, "jawLeft"), rest)
    assert [item.type for item in head.modifiers] == ["MIRROR", "ARMATURE"]
    texts = " ".join(message.text for message in state_of(head).messages)
    assert "Mirror" in texts
    weights, _ = group_weights(head)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-6)


def test_certificate_and_landmarks_survive_saving(head, write_rig, tmp_path):
    write_rig(head)
    path = str(tmp_path / "rigged.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    from auto_rig_face.scene.storage import stored_landmarks

    head = bpy.data.objects["Head"]
    state = state_of(head)
    assert state.status == "GREEN"
    assert [metric.name for metric in state.metrics] == ["lid aperture", "lip seal"]
    assert not state.metrics[1].measured
    landmarks = stored_landmarks(head)
    assert landmarks.frame.scale == pytest.approx(0.6)
    np.testing.assert_allclose(landmarks.frame.axes[2], (0.0, -1.0, 0.0), atol=1e-9)


def test_landmarks_move_with_the_object(head, write_rig):
    from auto_rig_face.scene.storage import stored_landmarks

    write_rig(head)
    before = stored_landmarks(head)
    parent = head.parent
    parent.matrix_world = Matrix.Translation((4.0, 0.0, 0.0)) @ Matrix.Rotation(1.0, 4, "Z")
    bpy.context.view_layer.update()
    after = stored_landmarks(head)
    expected = parent.matrix_world @ Matrix.Translation(before.named["chin"]).translation
    np.testing.assert_allclose(after.named["chin"], expected, atol=1e-5)
    assert after.frame.scale == pytest.approx(before.frame.scale)
    head.data.vertices[0].co.x += 0.1
    head.data.shape_keys.reference_key.points[0].co.x += 0.1
    assert stored_landmarks(head) is None


def test_removing_the_rig_takes_shown_markers_along(context, head, write_rig):
    """Markers that go first leave holes in the view layer's list of objects."""
    armature = write_rig(head)
    places = {
        name: np.array(head.matrix_world @ head.data.vertices[20 * index].co)
        for index, name in enumerate(MARKERS)
    }
    with Transaction() as transaction:
        show_markers(context, head, places, 0.05, transaction)
    assert armature.name in bpy.data.objects
    remove_rig(context, head)
    assert len(bpy.data.armatures) == 0
    assert not [obj for obj in bpy.data.objects if obj.type == "EMPTY"]
    assert objects_in_view(context) == [head]
