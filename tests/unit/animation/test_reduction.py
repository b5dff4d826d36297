# SPDX-License-Identifier: GPL-3.0-or-later
"""From a recording to fewer keys."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.animation.keys import evaluate
from auto_rig_face.animation.reduction import reduced
from hypothesis import given
from hypothesis import strategies as st


def recording(seed: int, count: int) -> np.ndarray:
    """A weight that wanders and twitches as a captured one does."""
    rng = np.random.default_rng(seed)
    slow = np.convolve(rng.normal(0, 1, count + 40), np.hanning(41), mode="valid")
    twitches = np.convolve(rng.random(count + 8) < 0.03, np.hanning(9), mode="valid")
    return np.clip(0.3 + 0.03 * slow + 0.5 * twitches, 0.0, 1.0)


@given(seed=st.integers(0, 10_000), count=st.integers(1, 400), tolerance=st.floats(0.002, 0.1))
def test_every_frame_is_within_the_tolerance(seed: int, count: int, tolerance: float) -> None:
    frames = 7.0 + np.arange(count)
    values = recording(seed, count)
    curve = reduced(frames, values, tolerance)
    assert np.abs(evaluate(curve, frames) - values).max() <= tolerance + 1e-9
    assert curve.frames[0] == frames[0]
    assert curve.frames[-1] == frames[-1]
    assert (np.diff(curve.frames) > 0).all()


def test_more_tolerance_means_fewer_keys() -> None:
    values = recording(3, 600)
    frames = np.arange(600.0)
    counts = [len(reduced(frames, values, tolerance).frames) for tolerance in (0, 0.005, 0.02, 0.1)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 600
    assert counts[1] < 300


def test_a_value_that_stays_takes_two_keys() -> None:
    curve = reduced(np.arange(50.0), np.full(50, 0.25))
    np.testing.assert_allclose(curve.values, [0.25, 0.25])


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_few_frames_are_kept(count: int) -> None:
    frames, values = np.arange(float(count)), np.linspace(0, 1, count) ** 2
    np.testing.assert_allclose(evaluate(reduced(frames, values, 0.0), frames), values)


def test_frames_may_be_any_distance_apart() -> None:
    frames = np.arange(200.0) * 0.4
    values = recording(5, 200)
    curve = reduced(frames, values, 0.01)
    assert np.abs(evaluate(curve, frames) - values).max() <= 0.01 + 1e-9
