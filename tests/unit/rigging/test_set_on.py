# SPDX-License-Identifier: GPL-3.0-or-later
"""A nose that is stuck into the face goes along with it where it enters."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.certificate.folds import find_intersections
from auto_rig_face.rigging.head import Role
from auto_rig_face.rigging.set_on import seat_of


@pytest.fixture(scope="module")
def nosed(model):
    """The analysed head with a ball for a nose."""
    return (
        model.with_ball("Mesh", model.point("nose_tip"), np.full(3, 0.3)).in_one_part().analysed()
    )


def nose_of(head) -> np.ndarray:
    """(N,) which vertices are the ball's."""
    skin = head.role == Role.SKIN
    counts = np.bincount(head.component[skin], minlength=head.component.max() + 1)
    small = [piece for piece in np.flatnonzero(counts) if counts[piece] < counts.max()]
    assert len(small) == 1
    return head.component == small[0]


def test_what_is_in_the_face_and_close_to_it_goes_along(nosed) -> None:
    nose = nose_of(nosed)
    # The nose's own motion is none.
    shape = np.where(nose[:, None], 0.0, [0.0, 0.1, 0.0])
    moved = seat_of(nosed)(shape)
    np.testing.assert_array_equal(moved[~nose], shape[~nose])
    hidden = nose & ~nosed.visible
    assert hidden.sum() > 20
    np.testing.assert_allclose(moved[hidden], shape[~nose][: hidden.sum()], atol=1e-12)
    front = nose & (nosed.vertices[:, 2] > nosed.vertices[nose, 2].max() - 0.05)
    assert not moved[front].any()

    skin = nosed.triangles_of(Role.SKIN)

    def meeting(displacement: np.ndarray) -> set[tuple[int, int]]:
        pairs = find_intersections(nosed.vertices + displacement, skin, np.arange(len(skin)))
        return {(int(a), int(b)) for a, b in pairs}

    at_rest = meeting(np.zeros_like(shape))
    assert len(meeting(shape) - at_rest) > 100
    assert not meeting(moved) - at_rest


def test_a_face_in_one_piece_has_nothing_set_on(analysed) -> None:
    assert seat_of(analysed) is None
