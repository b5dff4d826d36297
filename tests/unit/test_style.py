# SPDX-License-Identifier: GPL-3.0-or-later
"""Brows and lids move as far as a face's proportions ask for."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.style import (
    MOST,
    SLOPES,
    USUAL_BROW_ROOM,
    USUAL_EYE_ROOM,
    brow_growth,
    suit_proportions,
)
from hypothesis import given
from hypothesis import strategies as st

rooms = st.floats(-0.2, 2.0)


class Face:
    """What is asked of a head: landmarks, here with given heights between them."""

    def __init__(self, brow_room: float, eye_room: float) -> None:
        self._heights = {
            "lid_lower": -eye_room / 2,
            "lid_upper": eye_room / 2,
            "brow_mid": eye_room / 2 + brow_room,
        }
        # Far above the brows, at them, and at the lids.
        heights = [9.0, eye_room / 2 + brow_room, eye_room / 2]
        self.vertices = np.array([[0.5, height, 0.0] for height in heights])

    def point(self, name: str) -> np.ndarray:
        across = {"brow_inner": 0.2, "brow_outer": 0.8}.get(name[:-2], 0.5)
        height = self._heights.get(name[:-2], self._heights["brow_mid"])
        return np.array([across if name.endswith("L") else -across, height, 0.0])


def shapes() -> dict[str, np.ndarray]:
    moved = np.random.default_rng(1).normal(0.0, 0.1, (3, 3))
    return {name: moved.copy() for name in ("browDownLeft", "eyeSquintLeft", "eyeBlinkLeft")}


def test_a_face_built_like_a_human_moves_as_transferred() -> None:
    for name, shape in suit_proportions(Face(USUAL_BROW_ROOM, USUAL_EYE_ROOM), shapes()).items():
        np.testing.assert_allclose(shape, shapes()[name], err_msg=name)


def test_high_brows_go_further_down_but_no_nearer_to_each_other() -> None:
    suited = suit_proportions(Face(2 * USUAL_BROW_ROOM, USUAL_EYE_ROOM), shapes())
    before, after = shapes()["browDownLeft"], suited["browDownLeft"]
    np.testing.assert_allclose(after[:, 0], before[:, 0])
    assert (np.abs(after[:2, 1]) > 1.5 * np.abs(before[:2, 1])).all()
    np.testing.assert_allclose(after[2], before[2], err_msg="the lids stay where they were")
    np.testing.assert_array_equal(suited["eyeSquintLeft"], shapes()["eyeSquintLeft"])


def test_large_eyes_squint_further_and_shut_as_before() -> None:
    suited = suit_proportions(Face(USUAL_BROW_ROOM, 1.5 * USUAL_EYE_ROOM), shapes())
    np.testing.assert_allclose(suited["eyeSquintLeft"], 1.5 * shapes()["eyeSquintLeft"])
    np.testing.assert_array_equal(suited["eyeBlinkLeft"], shapes()["eyeBlinkLeft"])


@given(brow_room=rooms, eye_room=rooms)
def test_growth_is_bounded_whatever_the_landmarks_say(brow_room: float, eye_room: float) -> None:
    assert 1.0 <= brow_growth(Face(brow_room, eye_room)) <= MOST
    for name, shape in suit_proportions(Face(brow_room, eye_room), shapes()).items():
        grown = np.abs(shape) / np.abs(shapes()[name])
        assert grown.min() >= 1.0 - 1e-9
        steepest = max(inner for inner, _ in SLOPES.values())
        assert grown.max() <= MOST * (1 + steepest) + 1e-9


@given(low=rooms, high=rooms)
def test_more_room_never_means_less_motion(low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert brow_growth(Face(low, 0.2)) <= brow_growth(Face(high, 0.2)) + 1e-12


@pytest.mark.parametrize("side", "LR")
def test_both_sides_count_alike(side: str) -> None:
    face = Face(USUAL_BROW_ROOM, USUAL_EYE_ROOM)
    raised = type("Raised", (Face,), {})(USUAL_BROW_ROOM, USUAL_EYE_ROOM)
    raised.point = lambda name: (
        face.point(name)
        + [
            0.0,
            0.1 if name == f"brow_mid_{side}" else 0.0,
            0.0,
        ]
    )
    assert brow_growth(raised) > brow_growth(face)


@pytest.mark.parametrize(("name", "way"), [("browDownLeft", -1.0), ("browInnerUp", 1.0)])
def test_the_inner_end_of_a_high_brow_goes_further_than_the_outer_one(
    name: str, way: float
) -> None:
    ends = np.array([[0.2, 9.0, 0.0], [0.8, 9.0, 0.0]])
    alike = np.tile([0.0, way * 0.1, 0.0], (2, 1))
    human, cartoon = Face(USUAL_BROW_ROOM, 0.2), Face(3 * USUAL_BROW_ROOM, 0.2)
    human.vertices = cartoon.vertices = ends
    np.testing.assert_allclose(suit_proportions(human, {name: alike})[name], alike)
    inner, outer = way * suit_proportions(cartoon, {name: alike})[name][:, 1]
    assert inner > 2 * outer
    assert outer >= 0.1 - 1e-9
    other = suit_proportions(cartoon, {"browOuterUpLeft": alike})["browOuterUpLeft"]
    np.testing.assert_allclose(other[0], other[1])
