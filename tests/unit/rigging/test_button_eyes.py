# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes that lie on the face like buttons are flattened to blink."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging.button_eyes import SQUASHES, button_correctives, button_motion
from auto_rig_face.rigging.eye_motion import eye_motions
from auto_rig_face.rigging.head import EYE_ROLES, Head
from auto_rig_face.rigging.shape_keys import build_shapes
from auto_rig_face.vocabulary import ARKIT_SHAPES, SIDE_NAMES
from hypothesis import given
from hypothesis import strategies as st

LEVEL = np.zeros(2)


@pytest.fixture(scope="module")
def head(closed_eyes, template) -> Head:
    beads = closed_eyes
    for side, rim in template.head.rims.items():
        centre = np.concatenate([rim.upper, rim.lower]).mean(axis=0) + [0.0, 0.0, 0.02]
        beads = beads.with_ball(f"Bead.{side}", centre, np.full(3, 0.6 * rim.opening))
    return beads.analysed()


def eye_of(head: Head, side: str) -> np.ndarray:
    return np.flatnonzero(head.role == EYE_ROLES[side])


def height(points: np.ndarray) -> float:
    return float(np.ptp(points[:, 1]))


@pytest.mark.parametrize("side", ["L", "R"])
def test_a_blink_leaves_a_line_and_wide_eyes_are_larger(head, side) -> None:
    eye, word = eye_of(head, side), SIDE_NAMES[side]
    rest = head.vertices[eye]
    motions = eye_motions(head)
    sizes = {name: np.ptp(rest + motions[name + word][eye], axis=0) for name in SQUASHES}
    before = np.ptp(rest, axis=0)
    assert sizes["eyeBlink"][1] < 0.2 * before[1]
    assert sizes["eyeBlink"][0] > before[0]
    assert sizes["eyeBlink"][1] < sizes["eyeSquint"][1] < before[1] < sizes["eyeWide"][1]


@pytest.mark.parametrize("side", ["L", "R"])
def test_nothing_else_moves(head, side) -> None:
    other = np.setdiff1d(np.arange(len(head.vertices)), eye_of(head, side))
    for name, motion in button_motion(head, side, LEVEL).items():
        assert name.endswith(SIDE_NAMES[side])
        assert not motion[other].any()


@given(
    turn=st.floats(-0.8, 0.8),
    tilt=st.floats(-0.8, 0.8),
    size=st.floats(0.2, 5.0),
    side=st.sampled_from("LR"),
)
def test_a_flattened_eye_stays_on_the_face(head, turn, tilt, size, side) -> None:
    """On a face that slopes away the eye keeps its distance from it, from its back to its front."""
    slope = np.array([turn, tilt])
    eye = eye_of(head, side)
    vertices = head.vertices.copy()
    middle = vertices[eye].mean(axis=0)
    vertices[eye] = middle + size * (vertices[eye] - middle)
    vertices[eye, 2] += (vertices[eye, :2] - middle[:2]) @ slope
    sloping = replace(head, vertices=vertices)

    def above(points: np.ndarray) -> np.ndarray:
        return points[:, 2] - (points[:, :2] - middle[:2]) @ slope

    rest = vertices[eye]
    for motion in button_motion(sloping, side, slope).values():
        moved = rest + motion[eye]
        np.testing.assert_allclose(above(moved).min(), above(rest).min(), atol=1e-9 * size)
        assert above(moved).max() <= above(rest).max() + 1e-9 * size


@given(squint=st.floats(0.0, 1.0), wide=st.floats(0.0, 1.0))
def test_a_shut_eye_stays_shut_whatever_is_added(head, squint, wide) -> None:
    shapes = eye_motions(head)
    correctives = button_correctives(head, shapes)
    for side, word in SIDE_NAMES.items():
        eye = eye_of(head, side)
        values = {"eyeBlink": 1.0, "eyeSquint": squint, "eyeWide": wide}
        moved = head.vertices[eye].copy()
        for name, value in values.items():
            moved += value * shapes[name + word][eye]
        for (first, second), corrective in correctives.items():
            if first.endswith(word):
                product = values[first.removesuffix(word)] * values[second.removesuffix(word)]
                moved += product * corrective[eye]
        shut = head.vertices[eye] + shapes[f"eyeBlink{word}"][eye]
        np.testing.assert_allclose(moved, shut, atol=1e-12)


def test_only_eyes_without_anything_are_left_empty(head, closed_eyes, template) -> None:
    raw = {name: np.zeros_like(head.vertices) for name in ARKIT_SHAPES}
    _, disabled = build_shapes(head, template, raw)
    assert not [name for name in disabled if name.startswith("eye")]
    painted = closed_eyes.analysed()
    raw = {name: np.zeros_like(painted.vertices) for name in ARKIT_SHAPES}
    _, disabled = build_shapes(painted, template, raw)
    assert {f"{name}{word}" for name in SQUASHES for word in SIDE_NAMES.values()} <= set(disabled)


def test_a_head_with_lids_has_no_buttons(analysed) -> None:
    assert not analysed.buttons
    assert not button_correctives(analysed, eye_motions(analysed))
    assert not set(eye_motions(analysed)) & {"eyeBlinkLeft", "eyeBlinkRight"}
