# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording at the frames of a scene: in step for hours, and without shimmer."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from auto_rig_face.animation.capture_table import RATES
from auto_rig_face.animation.resample import resample
from hypothesis import given
from hypothesis import strategies as st

rates = st.sampled_from(RATES)
starts = st.integers(-1000, 100_000)


def uneven_times(seed: int, frames: int, rate: Fraction) -> np.ndarray:
    """A camera's instants, some of its frames lost."""
    random = np.random.default_rng(seed)
    kept = np.flatnonzero(random.random(frames) < 0.9)
    times = (kept + random.uniform(-0.2, 0.2, len(kept))) / float(rate)
    return times - times[0]


@given(recorded=rates, scene=rates, start=starts, hours=st.integers(1, 2))
def test_nothing_drifts_over_hours(
    recorded: Fraction, scene: Fraction, start: int, hours: int
) -> None:
    # Time itself as the signal: what a frame shows is the instant that it stands for.
    times = np.arange(0, hours * 3600 * recorded.numerator // recorded.denominator, 97) / float(
        recorded
    )
    frames, values = resample(times, times[:, None], scene, start)
    np.testing.assert_allclose(start + values[:, 0] * float(scene), frames, atol=1e-5, rtol=0)
    late = len(frames) - 2
    instant = Fraction(late) / scene
    assert frames[late] == start + late
    assert abs(values[late, 0] - float(instant)) < 1e-8


@given(seed=st.integers(0, 99), recorded=rates, scene=rates, start=starts)
def test_first_and_last_sample_stay_and_frames_are_whole_between(
    seed: int, recorded: Fraction, scene: Fraction, start: int
) -> None:
    times = uneven_times(seed, 200, recorded)
    values = np.random.default_rng(seed).random((len(times), 3))
    frames, sampled = resample(times, values, scene, start)
    np.testing.assert_array_equal(sampled[0], values[0])
    np.testing.assert_array_equal(sampled[-1], values[-1])
    assert frames[-1] == pytest.approx(start + times[-1] * float(scene), abs=1e-6)
    np.testing.assert_array_equal(frames[:-1], start + np.arange(len(frames) - 1))
    assert (np.diff(frames) > 0.0).all()
    assert sampled.min() >= values.min() - 1e-9
    assert sampled.max() <= values.max() + 1e-9


@given(seed=st.integers(0, 99), recorded=rates, scene=rates)
def test_a_straight_motion_stays_straight(seed: int, recorded: Fraction, scene: Fraction) -> None:
    times = uneven_times(seed, 100, recorded)
    frames, values = resample(times, 0.2 + 0.3 * times[:, None], scene, 1)
    expected = 0.2 + 0.3 * (frames - 1) / float(scene)
    np.testing.assert_allclose(values[:, 0], expected, atol=1e-8)


@given(rate=rates, factor=st.integers(1, 4), start=starts)
def test_every_sample_is_met_where_the_scene_has_all_its_instants(
    rate: Fraction, factor: int, start: int
) -> None:
    times = np.arange(90) * rate.denominator / rate.numerator
    values = np.random.default_rng(0).random((90, 2))
    frames, sampled = resample(times, values, rate * factor, start)
    assert len(frames) == 89 * factor + 1
    np.testing.assert_allclose(sampled[::factor], values, atol=1e-9)


def test_what_a_slower_scene_cannot_show_does_not_shimmer() -> None:
    times = np.arange(600) / 60.0
    shake = np.cos(np.pi * 29.0 / 30.0 * np.arange(600))[:, None]  # 29 Hz, twice a scene's 14.5
    _, values = resample(times, shake, Fraction(30), 1)
    assert np.abs(values[1:-1]).max() < 0.3
    slow = np.sin(2.0 * np.pi * times)[:, None]
    frames, values = resample(times, slow, Fraction(24), 0)
    assert np.abs(values[:, 0] - np.sin(2.0 * np.pi * frames / 24.0)).max() < 0.01


def test_a_single_sample_is_a_single_frame() -> None:
    frames, values = resample(np.zeros(1), np.full((1, 52), 0.5), Fraction(24), 7)
    np.testing.assert_array_equal(frames, [7.0])
    np.testing.assert_array_equal(values, np.full((1, 52), 0.5))


def test_samples_without_times_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="its time"):
        resample(np.zeros(1), np.zeros((2, 52)), Fraction(24), 1)
