# SPDX-License-Identifier: GPL-3.0-or-later
"""Emotions as action units and ARKit coefficients."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.animation.emotions import (
    ACTION_UNITS,
    EMFACS,
    EXAGGERATED,
    OPPOSITES,
    SHAPE_INDEX,
    SHAPE_MIRROR,
    exclude_opposites,
    pose,
)
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from hypothesis import given
from hypothesis import strategies as st

variants = st.integers(0, 2)


def test_action_units_name_shapes_of_the_vocabulary() -> None:
    named = {shape for shapes in ACTION_UNITS.values() for shape in shapes}
    assert named <= set(ARKIT_SHAPES)


def test_every_unit_of_every_emotion_is_known() -> None:
    used = {unit for prototypes in EMFACS.values() for units in prototypes for unit in units}
    used |= {unit for units in EXAGGERATED.values() for unit in units}
    assert used <= set(ACTION_UNITS)


@given(
    emotion=st.sampled_from(EMOTIONS), variant=variants, low=st.floats(0, 2), high=st.floats(0, 2)
)
def test_more_intensity_never_means_less_of_anything(
    emotion: str, variant: int, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    assert (pose(emotion, low, variant) <= pose(emotion, high, variant) + 1e-6).all()


@given(emotion=st.sampled_from(EMOTIONS), variant=variants, intensity=st.floats(0, 2))
def test_poses_are_coefficients_and_alike_on_both_sides(
    emotion: str, variant: int, intensity: float
) -> None:
    one = pose(emotion, intensity, variant)
    assert one.min() >= 0
    assert one.max() <= 1
    np.testing.assert_array_equal(one, one[SHAPE_MIRROR])


@pytest.mark.parametrize("emotion", EMOTIONS[1:])
@pytest.mark.parametrize("variant", range(3))
def test_an_exaggerated_emotion_shows_clearly_more(emotion: str, variant: int) -> None:
    assert pose(emotion, 2.0, variant).sum() > 1.2 * pose(emotion, 1.0, variant).sum()


def test_of_two_opposites_the_stronger_one_stays() -> None:
    coefficients = np.full(len(ARKIT_SHAPES), 0.5, np.float32)
    coefficients[SHAPE_INDEX["eyeWideLeft"]] = 0.9
    exclude_opposites(coefficients)
    for first, second in OPPOSITES:
        assert min(coefficients[SHAPE_INDEX[first]], coefficients[SHAPE_INDEX[second]]) == 0
