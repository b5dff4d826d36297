# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of the character: matched by a camera, believed where they are surer, or turned down."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from auto_rig_face.rigging.landmarks import PLACED, confidence_of, expected_error_of
from auto_rig_face.rigging.reference import (
    UNSURE,
    PictureFace,
    face_in_picture,
    surest_face,
    use_picture,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

PIXELS = 90.0  # between the eyes


@dataclass(frozen=True)
class Seen:
    """A prediction of a network."""

    points: np.ndarray
    expected_error: np.ndarray | None
    score: float = 0.9
    presence: float = 1.0


def picture_of(model, *, error: float = 0.01, degrees: tuple[float, float] = (0.0, 0.0)):
    """What a network would see of the head, turned by yaw and pitch, without any error."""
    turn = Rotation.from_euler("YX", degrees, degrees=True).as_matrix()
    flat = (model.named @ turn.T)[:, :2] * [PIXELS, -PIXELS] + [200.0, 150.0]
    named = dict(zip(model.names, flat, strict=True))
    eyes = [(named[f"eye_outer_{s}"] + named[f"eye_inner_{s}"]) / 2 for s in "LR"]
    return PictureFace(named, dict.fromkeys(named, error), float(np.linalg.norm(eyes[0] - eyes[1])))


def doubtful(model, expected: float = 0.1):
    landmarks = model.landmarks()
    return replace(landmarks, confidence=dict.fromkeys(landmarks.named, confidence_of(expected)))


@given(st.floats(0.002, 0.5))
def test_confidence_and_expected_error_are_the_same_thing(error: float) -> None:
    assert expected_error_of(confidence_of(error)) == pytest.approx(error, rel=1e-6)


def test_what_was_placed_is_expected_to_be_right() -> None:
    assert expected_error_of(PLACED) == 0.0


@pytest.mark.parametrize("degrees", [(0.0, 0.0), (25.0, 0.0), (-15.0, 10.0)])
def test_a_picture_of_the_head_moves_nothing(model, degrees) -> None:
    landmarks = doubtful(model)
    face = picture_of(model, degrees=degrees)
    corrected, message = use_picture(landmarks, face, model.face_mesh())
    for name, point in landmarks.named.items():
        assert np.linalg.norm(corrected.named[name] - point) < 0.01 * model.frame.scale
    assert message.severity == "info"
    # What a picture confirms is less of a guess.
    assert min(corrected.confidence.values()) > max(landmarks.confidence.values())


def test_the_right_picture_is_known_where_the_mesh_was_wrong(model) -> None:
    landmarks = doubtful(model, 0.02)
    wrong = ("mouth_corner_L", "mouth_corner_R", "lip_upper_inner", "lip_lower_inner", "chin")
    shift = model.frame.vectors_to_world(np.array([0.0, 0.3, 0.0]))
    off = replace(
        landmarks,
        named=landmarks.named | {name: landmarks.named[name] + shift for name in wrong},
        confidence=landmarks.confidence | dict.fromkeys(wrong, confidence_of(0.25)),
    )
    corrected, message = use_picture(off, picture_of(model), model.face_mesh())
    assert message.severity == "info"
    for name in wrong:
        left = np.linalg.norm(corrected.named[name] - landmarks.named[name])
        assert left < 0.1 * model.frame.scale, name


def test_a_surer_picture_puts_a_landmark_right(model) -> None:
    landmarks, scale = doubtful(model), model.frame.scale
    right = landmarks.named["brow_mid_L"]
    wrong = right + model.frame.vectors_to_world(np.array([0.0, 0.15, 0.0]))
    off = replace(landmarks, named=landmarks.named | {"brow_mid_L": wrong})
    corrected, message = use_picture(off, picture_of(model), model.face_mesh())
    left = np.linalg.norm(corrected.named["brow_mid_L"] - right) / scale
    assert left < 0.05
    assert "left middle of the brow" in message.text
    assert corrected.confidence["brow_mid_L"] > off.confidence["brow_mid_L"]
    for name in set(off.named) - {"brow_mid_L"}:
        apart = np.linalg.norm(corrected.named[name] - off.named[name]) / scale
        assert apart < 0.02, name


def test_a_less_sure_picture_moves_nothing(model) -> None:
    landmarks = doubtful(model, 0.02)
    wrong = landmarks.named["chin"] + model.frame.vectors_to_world(np.array([0.0, 0.1, 0.0]))
    off = replace(landmarks, named=landmarks.named | {"chin": wrong})
    corrected, _ = use_picture(off, picture_of(model, error=0.08), model.face_mesh())
    assert corrected is off


def test_what_the_artist_placed_stays(model) -> None:
    landmarks = doubtful(model)
    wrong = landmarks.named["chin"] + model.frame.vectors_to_world(np.array([0.0, 0.15, 0.0]))
    placed = replace(
        landmarks,
        named=landmarks.named | {"chin": wrong},
        confidence=landmarks.confidence | {"chin": PLACED},
    )
    corrected, _ = use_picture(placed, picture_of(model), model.face_mesh())
    np.testing.assert_array_equal(corrected.named["chin"], wrong)


def test_another_face_is_not_used(model) -> None:
    face = picture_of(model)
    random = np.random.default_rng(4)
    other = {n: p + random.normal(0, 0.2 * PIXELS, 2) for n, p in face.named.items()}
    landmarks = doubtful(model)
    corrected, message = use_picture(landmarks, replace(face, named=other), model.face_mesh())
    assert corrected is landmarks
    assert message.severity == "warning"
    assert "doesn't match" in message.text


def test_of_two_networks_the_one_that_knows_itself_counts_where_they_disagree(model) -> None:
    flat = np.column_stack([model.dense[:, :2] * [PIXELS, -PIXELS], np.zeros(len(model.dense))])
    silent = Seen(flat, None)
    near = Seen(flat + 2.0, np.full(len(flat), 0.03 * PIXELS))
    far = Seen(flat + 12.0, np.full(len(flat), 0.03 * PIXELS))
    unsure = Seen(flat + 12.0, np.full(len(flat), 2 * UNSURE * PIXELS))
    for other, expected in ((near, silent), (far, far), (unsure, silent)):
        chosen = surest_face([silent, other])
        assert chosen is not None
        np.testing.assert_allclose(chosen.named["chin"], face_in_picture(expected).named["chin"])
        assert chosen.doubt == pytest.approx(face_in_picture(expected).doubt)


def test_one_network_is_enough_and_none_is_too_few(model) -> None:
    flat = np.column_stack([model.dense[:, :2] * [PIXELS, -PIXELS], np.zeros(len(model.dense))])
    assert surest_face([Seen(flat, None)]) is not None
    assert surest_face([Seen(flat, np.full(len(flat), 9.0))]) is not None
    assert surest_face([]) is None
