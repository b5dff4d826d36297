# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from the scene: world positions, parts, mirrored halves, colours and pictures."""

from __future__ import annotations

from pathlib import Path

import bmesh
import bpy
import numpy as np
import pytest
from auto_rig_face.properties import state_of
from auto_rig_face.scene.head import SceneOptions, keep_near_parts
from auto_rig_face.scene.mesh_access import basis_positions
from auto_rig_face.scene.reader import read
from mathutils import Matrix, Vector

TRANSFORMS = {
    "identity": Matrix.Identity(4),
    "moved and turned": Matrix.Translation((3.0, -2.0, 40.0)) @ Matrix.Rotation(1.1, 4, (1, 2, 3)),
    "stretched": Matrix.Diagonal((2.0, 0.5, 3.0, 1.0)),
    "mirrored": Matrix.Diagonal((-1.0, 1.0, 1.0, 1.0)),
    "sheared": Matrix.Shear("XY", 4, (0.5, 0.2)),
    "tiny": Matrix.Scale(1e-3, 4),
    "huge": Matrix.Scale(1e3, 4),
}


def place(obj, matrix):
    """Give an object any affine transform, shears included, through a parent's inverse."""
    parent = bpy.data.objects.new("Parent", None)
    bpy.context.scene.collection.objects.link(parent)
    obj.parent = parent
    obj.matrix_parent_inverse = matrix
    bpy.context.view_layer.update()


def outward(face_mesh):
    """Whether the first part's triangles look away from its middle."""
    skin = face_mesh.parts[0]
    triangles = face_mesh.triangles[face_mesh.triangles[:, 0] < skin.stop]
    a, b, c = (face_mesh.vertices[triangles[:, i]] for i in range(3))
    middle = face_mesh.vertices[: skin.stop].mean(axis=0)
    return np.einsum("ij,ij->i", np.cross(b - a, c - a), a - middle).sum() > 0


@pytest.mark.parametrize("name", TRANSFORMS)
def test_vertices_are_in_world_space(context, head, name):
    place(head, TRANSFORMS[name])
    face_mesh, scene_head = read(context, head)
    expected = [head.matrix_world @ vertex.co for vertex in head.data.vertices]
    size = np.ptp(face_mesh.vertices, axis=0).max()
    np.testing.assert_allclose(face_mesh.vertices, expected, atol=1e-6 * size, rtol=1e-5)
    assert outward(face_mesh)
    part = scene_head.parts[0]
    np.testing.assert_array_equal(part.source, np.arange(len(head.data.vertices)))
    linear = np.array(head.matrix_world)[:3, :3]
    np.testing.assert_allclose(part.to_local @ linear, np.eye(3), atol=1e-6)


def test_reading_changes_nothing(context, head_with_eyes):
    modifier = head_with_eyes.modifiers.new("Mirror", "MIRROR")
    modifier.use_axis = (False, False, True)
    before = {
        "objects": sorted(bpy.data.objects.keys()),
        "meshes": sorted(bpy.data.meshes.keys()),
        "images": sorted(bpy.data.images.keys()),
        "active": context.view_layer.objects.active,
        "selected": sorted(obj.name for obj in context.selected_objects),
        "attributes": head_with_eyes.data.attributes.keys(),
    }
    read(context, head_with_eyes)
    after = {
        "objects": sorted(bpy.data.objects.keys()),
        "meshes": sorted(bpy.data.meshes.keys()),
        "images": sorted(bpy.data.images.keys()),
        "active": context.view_layer.objects.active,
        "selected": sorted(obj.name for obj in context.selected_objects),
        "attributes": head_with_eyes.data.attributes.keys(),
    }
    assert before == after


def test_the_basis_is_read_whatever_the_sliders_show(context, head):
    rest = basis_positions(head.data).copy()
    head.shape_key_add(name="Basis")
    key = head.shape_key_add(name="Puffed")
    key.points.foreach_set("co", (rest * 1.5).ravel())
    key.value = 1.0
    face_mesh, _ = read(context, head)
    np.testing.assert_array_equal(face_mesh.vertices, rest)


def test_polygons_of_any_size_and_loose_vertices_are_read(context, head):
    mesh = bmesh.new()
    mesh.from_mesh(head.data)
    bmesh.ops.dissolve_faces(mesh, faces=list(mesh.faces)[40:44])
    loose = mesh.verts.new((0.0, 0.0, 3.0))
    mesh.edges.new((loose, mesh.verts.new((0.0, 0.0, 4.0))))
    mesh.to_mesh(head.data)
    mesh.free()
    face_mesh, _ = read(context, head)
    assert len(face_mesh.vertices) == len(head.data.vertices)
    assert len(face_mesh.triangles) == sum(len(p.vertices) - 2 for p in head.data.polygons)
    assert face_mesh.triangles.max() < len(face_mesh.vertices)


def test_eyeballs_near_the_head_are_parts(context, head_with_eyes):
    face_mesh, scene_head = read(context, head_with_eyes)
    assert [part.name for part in face_mesh.parts] == ["Head", "Eye.L", "Eye.R"]
    last = face_mesh.parts[-1]
    assert last.stop == len(face_mesh.vertices)
    assert face_mesh.triangles.max() == last.stop - 1
    assert [part.obj.name for part in scene_head.parts] == ["Head", "Eye.L", "Eye.R"]


