# SPDX-License-Identifier: GPL-3.0-or-later
"""Skin that a shape pushes through skin is kept apart, or moves less; spikes are brought back, and
motion beyond a shape's part of the face fades out.
"""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.certificate.folds import FoldFinder
from auto_rig_face.rigging.certificate.regions import distance_to_region, leaks
from auto_rig_face.rigging.certificate.skin import exposed_skin
from auto_rig_face.rigging.certificate.spikes import SpikeFinder
from auto_rig_face.rigging.data import Certificate, Metric
from auto_rig_face.rigging.final_landmarks import reframe
from auto_rig_face.rigging.head import Role
from auto_rig_face.rigging.lips import Lips
from auto_rig_face.rigging.mirror import even_out
from auto_rig_face.rigging.repair import FADES, repair
from auto_rig_face.rigging.untangle import Untangler
from auto_rig_face.vocabulary import mirror_shape


@pytest.fixture(scope="module")
def evened(model):
    return reframe(even_out(model.analysed()))


def failed(name: str) -> Certificate:
    return Certificate((Metric(name, 9.0, 1.0, passed=False),))


def crossing(head) -> dict[str, np.ndarray]:
    """The mouth squeezed to nothing."""
    lips = Lips(head)
    near = np.zeros(len(head.vertices), bool)
    near[lips.region] = lips.distance < 0.3
    pull = np.zeros_like(head.vertices)
    pull[near] = -1.0 * (head.vertices[near] - lips.upper.mean(axis=0)) * [1.0, 0.0, 0.0]
    return {"mouthLeft": pull, "mouthRight": pull * 1.0, "jawForward": np.zeros_like(pull)}


def test_shapes_that_push_skin_through_skin_are_weakened_on_both_sides(evened) -> None:
    shapes = crossing(evened)
    before = len(evened.messages)
    eased = repair(evened, shapes, failed("new self-intersections"), lambda changed: changed)
    assert set(eased) == {"mouthLeft", "mouthRight"}
    shares = {
        name: np.linalg.norm(shape) / np.linalg.norm(shapes[name]) for name, shape in eased.items()
    }
    assert shares["mouthLeft"] == pytest.approx(shares["mouthRight"])
    assert 0.45 < shares["mouthLeft"] < 0.95
    told = " ".join(message.text for message in evened.messages[before:])
    assert "mouthLeft, mouthRight" in told
    del evened.messages[before:]


def test_nothing_is_weakened_for_another_reason(evened) -> None:
    assert repair(evened, crossing(evened), failed("flips"), lambda changed: changed) == {}


@pytest.fixture(scope="module")
def nose_in_lip(evened) -> np.ndarray:
    """A shape that pushes the tip of the nose into the upper lip."""
    near = np.exp(-8 * ((evened.vertices - evened.point("nose_tip")) ** 2).sum(axis=1) / 0.3**2)
    shape = near[:, None] * np.array([0.0, -0.5, -0.25])
    shape[evened.role != Role.SKIN] = 0.0
    return shape


def test_skin_that_would_be_run_through_goes_along(evened, nose_in_lip) -> None:
    skin = exposed_skin(evened)
    finder = FoldFinder(evened, skin)
    pose = nose_in_lip[skin.index]

    def meeting(one: np.ndarray) -> int:
        return len(finder.new_pairs(one))

    assert meeting(pose) > 20
    apart = Untangler(evened, skin, finder)(pose, 10)
    assert apart is not None
    assert meeting(apart) <= 10
    assert np.linalg.norm(apart) > 0.5 * np.linalg.norm(pose)
    far = np.linalg.norm(skin.points - evened.point("nose_tip"), axis=1) > 1.5
    assert np.array_equal(apart[far], pose[far])


def test_parts_follow_what_was_repaired(evened, nose_in_lip, monkeypatch) -> None:
    monkeypatch.setattr("auto_rig_face.rigging.repair.intersection_limit", lambda _: 10.0)
    before = len(evened.messages)
    repaired = repair(
        evened,
        {"mouthPucker": nose_in_lip},
        failed("new self-intersections"),
        lambda changed: {f"{name} with parts": shape for name, shape in changed.items()},
    )
    assert set(repaired) >= {"mouthPucker with parts"}
    assert len(evened.messages) >= before
    del evened.messages[before:]


def test_spikes_are_brought_back_on_both_sides_and_nothing_else_moves(evened) -> None:
    skin = exposed_skin(evened)
    find = SpikeFinder(skin)
    cheek = evened.point("mouth_corner_L") + np.array([0.35, 0.1, 0.0])
    spike = skin.index[np.linalg.norm(skin.points - cheek, axis=1).argmin()]
    still = np.zeros_like(evened.vertices)
    out = still.copy()
    out[spike] = [0.1, 0.0, 0.4]
    # mouthClose is seen on top of jawOpen: its spike is what both make together.
    shapes = {"mouthSmileLeft": out, "mouthSmileRight": still, "jawOpen": -out, "mouthClose": out}
    assert len(find(out[skin.index]).rows)
    smooth = repair(evened, shapes, failed("spikes"), lambda changed: changed)
    assert smooth.keys() == shapes.keys()
    for pose in (
        smooth["mouthSmileLeft"],
        smooth["mouthSmileRight"],
        smooth["jawOpen"],
        smooth["jawOpen"] + smooth["mouthClose"],
    ):
        assert not len(find(pose[skin.index]).rows)
    moved = np.flatnonzero(np.linalg.norm(smooth["mouthSmileLeft"], axis=1) > 1e-9)
    assert spike in moved
    assert np.linalg.norm(evened.vertices[moved] - evened.vertices[spike], axis=1).max() < 0.2


def test_smooth_shapes_stay_as_they_are(evened, nose_in_lip) -> None:
    assert not len(
        SpikeFinder(exposed_skin(evened))(0.1 * nose_in_lip[exposed_skin(evened).index]).rows
    )
    assert repair(evened, {"noseSneerLeft": 0.1 * nose_in_lip}, failed("spikes"), dict) == {}


@pytest.mark.parametrize("name", ["noseSneerLeft", "mouthSmileRight"])
def test_what_moves_beyond_its_part_of_the_face_fades_out(evened, name) -> None:
    skin = exposed_skin(evened)
    beyond = distance_to_region(name, evened, evened.vertices)
    shape = np.zeros_like(evened.vertices)
    is_skin = evened.role == Role.SKIN
    shape[is_skin & (beyond < 0.6)] = [0.0, -0.01, 0.0]
    shape[is_skin & (beyond < -0.1)] = [0.0, -0.03, 0.0]
    other = mirror_shape(name)
    # The counterpart, which moves nothing out of place, fades alike.
    inside = np.where((distance_to_region(other, evened, evened.vertices) < 0)[:, None], shape, 0.0)
    shapes = {other: inside, name: shape, "jawOpen": np.zeros_like(shape)}
    assert leaks(name, evened, skin, shape[skin.index])
    faded = repair(evened, shapes, failed("leak"), lambda changed: changed)
    assert faded.keys() == {name, other}
    assert not leaks(name, evened, skin, faded[name][skin.index])
    np.testing.assert_array_equal(faded[name][beyond < 0], shape[beyond < 0])
    size = np.linalg.norm(faded[name], axis=1)
    assert (size <= np.linalg.norm(shape, axis=1)).all()
    assert not size[beyond > FADES[0]].any()
