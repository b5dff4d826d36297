# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging.data import HeadFrame
from auto_rig_face.rigging.head import Eyeball, Role
from auto_rig_face.rigging.proportions import measure
from auto_rig_face.rigging.skeleton import MIN_LENGTH, build_bones
from auto_rig_face.vocabulary import BONE_PARENTS, BONES, mirror_bone
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

FLIP = np.array([-1.0, 1.0, 1.0])


def lengths(bones):
    return np.array([np.linalg.norm(bone.tail - bone.head) for bone in bones])


def turned_about_x(bone, degrees):
    """Where the bone's tail goes when it turns about its own x axis."""
    along = bone.tail - bone.head
    y_axis = along / np.linalg.norm(along)
    x_axis = np.cross(y_axis, bone.z_axis)
    return bone.head + Rotation.from_rotvec(np.radians(degrees) * x_axis).apply(along)


def test_every_bone_of_the_vocabulary_in_order(head):
    bones = build_bones(head)
    assert tuple(bone.name for bone in bones) == BONES
    assert all(bone.parent == BONE_PARENTS[bone.name] for bone in bones)


def test_axes_are_unit_and_square(head):
    for bone in build_bones(head):
        along = (bone.tail - bone.head) / np.linalg.norm(bone.tail - bone.head)
        assert abs(along @ bone.z_axis) < 1e-9
        assert np.linalg.norm(bone.z_axis) == pytest.approx(1.0)


def test_left_and_right_are_mirror_images(head):
    bones = {bone.name: bone for bone in build_bones(head)}
    for name, bone in bones.items():
        other = bones[mirror_bone(name)]
        for part in ("head", "tail", "z_axis"):
            assert np.allclose(getattr(bone, part), FLIP * getattr(other, part), atol=1e-6)


def test_bones_lie_where_they_belong(head):
    bones = {bone.name: bone for bone in build_bones(head)}
    chin = head.point("chin")
    assert np.allclose(bones["jaw"].tail, chin)
    assert bones["jaw"].head[2] < head.point("mouth_corner_L")[2] - 0.4
    assert chin[1] < bones["jaw"].head[1] < 0.0
    assert np.allclose(bones["eye.L"].head, head.eyeballs["L"].centre, atol=1e-6)
    assert bones["eye.L"].tail[2] > bones["eye.L"].head[2]
    middle = head.rims["L"].upper[len(head.rims["L"].upper) // 2]
    assert np.allclose(bones["lid_upper.L"].tail, middle, atol=1e-6)
    assert bones["root"].head[1] < bones["root"].tail[1] < bones["head"].tail[1]
    assert bones["root"].head[1] < chin[1]
    tongue = head.vertices[head.role == Role.TONGUE]
    assert bones["tongue_tip"].tail[2] > bones["tongue"].head[2]
    assert tongue[:, 2].min() <= bones["tongue"].head[2] < tongue[:, 2].max()


def test_a_positive_turn_opens_the_jaw_closes_the_lid_looks_down_and_nods(head):
    bones = {bone.name: bone for bone in build_bones(head)}
    for name in ("jaw", "lid_upper.L", "lid_upper.R", "eye.L", "eye.R"):
        assert turned_about_x(bones[name], 10)[1] < bones[name].tail[1] - 1e-3, name
    assert turned_about_x(bones["head"], 10)[2] > bones["head"].tail[2] + 1e-3


@given(
    st.tuples(*[st.floats(-3, 3)] * 3), st.tuples(*[st.floats(-100, 100)] * 3), st.floats(0.01, 50)
)
def test_bones_move_turn_and_grow_with_the_head(shared_bones, turn, offset, scale):
    head, rest = shared_bones
    axes = Rotation.from_rotvec(turn).as_matrix()
    frame = HeadFrame(np.array(offset), axes, scale)
    named = {name: frame.to_world(point) for name, point in head.landmarks.named.items()}
    moved = replace(head, frame=frame, landmarks=replace(head.landmarks, named=named))
    tolerance = 1e-6 * (scale + np.abs(offset).max())
    for bone, still in zip(build_bones(moved), rest, strict=True):
        assert np.allclose(bone.head, frame.to_world(still.head), atol=tolerance)
        assert np.allclose(bone.tail, frame.to_world(still.tail), atol=tolerance)
        assert np.allclose(bone.z_axis, still.z_axis @ axes, atol=1e-5)


@pytest.fixture(scope="module")
def shared_bones(make_head):
    # Few vertices, so that many transforms are quick.
    head = make_head(parts=False)
    return head, build_bones(head)


def test_without_eyeballs_the_eyes_lie_behind_their_corners(make_head):
    head = make_head(parts=False)
    bones = {bone.name: bone for bone in build_bones(head)}
    assert bones["eye.L"].head[2] < head.point("eye_outer_L")[2]
    none = {bone.name: bone for bone in build_bones(replace(head, eyeballs={}))}
    assert np.allclose(none["eye.L"].head, bones["eye.L"].head)


@pytest.mark.parametrize("odd", ["one point", "no skin", "no rims", "nothing visible", "scattered"])
def test_odd_heads_still_get_bones_with_a_length(head, odd):
    named = head.landmarks.named
    if odd == "one point":
        named = dict.fromkeys(named, np.zeros(3))
        head = replace(head, eyeballs={side: Eyeball(np.zeros(3), 0.0) for side in "LR"})
    if odd == "no skin":
        head = replace(head, role=np.full_like(head.role, Role.HAIR))
    if odd == "no rims":
        head = replace(head, rims={}, seam=None)
    if odd == "nothing visible":
        head = replace(head, visible=np.zeros_like(head.visible))
    if odd == "scattered":
        spread = np.random.default_rng(5).normal(size=(len(named), 3))
        named = dict(zip(named, spread, strict=True))
    head = replace(head, landmarks=replace(head.landmarks, named=named))
    bones = build_bones(head)
    assert lengths(bones).min() >= MIN_LENGTH - 1e-9
    for bone in bones:
        assert np.isfinite([bone.head, bone.tail, bone.z_axis]).all()


def test_a_neck_with_an_open_end_is_found_and_a_bare_head_has_none(head):
    assert measure(head).has_neck
    ball = head.vertices[:, 1] > -1.5
    kept = ball[head.triangles].all(axis=1)
    bare = replace(
        head,
        triangles=head.triangles[kept],
        role=np.where(ball, head.role, Role.HAIR).astype(np.int8),
    )
    assert not measure(bare).has_neck
