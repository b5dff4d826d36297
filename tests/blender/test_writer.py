# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written: exact rest pose, the artist's data untouched, all or nothing."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np
import pytest
from auto_rig_face.properties import is_rigged, state_of
from auto_rig_face.rigging.data import RigOptions
from auto_rig_face.scene.armature import existing_armature
from auto_rig_face.scene.head import SceneOptions
from auto_rig_face.scene.mesh_access import basis_positions
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.vocabulary import ARKIT_SHAPES, BONE_COLLECTIONS, BONES
from mathutils import Matrix

STRANGE_MATRIX = (
    Matrix.Translation((0.3, -2.0, 5.0))
    @ Matrix.Rotation(0.7, 4, (1, 2, 3))
    @ Matrix.Diagonal((-0.5, 2.0, 1.0, 1.0))
)


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


def rest_heads(head):
    """Where the rig's bones begin, to a millionth; nothing without a rig."""
    armature = existing_armature(bpy.context, head)
    if armature is None:
        return {}
    return {bone.name: tuple(np.round(bone.head_local, 6)) for bone in armature.data.bones}


def snapshot():
    """All that a rig could have changed, as plain values."""
    scene = {
        "objects": {
            obj.name: (
                [tuple(row) for row in obj.matrix_world],
                obj.parent.name if obj.parent else None,
                [(item.name, item.type) for item in obj.modifiers],
                [group.name for group in obj.vertex_groups],
                obj.select_get(),
            )
            for obj in bpy.data.objects
        },
        "active": bpy.context.view_layer.objects.active.name,
        "armatures": bpy.data.armatures.keys(),
        "collections": bpy.data.collections.keys(),
    }
    meshes = {}
    for mesh in bpy.data.meshes:
        keys = mesh.shape_keys
        blocks = {} if keys is None else {b.name: b.value for b in keys.key_blocks}
        drivers = 0
        if keys is not None and keys.animation_data is not None:
            drivers = len(keys.animation_data.drivers)
        meshes[mesh.name] = (basis_positions(mesh).tobytes(), blocks, drivers, mesh.users)
    return scene, meshes


def test_the_52_names_and_bones_are_there(head_with_eyes, write_rig):
    armature = write_rig(head_with_eyes)
    keys = head_with_eyes.data.shape_keys.key_blocks
    assert tuple(keys.keys())[1:] == ARKIT_SHAPES
    assert all((key.value, key.slider_min, key.slider_max) == (0.0, 0.0, 1.0) for key in keys[1:])
    assert armature.name == "Head_FaceRig"
    assert {bone.name for bone in armature.data.bones} == set(BONES)
    assert armature.data.bones["jaw"].parent.name == "head"
    for title, members in BONE_COLLECTIONS.items():
        assert set(armature.data.collections[title].bones.keys()) == set(members)
    deforming = {bone.name for bone in armature.data.bones if bone.use_deform}
    assert deforming == {"head", "jaw", "cheek.L", "cheek.R", "eye.L", "eye.R"}
    assert is_rigged(head_with_eyes)


@pytest.mark.parametrize("matrix", [Matrix.Identity(4), STRANGE_MATRIX], ids=["plain", "strange"])
def test_at_rest_the_head_is_the_input(head_with_eyes, write_rig, shown, matrix):
    for obj in bpy.data.objects:
        obj.matrix_world = matrix @ obj.matrix_world
    before = {obj: (shown(obj), obj.matrix_world.copy()) for obj in bpy.data.objects}
    armature = write_rig(head_with_eyes)
    for obj, (positions, matrix_world) in before.items():
        assert obj.matrix_world == matrix_world
        np.testing.assert_array_equal(basis_positions(obj.data), positions)
        np.testing.assert_allclose(shown(obj), positions, atol=2e-6)
    for obj in before:
        obj.modifiers["FaceRig"].show_viewport = False
        np.testing.assert_array_equal(shown(obj), before[obj][0])
    assert armature.matrix_world == Matrix.Identity(4)


