# SPDX-License-Identifier: GPL-3.0-or-later
"""Gains and offsets of a character's shape keys."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.animation.retarget import Gain, retarget
from auto_rig_face.errors import RigError
from auto_rig_face.vocabulary import ARKIT_SHAPES
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

performances = arrays(np.float64, (3, 52), elements=st.floats(-1.0, 2.0))
gains = st.dictionaries(
    st.sampled_from(ARKIT_SHAPES), st.builds(Gain, st.floats(-3, 3), st.floats(-1, 1)), max_size=9
)


@given(values=performances, chosen=gains)
def test_each_shape_answers_by_its_own_gain_within_its_range(
    values: np.ndarray, chosen: dict[str, Gain]
) -> None:
    before = values.copy()
    result = retarget(values, chosen)
    assert (result >= 0.0).all()
    assert (result <= 1.0).all()
    for place, name in enumerate(ARKIT_SHAPES):
        gain, offset = chosen.get(name, (1.0, 0.0))
        expected = np.clip(gain * values[:, place] + offset, 0.0, 1.0)
        np.testing.assert_allclose(result[:, place], expected, atol=1e-12)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize(
    ("name", "gain"),
    [
        ("jawopen", Gain()),
        ("jawOpen", Gain(float("nan"))),
        ("jawOpen", Gain(1.0, float("inf"))),
    ],
)
def test_a_wrong_gain_is_refused(name: str, gain: Gain) -> None:
    with pytest.raises(RigError, match=name):
        retarget(np.zeros((2, 52)), {name: gain})
