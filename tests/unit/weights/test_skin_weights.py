# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging.head import Role
from auto_rig_face.rigging.mirror import mirror_plane, partners
from auto_rig_face.rigging.skeleton import build_bones, eye_centre
from auto_rig_face.rigging.skin_weights import MOST_INFLUENCES, _limited, skin_weights
from auto_rig_face.rigging.topology import unique_edges
from auto_rig_face.vocabulary import BONES, mirror_bone
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

COLUMN = {name: index for index, name in enumerate(BONES)}


def weigh(head, prior=None):
    return skin_weights(head, prior, build_bones(head))


def assert_valid(weights, count):
    assert weights.shape == (count, len(BONES))
    assert np.isfinite(weights.data).all()
    assert weights.data.min() > 0
    assert np.abs(np.asarray(weights.sum(axis=1)).ravel() - 1).max() < 1e-12
    assert np.diff(weights.indptr).max() <= MOST_INFLUENCES
    assert np.diff(weights.indptr).min() >= 1


@pytest.fixture(scope="module")
def table(head):
    weights = weigh(head)
    assert_valid(weights, len(head.vertices))
    return weights.toarray()


def of(table, *bones):
    return table[:, [COLUMN[bone] for bone in bones]].sum(axis=1)


def vertices_at(head, line):
    skin = np.flatnonzero((head.role == Role.SKIN) & head.visible)
    return skin[cKDTree(head.vertices[skin]).query(line)[1]]


def test_a_dirty_head_is_weighted_whole(dirty_head):
    assert_valid(weigh(dirty_head), len(dirty_head.vertices))


@pytest.mark.parametrize("odd", ["no skin", "no triangles", "nothing visible", "all hidden prior"])
def test_odd_heads_are_weighted_whole(head, odd):
    prior = None
    if odd == "no skin":
        head = replace(head, role=np.full_like(head.role, Role.ATTACHED))
    if odd == "no triangles":
        head = replace(head, triangles=np.zeros((0, 3), np.int64))
    if odd == "nothing visible":
        head = replace(head, visible=np.zeros_like(head.visible))
    if odd == "all hidden prior":
        prior = np.full(len(head.vertices), np.nan)
    assert_valid(weigh(head, prior), len(head.vertices))


def test_a_symmetric_head_has_mirrored_weights(head, table):
    plane = mirror_plane(head)
    assert plane is not None
    partner = partners(head, plane)
    assert (partner >= 0).all()
    assert (partner[partner] == np.arange(len(partner))).all()
    flipped = [COLUMN[mirror_bone(name)] for name in BONES]
    assert np.abs(table - table[partner][:, flipped]).max() < 1e-9


def test_an_asymmetric_head_is_not_symmetrised(head):
    bent = head.vertices.copy()
    bent[:, 0] += 0.08 * np.sin(2.0 * bent[:, 1]) * (bent[:, 0] > 0)
    assert mirror_plane(replace(head, vertices=bent)) is None