def test_what_is_not_of_the_head_is_left_out(context, head_with_eyes, ball, make_active):
    bpy.ops.mesh.primitive_plane_add(size=50.0, location=(0.0, 0.0, -1.0))
    bpy.ops.object.camera_add(location=(0.0, 0.0, 0.0))
    ball("Other Head", 1.0, (2.5, 0.0, 0.0))
    ball("Hidden", 0.1, (0.0, 0.0, 0.0)).hide_set(True)
    ball("Widget", 0.1, (0.0, 0.0, 0.0)).display_type = "WIRE"
    backup = head_with_eyes.copy()
    backup.data = head_with_eyes.data.copy()
    context.scene.collection.objects.link(backup)
    make_active(head_with_eyes)
    face_mesh, _ = read(context, head_with_eyes)
    assert [part.name for part in face_mesh.parts] == ["Head", "Eye.L", "Eye.R"]


def test_children_and_siblings_may_stick_out(context, head, ball, make_active):
    hair = ball("Hair", 0.9, (0.0, 0.6, 1.2))
    brows = ball("Brows", 0.2, (0.0, -1.2, 0.4))
    far = ball("Shoe", 0.2, (0.0, 0.0, -8.0))
    hair.parent = head
    parent = bpy.data.objects.new("Character", None)
    context.scene.collection.objects.link(parent)
    for obj in (head, brows, far):
        obj.parent = parent
    make_active(head)
    face_mesh, _ = read(context, head)
    assert {part.name for part in face_mesh.parts} == {"Head", "Hair", "Brows"}


@pytest.mark.parametrize(("parts", "expected"), [("NONE", 1), ("SELECTED", 2), ("NEAR", 3)])
def test_the_artist_chooses_how_parts_are_found(context, head_with_eyes, parts, expected):
    bpy.data.objects["Eye.L"].select_set(True)
    face_mesh, _ = read(context, head_with_eyes, options=SceneOptions(parts=parts))
    assert len(face_mesh.parts) == expected


def test_a_broken_part_is_left_out_with_a_message(context, head_with_eyes):
    bpy.data.objects["Eye.L"].data.vertices[3].co = (float("nan"), 0.0, 0.0)
    face_mesh, scene_head = read(context, head_with_eyes)
    assert [part.name for part in face_mesh.parts] == ["Head", "Eye.R"]
    assert "Eye.L" in scene_head.messages[0].text


def test_parts_of_another_rig_are_left_alone(context, head_with_eyes, ball):
    other = ball("Other", 0.5, (9.0, 0.0, 0.0))
    state = state_of(bpy.data.objects["Eye.L"])
    state.role, state.head = "PART", other
    face_mesh, _ = read(context, head_with_eyes)
    assert [part.name for part in face_mesh.parts] == ["Head", "Eye.R"]


def test_clothes_of_a_whole_body_are_dropped_once_the_face_is_known(
    context, head_with_eyes, ball, make_active, rig_of
):
    rows = basis_positions(head_with_eyes.data)
    rows[rows[:, 2] < -0.9, 2] -= 8.0
    head_with_eyes.data.vertices.foreach_set("co", rows.ravel())
    ball("Shoe", 0.2, (0.0, 0.0, -8.0))
    make_active(head_with_eyes)
    face_mesh, scene_head = read(context, head_with_eyes)
    assert "Shoe" in {part.name for part in face_mesh.parts}
    frame = rig_of(face_mesh).landmarks.frame
    frame = type(frame)(np.array([0.0, -0.8, 0.0]), frame.axes, 0.6)
    smaller, smaller_head = keep_near_parts(face_mesh, scene_head, frame)
    assert [part.name for part in smaller.parts] == ["Head", "Eye.L", "Eye.R"]
    for mesh_part, scene_part in zip(smaller.parts, smaller_head.parts, strict=True):
        assert (mesh_part.start, mesh_part.stop) == (scene_part.start, scene_part.stop)
        matrix = np.array(scene_part.obj.matrix_world)
        own = basis_positions(scene_part.obj.data) @ matrix[:3, :3].T + matrix[:3, 3]
        np.testing.assert_allclose(smaller.vertices[scene_part.source], own, atol=1e-6)
    assert len(smaller.appearance.colours) == len(smaller.triangles)


def half_head(head, *, merge=True, bisect=False):
    if not bisect:
        mesh = bmesh.new()
        mesh.from_mesh(head.data)
        wrong_side = [vertex for vertex in mesh.verts if vertex.co.x < -1e-4]
        bmesh.ops.delete(mesh, geom=wrong_side, context="VERTS")
        mesh.to_mesh(head.data)
        mesh.free()
    modifier = head.modifiers.new("Mirror", "MIRROR")
    modifier.use_mirror_merge = merge
    modifier.use_bisect_axis[0] = bisect