@pytest.mark.parametrize("matrix", [Matrix.Identity(4), STRANGE_MATRIX], ids=["plain", "strange"])
def test_keys_hold_world_displacements(context, head, write_rig, rig_of, matrix):
    head.matrix_world = matrix
    write_rig(head)
    from auto_rig_face.scene.reader import read

    face_mesh, _ = read(context, head)
    wanted = rig_of(face_mesh).shapes["jawOpen"]
    local = key_positions(head, "jawOpen") - basis_positions(head.data)
    moved = local @ np.array(head.matrix_world)[:3, :3].T
    np.testing.assert_allclose(moved, wanted, atol=2e-6)
    still = np.abs(wanted).max(axis=1) == 0
    np.testing.assert_array_equal(local[still], 0.0)


def test_bones_are_where_the_rig_says(context, head, write_rig, rig_of):
    head.matrix_world = STRANGE_MATRIX
    armature = write_rig(head)
    from auto_rig_face.scene.reader import read

    face_mesh, _ = read(context, head)
    for bone in rig_of(face_mesh).bones:
        written = armature.data.bones[bone.name]
        to_world = armature.matrix_world
        np.testing.assert_allclose(to_world @ written.head_local, bone.head, atol=1e-4)
        np.testing.assert_allclose(to_world @ written.tail_local, bone.tail, atol=1e-4)
        along = np.array(written.tail_local - written.head_local)
        wanted = bone.z_axis - along * (bone.z_axis @ along) / (along @ along)
        z_axis = np.array(written.matrix_local.col[2][:3])
        np.testing.assert_allclose(z_axis, wanted / np.linalg.norm(wanted), atol=1e-4)


@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e5])
def test_bones_survive_any_scale(head, write_rig, shown, scale):
    head.scale = (scale,) * 3
    before = shown(head)
    armature = write_rig(head)
    assert len(armature.data.bones) == len(BONES)
    np.testing.assert_allclose(shown(head), before, atol=1e-5)


def test_weights_are_whole_and_written_on_every_part(head_with_eyes, write_rig):
    write_rig(head_with_eyes)
    for obj in (head_with_eyes, bpy.data.objects["Eye.L"]):
        weights, names = group_weights(obj)
        np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-6)
        assert (weights > 0).sum(axis=1).max() <= 4
        assert set(names) <= set(BONES)
    assert [g.name for g in bpy.data.objects["Eye.L"].vertex_groups] == ["eye.L"]


def test_posing_the_jaw_moves_the_lower_half_only(head, write_rig, shown):
    armature = write_rig(head)
    before = shown(head)
    armature.pose.bones["jaw"].location = (0.0, 0.1, 0.0)
    moved = np.linalg.norm(shown(head) - before, axis=1)
    assert (moved[before[:, 2] > 0.1] < 1e-5).all()
    assert (moved[before[:, 2] < -0.1] > 0.05).all()


def test_parts_follow_the_slider_of_the_head(head_with_eyes, write_rig, shown):
    write_rig(head_with_eyes)
    eye = bpy.data.objects["Eye.L"]
    assert list(eye.data.shape_keys.key_blocks.keys()) == ["Basis", "eyeLookUpLeft"]
    before = shown(eye)
    head_with_eyes.data.shape_keys.key_blocks["eyeLookUpLeft"].value = 1.0
    np.testing.assert_allclose(shown(eye) - before, [[0.0, 0.0, 0.05]] * len(before), atol=1e-5)


def test_modifiers_are_in_the_order_that_works(head, write_rig):
    for kind in ("MIRROR", "SUBSURF", "SOLIDIFY"):
        head.modifiers.new(kind.title(), kind)
    write_rig(head)
    assert [item.type for item in head.modifiers] == ["MIRROR", "ARMATURE", "SUBSURF", "SOLIDIFY"]


