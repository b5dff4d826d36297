# SPDX-License-Identifier: GPL-3.0-or-later
"""The 1€ filter: steady at rest, quick in motion, and late by nothing."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.animation.one_euro import OneEuro, smooth
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

signals = arrays(np.float64, (40, 3), elements=st.floats(0.0, 1.0))
filters = st.builds(OneEuro, st.floats(0.1, 10.0), st.floats(0.0, 20.0), st.floats(0.1, 10.0))
TIMES = np.arange(40) / 60.0


@given(values=signals, filter_=filters, zero_lag=st.booleans())
def test_no_strength_gives_the_very_input(
    values: np.ndarray, filter_: OneEuro, zero_lag: bool
) -> None:
    result = smooth(TIMES, values, filter_, strength=0.0, zero_lag=zero_lag)
    np.testing.assert_array_equal(result, values)
    assert result is not values


@given(values=signals, filter_=filters, strength=st.floats(0.01, 4.0), zero_lag=st.booleans())
def test_the_result_stays_within_the_signal(
    values: np.ndarray, filter_: OneEuro, strength: float, zero_lag: bool
) -> None:
    result = smooth(TIMES, values, filter_, strength=strength, zero_lag=zero_lag)
    assert (result >= values.min(axis=0) - 1e-12).all()
    assert (result <= values.max(axis=0) + 1e-12).all()


@given(values=signals, filter_=filters, zero_lag=st.booleans())
def test_channels_do_not_touch_each_other(
    values: np.ndarray, filter_: OneEuro, zero_lag: bool
) -> None:
    together = smooth(TIMES, values, filter_, zero_lag=zero_lag)
    for channel in range(3):
        alone = smooth(TIMES, values[:, channel : channel + 1], filter_, zero_lag=zero_lag)
        np.testing.assert_array_equal(together[:, channel], alone[:, 0])


@given(values=signals, filter_=filters)
def test_without_lag_it_is_the_same_backwards(values: np.ndarray, filter_: OneEuro) -> None:
    forwards = smooth(TIMES, values, filter_)
    backwards = smooth(TIMES[-1] - TIMES[::-1], values[::-1], filter_)[::-1]
    np.testing.assert_allclose(forwards, backwards, atol=1e-9)


def test_the_paper_s_steps_by_hand() -> None:
    times, values = np.array([0.0, 0.1, 0.3]), np.array([[0.0], [1.0], [0.5]])

    def share(cutoff: float, step: float) -> float:
        return 1.0 / (1.0 + 1.0 / (2.0 * np.pi * cutoff * step))

    speed = share(2.0, 0.1) * 10.0
    first = share(1.0 + 0.5 * speed, 0.1)
    speed += share(2.0, 0.2) * ((0.5 - first) / 0.2 - speed)
    last = share(1.0 + 0.5 * abs(speed), 0.2)
    second = last * 0.5 + (1.0 - last) * first
    result = smooth(times, values, OneEuro(1.0, 0.5, 2.0), zero_lag=False)
    np.testing.assert_allclose(result[:, 0], [0.0, first, second])


def test_a_face_at_rest_is_steadied_and_a_blink_keeps_its_height_and_its_instant() -> None:
    times = np.arange(300) / 60.0
    noise = 0.01 * np.random.default_rng(0).standard_normal(300)
    blink = 0.9 * np.exp(-0.5 * ((times - 2.5) / 0.04) ** 2)
    values = np.stack([0.3 + noise, blink], axis=1)
    result = smooth(times, values)
    assert result[30:-30, 0].std() < 0.4 * values[:, 0].std()
    assert result[:, 1].max() > 0.8 * blink.max()
    # The blink is symmetric about frame 150; in real time the lid follows late.
    np.testing.assert_allclose(result[100:201, 1], result[200:99:-1, 1], atol=1e-6)
    late = smooth(times, values, zero_lag=False)
    assert late[147, 1] < late[153, 1] - 0.05


def test_more_strength_is_steadier() -> None:
    times = np.arange(300) / 60.0
    values = np.random.default_rng(1).normal(0.3, 0.01, (300, 1))
    rough = [smooth(times, values, strength=s)[:, 0].std() for s in (0.0, 0.25, 0.5, 1.0, 2.0)]
    assert rough == sorted(rough, reverse=True)


def test_short_and_mismatched_signals() -> None:
    one = np.full((1, 2), 0.5)
    np.testing.assert_array_equal(smooth(np.zeros(1), one), one)
    with pytest.raises(ValueError, match="its time"):
        smooth(np.zeros(2), one)
