# SPDX-License-Identifier: GPL-3.0-or-later
"""A mouth that the mesh keeps sealed is cut open, and what the artist made survives."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.pipeline import cut_mouth
from auto_rig_face.properties import has_sealed_mouth, is_rigged, state_of
from auto_rig_face.rigging.mouth_bag import BadCutError
from auto_rig_face.scene.mesh_access import basis_positions

SCALE = 0.06  # metres between the eyes


def press() -> set[str]:
    return bpy.ops.auto_rig_face.rig_face()


def block_names() -> list[list[str]]:
    return [
        sorted(blocks.keys()) for blocks in (bpy.data.objects, bpy.data.meshes, bpy.data.materials)
    ]


def boundary_edges(obj: bpy.types.Object) -> int:
    mesh = bmesh.new()
    mesh.from_mesh(obj.data)
    count = sum(edge.is_boundary for edge in mesh.edges)
    mesh.free()
    return count


def test_a_sealed_mouth_is_cut_and_rigged(sealed):
    assert not bpy.ops.auto_rig_face.cut_mouth.poll()
    assert press() == {"FINISHED"}
    assert has_sealed_mouth(sealed)
    before, edges = basis_positions(sealed.data), boundary_edges(sealed)

    assert bpy.ops.auto_rig_face.cut_mouth() == {"FINISHED"}

    assert not is_rigged(sealed)
    assert len(bpy.data.armatures) == 0
    after = basis_positions(sealed.data)
    assert len(after) > len(before) + 40
    assert np.abs(after[: len(before)] - before).max() < 1e-3 * SCALE
    assert boundary_edges(sealed) == edges  # the bag is closed
    assert [layer.name for layer in sealed.data.uv_layers] == ["UVMap"]
    assert sealed.data.validate() is False
    assert [key.name for key in sealed.data.shape_keys.key_blocks] == ["Basis", "Mine"]
    shift = np.empty(len(after) * 3, np.float32)
    sealed.data.shape_keys.key_blocks["Mine"].points.foreach_get("co", shift)
    np.testing.assert_allclose(
        shift.reshape(-1, 3) - after, np.tile([0.0, 0.0, 0.01], (len(after), 1)), atol=1e-6
    )
    assert all(
        abs(vertex.groups[0].weight - 0.25) < 1e-6 for vertex in sealed.data.vertices[: len(before)]
    )
    teeth, tongue = bpy.data.objects["Human_Teeth"], bpy.data.objects["Human_Tongue"]
    assert teeth.parent == tongue.parent == sealed

    assert press() == {"FINISHED"}
    assert not has_sealed_mouth(sealed)
    metrics = {metric.name: metric for metric in state_of(sealed).metrics}
    assert metrics["lip seal"].measured
    assert metrics["lip seal"].passed
    assert metrics["lip crossing"].passed
    assert teeth.data.shape_keys.key_blocks.get("jawOpen") is not None
    assert tongue.data.shape_keys.key_blocks.get("tongueOut") is not None


def test_half_a_mouth_is_not_cut(context, sealed):
    press()
    sealed.modifiers.new("Mirror", "MIRROR")
    before = basis_positions(sealed.data)
    with pytest.raises(RigError, match="Mirror modifier"):
        cut_mouth(context, sealed)
    assert np.array_equal(basis_positions(sealed.data), before)
    assert is_rigged(sealed)


def test_other_users_of_the_mesh_keep_theirs(context, sealed):
    press()
    twin = bpy.data.objects.new("Twin", sealed.data)
    context.scene.collection.objects.link(twin)
    twin.location.x = 5.0
    before = len(twin.data.vertices)
    cut_mouth(context, sealed)
    assert sealed.data != twin.data
    assert len(twin.data.vertices) == before < len(sealed.data.vertices)


def test_one_undo_takes_the_cut_back(sealed):
    press()
    vertices = len(sealed.data.vertices)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.auto_rig_face.cut_mouth("EXEC_DEFAULT", True)
    bpy.ops.ed.undo()
    human = bpy.data.objects["Human"]
    assert len(human.data.vertices) == vertices
    assert is_rigged(human)
    assert "Human_Teeth" not in bpy.data.objects


def arrays(mesh: bpy.types.Mesh) -> dict[str, np.ndarray]:
    """All that a mesh is made of: attributes, weights, shape keys."""
    found: dict[str, np.ndarray] = {}
    fields = {"FLOAT_VECTOR": ("vector", 3), "FLOAT2": ("vector", 2)}
    for attribute in mesh.attributes:
        field, width = fields.get(attribute.data_type, ("value", 1))
        if attribute.name.startswith("."):
            continue  # selection, and edges by corners, which are looked at below
        values = np.empty(len(attribute.data) * width)
        attribute.data.foreach_get(field, values)
        found[attribute.name] = values
    for key in mesh.shape_keys.key_blocks:
        found[f"key {key.name}"] = np.array([point.co for point in key.points])
    found["weights"] = np.array([vertex.groups[0].weight for vertex in mesh.vertices])
    found["corners"] = np.array([loop.vertex_index for loop in mesh.loops])
    found["slots"] = np.array([len(mesh.materials)])
    return found


def key_users() -> dict[str, tuple[int, bool]]:
    """Of every shape key data-block: its users, and whether a mesh has it."""
    held = {mesh.shape_keys for mesh in bpy.data.meshes}
    return {keys.name: (keys.users, keys in held) for keys in bpy.data.shape_keys}


def test_no_keys_are_left_without_a_mesh(context, sealed):
    press()
    cut_mouth(context, sealed)
    assert key_users() == {sealed.data.shape_keys.name: (1, True)}


def test_a_cut_that_fails_changes_nothing(context, sealed, monkeypatch):
    with pytest.raises(RigError, match="isn't known"):
        cut_mouth(context, sealed)
    press()
    before, users = arrays(sealed.data), key_users()
    names = block_names()

    def in_vain(*_):
        raise BadCutError("The mouth couldn't be opened.", "Cut it by hand.")

    monkeypatch.setattr("auto_rig_face.rigging.mouth_bag.check_mouth", in_vain)
    with pytest.raises(RigError, match="couldn't be opened"):
        cut_mouth(context, sealed)
    after = arrays(sealed.data)
    assert after.keys() == before.keys()
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values, err_msg=name)
    assert block_names() == names
    assert key_users() == users
    sealed.data.shape_keys.key_blocks["eyeLookUpLeft"].value = 0.5
    context.view_layer.update()
    eyes = bpy.data.objects["Eyes"].data.shape_keys.key_blocks
    assert eyes["eyeLookUpLeft"].value == pytest.approx(0.5)
    assert has_sealed_mouth(sealed)
    assert len(sealed.data.shape_keys.key_blocks) >= 53
