# SPDX-License-Identifier: GPL-3.0-or-later
"""The dense landmark scheme and its subsets, and expressions by action units."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.training.landmarks import expressions as ex
from auto_rig_face.training.landmarks import points as scheme
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS, LANDMARKS, mirror_landmark
from hypothesis import given
from hypothesis import strategies as st


def test_every_name_is_used_once() -> None:
    assert len(set(scheme.NAMES)) == scheme.COUNT
    assert scheme.COUNT >= 300


def test_mirroring_twice_gives_the_same_point() -> None:
    assert np.array_equal(scheme.MIRROR[scheme.MIRROR], np.arange(scheme.COUNT))


def test_the_product_finds_all_its_landmarks_and_their_mirror_images() -> None:
    assert set(scheme.PRODUCT_POINTS) == set(LANDMARKS)
    for name in LANDMARKS:
        mirrored = scheme.PRODUCT_POINTS[mirror_landmark(name)]
        assert scheme.mirror_name(scheme.PRODUCT_POINTS[name]) == mirrored


def test_ibug_has_68_points_in_mirrored_order() -> None:
    assert len(scheme.IBUG_68) == len(set(scheme.IBUG_68)) == 68
    jaw = scheme.IBUG_68[:17]
    assert [scheme.mirror_name(name) for name in jaw] == list(jaw[::-1])
    assert {scheme.mirror_name(name) for name in scheme.IBUG_68} == set(scheme.IBUG_68)


@given(st.integers(0, 2**32))
def test_sampled_expressions_are_valid_coefficients(seed: int) -> None:
    expression = ex.sample(np.random.default_rng(seed))
    assert expression.coefficients.shape == (len(ARKIT_SHAPES),)
    assert expression.coefficients.min() >= 0
    assert expression.coefficients.max() <= 1
    assert 0 <= expression.intensity <= 1.5
    assert expression["mouthClose"] <= expression["jawOpen"] + 1e-6


@pytest.mark.parametrize("name", EMOTIONS[1:])
def test_an_emotion_grows_with_its_intensity(name: str) -> None:
    weak, strong = ex.emotion(name, 0.5), ex.emotion(name, 1.5)
    assert (strong.coefficients >= weak.coefficients).all()
    assert strong.coefficients.sum() > weak.coefficients.sum() > 0


def test_joy_raises_both_corners_and_sadness_lowers_them() -> None:
    joy = ex.controls_of(ex.emotion("joy", 1.0))
    sadness = ex.controls_of(ex.emotion("sadness", 1.0))
    for side in "LR":
        assert joy.sides[side].corner[1] > 0 > sadness.sides[side].corner[1]


def test_the_same_seed_gives_the_same_expression() -> None:
    first, second = (ex.sample(np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first.coefficients, second.coefficients)
