# SPDX-License-Identifier: GPL-3.0-or-later
"""The corners of the mouth release last, and lips never cross on the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging.head import Role
from auto_rig_face.rigging.lips import lips_of
from auto_rig_face.rigging.shape_keys import build_shapes
from auto_rig_face.rigging.skeleton import build_bones
from auto_rig_face.rigging.skin_weights import skin_weights
from auto_rig_face.rigging.sticky_lips import sticky_lips


@pytest.fixture(scope="module")
def jaw_open(transferred, template):
    return build_shapes(transferred.head, template, transferred.raw)[0]["jawOpen"]


@pytest.fixture(scope="module")
def sticky(transferred, jaw_open):
    head = transferred.head
    bones = build_bones(head)
    weights = skin_weights(head, np.full(len(head.vertices), np.nan), bones)
    found = sticky_lips(head, jaw_open, bones, weights)
    assert found is not None
    return found


def opened(head, jaw_open, sticky, jaw: float) -> np.ndarray:
    """(SAMPLES,) how far the lips are apart beyond rest, with the slider at 1."""
    lips = lips_of(head)
    shape = jaw * jaw_open + min(jaw, 1 - jaw) * sticky
    return lips.gap(shape) - lips.gap(np.zeros_like(shape))


def test_corners_stay_shut_while_the_middle_opens(transferred, jaw_open, sticky) -> None:
    without = opened(transferred.head, jaw_open, np.zeros_like(sticky), 0.5)
    gap = opened(transferred.head, jaw_open, sticky, 0.5)
    near_corner, middle = [8, 9, 71, 72], slice(38, 43)
    assert without[near_corner].min() > 0.02
    assert gap[near_corner].max() < 0.35 * without[near_corner].min()
    np.testing.assert_allclose(gap[middle], without[middle], rtol=0.1)


def test_the_way_back_from_an_open_mouth_is_a_zip(transferred, jaw_open, sticky) -> None:
    shares = []
    for jaw in (0.5, 0.7, 0.9):
        without = opened(transferred.head, jaw_open, np.zeros_like(sticky), jaw)
        gap = opened(transferred.head, jaw_open, sticky, jaw)
        shares.append(gap[12] / without[12])
    assert shares == sorted(shares)
    assert shares[-1] > 0.8


@pytest.mark.parametrize("jaw", [0.1, 0.25, 0.5, 0.75, 1.0])
def test_lips_never_cross(transferred, jaw_open, sticky, jaw: float) -> None:
    plain = opened(transferred.head, jaw_open, np.zeros_like(sticky), jaw)
    gap = opened(transferred.head, jaw_open, sticky, jaw)
    assert gap.min() > min(plain.min(), 0.0) - 0.006


def test_only_skin_near_the_mouth_moves_and_both_sides_alike(transferred, sticky) -> None:
    head = transferred.head
    moved = sticky.any(axis=1)
    assert not moved[np.isin(head.role, (Role.EYE_L, Role.EYE_R, Role.TEETH_UPPER))].any()
    assert moved.mean() < 0.5
    left = sticky[head.vertices[:, 0] > 0]
    right = sticky[head.vertices[:, 0] < 0]
    assert abs(np.linalg.norm(left) - np.linalg.norm(right)) < 0.02 * np.linalg.norm(left)


def test_a_mouth_without_a_slit_has_none(transferred, jaw_open) -> None:
    sealed = replace(transferred.head, seam=None)
    assert sticky_lips(sealed, jaw_open, (), None) is None