@pytest.mark.parametrize("merge", [True, False])
def test_a_mirrored_half_is_read_as_a_whole(context, head, merge):
    half_head(head, merge=merge)
    head.matrix_world = Matrix.Translation((1.0, 2.0, 3.0)) @ Matrix.Rotation(0.5, 4, "Z")
    head.modifiers.new("Subdivision", "SUBSURF")
    face_mesh, scene_head = read(context, head)
    part = scene_head.parts[0]
    assert part.mirrored
    assert part.stop > 1.8 * len(head.data.vertices)
    local = (face_mesh.vertices - np.array(head.matrix_world.translation)) @ part.to_local.T
    assert local[:, 0].min() == pytest.approx(-local[:, 0].max(), abs=1e-6)
    own = basis_positions(head.data)
    np.testing.assert_allclose(local[part.source], own, atol=2e-3)


def test_a_bisecting_mirror_leaves_the_cut_vertices_out(context, head):
    rows = basis_positions(head.data) + np.array([0.05, 0.0, 0.0], dtype=np.float32)
    head.data.vertices.foreach_set("co", rows.ravel())
    half_head(head, bisect=True)
    _, scene_head = read(context, head)
    source = scene_head.parts[0].source
    assert (source[rows[:, 0] > 0.01] >= 0).all()
    assert (source[rows[:, 0] < -0.01] < 0).all()


def test_colours_come_from_the_materials(context, head):
    plain = bpy.data.materials.new("Plain")
    plain.diffuse_color = (1.0, 0.0, 0.0, 1.0)
    if plain.node_tree is None:
        plain.use_nodes = True
    principled = next(n for n in plain.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
    principled.inputs["Base Color"].default_value = (0.0, 0.21404, 1.0, 1.0)
    head.data.materials.append(plain)
    face_mesh, _ = read(context, head)
    np.testing.assert_allclose(face_mesh.appearance.colours[0], (0.0, 0.5, 1.0), atol=1e-3)
    assert (face_mesh.appearance.image_index == -1).all()


def textured(head, image):
    material = bpy.data.materials.new("Textured")
    if material.node_tree is None:
        material.use_nodes = True
    nodes = material.node_tree.nodes
    principled = next(n for n in nodes if n.type == "BSDF_PRINCIPLED")
    texture = nodes.new("ShaderNodeTexImage")
    texture.image = image
    material.node_tree.links.new(texture.outputs["Color"], principled.inputs["Base Color"])
    head.data.materials.append(material)


def test_textures_are_read_and_made_small(context, head):
    image = bpy.data.images.new("Skin", 4096, 2048)
    pixels = np.zeros((2048, 4096, 4), dtype=np.float32)
    pixels[1024:, :, 0] = 1.0  # the upper half is red
    image.pixels.foreach_set(pixels.ravel())
    textured(head, image)
    face_mesh, _ = read(context, head)
    (picture,) = face_mesh.appearance.images
    assert picture.shape == (512, 1024, 3)
    assert tuple(picture[10, 10]) == (255, 0, 0)
    assert tuple(picture[-10, 10]) == (0, 0, 0)
    assert (face_mesh.appearance.image_index == 0).all()
    assert np.ptp(face_mesh.appearance.uv) > 0.5
    assert image.size[:] == (4096, 2048)


def test_a_missing_picture_never_fails(context, head, tmp_path: Path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"")
    image = bpy.data.images.load(str(broken))
    textured(head, image)
    face_mesh, scene_head = read(context, head)
    assert (face_mesh.appearance.image_index == -1).all()
    assert "broken.png" in scene_head.messages[0].text


def test_vertex_colours_are_read(context, head):
    attribute = head.data.color_attributes.new("Paint", "BYTE_COLOR", "CORNER")
    values = np.tile([1.0, 0.0, 1.0, 1.0], len(attribute.data)).astype(np.float32)
    attribute.data.foreach_set("color_srgb", values)
    material = bpy.data.materials.new("Painted")
    if material.node_tree is None:
        material.use_nodes = True
    nodes = material.node_tree.nodes
    principled = next(n for n in nodes if n.type == "BSDF_PRINCIPLED")
    node = nodes.new("ShaderNodeVertexColor")
    node.layer_name = "Paint"
    material.node_tree.links.new(node.outputs["Color"], principled.inputs["Base Color"])
    head.data.materials.append(material)
    face_mesh, _ = read(context, head)
    np.testing.assert_allclose(face_mesh.appearance.colours[0], (1.0, 0.0, 1.0), atol=0.01)


def test_vertex_colours_count_where_there_is_no_material(context, head):
    attribute = head.data.color_attributes.new("Scan", "FLOAT_COLOR", "POINT")
    values = np.tile([0.0, 1.0, 0.0, 1.0], len(attribute.data)).astype(np.float32)
    attribute.data.foreach_set("color_srgb", values)
    face_mesh, _ = read(context, head)
    np.testing.assert_allclose(face_mesh.appearance.colours[0], (0.0, 1.0, 0.0), atol=0.01)


def test_world_positions_are_current_after_a_move(context, head):
    head.location = Vector((5.0, 0.0, 0.0))
    face_mesh, _ = read(context, head)
    assert face_mesh.vertices[:, 0].mean() == pytest.approx(5.0, abs=1e-5)
