# SPDX-License-Identifier: GPL-3.0-or-later
"""Loose brows tilt, since on a bar nothing else tells anger from worry."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.brow_motion import TILTS, BrowFollower
from auto_rig_face.rigging.final_landmarks import reframe

HALF = 0.3


@pytest.fixture(scope="module", params=[0.05, 0.12])
def browed(request, model):
    """The head with a bar over each eye, thin or thick, and their rows by side."""
    dressed = model
    for side in "LR":
        place = model.point(f"brow_mid_{side}") + [0.0, 0.05, 0.03]
        dressed = dressed.with_ball(f"Brow.{side}", place, [HALF, request.param, 0.05])
    head = reframe(dressed.analysed())
    rows = {
        side: np.unique(head.weld[part.start : part.stop])
        for side, part in zip("LR", dressed.parts[-2:], strict=True)
    }
    return head, rows


def tilt_of(head, rows, shapes) -> float:
    """How much steeper the brow gets, outer end up, when all skin of its side goes up by 0.05."""
    follower = BrowFollower.of(head, rows)
    result = np.zeros_like(head.vertices)
    for name in shapes:
        moved = np.zeros_like(head.vertices)
        follower.follow(name, np.full_like(head.vertices, [0.0, 0.05, 0.0]), moved)
        result += moved
    across = np.abs(head.vertices[rows, 0])
    return float(np.polyfit(across, result[rows, 1], 1)[0])


@pytest.mark.parametrize("name", TILTS)
def test_a_brow_tilts_on_its_own_side(browed, name: str) -> None:
    head, rows = browed
    for side, word in (("L", "Left"), ("R", "Right")):
        sided = name if name == "browInnerUp" else name + word
        tilt = tilt_of(head, rows[side], [sided])
        assert np.sign(tilt) == np.sign(TILTS[name])
        assert abs(tilt) > 0.9 * abs(TILTS[name])


def test_a_brow_stays_level_where_the_other_one_moves(browed) -> None:
    head, rows = browed
    assert abs(tilt_of(head, rows["L"], ["browDownRight"])) < 0.02


def test_a_brow_that_is_raised_at_both_ends_stays_level(browed) -> None:
    head, rows = browed
    assert abs(tilt_of(head, rows["L"], ["browInnerUp", "browOuterUpLeft"])) < 0.02