def test_the_artists_data_survives(head, write_rig):
    mesh = bmesh.new()
    mesh.from_mesh(head.data)
    bmesh.ops.dissolve_faces(mesh, faces=list(mesh.faces)[40:44])
    mesh.to_mesh(head.data)
    mesh.free()
    group = head.vertex_groups.new(name="Mask")
    group.add([1, 2, 3], 0.25, "REPLACE")
    head.vertex_groups.active_index = 0
    head.shape_key_add(name="Rest")
    own = head.shape_key_add(name="MyKey")
    own.points.foreach_set("co", (basis_positions(head.data) * 1.5).ravel())
    own.value = 0.4
    head.active_shape_key_index = 1
    head.data.materials.append(bpy.data.materials.new("Skin"))
    uv = np.empty(len(head.data.loops) * 2, dtype=np.float32)
    head.data.uv_layers[0].uv.foreach_get("vector", uv)
    polygons = [tuple(polygon.vertices) for polygon in head.data.polygons]
    write_rig(head)
    after = np.empty_like(uv)
    head.data.uv_layers[0].uv.foreach_get("vector", after)
    np.testing.assert_array_equal(after, uv)
    assert [tuple(polygon.vertices) for polygon in head.data.polygons] == polygons
    assert head.data.materials[0].name == "Skin"
    assert head.vertex_groups["Mask"].weight(2) == pytest.approx(0.25)
    assert head.vertex_groups.active.name == "Mask"
    keys = head.data.shape_keys
    assert keys.reference_key.name == "Rest"
    assert keys.key_blocks["MyKey"].value == pytest.approx(0.4)
    assert head.active_shape_key_index == 1
    np.testing.assert_allclose(key_positions(head, "MyKey"), basis_positions(head.data) * 1.5)
    assert all(key.relative_key.name == "Rest" for key in keys.key_blocks)


def artists_key(head, name="jawOpen"):
    head.shape_key_add(name="Basis")
    key = head.shape_key_add(name=name)
    key.points.foreach_set("co", (basis_positions(head.data) * 2.0).ravel())
    key.value = 0.0
    return key_positions(head, name)


@pytest.mark.parametrize("policy", ["KEEP_BOTH", "KEEP", "REPLACE"])
def test_an_artists_key_of_the_same_name(head, write_rig, policy):
    before = artists_key(head)
    write_rig(head, scene_options=SceneOptions(existing_keys=policy))
    keys = head.data.shape_keys.key_blocks
    kept = np.array_equal(key_positions(head, "jawOpen"), before)
    assert kept == (policy != "REPLACE")
    assert ("jawOpen.rig" in keys) == (policy == "KEEP_BOTH")
    texts = [message.text for message in state_of(head).messages if "jawOpen" in message.text]
    assert bool(texts) == (policy != "REPLACE")


def test_a_second_run_replaces_the_first_in_place(head, write_rig):
    write_rig(head)
    keys = head.data.shape_keys
    keys.key_blocks["jawOpen"].value = 0.5
    keys.key_blocks["jawOpen"].keyframe_insert("value", frame=1)
    first = key_positions(head, "jawOpen")
    armature = existing_armature(bpy.context, head)
    write_rig(head, size=2.0)
    assert len(keys.key_blocks) == 53
    assert keys.key_blocks["jawOpen"].value == pytest.approx(0.5)
    assert keys.animation_data.action is not None
    rest = basis_positions(head.data)
    second = key_positions(head, "jawOpen")
    np.testing.assert_allclose(second - rest, 2.0 * (first - rest), atol=1e-5)
    assert existing_armature(bpy.context, head) == armature
    assert [item.type for item in head.modifiers] == ["ARMATURE"]
    assert sorted(group.name for group in head.vertex_groups) == [
        "cheek.L",
        "cheek.R",
        "head",
        "jaw",
    ]
    assert len(bpy.data.armatures) == 1


def sculpt(head, name, rows, by):
    """Moves some vertices of a key as a brush would; returns the correction."""
    positions = key_positions(head, name)
    correction = np.zeros_like(positions)
    correction[rows] = by
    head.data.shape_keys.key_blocks[name].points.foreach_set("co", (positions + correction).ravel())
    return correction


def test_what_the_artist_sculpted_is_added_to_the_new_motion(head, write_rig):
    write_rig(head)
    before = key_positions(head, "jawOpen") - basis_positions(head.data)
    other = key_positions(head, "jawLeft") - basis_positions(head.data)
    correction = sculpt(head, "jawOpen", slice(0, 50), 0.02)
    for size in (2.0, 2.0, 0.5):
        write_rig(head, size=size)
        motion = key_positions(head, "jawOpen") - basis_positions(head.data)
        np.testing.assert_allclose(motion, size * before + correction, atol=7e-5)
        untouched = key_positions(head, "jawLeft") - basis_positions(head.data)
        np.testing.assert_allclose(untouched, size * other, atol=1e-6)
    assert "jawOpen.rig" not in head.data.shape_keys.key_blocks
    texts = [line.text for line in state_of(head).messages if "sculpted" in line.text]
    assert len(texts) == 1
    assert "jawOpen" in texts[0]
    assert "jawLeft" not in texts[0]


