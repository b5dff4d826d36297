# SPDX-License-Identifier: GPL-3.0-or-later
"""A mouth that is drawn on to skin opens with the jaw, and stays before the skin."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.drawn_lips import drawn_mouth, open_mouth
from auto_rig_face.rigging.final_landmarks import reframe
from auto_rig_face.rigging.front_depth import front_depths
from auto_rig_face.rigging.head import Role


def drawn_on(model, below: float, above: float, before: float, middle=(0.0, 0.0)):
    """The head with a strip over the lip line, laid on the skin, and its rows from the bottom."""
    right, left = (model.point(f"mouth_corner_{side}") for side in "RL")
    line = (model.point("lip_upper_inner") + model.point("lip_lower_inner"))[:2] / 2 + middle
    half = (left[0] - right[0]) / 2
    across, up = np.meshgrid(np.linspace(-half, half, 25), np.linspace(-below, above, 4))
    drawing = np.stack([line[0] + across.ravel(), line[1] + up.ravel()], axis=1)
    ahead = np.c_[drawing, np.full(len(drawing), 6.0)]
    hits = model.analysed().scene.cast(ahead, [0.0, 0.0, -1.0])
    points = np.c_[drawing, 6.0 + before - hits.distance]
    index = np.arange(100).reshape(4, 25)
    a, b = index[:-1, :-1].ravel(), index[:-1, 1:].ravel()
    c, d = index[1:, 1:].ravel(), index[1:, :-1].ravel()
    triangles = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)])
    return model.with_part("Mesh", points, triangles)


@pytest.fixture(scope="module")
def painted(closed_mouth):
    """A line on lips, on skin without a slit."""
    lips = drawn_on(closed_mouth, 0.06, 0.06, 0.02)
    return drawn_on(lips, 0.015, 0.015, 0.01)


def opened(head) -> tuple[np.ndarray, np.ndarray]:
    """Skin's and all motion where the jaw draws down the chin."""
    below = np.clip((head.point("nose_base")[1] - head.vertices[:, 1]) / 0.6, 0.0, 1.0)
    skin = (head.role == Role.SKIN)[:, None] * below[:, None] * [0.0, -0.4, -0.05]
    result = skin.copy()
    open_mouth(drawn_mouth(head), skin, result)
    return skin, result


def test_line_and_lips_are_the_mouth(painted, closed_mouth) -> None:
    mouth = drawn_mouth(reframe(painted.analysed()))
    assert [len(lips.piece) for lips in mouth] == [100, 100]
    assert np.ptp(mouth[0].head.vertices[mouth[0].piece, 1]) > 0.1  # the lips first
    assert drawn_mouth(reframe(closed_mouth.analysed())) == []


def test_a_moustache_is_no_mouth(closed_mouth) -> None:
    hair = drawn_on(closed_mouth, 0.02, 0.22, 0.04)
    assert drawn_mouth(reframe(hair.analysed())) == []


def test_a_mouth_with_a_slit_has_its_own_lips(model) -> None:
    assert drawn_mouth(reframe(drawn_on(model, 0.015, 0.015, 0.01).analysed())) == []


def test_the_lower_edge_goes_down_and_the_upper_one_stays(painted) -> None:
    head = reframe(painted.analysed())
    _, result = opened(head)
    line = drawn_mouth(head)[1]
    points, moved = head.vertices[line.piece], result[line.piece]
    middle = np.abs(line.across) < 0.2
    low = points[:, 1] < np.median(points[middle, 1])
    drop = -moved[middle & low, 1].min()
    assert drop > 0.1
    assert np.abs(moved[middle & ~low, 1]).min() < 0.2 * drop
    corners = np.abs(line.across) > 0.98
    assert 0.3 * drop < -moved[corners, 1].mean() < 0.6 * drop
    assert np.ptp(points[:, 0] + moved[:, 0]) < np.ptp(points[:, 0])


def test_an_open_drawing_stays_before_skin_and_line_before_lips(painted) -> None:
    head = reframe(painted.analysed())
    _, result = opened(head)
    lips, line = drawn_mouth(head)
    places = head.vertices + result
    for piece, below in ((lips, lips.skin), (line, lips.piece[lips.triangles])):
        inside = places[piece.piece][piece.triangles].mean(axis=1)
        inside = inside[(piece.arch[piece.triangles].mean(axis=1) > 0.3)]
        depth = front_depths(places, below, inside)
        known = np.isfinite(depth)
        assert known.sum() > 10
        assert (inside[known, 2] - depth[known]).min() > 0.0


def test_what_does_not_open_the_jaw_opens_no_mouth(painted) -> None:
    head = reframe(painted.analysed())
    still = np.zeros_like(head.vertices)
    result = still.copy()
    open_mouth(drawn_mouth(head), still, result)
    mouth = np.concatenate([lips.piece for lips in drawn_mouth(head)])
    assert np.abs(result[mouth, :2]).max() == 0.0


def test_it_is_told(painted, closed_mouth) -> None:
    for model, words in ((painted, "drawn on to skin"), (closed_mouth, "mouth is sealed")):
        assert words in " ".join(message.text for message in model.analysed().messages)