def test_the_upper_lip_stays_and_the_lower_lip_follows_the_jaw(head, table):
    jaw = of(table, "jaw", "lip_lower")
    middle = slice(len(head.seam.upper) // 3, -len(head.seam.upper) // 3)
    skin = head.role == Role.SKIN
    upper = np.flatnonzero(skin & (head.lip_side == 1) & head.visible)
    lower = np.flatnonzero(skin & (head.lip_side == 2) & head.visible)
    upper = upper[cKDTree(head.vertices[upper]).query(head.seam.upper[middle])[1]]
    lower = lower[cKDTree(head.vertices[lower]).query(head.seam.lower[middle])[1]]
    assert jaw[upper].max() < 0.1
    assert jaw[lower].min() > 0.85
    corner = vertices_at(head, head.seam.upper[[0, -1]])
    assert ((jaw[corner] > 0.1) & (jaw[corner] < 0.6)).all()


def test_chin_jaw_skull_neck(head, table):
    jaw = of(table, "jaw", "lip_lower")
    assert jaw[vertices_at(head, head.point("chin")[None])] > 0.85
    still = vertices_at(head, np.array([head.point(n) for n in ("nose_tip", "brow_mid_L")]))
    assert jaw[still].max() < 0.02
    skin = head.role == Role.SKIN
    assert of(table, "root")[skin & (head.vertices[:, 1] < -3.0)].min() > 0.99
    assert of(table, "root")[skin & (head.vertices[:, 1] > -1.2)].max() < 0.01


def test_raised_hands_belong_to_the_body(head):
    """A hand level with the face is reached through the shoulder only."""
    skin = np.flatnonzero((head.role == Role.SKIN) & (head.vertices[:, 1] < -3.1))
    shoulder = skin[np.argsort(-head.vertices[skin, 0])[:2]]
    path = np.array([[1.5, -3.2], [3.0, -3.0], [3.5, -2.0], [3.5, -1.0], [3.5, 0.5]])
    arm = np.array([[x, y, z] for x, y in path for z in (-1.0, -1.2)])
    count = len(head.vertices)
    ids = np.r_[shoulder, count + np.arange(len(arm))]
    strip = [[ids[k], ids[k + 1], ids[k + 2]] for k in range(len(ids) - 2)]
    grow = {"role": Role.SKIN, "visible": True, "component": 0, "lip_side": 0, "exposure": 1.0}
    with_arm = replace(
        head,
        vertices=np.r_[head.vertices, arm],
        normals=np.r_[head.normals, np.zeros_like(arm)],
        triangles=np.r_[head.triangles, strip],
        weld=np.arange(count + len(arm)),
        **{
            name: np.r_[getattr(head, name), np.full(len(arm), value)].astype(
                getattr(head, name).dtype
            )
            for name, value in grow.items()
        },
    )
    root = of(weigh(with_arm).toarray(), "root")
    assert root[count:].min() > 0.95
    assert root[vertices_at(head, head.point("nose_tip")[None])] < 0.01


def test_skin_fields_are_smooth_but_for_the_lip_slit(head, table):
    skin = (head.role == Role.SKIN) & head.visible
    edges = unique_edges(head.triangles)
    edges = edges[skin[edges].all(axis=1)]
    lips = np.abs(head.vertices[edges].mean(axis=1)[:, 1] + 1.0) < 0.3
    for bones in (("jaw", "lip_lower"), ("root",)):
        step = np.abs(np.diff(of(table, *bones)[edges], axis=1)).ravel()
        length = np.linalg.norm(np.diff(head.vertices[edges], axis=1), axis=2).ravel()
        assert (step / length)[~lips].max() < 3.5  # per IOD


def test_a_sealed_mouth_has_one_smooth_field(make_head):
    head = make_head(mouth="sealed")
    table = weigh(head).toarray()
    jaw = of(table, "jaw", "lip_lower")
    assert jaw[vertices_at(head, head.point("chin")[None])] > 0.85
    skin = (head.role == Role.SKIN) & head.visible
    edges = unique_edges(head.triangles)
    edges = edges[skin[edges].all(axis=1)]
    assert np.abs(np.diff(jaw[edges], axis=1)).max() < 0.45


def test_a_prior_is_followed_where_it_is_known(head):
    prior = np.full(len(head.vertices), np.nan)
    skin = (head.role == Role.SKIN) & head.visible
    wanted = np.clip((-0.9 - head.vertices[:, 1]) / 0.3, 0, 1)
    prior[skin] = wanted[skin]
    jaw = of(weigh(head, prior).toarray(), "jaw", "lip_lower")
    beside = skin & (head.vertices[:, 0] > 0.7) & (head.vertices[:, 1] > -1.15)
    beside &= head.vertices[:, 2] > -1.0
    assert beside.sum() > 10
    assert np.abs(jaw - wanted)[beside].max() < 0.2


def test_rigid_parts(head, table):
    for role, bone in (
        (Role.EYE_L, "eye.L"),
        (Role.EYE_R, "eye.R"),
        (Role.TEETH_UPPER, "head"),
        (Role.TEETH_LOWER, "jaw"),
        (Role.HAIR, "head"),
    ):
        part = head.role == role
        assert part.any()
        assert (of(table, bone)[part] == 1.0).all()


def test_joined_gums_bend_between_their_rows(head):
    teeth = np.isin(head.role, (Role.TEETH_UPPER, Role.TEETH_LOWER))
    joined = np.where(teeth, head.component[teeth].min(), head.component)
    upper = np.flatnonzero(head.role == Role.TEETH_UPPER)
    lower = np.flatnonzero(head.role == Role.TEETH_LOWER)
    back = head.vertices[:, 2] == -0.4
    a, b = upper[back[upper]][:2], lower[back[lower]][0]
    joined_head = replace(
        head, component=joined, triangles=np.r_[head.triangles, [[a[0], a[1], b]]]
    )
    jaw = of(weigh(joined_head).toarray(), "jaw")
    assert jaw[upper].min() < 0.01
    assert jaw[lower].max() > 0.99
    assert ((jaw[teeth] >= 0) & (jaw[teeth] <= 1)).all()


def test_the_tongue_is_shared_from_root_to_tip(head, table):
    tongue = np.flatnonzero(head.role == Role.TONGUE)
    order = tongue[np.argsort(head.vertices[tongue, 2])]
    assert of(table, "jaw")[order[0]] > 0.99
    assert of(table, "tongue_tip")[order[-1]] > 0.99
    assert of(table, "tongue")[tongue].max() > 0.5
    assert np.allclose(of(table, "jaw", "tongue", "tongue_tip")[tongue], 1.0)


def test_turning_the_upper_lid_closes_the_eye(head, table):
    centre = eye_centre(head, "L")
    rim = head.rims["L"]
    angle = [np.arctan2(m[:, 1] - centre[1], m[:, 2] - centre[2]) for m in (rim.upper, rim.lower)]
    turn = Rotation.from_rotvec([float((angle[0] - angle[1]).max()), 0, 0])
    share = of(table, "lid_upper.L")
    moved = (turn.apply(head.vertices - centre) + centre - head.vertices) * share[:, None]
    upper, lower = (vertices_at(head, m[2:-2]) for m in (rim.upper, rim.lower))
    gap = (head.vertices + moved)[upper, 1] - (head.vertices + moved)[lower, 1]
    assert np.abs(gap).max() < 0.25 * rim.opening
    assert share[vertices_at(head, head.point("brow_mid_R")[None])] == 0.0


def test_the_lids_follow_the_eye_a_little(head, table):
    margin = vertices_at(head, head.rims["L"].upper[2:-2])
    follow = of(table, "eye.L")[margin]
    assert follow.max() == pytest.approx(0.12, abs=0.04)
    far = (head.role == Role.SKIN) & (head.vertices[:, 1] < -0.6)
    assert of(table, "eye.L", "eye.R")[far].max() == 0.0


@pytest.mark.parametrize("bone", ["nose", "cheek.L", "brow_mid.R", "lip_upper", "lip_corner.L"])
def test_small_bones_are_local(head, table, bone):
    tail = {b.name: b for b in build_bones(head)}[bone].tail
    weight = of(table, bone)
    skin = np.flatnonzero(head.role == Role.SKIN)
    distance = np.linalg.norm(head.vertices[skin] - tail, axis=1)
    assert weight[skin[distance.argmin()]] > 0.2
    assert weight[skin[distance > 0.9]].max() == 0.0


def test_lip_bones_keep_to_their_lip(head, table):
    upper = (head.lip_side == 1) & head.visible
    lower = (head.lip_side == 2) & head.visible
    near = np.abs(head.vertices[:, 0]) < 0.2
    assert of(table, "lip_upper")[lower & near].max() < 0.15
    assert of(table, "lip_lower")[upper & near].max() < 0.15
    assert of(table, "lip_upper")[upper].max() > 0.5
    assert of(table, "lip_lower")[lower].max() > 0.5


def test_small_bones_take_nothing_from_the_jaws_turn(head, table):
    """Lips' middle, cheeks and nose belong to who carries them, so the jaw moves the same skin."""
    jaw = of(table, "jaw", "lip_lower")
    cheek = of(table, "cheek.L", "cheek.R", "nose", "lip_upper")
    crossing = (cheek > 0.05) & (jaw > 0.05) & (jaw < 0.95)
    head_side = of(table, "head", "cheek.L", "cheek.R", "nose", "lip_upper")
    assert (head_side[crossing] <= 1.0 - jaw[crossing] + 1e-9).all()


def test_loose_brows_lashes_and_beards(head, table):
    brow = head.role == Role.BROW
    brows = [name for name in BONES if name.startswith("brow")]
    assert of(table, *brows)[brow].min() > 0.6
    left = brow & (head.vertices[:, 0] > 0.3)
    assert of(table, *[name for name in brows if name.endswith(".R")])[left].max() < 0.05
    lash = np.flatnonzero(head.role == Role.LASH)
    assert of(table, "lid_upper.L", "lid_upper.R")[lash].max() > 0.6
    beard = head.role == Role.ATTACHED
    assert of(table, "jaw", "lip_lower")[beard].min() > 0.6
    assert of(table, "root")[beard].max() < 0.2


def test_a_brow_on_skin_that_feels_no_brow_bone_obeys_them_alone(head):
    """As on blocky toons, whose forehead is one polygon."""
    lifted = head.vertices.copy()
    brow = head.role == Role.BROW
    lifted[brow, 1] += 0.6
    table = weigh(replace(head, vertices=lifted)).toarray()
    assert np.allclose(of(table, *[name for name in BONES if "brow" in name])[brow], 1.0)


def test_where_little_skin_is_seen_every_bone_still_holds_some(head):
    """Compact regions may be smaller than the gaps between visible vertices."""
    skin = np.flatnonzero((head.role == Role.SKIN) & head.visible)
    keep = skin[(np.arange(len(skin)) % 96) % 8 == 0]
    bones = build_bones(head)
    coarse = replace(head, visible=np.isin(np.arange(len(head.vertices)), keep))
    table = skin_weights(coarse, None, bones).toarray()
    used = table.max(axis=0) > 0.05
    idle = {name for name, yes in zip(BONES, used, strict=True) if not yes}
    assert not {name for name in idle if not name.startswith("lid")}


@given(hnp.arrays(np.float64, (6, len(BONES)), elements=st.floats(-1, 1)))
def test_any_table_becomes_valid(table):
    assert_valid(_limited(table, 1), 6)


@given(st.floats(0.0, 1.0))
def test_a_fifth_influence_comes_in_without_a_jump(level):
    table = np.zeros((2, len(BONES)))
    table[:, :4] = [0.4, 0.3, 0.2, 0.1]
    table[0, 4] = 0.1 * level
    table[1, 4] = 0.1 * min(level + 1e-3, 1.0)
    limited = _limited(table, 1).toarray()
    assert np.abs(limited[0] - limited[1]).max() < 2e-3