def test_a_sculpt_too_small_for_the_eye_of_a_fingerprint_is_kept(head, write_rig):
    write_rig(head)
    before = key_positions(head, "jawOpen") - basis_positions(head.data)
    correction = sculpt(head, "jawOpen", [7], 4e-4)
    write_rig(head)
    motion = key_positions(head, "jawOpen") - basis_positions(head.data)
    np.testing.assert_allclose(motion, before + correction, atol=7e-5)


def test_sculpted_keys_can_be_discarded(head, write_rig):
    write_rig(head)
    before = key_positions(head, "jawOpen")
    sculpt(head, "jawOpen", slice(0, 50), 0.02)
    write_rig(head, scene_options=SceneOptions(sculpted_keys="DISCARD"))
    np.testing.assert_array_equal(key_positions(head, "jawOpen"), before)
    assert any("discarded" in line.text for line in state_of(head).messages)
    write_rig(head)
    np.testing.assert_array_equal(key_positions(head, "jawOpen"), before)


def test_a_basis_that_moved_alone_is_no_sculpting(head, write_rig):
    write_rig(head)
    before = key_positions(head, "jawOpen") - basis_positions(head.data)
    correction = sculpt(head, "jawOpen", slice(100, 110), 0.02)
    basis = head.data.shape_keys.reference_key.points
    for index in range(90, 120):
        basis[index].co.z += 0.01
    write_rig(head)
    motion = key_positions(head, "jawOpen") - basis_positions(head.data)
    rows = slice(100, 110)
    np.testing.assert_allclose((motion - before)[rows], correction[rows], atol=1e-4)
    texts = [line.text for line in state_of(head).messages if "sculpted" in line.text]
    assert [text.rsplit(": ", 1)[1] for text in texts] == ["jawOpen."]


def test_applying_the_scale_scales_what_was_sculpted(head, write_rig, make_active):
    write_rig(head, options=RigOptions(bones=False))
    before = key_positions(head, "jawOpen") - basis_positions(head.data)
    correction = sculpt(head, "jawOpen", slice(0, 10), 0.02)
    head.scale = (2.0, 2.0, 2.0)
    make_active(head)
    bpy.ops.object.transform_apply(scale=True)
    write_rig(head, options=RigOptions(bones=False))
    motion = key_positions(head, "jawOpen") - basis_positions(head.data)
    np.testing.assert_allclose(motion, 2.0 * (before + correction), atol=2e-4)
    texts = [line.text for line in state_of(head).messages if "sculpted" in line.text]
    assert [text.rsplit(": ", 1)[1] for text in texts] == ["jawOpen."]


def test_a_rig_of_old_that_kept_no_motion_hands_sculpted_keys_over(head, write_rig):
    write_rig(head)
    for record in state_of(head).keys:
        record.motion, record.walked = "", b""
    sculpt(head, "jawOpen", slice(0, 50), 0.02)
    sculpted = key_positions(head, "jawOpen")
    write_rig(head, size=2.0)
    np.testing.assert_array_equal(key_positions(head, "jawOpen"), sculpted)
    assert "jawOpen.rig" in head.data.shape_keys.key_blocks


def test_a_moved_marker_changes_only_what_depends_on_it(head, write_rig):
    armature = write_rig(head)
    sculpted = key_positions(head, "browInnerUp") + np.float32(0.02)
    head.data.shape_keys.key_blocks["browInnerUp"].points.foreach_set("co", sculpted.ravel())
    before = {name: key_positions(head, name) for name in ARKIT_SHAPES}
    painted = int(np.argmax(basis_positions(head.data)[:, 2]))  # far from the jaw
    head.vertex_groups["head"].add([painted], 0.5, "REPLACE")
    write_rig(head, size=2.0, moved=frozenset({"chin"}))
    changed = {
        name for name in ARKIT_SHAPES if not np.array_equal(before[name], key_positions(head, name))
    }
    assert changed
    assert all(name.startswith(("jaw", "mouth", "tongue")) for name in changed)
    assert len(head.data.shape_keys.key_blocks) == 53
    assert head.vertex_groups["head"].weight(painted) == pytest.approx(0.5)
    assert existing_armature(bpy.context, head) == armature


