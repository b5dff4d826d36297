# SPDX-License-Identifier: GPL-3.0-or-later
"""Every head that can't be rigged: a message with the object's name and a remedy, no change."""

from __future__ import annotations

import json
from pathlib import Path

import bpy
import numpy as np
import pytest
from auto_rig_face import pipeline
from auto_rig_face.errors import RigError
from auto_rig_face.models import assets
from auto_rig_face.scene.mesh_access import basis_positions


def not_a_mesh(_head):
    bpy.ops.object.light_add()
    return bpy.context.object


def no_faces(head):
    positions = basis_positions(head.data).tolist()
    head.data = bpy.data.meshes.new("Points")
    head.data.from_pydata(positions, [], [])
    return head


def broken_position(value):
    def breaks(head):
        head.data.vertices[7].co.y = value
        return head

    return breaks


def too_few_vertices(_head):
    bpy.ops.mesh.primitive_cube_add()
    return bpy.context.object


def one_point(head):
    head.data.vertices.foreach_set("co", np.zeros(len(head.data.vertices) * 3, dtype=np.float32))
    return head


def no_extent(head):
    head.scale.x = 0.0
    return head


def hidden(head):
    head.hide_set(True)
    return head


def hidden_everywhere(head):
    head.hide_viewport = True
    return head


def locked(head):
    head.hide_select = True
    return head


def not_in_the_view_layer(head):
    for collection in head.users_collection:
        collection.objects.unlink(head)
    return head


def edit_mode(head):
    bpy.ops.object.mode_set(mode="EDIT")
    return head


def sculpt_mode(head):
    bpy.ops.object.mode_set(mode="SCULPT")
    return head


def absolute_keys(head):
    head.shape_key_add(name="Basis")
    head.data.shape_keys.use_relative = False
    return head


BAD = {
    "not a mesh": (not_a_mesh, "not a mesh"),
    "no faces": (no_faces, "no faces"),
    "NaN": (broken_position(float("nan")), "invalid position"),
    "infinite": (broken_position(float("inf")), "invalid position"),
    "too few vertices": (too_few_vertices, "8 vertices"),
    "one point": (one_point, "in one point"),
    "no extent": (no_extent, "scaled to nothing"),
    "hidden": (hidden, "hidden"),
    "hidden everywhere": (hidden_everywhere, "hidden"),
    "locked": (locked, "locked"),
    "not in the view layer": (not_in_the_view_layer, "view layer"),
    "Edit Mode": (edit_mode, "Edit Mode"),
    "Sculpt Mode": (sculpt_mode, "Sculpt Mode"),
    "absolute keys": (absolute_keys, "absolute shape keys"),
}


def contents():
    """What the file holds, and each mesh's positions."""
    return (
        {
            kind: sorted(getattr(bpy.data, kind).keys())
            for kind in ("objects", "meshes", "armatures", "collections", "images", "materials")
        },
        {mesh.name: basis_positions(mesh).tobytes() for mesh in bpy.data.meshes},
        {obj.name: (obj.mode, len(obj.modifiers)) for obj in bpy.data.objects},
    )


@pytest.mark.parametrize("name", BAD)
def test_a_bad_head_is_told_and_left_alone(context, head, name):
    spoil, words = BAD[name]
    obj = spoil(head)
    before = contents()
    with pytest.raises(RigError) as caught:
        pipeline.rig_head(context, obj)
    assert words in caught.value.problem
    assert f'"{obj.name}"' in caught.value.problem
    assert caught.value.remedy
    assert contents() == before


def test_nothing_chosen_is_told(context):
    with pytest.raises(RigError, match="No object is active"):
        pipeline.rig_head(context, None)


def test_a_linked_head_is_told(context, head, tmp_path: Path):
    library = tmp_path / "character.blend"
    bpy.data.libraries.write(str(library), {head}, fake_user=True)
    bpy.data.objects.remove(head)
    with bpy.data.libraries.load(str(library), link=True) as (_there, here):
        here.objects = ["Head"]
    linked = here.objects[0]
    context.scene.collection.objects.link(linked)
    with pytest.raises(RigError, match=r'"Head" is linked from character\.blend'):
        pipeline.rig_head(context, linked)


def test_a_local_object_with_linked_mesh_is_told(context, head, tmp_path: Path):
    library = tmp_path / "character.blend"
    bpy.data.libraries.write(str(library), {head.data}, fake_user=True)
    with bpy.data.libraries.load(str(library), link=True) as (_there, here):
        here.meshes = ["Head"]
    head.data = here.meshes[0]
    with pytest.raises(RigError, match=r"is linked from character\.blend"):
        pipeline.rig_head(context, head)


@pytest.mark.parametrize("damage", ["missing", "truncated", "altered"])
def test_a_damaged_model_file_is_told(context, head, tmp_path: Path, monkeypatch, damage):
    intact = assets.asset_path("template.npz")
    folder = tmp_path / "assets"
    folder.mkdir()
    contents_of_file = bytearray(intact.read_bytes())
    if damage == "altered":
        contents_of_file[1000] ^= 0xFF
    if damage == "truncated":
        del contents_of_file[-1000:]
    if damage != "missing":
        (folder / intact.name).write_bytes(contents_of_file)
    manifest = json.loads((intact.parent / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    original = assets.asset_path
    monkeypatch.setattr(assets, "asset_path", lambda name: original(name, folder))
    pipeline._template.cache_clear()
    before = contents()
    with pytest.raises(RigError) as caught:
        pipeline.rig_head(context, head)
    assert "template.npz" in caught.value.problem
    assert contents() == before
    pipeline._template.cache_clear()


def test_a_ball_without_a_face_asks_for_markers(context, head):
    before = contents()
    with pytest.raises(RigError) as caught:
        pipeline.rig_head(context, head)
    assert caught.value.wants_markers
    assert contents() == before
