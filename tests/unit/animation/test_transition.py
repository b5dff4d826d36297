# SPDX-License-Identifier: GPL-3.0-or-later
"""Acted transitions between expressions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.animation.data import Floats
from auto_rig_face.animation.easing import STYLES
from auto_rig_face.animation.emotions import SHAPE_INDEX, pose
from auto_rig_face.animation.keys import MOST_KEYS, evaluate
from auto_rig_face.animation.regions import MEMBERS
from auto_rig_face.animation.transition import Acting, Timing, frames_of, one_sided, transition
from auto_rig_face.errors import RigError
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS, FACE_REGIONS
from hypothesis import given
from hypothesis import strategies as st

TIMING = Timing(start=10.0, length=30, fps=24.0)
PLAIN = Acting(blink=False)
BROW, SMILE = SHAPE_INDEX["browInnerUp"], SHAPE_INDEX["mouthSmileLeft"]
BLINKS = [SHAPE_INDEX[f"eyeBlink{side}"] for side in ("Left", "Right")]

timings = st.builds(
    Timing,
    start=st.integers(-50, 500).map(float),
    length=st.integers(2, 240),
    fps=st.sampled_from([12.0, 24.0, 30000 / 1001, 60.0]),
)
actings = st.builds(
    Acting,
    style=st.sampled_from(sorted(STYLES)),
    asymmetry=st.floats(0.0, 1.0),
    seed=st.integers(0, 99),
    blink=st.booleans(),
)
emotions = st.tuples(st.sampled_from(EMOTIONS), st.floats(0.0, 2.0), st.integers(0, 2))


def path_between(first: Floats, second: Floats, bend: float = 0.0) -> Floats:
    share = np.linspace(0.0, 1.0, 17)[:, None]
    bent = bend * np.sin(np.pi * share) * np.minimum(first, second)
    return np.clip(first + (second - first) * share + bent, 0.0, 1.0)


def path_of(first: tuple[str, float, int], second: tuple[str, float, int]) -> Floats:
    a, b = (pose(*one).astype(np.float64) for one in (first, second))
    return path_between(a, b, 0.2)


SURPRISED = path_of(("sadness", 1.0, 0), ("surprise", 1.0, 0))


@given(first=emotions, second=emotions, timing=timings, acting=actings)
def test_few_keys_keep_every_frame(
    first: tuple[str, float, int], second: tuple[str, float, int], timing: Timing, acting: Acting
) -> None:
    path = path_of(first, second)
    animation = transition(path, timing, acting)
    values = frames_of(path, timing, acting).values
    frames = timing.start + np.arange(timing.length + 1)
    assert (values >= 0).all()
    assert (values <= 1).all()
    for shape, curve in animation.curves.items():
        assert len(curve.frames) <= MOST_KEYS
        assert np.abs(evaluate(curve, frames) - values[:, SHAPE_INDEX[shape]]).max() <= 0.01


@given(first=emotions, second=emotions, timing=timings, acting=actings)
def test_it_begins_with_the_first_and_ends_with_the_second_expression(
    first: tuple[str, float, int], second: tuple[str, float, int], timing: Timing, acting: Acting
) -> None:
    path = path_of(first, second)
    values = frames_of(path, timing, acting).values
    np.testing.assert_allclose(values[0], path[0], atol=1e-9)
    np.testing.assert_allclose(values[-1], path[-1], atol=1e-9)


def test_it_comes_to_rest_at_both_ends() -> None:
    for curve in transition(SURPRISED, TIMING, Acting()).curves.values():
        assert curve.slopes[0] == curve.slopes[-1] == 0.0


def test_brows_lead_and_the_mouth_follows() -> None:
    values = frames_of(path_of(("neutral", 0, 0), ("surprise", 1, 0)), TIMING, PLAIN).values

    def half(shape: str) -> int:
        curve = values[:, SHAPE_INDEX[shape]]
        return int(np.argmax(curve >= curve[-1] / 2))

    assert half("browInnerUp") < half("jawOpen") < half("eyeWideLeft")


def test_lids_are_shut_once_in_a_turn_of_mind() -> None:
    values = frames_of(SURPRISED, TIMING, Acting()).values
    shut = (values[:, BLINKS] > 0.999).all(axis=1)
    assert 1 <= np.count_nonzero(shut) <= 4
    assert np.count_nonzero(np.diff(shut.astype(int)) == 1) == 1
    wide = values[:, SHAPE_INDEX["eyeWideLeft"]]
    assert wide[shut].max() == 0.0


def test_a_blink_that_has_no_time_is_left_out() -> None:
    short = replace(TIMING, length=4)
    assert frames_of(SURPRISED, short, Acting()).values[:, BLINKS].max() == 0.0


def test_a_face_that_stays_as_it_is_does_not_blink() -> None:
    path = np.tile(pose("joy", 1.0), (17, 1)).astype(np.float64)
    assert frames_of(path, TIMING, Acting()).values[:, BLINKS].max() == 0.0


def test_cartoon_style_overshoots_and_anticipates_by_the_antagonist() -> None:
    path = path_of(("neutral", 0, 0), ("surprise", 0.5, 0))
    values = frames_of(path, TIMING, replace(PLAIN, style="cartoon")).values
    assert values[:, BROW].max() > 1.1 * path[-1, BROW]
    assert values[:12, SHAPE_INDEX["browDownLeft"]].max() > 0.02


def test_regions_that_are_left_out_get_no_curves() -> None:
    animation = transition(SURPRISED, TIMING, replace(PLAIN, regions=("brows",)))
    brows = {ARKIT_SHAPES[i] for i in MEMBERS["brows"]}
    assert set(animation.curves) | set(animation.at_rest) == brows


def test_every_shape_is_keyed_or_at_rest() -> None:
    animation = transition(SURPRISED, TIMING, Acting())
    assert set(animation.curves) | set(animation.at_rest) == set(ARKIT_SHAPES)
    assert not set(animation.curves) & set(animation.at_rest)


def test_every_shape_belongs_to_one_region() -> None:
    members = np.concatenate([MEMBERS[region] for region in FACE_REGIONS])
    assert sorted(members) == list(range(len(ARKIT_SHAPES)))


def test_asymmetry_weakens_one_side_and_lets_it_follow() -> None:
    lopsided = replace(PLAIN, asymmetry=1.0)
    joy = pose("joy", 1, 0).astype(np.float64)
    path = path_between(np.zeros(len(joy)), one_sided(joy, lopsided))
    values = frames_of(path, TIMING, lopsided).values
    left, right = values[:, SMILE], values[:, SHAPE_INDEX["mouthSmileRight"]]
    weak, strong = (left, right) if left[-1] < right[-1] else (right, left)
    assert weak[-1] < 0.8 * strong[-1]
    assert np.argmax(weak > 0.01) > np.argmax(strong > 0.01)


def test_the_same_seed_acts_the_same_way() -> None:
    first, second = (frames_of(SURPRISED, TIMING, Acting(asymmetry=0.5, seed=3)) for _ in range(2))
    np.testing.assert_array_equal(first.values, second.values)


def test_a_transition_without_time_is_refused() -> None:
    with pytest.raises(RigError, match="too short"):
        transition(SURPRISED, replace(TIMING, length=1), PLAIN)


def test_an_acted_transition_is_smoother_than_linear_keys() -> None:
    path = path_of(("neutral", 0, 0), ("anger", 1, 0))
    values = frames_of(path, TIMING, PLAIN).values
    straight = path[0] + np.linspace(0, 1, 31)[:, None] * (path[-1] - path[0])
    padded = [np.concatenate([v[:1]] * 3 + [v] + [v[-1:]] * 3) for v in (values, straight)]
    jerk, linear_jerk = (np.abs(np.diff(v, 3, axis=0)).max() for v in padded)
    assert jerk < linear_jerk
