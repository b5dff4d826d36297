# SPDX-License-Identifier: GPL-3.0-or-later
"""Lids that close and keep clear of the eye; lips that don't cross, and seal."""

from __future__ import annotations

from dataclasses import replace

import igl
import numpy as np
import pytest
from auto_rig_face.rigging.final_landmarks import reframe
from auto_rig_face.rigging.head import LipSide, Role
from auto_rig_face.rigging.lids import Lids
from auto_rig_face.rigging.lips import Lips
from auto_rig_face.rigging.raycast import RayScene
from auto_rig_face.rigging.unfold import Unfolder

WORDS = {"L": "Left", "R": "Right"}


@pytest.fixture(scope="module")
def round_eyed(transferred):
    """The head with each eye's vertices moved on to a sphere."""
    head = transferred.head
    vertices = head.vertices.copy()
    for side, role in (("L", Role.EYE_L), ("R", Role.EYE_R)):
        eye, ball = head.role == role, head.eyeballs[side]
        offset = vertices[eye] - ball.centre
        vertices[eye] = ball.centre + ball.radius * offset / np.linalg.norm(
            offset, axis=1, keepdims=True
        )
    return replace(head, vertices=vertices)


def eye_seen(head, side: str, shape: np.ndarray) -> float:
    """Share of rays from the front through the open eye that still meet the eye part."""
    rim = head.rims[side]
    front = rim.axes[2]
    share = np.linspace(0.05, 0.95, 40)[:, None, None]
    inner = slice(3, -3)
    between = (share * rim.upper[inner] + (1 - share) * rim.lower[inner]).reshape(-1, 3)
    kinds = (Role.SKIN, Role.EYE_L, Role.EYE_R)
    triangles = head.triangles[np.isin(head.role[head.triangles[:, 0]], kinds)]
    hits = RayScene(head.vertices + shape, triangles).cast(
        between + 2.0 * front, np.tile(-front, (len(between), 1))
    )
    assert (hits.triangle >= 0).all()
    return float((head.role[triangles[hits.triangle, 0]] != Role.SKIN).mean())


@pytest.mark.parametrize("side", ["L", "R"])
def test_a_blink_hides_the_eye(transferred, side: str) -> None:
    head = transferred.head
    lids = Lids(head, side)
    still = np.zeros_like(head.vertices)
    assert eye_seen(head, side, still) > 0.8
    assert lids.shows_through(still)
    blink = lids.close(transferred.raw[f"eyeBlink{WORDS[side]}"])
    assert eye_seen(head, side, blink) == 0.0
    assert not lids.shows_through(blink)


@pytest.fixture(scope="module")
def coarse_lidded(model, roles):
    """The head with a skin of so few triangles that single edges span whole lids."""
    is_skin = roles[model.triangles[:, 0]] == Role.SKIN
    ids, skin = np.unique(model.triangles[is_skin], return_inverse=True)
    found = igl.decimate(
        np.asfortranarray(model.vertices[ids]), np.asfortranarray(skin.reshape(-1, 3)), 1200
    )
    coarse = model.without(is_skin).with_part("Coarse", *found[:2])
    return reframe(coarse.in_one_part().analysed())


@pytest.mark.parametrize("side", ["L", "R"])
def test_edges_that_span_a_whole_lid_come_down(coarse_lidded, side: str) -> None:
    assert side in coarse_lidded.rims
    lids = Lids(coarse_lidded, side)
    still = np.zeros_like(coarse_lidded.vertices)
    assert eye_seen(coarse_lidded, side, still) > 0.5
    assert eye_seen(coarse_lidded, side, lids.close(still)) < 0.01


def test_a_blink_closes_without_help_from_the_template(transferred) -> None:
    head = transferred.head
    blink = Lids(head, "L").close(np.zeros_like(head.vertices))
    assert eye_seen(head, "L", blink) == 0.0


def test_a_blink_leaves_the_other_eye_and_the_eye_parts_alone(transferred) -> None:
    head = transferred.head
    blink = Lids(head, "L").close(np.zeros_like(head.vertices))
    assert not blink[head.role != Role.SKIN].any()
    assert not blink[head.vertices[:, 0] < -0.15].any()
    assert not blink[head.vertices[:, 1] < -0.9].any()


@pytest.mark.parametrize("side", ["L", "R"])
def test_the_way_of_a_lid_keeps_clear_of_a_round_eye(round_eyed, side: str) -> None:
    head, ball = round_eyed, round_eyed.eyeballs[side]
    shape = Lids(head, side).close(np.zeros_like(head.vertices))
    skin = (head.role == Role.SKIN) & head.visible & (np.linalg.norm(shape, axis=1) > 1e-3)
    rest = np.linalg.norm(head.vertices - ball.centre, axis=1)
    outside = skin & (rest > ball.radius)
    assert outside.sum() > 20
    for amount in (0.25, 0.5, 0.75, 1.0):
        along = head.vertices[outside] + amount * shape[outside]
        depth = ball.radius - np.linalg.norm(along - ball.centre, axis=1)
        assert depth.max() < 0.005, amount


def test_lips_pushed_through_each_other_are_parted(transferred) -> None:
    head = transferred.head
    lips = Lips(head)
    crossed = np.where((head.lip_side == LipSide.UPPER)[:, None], [0.0, -0.1, 0.0], 0.0)
    assert lips.gap(crossed).min() < -0.05
    assert lips.gap(lips.uncross(crossed)).min() > -2e-3


def test_lips_that_do_not_cross_are_left_alone(transferred) -> None:
    lips = Lips(transferred.head)
    shape = transferred.raw["jawOpen"]
    assert lips.gap(shape).max() > 0.3
    np.testing.assert_array_equal(lips.uncross(shape), shape)


def test_mouth_close_brings_an_open_jaw_back_to_the_rest_gap(transferred) -> None:
    lips, raw = Lips(transferred.head), transferred.raw
    rest = lips.gap(np.zeros_like(transferred.head.vertices))
    close = lips.seal(raw["jawOpen"], raw["mouthClose"])
    np.testing.assert_allclose(lips.gap(raw["jawOpen"] + close), rest, atol=4e-3)


def flips(head, shape: np.ndarray) -> int:
    """Visible skin triangles that a shape turns over."""
    skin = head.triangles_of(Role.SKIN)
    skin = skin[head.visible[skin].all(axis=1)]
    rest, moved = (
        np.cross(points[skin[:, 1]] - points[skin[:, 0]], points[skin[:, 2]] - points[skin[:, 0]])
        for points in (head.vertices, head.vertices + shape)
    )
    return int(((rest * moved).sum(axis=1) < 0).sum())


@pytest.mark.parametrize("push", [[0.3, 0, 0], [0, -0.3, 0], [-0.2, 0.2, 0.1]])
def test_a_fold_in_the_cheek_is_taken_out_and_nothing_else_moves(transferred, push) -> None:
    head = transferred.head
    cheek = head.point("mouth_corner_L") + [0.35, 0.3, 0.0]
    distance = np.linalg.norm(head.vertices - cheek, axis=1)
    skin = head.visible & (head.role == Role.SKIN)
    planted = np.zeros_like(head.vertices)
    planted[np.where(skin, distance, np.inf).argmin()] = push
    assert flips(head, planted) > 0
    result = Unfolder(head)(planted)
    assert flips(head, result) == 0
    assert not result[distance > 0.8].any()


def test_a_shape_without_folds_is_untouched(transferred) -> None:
    shape = transferred.raw["browInnerUp"]
    np.testing.assert_array_equal(Unfolder(transferred.head)(shape), shape)
