# SPDX-License-Identifier: GPL-3.0-or-later
"""From a value for every frame to few keys."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from auto_rig_face.animation.data import Curve
from auto_rig_face.animation.easing import cubic_ease, minimum_jerk
from auto_rig_face.animation.keys import MOST_KEYS, TOLERANCE, evaluate, keys_together
from hypothesis import given
from hypothesis import strategies as st

FRAMES = np.arange(61, dtype=np.float64)


def test_one_eased_motion_takes_two_keys() -> None:
    values = cubic_ease(FRAMES[:, None] / 60)
    (curve,) = keys_together(FRAMES, values)
    assert len(curve.frames) == 2
    np.testing.assert_allclose(evaluate(curve, FRAMES), values[:, 0], atol=1e-9)


def test_channels_that_move_alike_have_their_keys_at_the_same_frames() -> None:
    one = minimum_jerk(FRAMES / 60)
    first, second = keys_together(FRAMES, np.stack([one, 0.3 + 0.5 * one], axis=1))
    np.testing.assert_array_equal(first.frames, second.frames)


def test_a_channel_that_needs_other_keys_gets_its_own() -> None:
    pulse = cubic_ease((FRAMES - 5) / 3) - cubic_ease((FRAMES - 40) / 3)
    slow = minimum_jerk(FRAMES / 60)
    both = keys_together(FRAMES, np.stack([pulse, slow], axis=1))
    for curve, wanted in zip(both, (pulse, slow), strict=True):
        assert len(curve.frames) <= MOST_KEYS
        assert np.abs(evaluate(curve, FRAMES) - wanted).max() <= TOLERANCE


def test_a_curve_rests_before_its_first_and_after_its_last_key() -> None:
    curve = Curve(np.array([10.0, 20.0]), np.array([0.2, 0.8]), np.zeros(2))
    np.testing.assert_allclose(
        evaluate(curve, np.array([0.0, 10.0, 20.0, 99.0])), [0.2, 0.2, 0.8, 0.8]
    )


def test_slopes_are_per_frame() -> None:
    curve = Curve(np.array([0.0, 10.0]), np.array([0.0, 1.0]), np.array([0.1, 0.1]))
    np.testing.assert_allclose(evaluate(curve, FRAMES[:11]), FRAMES[:11] / 10, atol=1e-12)


@given(
    stops=st.lists(st.floats(0.0, 1.0), min_size=2, max_size=5),
    length=st.integers(12, 200),
)
def test_motions_from_rest_to_rest_are_kept_within_the_tolerance(
    stops: list[float], length: int
) -> None:
    frames = np.arange(length + 1, dtype=np.float64)
    at = np.round(np.linspace(0, length, len(stops))).astype(int)
    values = np.full(len(frames), stops[0])
    for k, (begin, end) in enumerate(itertools.pairwise(at)):
        values += (stops[k + 1] - stops[k]) * cubic_ease((frames - begin) / (end - begin))
    (curve,) = keys_together(frames, values[:, None], tuple(int(frame) for frame in at))
    assert len(curve.frames) <= MOST_KEYS
    assert np.abs(evaluate(curve, frames) - values).max() <= TOLERANCE


@pytest.mark.parametrize("length", [1, 2, 3])
def test_very_short_spans_are_keyed(length: int) -> None:
    frames = np.arange(length + 1, dtype=np.float64)
    values = cubic_ease(frames / length)[:, None]
    (curve,) = keys_together(frames, values, (0, length))
    np.testing.assert_allclose(evaluate(curve, frames), values[:, 0], atol=TOLERANCE)


def test_no_channels_give_no_curves() -> None:
    assert keys_together(FRAMES, np.empty((61, 0))) == []
