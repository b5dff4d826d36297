# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks, glances and breath: as often and as far as people's, from rest to rest."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.animation.idle import Idle, idle
from auto_rig_face.animation.keys import evaluate
from auto_rig_face.errors import RigError
from auto_rig_face.vocabulary import ARKIT_SHAPES, mirror_shape
from hypothesis import given
from hypothesis import strategies as st

FPS = 24.0
MINUTE = 1.0 + 60.0 * FPS
# The eyes' region and what moves subtly beside it.
EYES = tuple(name for name in ARKIT_SHAPES if name.startswith("eye"))
SUBTLE = 0.15


@given(
    start=st.integers(-500, 500),
    seconds=st.floats(1.0, 90.0),
    fps=st.sampled_from([12.0, 24.0, 30000 / 1001, 60.0]),
    amount=st.floats(0.01, 2.0),
    seed=st.integers(0, 2**31 - 1),
)
def test_any_life_is_bounded_in_order_and_from_rest_to_rest(
    start: int, seconds: float, fps: float, amount: float, seed: int
) -> None:
    end = start + max(np.ceil(seconds * fps), np.ceil(fps))
    life = idle(start, end, fps, Idle(amount, seed))
    assert life.at_rest == ()
    assert {"eyeBlinkLeft", "eyeLookUpLeft", "jawOpen", "browInnerUp"} <= set(life.curves)
    assert set(life.curves) <= set(ARKIT_SHAPES)
    for shape, curve in life.curves.items():
        assert np.all(np.diff(curve.frames) > 0)
        assert (curve.frames[0], curve.frames[-1]) == (start, end)
        np.testing.assert_array_equal(curve.values[[0, -1]], 0.0)
        np.testing.assert_array_equal(curve.slopes, 0.0)
        assert curve.values.min() >= 0.0
        assert curve.values.max() <= (1.0 if shape in EYES else SUBTLE)
        assert np.all(curve.frames[:-1] == np.round(curve.frames[:-1]))


def test_the_same_seed_lives_the_same_and_another_one_does_not() -> None:
    first, again, other = (idle(1, MINUTE, FPS, Idle(1.0, seed)) for seed in (5, 5, 6))
    for shape, curve in first.curves.items():
        np.testing.assert_array_equal(curve.values, again.curves[shape].values)
        np.testing.assert_array_equal(curve.frames, again.curves[shape].frames)
    assert not np.array_equal(
        first.curves["eyeBlinkLeft"].frames, other.curves["eyeBlinkLeft"].frames
    )


def test_lids_blink_as_often_as_people_s_and_shut() -> None:
    counts, intervals = [], []
    for seed in range(40):
        curve = idle(1, MINUTE, FPS, Idle(1.0, seed)).curves["eyeBlinkLeft"]
        shut = curve.frames[1:-1].reshape(-1, 4)
        np.testing.assert_array_equal(curve.values[1:-1].reshape(-1, 4), [[0, 1, 1, 0]] * len(shut))
        counts.append(len(shut))
        intervals += list(np.diff(shut[:, 0]) / FPS)
    assert np.mean(counts) == pytest.approx(17.0, abs=1.5)
    assert min(intervals) > 0.6
    assert np.median(intervals) < np.mean(intervals)  # log-normal: some are long


def test_eyes_go_together_and_stay_mostly_ahead() -> None:
    life = idle(1, 1 + 600 * FPS, FPS, Idle(1.0, 2))
    frames = np.arange(1.0, life.end + 1.0)
    look = {
        shape: evaluate(curve, frames)
        for shape, curve in life.curves.items()
        if shape.startswith("eyeLook")
    }
    assert len(look) == 8
    np.testing.assert_array_equal(look["eyeLookOutLeft"], look["eyeLookInRight"])
    np.testing.assert_array_equal(look["eyeLookInLeft"], look["eyeLookOutRight"])
    np.testing.assert_array_equal(look["eyeLookUpLeft"], look["eyeLookUpRight"])
    np.testing.assert_array_equal(look["eyeLookDownLeft"], look["eyeLookDownRight"])
    sideways = 28.0 * (look["eyeLookOutLeft"] - look["eyeLookInLeft"])
    upwards = 22.0 * look["eyeLookUpLeft"] - 25.0 * look["eyeLookDownLeft"]
    away = np.hypot(sideways, upwards)
    assert np.mean(away < 4.5) > 0.85
    assert 8.0 < away.max() <= 23.0
    # Glances away come some seven times a minute.
    glances = np.count_nonzero((away[1:] > 5.0) & (away[:-1] <= 5.0))
    assert 20 < glances < 90


def test_a_saccade_is_over_in_a_few_frames() -> None:
    life = idle(1, 1 + 120 * 120.0, 120.0, Idle(1.0, 1))
    curve = life.curves["eyeLookOutLeft"]
    moving = np.abs(np.diff(curve.values)) > 1e-9
    lasts = np.diff(curve.frames)[moving] / 120.0
    assert lasts.max() <= 0.021 + 0.0022 * 25.0 * 2.0 + 1.0 / 120.0
    assert lasts.min() >= 1.0 / 120.0


def test_breath_comes_twelve_to_sixteen_times_a_minute_and_keeps_the_lips_shut() -> None:
    life = idle(1, 1 + 300 * FPS, FPS, Idle(1.0, 3))
    nostril = life.curves["noseSneerLeft"]
    breaths = np.count_nonzero(nostril.values > 0.0) / 5.0
    assert 11.0 < breaths < 17.0
    jaw, lips = life.curves["jawOpen"], life.curves["mouthClose"]
    np.testing.assert_array_equal(jaw.values, lips.values)
    np.testing.assert_array_equal(jaw.frames, lips.frames)


def test_amount_moves_further_and_blinks_more_often() -> None:
    calm, lively = (idle(1, 1 + 300 * FPS, FPS, Idle(amount, 4)) for amount in (0.5, 2.0))
    for shape in ("noseSneerLeft", "eyeLookUpLeft", "browInnerUp"):
        assert lively.curves[shape].values.max() > 2.0 * calm.curves[shape].values.max()
    blinks = [len(life.curves["eyeBlinkLeft"].frames) for life in (calm, lively)]
    assert blinks[1] > 1.5 * blinks[0]
    assert calm.curves["eyeBlinkLeft"].values.max() == 1.0
    assert idle(1, MINUTE, FPS, Idle(0.0)).curves == {}


def test_both_sides_live_alike() -> None:
    life = idle(1, MINUTE, FPS, Idle(1.0, 1))
    for shape, curve in life.curves.items():
        if not shape.startswith(("eyeLookIn", "eyeLookOut")):
            np.testing.assert_array_equal(curve.values, life.curves[mirror_shape(shape)].values)


def test_a_minute_takes_few_keys() -> None:
    life = idle(1, MINUTE, FPS, Idle())
    assert sum(len(curve.frames) for curve in life.curves.values()) < 60 * len(life.curves) * 1.5


@pytest.mark.parametrize(
    ("start", "end", "life"),
    [
        *((1, 1, Idle()), (10, 1, Idle()), (1, 12, Idle()), (1, 10_000_000, Idle())),
        *((1, MINUTE, Idle(-1.0)), (1, MINUTE, Idle(2.1)), (1, MINUTE, Idle(float("nan")))),
        *((1, MINUTE, Idle(1.0, -1)), (1, float("nan"), Idle())),
    ],
)
def test_impossible_settings_are_told(start: float, end: float, life: Idle) -> None:
    with pytest.raises(RigError, match="isn't possible"):
        idle(start, end, FPS, life)
