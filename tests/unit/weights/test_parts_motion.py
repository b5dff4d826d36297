# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging import brow_motion
from auto_rig_face.rigging.head import LidRim, Role
from auto_rig_face.rigging.loose_parts import _to_rim
from auto_rig_face.rigging.parts_motion import follow_skin
from auto_rig_face.rigging.raycast import RayScene
from auto_rig_face.rigging.skeleton import build_bones
from auto_rig_face.rigging.skin_patch import visible_skin_triangles
from auto_rig_face.rigging.skin_weights import skin_weights
from auto_rig_face.rigging.surface import closest
from auto_rig_face.vocabulary import ARKIT_SHAPES
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

LOOKS = {
    "eyeLookOutLeft": (Role.EYE_L, 0, 1),
    "eyeLookInLeft": (Role.EYE_L, 0, -1),
    "eyeLookOutRight": (Role.EYE_R, 0, -1),
    "eyeLookInRight": (Role.EYE_R, 0, 1),
    "eyeLookUpLeft": (Role.EYE_L, 1, 1),
    "eyeLookDownLeft": (Role.EYE_L, 1, -1),
    "eyeLookUpRight": (Role.EYE_R, 1, 1),
    "eyeLookDownRight": (Role.EYE_R, 1, -1),
}


@pytest.fixture(autouse=True, scope="module")
def _without_tilt() -> Iterator[None]:
    """Here brows follow the skin alone; how they tilt besides has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(brow_motion, "TILTS", {})
        yield


@pytest.fixture(scope="module")
def rigged(head):
    bones = build_bones(head)
    return head, bones, skin_weights(head, None, bones)


def follow(rigged, **shapes):
    head, bones, weights = rigged
    return follow_skin(head, shapes, bones, weights)


def still(head):
    return np.zeros_like(head.vertices)


def rotated(head, vector, pivot, offset=(0.0, 0.0, 0.0)):
    turn = Rotation.from_rotvec(vector)
    return turn.apply(head.vertices - pivot) + pivot + offset - head.vertices


@pytest.mark.parametrize("name", list(LOOKS))
def test_round_eyes_turn_rigidly(rigged, name):
    head = rigged[0]
    role, axis, sign = LOOKS[name]
    moved = follow(rigged, **{name: still(head)})[name]
    eye = head.role == role
    centre = head.eyeballs["L" if role == Role.EYE_L else "R"].centre
    after = (head.vertices + moved)[eye]
    assert np.allclose(
        np.linalg.norm(after - centre, axis=1),
        np.linalg.norm(head.vertices[eye] - centre, axis=1),
    )
    front = head.vertices[eye, 2].argmax()
    step = moved[eye][front]
    assert sign * step[axis] > 0.08
    assert np.abs(step[1 - axis]) < 0.05
    others = ~eye & (head.role != Role.SKIN)
    assert (moved[others] == 0).all()


def test_eyes_stay_in_every_other_shape(rigged):
    head = rigged[0]
    shapes = {name: np.ones_like(head.vertices) for name in ARKIT_SHAPES if name not in LOOKS}
    eyes = np.isin(head.role, (Role.EYE_L, Role.EYE_R))
    fixed = np.isin(head.role, (Role.TEETH_UPPER, Role.HAIR))
    for name, moved in follow(rigged, **shapes).items():
        assert (moved[eyes] == 0).all(), name
        assert (moved[fixed] == 0).all(), name


def test_skin_is_taken_over_and_nothing_else_is(rigged):
    head = rigged[0]
    given_shape = np.random.default_rng(1).normal(size=head.vertices.shape)
    given_shape[head.role == Role.HAIR] = np.nan
    moved = follow(rigged, mouthPucker=given_shape)["mouthPucker"]
    skin = head.role == Role.SKIN
    assert (moved[skin] == given_shape[skin]).all()
    assert np.isfinite(moved).all()


@given(
    st.tuples(st.floats(0.0, 0.5), st.floats(-0.2, 0.2), st.floats(-0.1, 0.1)),
    st.tuples(*[st.floats(-0.3, 0.3)] * 3),
)
def test_lower_teeth_move_rigidly_with_the_jaw_and_the_tongue_lies_down_in_it(rigged, turn, offset):
    head, bones, _ = rigged
    pivot = bones[2].head
    motion = rotated(head, turn, pivot, offset)
    moved = follow(rigged, jawOpen=motion, mouthClose=motion)
    teeth, tongue = head.role == Role.TEETH_LOWER, head.role == Role.TONGUE
    assert np.allclose(moved["jawOpen"][teeth], motion[teeth], atol=2e-3)
    assert (moved["mouthClose"][teeth | tongue] == 0).all()
    # In the jaw's own frame the tongue only gets flatter, no flatter than half, and withdraws.
    sinks = Rotation.from_rotvec(turn).inv().apply((moved["jawOpen"] - motion)[tongue])
    assert np.abs(sinks[:, 0]).max() < 4e-3
    assert sinks[:, 1:].max() < 4e-3
    assert sinks[:, 2].min() > -0.3
    assert sinks[:, 1].min() > -0.5 * np.ptp(head.vertices[tongue, 1])


def test_a_real_jaw_field_gives_nearly_the_jaws_turn(rigged):
    head, bones, weights = rigged
    carriers = [index for index, bone in enumerate(bones) if bone.name in ("jaw", "lip_lower")]
    jaw = np.asarray(weights[:, carriers].sum(axis=1))
    motion = rotated(head, (0.35, 0, 0), bones[2].head)
    moved = follow(rigged, jawOpen=jaw * motion)["jawOpen"]
    teeth = head.role == Role.TEETH_LOWER
    error = np.linalg.norm(moved - motion, axis=1)[teeth].mean()
    assert error < 0.2 * np.linalg.norm(motion, axis=1)[teeth].mean()


def test_the_tongue_comes_out_between_the_lips(rigged):
    head = rigged[0]
    moved = follow(rigged, tongueOut=still(head))["tongueOut"]
    tongue = np.flatnonzero(head.role == Role.TONGUE)
    after = head.vertices + moved
    tip = tongue[head.vertices[tongue, 2].argmax()]
    root = tongue[head.vertices[tongue, 2].argmin()]
    lips = (head.point("lip_upper_inner") + head.point("lip_lower_inner")) / 2
    assert after[tip, 2] > lips[2] + 0.1
    assert np.linalg.norm(moved[root]) < 0.02
    crossing = tongue[np.abs(after[tongue, 2] - lips[2]) < 0.1]
    assert len(crossing) > 0
    assert np.abs(after[crossing].mean(axis=0)[1] - lips[1]) < 0.1
    assert (moved[head.role == Role.TEETH_LOWER] == 0).all()


@given(st.tuples(*[st.floats(-0.5, 0.5)] * 3))
def test_parts_on_the_skin_go_along_when_all_of_it_moves(rigged, offset):
    head = rigged[0]
    motion = np.tile(offset, (len(head.vertices), 1))
    moved = follow(rigged, browInnerUp=motion, jawOpen=motion)
    brow = head.role == Role.BROW
    assert np.allclose(moved["browInnerUp"][brow], motion[brow], atol=1e-9)
    beard = head.role == Role.ATTACHED
    assert np.allclose(moved["jawOpen"][beard], motion[beard], atol=1e-9)


@given(st.floats(-0.6, 0.6))
def test_lashes_turn_with_the_lid_about_the_eye(rigged, angle):
    head = rigged[0]
    pivot = head.eyeballs["L"].centre
    motion = rotated(head, (angle, 0, 0), pivot)
    moved = follow(rigged, eyeBlinkLeft=motion)["eyeBlinkLeft"]
    lash = (head.role == Role.LASH) & (head.vertices[:, 0] > 0)
    assert np.allclose(moved[lash], motion[lash], atol=2e-2)


def test_lashes_keep_their_length_when_the_lid_closes(rigged):
    head = rigged[0]
    rim = head.rims["L"]
    drop = still(head)
    near = np.exp(-8 * ((head.vertices - rim.upper.mean(axis=0)) ** 2).sum(axis=1))
    drop[:, 1] = -0.2 * near
    moved = follow(rigged, eyeBlinkLeft=drop)["eyeBlinkLeft"]
    lash = np.flatnonzero((head.role == Role.LASH) & (head.vertices[:, 0] > 0))
    roots, tips = lash[: len(lash) // 2], lash[len(lash) // 2 :]
    after = head.vertices + moved
    before_length = np.linalg.norm((head.vertices[tips] - head.vertices[roots]), axis=1)
    after_length = np.linalg.norm(after[tips] - after[roots], axis=1)
    assert np.allclose(before_length, after_length, rtol=0.25)
    assert moved[tips[len(tips) // 2], 1] < -0.1


def test_a_brow_keeps_its_shape_over_rough_skin(rigged):
    head = rigged[0]
    rough = np.random.default_rng(2).normal(scale=0.05, size=head.vertices.shape)
    rough[:, 2] = 0
    moved = follow(rigged, browDownLeft=rough)["browDownLeft"]
    brow = (head.role == Role.BROW) & (head.vertices[:, 0] > 0)
    assert moved[brow].std(axis=0).max() < 0.4 * rough.std()


def test_a_brow_keeps_its_height_over_skin_that_bulges_or_sinks(rigged):
    head = rigged[0]
    brow = np.flatnonzero((head.role == Role.BROW) & (head.vertices[:, 0] > 0))
    place = head.vertices[brow].mean(axis=0)
    apart = np.linalg.norm(head.vertices - place, axis=1)
    bulge = 0.06 * np.exp(-((apart / 0.35) ** 2))[:, None] * [0.0, 0.0, 1.0]
    bulge[head.role != Role.SKIN] = 0.0
    skin = visible_skin_triangles(head)

    def heights(displacement):
        points = head.vertices[brow] + displacement[brow]
        scene = RayScene(head.vertices + displacement, skin)
        hits = scene.cast(points + [0.0, 0.0, 1.0], [0.0, 0.0, -1.0])
        return hits.distance - 1.0

    at_rest = heights(np.zeros_like(head.vertices))
    shapes = follow(rigged, browDownLeft=bulge, browInnerUp=-bulge)
    for shape in shapes.values():
        off = heights(shape) - at_rest
        assert np.abs(off[np.isfinite(off)]).max() < 0.02


def test_a_thick_brow_goes_further_and_stays_on_the_skin(rigged):
    head = rigged[0]
    brow = head.role == Role.BROW
    left = brow & (head.vertices[:, 0] > 0)
    vertices = head.vertices.copy()
    middle = vertices[left, 1].mean()
    vertices[brow, 1] = middle + 5.0 * (vertices[brow, 1] - middle)
    thick = replace(head, vertices=vertices)
    lift = still(head) + [0.0, 0.06, 0.0]

    def moved(one):
        return follow((one, *rigged[1:]), browInnerUp=lift, jawOpen=lift)

    assert moved(head)["browInnerUp"][left, 1].mean() == pytest.approx(0.06)
    shapes = moved(thick)
    assert 0.09 < shapes["browInnerUp"][left, 1].mean() <= 0.06 * 2.5 + 1e-9
    assert np.allclose(shapes["jawOpen"][left], lift[left])
    skin = thick.triangles_of(Role.SKIN)
    for points in (vertices[left], vertices[left] + shapes["browInnerUp"][left]):
        gap = np.median(closest(vertices, skin, points).distance)
        assert gap == pytest.approx(
            np.median(closest(vertices, skin, vertices[left]).distance), abs=0.03
        )


@given(drop=st.floats(0.2, 0.6))
def test_a_brow_is_not_drawn_down_with_the_lid_of_a_large_eye(rigged, drop):
    head = rigged[0]
    brow = head.role == Role.BROW
    down = still(head) - [0.0, drop, 0.0]
    moved = follow(rigged, eyeBlinkLeft=down, browDownLeft=down)
    assert np.abs(moved["eyeBlinkLeft"][brow, 1]).max() < 0.12
    assert np.abs(moved["browDownLeft"][brow, 1]).max() > 0.9 * drop


def test_flat_eyes_slide_their_pupils_and_stay_in_front(make_head):
    head = make_head(flat_eyes=True)
    bones = build_bones(head)
    weights = skin_weights(head, None, bones)
    shapes = {name: still(head) for name in LOOKS}
    for name, moved in follow_skin(head, shapes, bones, weights).items():
        role, axis, sign = LOOKS[name]
        pieces = np.unique(head.component[head.role == role])
        white, pupil = (head.component == piece for piece in pieces)
        assert (moved[white] == 0).all()
        assert np.allclose(moved[pupil][:, :2], moved[pupil][0, :2])
        assert sign * moved[pupil][0, axis] > 0.02
        after = (head.vertices + moved)[pupil]
        assert after[:, 2].max() > head.vertices[white, 2].max() - 0.02


def test_odd_heads_are_safe(head, dirty_head, make_head):
    variants = [
        dirty_head,
        make_head(mouth="sealed", eyes=False),
        make_head(parts=False),
        replace(head, rims={}),
        replace(head, seam=None),
        replace(head, visible=np.zeros_like(head.visible)),
        replace(head, role=np.full_like(head.role, Role.LASH)),
        replace(head, role=np.full_like(head.role, Role.TONGUE)),
        replace(head, triangles=np.zeros((0, 3), np.int64)),
    ]
    for variant in variants:
        bones = build_bones(variant)
        weights = skin_weights(variant, None, bones)
        shapes = {name: np.zeros_like(variant.vertices) for name in ARKIT_SHAPES}
        for moved in follow_skin(variant, shapes, bones, weights).values():
            assert moved.shape == variant.vertices.shape
            assert np.isfinite(moved).all()


def test_a_lash_sits_by_the_length_of_the_margin_not_by_its_vertices() -> None:
    uneven = np.array([0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.55, 1.0])
    margin = np.stack([uneven, np.zeros(8), np.zeros(8)], axis=1)
    rim = LidRim(margin, margin - [0.0, 0.2, 0.0], np.eye(3))
    points = np.stack([np.linspace(0, 1, 9), np.full(9, 0.01), np.zeros(9)], axis=1)
    distance, place = _to_rim(rim, points)
    np.testing.assert_allclose(place[0], np.linspace(0, 1, 9), atol=0.003)
    np.testing.assert_allclose(distance[0], 0.01, atol=1e-3)