def test_fewer_shapes_remove_those_of_the_run_before(head, write_rig):
    write_rig(head)
    write_rig(head, options=RigOptions(shapes=("jawOpen", "mouthClose")))
    assert head.data.shape_keys.key_blocks.keys() == ["Basis", "jawOpen", "mouthClose"]


def test_bones_and_keys_can_be_left_out(head, write_rig):
    assert write_rig(head, options=RigOptions(bones=False)) is None
    assert len(head.modifiers) == len(head.vertex_groups) == len(bpy.data.armatures) == 0
    remove_rig(bpy.context, head)
    write_rig(head, options=RigOptions(shape_keys=False))
    assert head.data.shape_keys is None
    assert len(head.modifiers) == 1


def test_linked_duplicates_get_meshes_of_their_own(head_with_eyes, write_rig):
    left, right = bpy.data.objects["Eye.L"], bpy.data.objects["Eye.R"]
    bpy.data.meshes.remove(right.data)
    right = bpy.data.objects.new("Eye.R", left.data)
    bpy.context.scene.collection.objects.link(right)
    right.matrix_world = Matrix.Translation((-0.3, -0.7, 0.2)) @ Matrix.Diagonal((-1, 1, 1, 1))
    write_rig(head_with_eyes)
    assert left.data != right.data
    assert left.vertex_groups.keys() == ["eye.L"]
    assert right.vertex_groups.keys() == ["eye.R"]


@pytest.mark.parametrize("again", [False, True], ids=["first run", "second run"])
def test_a_failure_takes_everything_back(head_with_eyes, write_rig, stage_error, again):
    head = head_with_eyes
    artists_key(head)
    head.vertex_groups.new(name="Mask").add([1], 0.5, "REPLACE")
    eye, twin = bpy.data.objects["Eye.L"], bpy.data.objects["Eye.R"]
    twin.data = eye.data
    if again:
        write_rig(head)
    before = snapshot()
    weights = group_weights(head)[0]
    records = [key.name for key in state_of(head).keys]
    bones = rest_heads(head)
    with pytest.raises(stage_error):
        write_rig(head, size=2.0, fail=True)
    assert snapshot() == before
    np.testing.assert_array_equal(group_weights(head)[0], weights)
    assert [key.name for key in state_of(head).keys] == records
    assert is_rigged(head) == again
    assert rest_heads(head) == bones


def test_a_failed_correction_takes_everything_back(head, write_rig, stage_error):
    write_rig(head)
    before = snapshot()
    weights = group_weights(head)[0]
    with pytest.raises(stage_error):
        write_rig(head, size=2.0, moved=frozenset({"chin"}), fail=True)
    assert snapshot() == before
    np.testing.assert_allclose(group_weights(head)[0], weights, atol=1e-6)


def test_removing_the_rig_leaves_the_input(head_with_eyes, write_rig):
    head_with_eyes.vertex_groups.new(name="Mask").add([1], 0.5, "REPLACE")
    before = snapshot()
    write_rig(head_with_eyes)
    assert remove_rig(bpy.context, head_with_eyes) == []
    assert snapshot() == before
    assert not is_rigged(head_with_eyes)
    assert state_of(bpy.data.objects["Eye.L"]).role == "NONE"


def test_removing_the_rig_keeps_what_was_sculpted(head, write_rig):
    write_rig(head)
    sculpted = key_positions(head, "jawOpen") + np.float32(0.1)
    head.data.shape_keys.key_blocks["jawOpen"].points.foreach_set("co", sculpted.ravel())
    assert remove_rig(bpy.context, head) == ["jawOpen"]
    assert head.data.shape_keys.key_blocks.keys() == ["Basis", "jawOpen"]
