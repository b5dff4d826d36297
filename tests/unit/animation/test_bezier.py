# SPDX-License-Identifier: GPL-3.0-or-later
"""Arithmetic of F-curves with handles."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.animation.bezier import Key, Keyed, added
from hypothesis import given
from hypothesis import strategies as st

FRAMES = np.linspace(-5.0, 45.0, 401)


@st.composite
def curves(draw: st.DrawFn, low: float = -1.0) -> Keyed:
    """F-curves with handles of any length within their segments."""
    steps = draw(st.lists(st.floats(1.0, 12.0), min_size=1, max_size=4))
    frames = np.concatenate([[0.0], np.cumsum(steps)])
    spans = [*steps, 3.0]
    keys = []
    for frame, before, after in zip(frames.tolist(), [3.0, *steps], spans, strict=True):
        value, slope = draw(st.floats(low, 1.0)), draw(st.floats(-0.05, 0.05))
        share = draw(st.floats(0.1, 0.6))
        keys.append(
            Key(
                (frame, value),
                (frame - share * before, value - slope * before),
                (frame + share * after, value + slope * after),
            )
        )
    return Keyed(tuple(keys))


def sampled(curve: Keyed) -> np.ndarray:
    """Values at many frames."""
    return np.array([curve.at(frame) for frame in FRAMES])


@given(curves(), st.lists(st.floats(-3.0, 40.0), max_size=5))
def test_cutting_changes_no_value(curve: Keyed, frames: list[float]) -> None:
    np.testing.assert_allclose(sampled(curve.cut(sorted(frames))), sampled(curve), atol=1e-6)


@given(curves())
def test_the_positive_part_is_the_curve_or_zero(curve: Keyed) -> None:
    positive = sampled(curve.positive())
    np.testing.assert_allclose(positive, np.maximum(sampled(curve), 0.0), atol=2e-3)


@given(curves(), st.floats(-3.0, 3.0))
def test_scaling_scales_every_value(curve: Keyed, factor: float) -> None:
    np.testing.assert_allclose(sampled(curve.scaled(factor)), factor * sampled(curve), atol=1e-9)


@given(curves(), curves())
def test_a_sum_is_exact_at_every_key(first: Keyed, second: Keyed) -> None:
    total = added(first, second)
    for frame in {*first.frames, *second.frames}:
        assert total.at(frame) == pytest.approx(first.at(frame) + second.at(frame), abs=1e-3)


@given(curves())
def test_a_sum_with_a_curve_that_rests_keeps_the_handles(curve: Keyed) -> None:
    resting = Keyed((Key((3.0, 0.5), (2.0, 0.5), (4.0, 0.5)),))
    np.testing.assert_allclose(sampled(added(curve, resting)), sampled(curve) + 0.5, atol=1e-6)


def test_halves_of_one_axis_come_apart_again() -> None:
    keys = [(0.0, 0.0), (10.0, 1.0), (20.0, 0.0), (30.0, -0.7), (40.0, 0.0)]
    curve = Keyed(tuple(Key((x, y), (x - 4.0, y), (x + 4.0, y)) for x, y in keys))
    whole = added(curve.positive(), curve.scaled(-1.0).positive().scaled(-1.0))
    assert whole.frames == curve.frames
    np.testing.assert_allclose(sampled(whole), sampled(curve), atol=1e-9)


def test_constant_and_linear_segments_stay_what_they_are() -> None:
    keys = (
        Key((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), "CONSTANT"),
        Key((10.0, 1.0), (10.0, 1.0), (10.0, 1.0), "LINEAR"),
        Key((20.0, 0.0), (20.0, 0.0), (20.0, 0.0)),
    )
    curve = Keyed(keys)
    assert curve.at(9.9) == 0.0
    assert curve.at(15.0) == pytest.approx(0.5)
    cut = curve.cut([5.0, 15.0])
    assert [key.interpolation for key in cut.keys[:4]] == ["CONSTANT"] * 2 + ["LINEAR"] * 2
    np.testing.assert_allclose(sampled(cut), sampled(curve), atol=1e-6)
