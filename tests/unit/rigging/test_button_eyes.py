# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes that lie on the face like buttons are flattened to blink, and stay before the skin."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.button_eyes import SQUASHES, ButtonEye, button_correctives
from auto_rig_face.rigging.front_depth import front_depths
from auto_rig_face.rigging.head import EYE_ROLES, Head, Role
from auto_rig_face.rigging.loose_parts import pieces_of
from auto_rig_face.rigging.shape_keys import build_shapes
from auto_rig_face.vocabulary import ARKIT_SHAPES, SIDE_NAMES
from hypothesis import given
from hypothesis import strategies as st


def bead(template, side: str) -> tuple[np.ndarray, float]:
    """Where the eye was, a little before it, and how large."""
    rim = template.head.rims[side]
    middle = np.concatenate([rim.upper, rim.lower]).mean(axis=0)
    return middle + [0.0, 0.0, 0.02], 0.6 * rim.opening


def beads_on(model, template):
    for side in SIDE_NAMES:
        centre, radius = bead(template, side)
        model = model.with_ball(f"Bead.{side}", centre, np.full(3, radius))
    return model


@pytest.fixture(scope="module")
def head(closed_eyes, template) -> Head:
    return beads_on(closed_eyes, template).analysed()


@pytest.fixture(scope="module")
def lashed(closed_eyes, template) -> Head:
    """The same with an arc around the upper half of each bead."""
    model = beads_on(closed_eyes, template)
    for side in SIDE_NAMES:
        centre, radius = bead(template, side)
        angle = np.linspace(0.1, np.pi - 0.1, 24)
        arc = np.stack([np.cos(angle), np.sin(angle), np.full(24, 0.6)], axis=1)
        points = np.concatenate([centre + 1.1 * radius * arc, centre + 1.25 * radius * arc])
        first = np.arange(23)
        triangles = np.concatenate(
            [
                np.stack([first, first + 1, first + 24], axis=1),
                np.stack([first + 1, first + 25, first + 24], axis=1),
            ]
        )
        model = model.with_part(f"Lash.{side}", points, triangles)
    return model.analysed()


def eye_of(head: Head, side: str) -> ButtonEye:
    return ButtonEye.of(head, side, pieces_of(head, Role.LASH))


def motion_of(head: Head, side: str, name: str, skin: np.ndarray | None = None) -> np.ndarray:
    """(N, 3) what a shape does to the eye, given the motion of the skin."""
    result = np.zeros_like(head.vertices)
    eye_of(head, side).follow(name, np.zeros_like(result) if skin is None else skin, result)
    return result


def above_skin(head: Head, points: np.ndarray) -> np.ndarray:
    return points[:, 2] - front_depths(head.vertices, head.triangles_of(Role.SKIN), points)


@pytest.mark.parametrize("side", ["L", "R"])
def test_a_blink_leaves_a_line_and_wide_eyes_are_larger(head, side) -> None:
    eye, word = np.flatnonzero(head.role == EYE_ROLES[side]), SIDE_NAMES[side]
    rest = head.vertices[eye]
    sizes = {n: np.ptp(rest + motion_of(head, side, n + word)[eye], axis=0) for n in SQUASHES}
    before = np.ptp(rest, axis=0)
    assert sizes["eyeBlink"][1] < 0.2 * before[1]
    assert sizes["eyeBlink"][0] > before[0]
    assert sizes["eyeBlink"][1] < sizes["eyeSquint"][1] < before[1] < sizes["eyeWide"][1]


@pytest.mark.parametrize("side", ["L", "R"])
def test_nothing_else_moves(head, side) -> None:
    other = np.flatnonzero(head.role != EYE_ROLES[side])
    for name in SQUASHES:
        assert not motion_of(head, side, name + SIDE_NAMES[side])[other].any()
        opposite = SIDE_NAMES["R" if side == "L" else "L"]
        assert not motion_of(head, side, name + opposite).any()


@pytest.mark.parametrize("name", SQUASHES)
@pytest.mark.parametrize("side", ["L", "R"])
def test_what_is_seen_of_the_eye_stays_before_the_skin(head, side, name) -> None:
    eye = np.flatnonzero(head.role == EYE_ROLES[side])
    rest = head.vertices[eye]
    seen = above_skin(head, rest) > 0.0
    moved = rest + motion_of(head, side, name + SIDE_NAMES[side])[eye]
    assert seen.sum() > 10
    assert above_skin(head, moved)[seen].min() > 0.0


@given(forward=st.floats(0.0, 0.2), sideways=st.floats(-0.1, 0.1), side=st.sampled_from(["L", "R"]))
def test_skin_that_comes_forward_takes_the_eye_along(head, forward, sideways, side) -> None:
    """A cheek that is lifted, or a brow that slides over a vaulted forehead, covers no eye."""
    skin = np.where((head.role == Role.SKIN)[:, None], [sideways, 0.0, forward], 0.0)
    eye = np.flatnonzero(head.role == EYE_ROLES[side])
    motion = motion_of(head, side, "cheekPuff", skin)[eye]
    assert not motion[:, :2].any()
    assert np.ptp(motion[:, 2]) == 0.0
    assert motion[0, 2] >= forward - 1e-9 or motion[0, 2] == pytest.approx(0.3)


def test_skin_that_goes_back_leaves_the_eye_where_it_is(head) -> None:
    skin = np.where((head.role == Role.SKIN)[:, None], [0.0, 0.0, -0.1], 0.0)
    assert not motion_of(head, "L", "cheekPuff", skin).any()


@pytest.fixture(scope="module")
def shapes(head) -> dict[str, np.ndarray]:
    """What all of them do to both eyes."""
    return {
        name + word: motion_of(head, side, name + word)
        for side, word in SIDE_NAMES.items()
        for name in SQUASHES
    }


@given(squint=st.floats(0.0, 1.0), wide=st.floats(0.0, 1.0))
def test_a_shut_eye_stays_shut_whatever_is_added(head, shapes, squint, wide) -> None:
    correctives = button_correctives(head, shapes)
    for word in SIDE_NAMES.values():
        values = {"eyeBlink": 1.0, "eyeSquint": squint, "eyeWide": wide}
        moved = sum(value * shapes[name + word] for name, value in values.items())
        for (first, second), corrective in correctives.items():
            if first.endswith(word):
                product = values[first.removesuffix(word)] * values[second.removesuffix(word)]
                moved = moved + product * corrective
        np.testing.assert_allclose(moved, shapes[f"eyeBlink{word}"], atol=1e-12)


def test_lashes_come_down_with_the_eye_and_are_its_line(lashed) -> None:
    assert (lashed.role == Role.LASH).sum() == 2 * 48
    assert not (lashed.role == Role.BROW).any()
    for side, word in SIDE_NAMES.items():
        own = eye_of(lashed, side).index
        lash = own[lashed.role[own] == Role.LASH]
        eye = own[lashed.role[own] != Role.LASH]
        assert len(lash) == 48
        shut = lashed.vertices + motion_of(lashed, side, f"eyeBlink{word}")
        fallen = lashed.vertices[lash, 1].max() - shut[lash, 1].max()
        assert fallen > 0.5 * np.ptp(lashed.vertices[eye, 1])
        assert np.ptp(shut[lash, 1]) > np.ptp(shut[eye, 1])


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
    assert not button_correctives(analysed, {})
