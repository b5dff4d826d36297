# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the head that bones alone move."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from auto_rig_face.bone_animation import carry_by_bones
from auto_rig_face.errors import RigError
from auto_rig_face.properties import is_rigged, parts_of, state_of
from auto_rig_face.rigging import bone_shapes
from auto_rig_face.scene.remove import remove_rig

IOD = 0.06
BONES = 24


def shown(obj: bpy.types.Object) -> np.ndarray:
    """(V, 3) what is seen of an object, in world space."""
    seen = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = seen.to_mesh()
    points = np.empty(3 * len(mesh.vertices))
    mesh.vertices.foreach_get("co", points)
    seen.to_mesh_clear()
    matrix = np.array(obj.matrix_world)
    return points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def copies_of(head: bpy.types.Object) -> list[bpy.types.Object]:
    found = bpy.data.collections[f"{head.name}_Bones"].objects
    return [found[f"{obj.name}_Bones"] for obj in (head, *parts_of(head))]


def everything() -> dict[str, set[str]]:
    kinds = ("objects", "meshes", "armatures", "collections", "actions", "shape_keys")
    return {kind: {item.name for item in getattr(bpy.data, kind)} for kind in kinds}


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bone_shapes, "_ROUNDS", 3)


@pytest.fixture
def armature(context: bpy.types.Context, actor: bpy.types.Object) -> bpy.types.Object:
    return carry_by_bones(context, actor, BONES).armature


def test_each_shape_has_its_frame(actor: bpy.types.Object, armature: bpy.types.Object) -> None:
    assert len(armature.data.bones) == BONES + 1
    frames = {mark.name: mark.frame for mark in armature.animation_data.action.pose_markers}
    blocks = actor.data.shape_keys.key_blocks
    assert {"rest", "jawOpen", "mouthSmileLeft", "eyeBlinkRight"} <= set(frames)
    for name in ("rest", "jawOpen", "mouthSmileLeft", "eyeBlinkRight", "eyeLookUpLeft"):
        bpy.context.scene.frame_set(frames[name])
        for block in blocks[1:]:
            block.value = float(block.name == name)
        bpy.context.view_layer.update()
        for obj, copy in zip((actor, *parts_of(actor)), copies_of(actor), strict=True):
            off = np.linalg.norm(shown(obj) - shown(copy), axis=1)
            assert off.mean() < 0.01 * IOD
            if name == "rest":
                assert off.max() < 1e-3 * IOD


def test_the_copy_has_bones_and_no_keys(
    actor: bpy.types.Object, armature: bpy.types.Object
) -> None:
    for copy in copies_of(actor):
        assert copy.data.shape_keys is None
        assert not is_rigged(copy)
        modifiers = [m for m in copy.modifiers if m.type == "ARMATURE"]
        assert [m.object for m in modifiers] == [armature]
        bones = {bone.name for bone in armature.data.bones if bone.use_deform}
        assert {group.name for group in copy.vertex_groups} <= bones
        for vertex in copy.data.vertices:
            assert 1 <= len(vertex.groups) <= 4
            assert sum(g.weight for g in vertex.groups) == pytest.approx(1.0, abs=1e-3)


def test_an_animation_is_shown_at_every_frame(
    context: bpy.types.Context, actor: bpy.types.Object
) -> None:
    jaw = actor.data.shape_keys.key_blocks["jawOpen"]
    for frame, value in ((1, 0.0), (5, 1.0), (9, 0.3)):
        jaw.value = value
        jaw.keyframe_insert("value", frame=frame)
    context.scene.frame_set(3)
    carried = carry_by_bones(context, actor, BONES, (1, 9))
    assert carried.poses == 9
    assert carried.residual < 0.01
    assert context.scene.frame_current == 3
    skin = copies_of(actor)[0]
    for frame in (1, 4, 5, 9):
        context.scene.frame_set(frame)
        assert np.linalg.norm(shown(actor) - shown(skin), axis=1).mean() < 0.01 * IOD


def test_the_rig_stays_as_it_is_and_a_second_copy_takes_the_place_of_the_first(
    context: bpy.types.Context, actor: bpy.types.Object
) -> None:
    keys = [block.name for block in actor.data.shape_keys.key_blocks]
    before = everything()
    carry_by_bones(context, actor, 8)
    once = everything()
    carry_by_bones(context, actor, 8)
    assert [block.name for block in actor.data.shape_keys.key_blocks] == keys
    assert state_of(actor).status == "GREEN"
    again = everything()
    assert {kind: len(names) for kind, names in again.items()} == {
        kind: len(names) for kind, names in once.items()
    }
    assert before["objects"] < again["objects"]


def test_removing_the_rig_leaves_the_copy(
    context: bpy.types.Context, actor: bpy.types.Object, armature: bpy.types.Object
) -> None:
    copy = copies_of(actor)[0]
    remove_rig(context, actor)
    assert copy.modifiers[0].object == armature
    assert len(copy.vertex_groups) > 2


def test_a_mirrored_head_is_refused_and_nothing_is_changed(
    context: bpy.types.Context, actor: bpy.types.Object
) -> None:
    actor.modifiers.new("Mirror", "MIRROR")
    before = everything()
    with pytest.raises(RigError, match="Mirror"):
        carry_by_bones(context, actor, BONES)
    assert everything() == before


def test_what_fails_halfway_leaves_nothing(
    context: bpy.types.Context, actor: bpy.types.Object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError("full")

    monkeypatch.setattr("auto_rig_face.bone_animation.write_poses", fail)
    before = everything()
    with pytest.raises(RuntimeError):
        carry_by_bones(context, actor, BONES)
    assert everything() == before


def test_the_operator_tells_how_close_it_came(
    context: bpy.types.Context, actor: bpy.types.Object
) -> None:
    assert bpy.ops.auto_rig_face.bones_for_export(bones=8) == {"FINISHED"}
    assert f"{actor.name}_BoneRig" in bpy.data.objects


def test_an_impossible_span_is_refused(context: bpy.types.Context, actor: bpy.types.Object) -> None:
    with pytest.raises(RigError, match="span"):
        carry_by_bones(context, actor, BONES, (10, 5))
