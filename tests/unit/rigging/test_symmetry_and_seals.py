# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetric heads are seen alike on both sides, skin unfolds, what is shut stays one piece."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging.analyse import analyse
from auto_rig_face.rigging.final_landmarks import reframe
from auto_rig_face.rigging.head import LipSide, Role
from auto_rig_face.rigging.lips import Lips
from auto_rig_face.rigging.mirror import MirroredSkin, even_out, mirror_plane
from auto_rig_face.rigging.sealed import SealedSkin
from auto_rig_face.rigging.shape_keys import exaggerate
from auto_rig_face.rigging.unfold import Unfolder
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

MIRROR = np.array([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def evened(model):
    """The head as it is found when its frame is a few degrees off."""
    tilt = Rotation.from_euler("xyz", [1.0, 4.0, -3.0], degrees=True).as_matrix()
    axes = tilt @ model.frame.axes
    landmarks = model.landmarks()
    off = replace(landmarks, frame=replace(landmarks.frame, axes=axes))
    return reframe(even_out(analyse(model.face_mesh(), off)))


def test_the_mirror_plane_of_an_evened_head_is_its_middle(evened) -> None:
    plane = mirror_plane(evened)
    assert plane is not None
    assert abs(plane.normal[0]) > 1.0 - 1e-5
    assert abs(plane.offset) < 1e-3


def test_both_sides_of_an_evened_head_are_the_same(evened) -> None:
    left, right = evened.rims["L"], evened.rims["R"]
    assert np.abs(left.upper - right.upper * MIRROR).max() < 2e-3
    assert np.abs(left.lower - right.lower * MIRROR).max() < 2e-3
    assert np.abs(evened.seam.upper - evened.seam.upper[::-1] * MIRROR).max() < 2e-3
    assert np.abs(evened.point("eye_outer_L") - evened.point("eye_outer_R") * MIRROR).max() < 2e-3


def test_what_the_artist_placed_is_not_evened_out(model) -> None:
    landmarks = model.landmarks()
    moved = landmarks.named["mouth_corner_L"] + [0.003, 0.0, 0.002]
    placed = replace(
        landmarks,
        named=landmarks.named | {"mouth_corner_L": moved},
        confidence=landmarks.confidence | {"mouth_corner_L": 1.0},
    )
    head = even_out(analyse(model.face_mesh(), placed))
    assert np.abs(head.landmarks.named["mouth_corner_L"] - moved).max() < 1e-9


def test_a_bent_head_has_no_mirror_plane(evened) -> None:
    bent = evened.vertices.copy()
    bent[:, 0] += 0.08 * np.sin(2.0 * bent[:, 1]) * (bent[:, 0] > 0)
    assert mirror_plane(replace(evened, vertices=bent)) is None


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_the_mean_with_the_mirror_image_is_symmetric(evened, seed: int) -> None:
    mirrored = MirroredSkin(evened, mirror_plane(evened))
    wave = np.random.default_rng(seed).normal(size=(3, 3))
    shape = 0.1 * np.sin(evened.vertices @ wave)
    mean = mirrored.mean(shape, shape)
    again = mirrored.mean(mean, mean)
    ids = mirrored.ids
    assert len(ids) > 0.9 * (evened.role == Role.SKIN).sum()
    difference = np.linalg.norm(again[ids] - mean[ids], axis=1)
    assert np.quantile(difference, 0.99) < 2e-3
    assert np.linalg.norm(shape[ids] - mean[ids], axis=1).mean() > 5e-3


def test_the_lips_are_told_apart_where_they_touch(evened) -> None:
    lips = Lips(evened)
    for samples, side in ((lips.on_upper, LipSide.UPPER), (lips.on_lower, LipSide.LOWER)):
        sides = evened.lip_side[samples.corners[4:-4]]
        assert (sides == side).mean() > 0.95


def fold(head, centre, width: float, depth: float) -> np.ndarray:
    """A displacement that pulls the skin at ``centre`` over its neighbours."""
    offset = head.vertices - centre
    bump = np.exp(-((offset / width) ** 2).sum(axis=1))
    return depth * bump[:, None] * np.array([1.0, 0.0, 0.0])


@pytest.mark.parametrize("width", [0.1, 0.16])
def test_folds_are_smoothed_away(evened, width: float) -> None:
    unfold = Unfolder(evened)
    cheek = evened.point("mouth_corner_L") + [0.25, 0.2, -0.15]
    shape = fold(evened, cheek, width, 2.5 * width)
    every = np.flatnonzero(unfold.may_flip)
    before = unfold._flipped(shape[unfold.ids], every)
    assert len(before) > 0
    after = unfold._flipped(unfold(shape)[unfold.ids], every)
    assert len(after) == 0
    far = np.linalg.norm(evened.vertices - cheek, axis=1) > 1.0
    assert np.array_equal(unfold(shape)[far], shape[far])


def test_a_shape_without_folds_is_left_alone(evened) -> None:
    shape = 0.02 * np.sin(evened.vertices)
    assert Unfolder(evened)(shape) is shape


def test_a_sealed_eye_stays_one_piece(closed_eyes) -> None:
    head = reframe(even_out(analyse(closed_eyes.face_mesh(), closed_eyes.landmarks())))
    assert not head.rims
    sealed = SealedSkin(head)
    band = sealed.eye("L")
    assert band.any()
    # The lower half of the face jumps up against the upper one.
    shape = np.where(head.vertices[:, 1:2] < 0.0, [[0.0, 0.1, 0.0]], 0.0)
    filled = sealed.fill(shape, band)
    assert np.array_equal(filled[~band], shape[~band])
    edges = head.triangles_of(Role.SKIN)[:, :2]
    inside = edges[band[edges].all(axis=1)]

    def steepest(values: np.ndarray) -> float:
        jump = np.linalg.norm(values[inside[:, 0]] - values[inside[:, 1]], axis=1)
        return float(jump.max())

    assert steepest(filled) < 0.75 * steepest(shape)


def test_a_jaw_below_a_mouth_that_stays_shut_stretches_all_from_nose_to_chin(closed_mouth) -> None:
    head = reframe(even_out(analyse(closed_mouth.face_mesh(), closed_mouth.landmarks())))
    assert head.seam is None
    down = np.tile([0.0, -0.3, -0.1], (len(head.vertices), 1))
    moved = SealedSkin(head).below_mouth(down)
    height = head.vertices[:, 1]
    assert not moved[height > head.point("nose_base")[1]].any()
    below = height < head.point("chin")[1]
    assert np.array_equal(moved[below], down[below])
    lips = [head.point(f"lip_{name}")[1] for name in ("lower_bottom", "upper_top")]
    across = np.interp(lips, *np.stack([height, moved[:, 1]])[:, np.argsort(height)])
    # Both lips go along in part; the lower one not by as much more as they are high.
    assert np.all((across < 0.0) & (across > -0.3))
    assert across[1] - across[0] < 0.7 * (lips[1] - lips[0])


def test_a_mouth_that_stays_shut_goes_with_the_jaw_as_one(analysed) -> None:
    head = replace(analysed, seam=None)
    # The chin is drawn down more in the middle than at the sides, which would be a smile.
    down = np.exp(-4 * head.vertices[:, :1] ** 2) * [0.0, -0.3, 0.0]
    moved = SealedSkin(head).keep_line(down)
    ends = np.array([head.point(f"mouth_corner_{side}") for side in "LR"])
    line = np.concatenate([ends, head.point("lip_upper_inner")[None]])
    skin = np.flatnonzero(head.role == Role.SKIN)
    rows = skin[cKDTree(head.vertices[skin]).query(line)[1]]
    assert np.ptp(down[rows, 1]) > 0.1
    assert np.ptp(moved[rows, 1]) < 0.02
    assert np.array_equal(moved[head.role != Role.SKIN], down[head.role != Role.SKIN])
    far = np.linalg.norm(head.vertices - line.mean(axis=0), axis=1) > 1.2
    assert np.array_equal(moved[far], down[far])


@given(amount=st.floats(0.5, 1.5))
def test_exaggeration_scales_what_an_artist_would_scale(amount: float) -> None:
    shape = np.ones((4, 3))
    names = ("mouthSmileLeft", "eyeBlinkLeft", "eyeLookUpRight", "jawOpen", "mouthClose")
    result = exaggerate(dict.fromkeys(names, shape), amount)
    assert np.allclose(result["mouthSmileLeft"], amount)
    assert np.array_equal(result["eyeBlinkLeft"], shape)
    assert np.array_equal(result["eyeLookUpRight"], shape)
    assert np.allclose(result["jawOpen"], min(amount, 1.2))
    assert np.array_equal(result["jawOpen"], result["mouthClose"])
