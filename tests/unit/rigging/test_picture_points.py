# SPDX-License-Identifier: GPL-3.0-or-later
"""One face of what two networks see in a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from auto_rig_face.models.assets import asset_path
from auto_rig_face.rigging.picture_points import joined, points_of
from auto_rig_face.rigging.template import load_template
from numpy.typing import NDArray

TEMPLATE = load_template(asset_path("template.npz"))
FACE = 80.0 * TEMPLATE.dense.on(TEMPLATE.head.vertices) * [1.0, -1.0, -1.0] + 200.0


@dataclass(frozen=True)
class Seen:
    """What a network says."""

    points: NDArray[np.float64]
    expected_error: NDArray[np.float64] | None
    score: float = 1.0
    presence: float = 1.0


def test_nothing_seen_is_no_face() -> None:
    assert joined([]) is None


def test_one_network_alone_counts() -> None:
    face = joined([Seen(FACE, None)])
    assert face is not None
    np.testing.assert_array_equal(face.points, FACE[:, :2])
    assert (face.expected_error > 0).all()


def test_networks_that_agree_are_weighed() -> None:
    silent = Seen(FACE, None)
    sure = points_of(silent).expected_error / 3.0
    other = Seen(FACE + [1.0, 0.0, 0.0], sure)
    face = joined([silent, other])
    assert face is not None
    shift = face.points - FACE[:, :2]
    np.testing.assert_allclose(shift[:, 0], 0.9, atol=1e-9)  # 9 of 10 parts for the surer one
    assert (face.expected_error < 1.2 * sure).all()


def test_networks_that_see_other_faces_are_not_mixed() -> None:
    silent = Seen(FACE, None)
    elsewhere = Seen(FACE + [60.0, 0.0, 0.0], np.full(len(FACE), 2.0))
    unsure = Seen(FACE + [60.0, 0.0, 0.0], np.full(len(FACE), 40.0))
    for other, wanted in ((elsewhere, elsewhere), (unsure, silent)):
        face = joined([silent, other])
        assert face is not None
        np.testing.assert_array_equal(face.points, wanted.points[:, :2])
