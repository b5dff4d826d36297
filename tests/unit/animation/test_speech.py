# SPDX-License-Identifier: GPL-3.0-or-later
"""Visemes with times as curves: contacts, coarticulation, rest at both ends."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from auto_rig_face.animation.data import Animation, Floats
from auto_rig_face.animation.keys import evaluate
from auto_rig_face.animation.speech import LEAD, TAIL, Delivery, frames_of, spoken
from auto_rig_face.animation.turning_points import keyed_at_turns, turning_points
from auto_rig_face.animation.visemes import SPEECH_SHAPES, VISEMES, VisemeCue, shapes_of
from auto_rig_face.errors import RigError
from hypothesis import given
from hypothesis import strategies as st

FPS = 24.0
START = 101.0
SHAPE = {shape: index for index, shape in enumerate(SPEECH_SHAPES)}
# What parts the lips whatever the jaw does.
PARTING = ("mouthLowerDownLeft", "mouthUpperUpLeft", "mouthFunnel")


def cues_of(*said: tuple[str, float], start: float = 0.0) -> list[VisemeCue]:
    """Visemes one after another, each with its length in seconds; "sil" is a pause."""
    ends = start + np.cumsum([0.0, *(length for _viseme, length in said)])
    return [
        VisemeCue(float(begin), float(end), viseme)
        for (viseme, _length), (begin, end) in zip(said, itertools.pairwise(ends), strict=True)
    ]


def at(animation: Animation, shape: str, seconds: float, fps: float = FPS) -> float:
    if shape in animation.at_rest:
        return 0.0
    return float(evaluate(animation.curves[shape], np.array([START + seconds * fps]))[0])


def spoken_cues() -> st.SearchStrategy[list[VisemeCue]]:
    lengths = st.floats(0.02, 0.5)
    said = st.tuples(st.sampled_from(VISEMES), lengths)
    return st.lists(said, min_size=1, max_size=25).map(lambda pairs: cues_of(*pairs, start=0.5))


@given(
    cues=spoken_cues(),
    fps=st.sampled_from([12.0, 24.0, 30000 / 1001, 60.0]),
    amount=st.floats(0.0, 2.0),
    jaw=st.floats(0.0, 2.0),
)
def test_any_speech_is_smooth_bounded_and_starts_and_ends_at_rest(
    cues: list[VisemeCue], fps: float, amount: float, jaw: float
) -> None:
    said = [cue for cue in cues if cue.viseme != "sil"]
    if not said:
        with pytest.raises(RigError, match="Nothing is said"):
            spoken(cues, fps, START, Delivery(amount, jaw))
        return
    animation = spoken(cues, fps, START, Delivery(amount, jaw))
    assert set(animation.curves) | set(animation.at_rest) == set(SPEECH_SHAPES)
    assert not set(animation.curves) & set(animation.at_rest)
    assert animation.start <= START + (said[0].start - LEAD) * fps
    assert animation.end >= START + (said[-1].end + TAIL) * fps
    offsets, values = frames_of(cues, fps, Delivery(amount, jaw))
    for shape, curve in animation.curves.items():
        assert np.all(np.diff(curve.frames) > 0)
        assert (curve.frames[0], curve.frames[-1]) == (animation.start, animation.end)
        np.testing.assert_array_equal(curve.values[[0, -1]], 0.0)
        np.testing.assert_array_equal(curve.slopes[[0, -1]], 0.0)
        played = evaluate(curve, START + offsets)
        assert np.abs(played - values[:, SHAPE[shape]]).max() <= Delivery().tolerance + 1e-9
        assert played.min() >= -Delivery().tolerance
        assert played.max() <= 1.0 + Delivery().tolerance


@given(cues=spoken_cues(), fps=st.sampled_from([24.0, 30.0, 60.0]), amount=st.floats(0.25, 2.0))
def test_lips_always_meet_for_a_bilabial(cues: list[VisemeCue], fps: float, amount: float) -> None:
    cues = [*cues, VisemeCue(cues[-1].end, cues[-1].end + 0.08, "PP")]
    animation = spoken(cues, fps, START, Delivery(amount))
    for cue in cues:
        if cue.viseme != "PP" or cue.end - cue.start < 0.06:
            continue
        middle = (cue.start + cue.end) / 2
        frame = round(middle * fps) / fps  # the frame in which it is seen
        opened = at(animation, "jawOpen", frame, fps) - at(animation, "mouthClose", frame, fps)
        assert abs(opened) < 0.02
        for shape in PARTING:
            assert at(animation, shape, frame, fps) < 0.04


@given(cues=spoken_cues())
def test_lips_are_never_shut_further_than_the_jaw_is_open(cues: list[VisemeCue]) -> None:
    if all(cue.viseme == "sil" for cue in cues):
        return
    _offsets, values = frames_of(cues, FPS, Delivery())
    assert np.all(values[:, SHAPE["mouthClose"]] <= values[:, SHAPE["jawOpen"]] + 1e-9)


def test_a_shut_mouth_between_open_vowels() -> None:
    animation = spoken(cues_of(("aa", 0.2), ("PP", 0.08), ("aa", 0.2)), FPS, START, Delivery())
    assert at(animation, "mouthClose", 0.24) == pytest.approx(
        at(animation, "jawOpen", 0.24), abs=0.02
    )
    for vowel in (0.1, 0.38):
        assert at(animation, "jawOpen", vowel) > 0.4
        assert at(animation, "mouthClose", vowel) < 0.02


def test_the_lower_lip_touches_the_teeth_between_open_vowels() -> None:
    animation = spoken(cues_of(("aa", 0.2), ("FF", 0.08), ("oh", 0.2)), FPS, START, Delivery())
    frame = round(0.24 * FPS) / FPS
    target = shapes_of("FF")
    for shape in ("jawOpen", "mouthRollLower", "mouthUpperUpLeft"):
        assert at(animation, shape, frame) == pytest.approx(target[shape], abs=0.03)
    assert at(animation, "mouthLowerDownLeft", frame) < 0.03


def test_lips_are_round_before_a_rounded_vowel_and_not_before_another() -> None:
    rounded = spoken(cues_of(("SS", 0.1), ("DD", 0.08), ("ou", 0.2)), FPS, START, Delivery())
    spread = spoken(cues_of(("SS", 0.1), ("DD", 0.08), ("ih", 0.2)), FPS, START, Delivery())
    consonant = 0.14
    assert at(rounded, "mouthPucker", consonant) > 0.35
    assert at(spread, "mouthPucker", consonant) == 0.0
    assert at(spread, "mouthStretchLeft", consonant) > at(rounded, "mouthStretchLeft", consonant)


def test_the_jaw_keeps_closer_to_the_sound_than_the_lips() -> None:
    """Of two motions towards one vowel, that of the lips has come further as it begins."""
    animation = spoken(cues_of(("kk", 0.3), ("oh", 0.3)), FPS, START, Delivery())
    vowel = 0.5
    early = 0.24
    before = shapes_of("kk")["jawOpen"]
    jaw = (at(animation, "jawOpen", early) - before) / (at(animation, "jawOpen", vowel) - before)
    lips = at(animation, "mouthFunnel", early) / at(animation, "mouthFunnel", vowel)
    assert lips > jaw + 0.1


def test_fast_speech_undershoots() -> None:
    def opened(length: float) -> float:
        said = itertools.islice(itertools.cycle(("SS", "aa")), 12)
        cues = cues_of(*((viseme, length) for viseme in said))
        _offsets, values = frames_of(cues, 120.0, Delivery())
        return float(values[:, SHAPE["jawOpen"]].max())

    slow, fast, faster = opened(0.25), opened(0.1), opened(0.05)
    assert slow == pytest.approx(shapes_of("aa")["jawOpen"], abs=0.01)
    assert slow > fast > faster


def test_a_consonant_of_the_tongue_leaves_the_lips_round() -> None:
    animation = spoken(cues_of(("ou", 0.15), ("nn", 0.06), ("ou", 0.15)), FPS, START, Delivery())
    assert at(animation, "mouthPucker", 0.18) > 0.6


def test_a_pause_closes_the_mouth_and_a_doubled_consonant_does_not_open_it() -> None:
    paused = spoken(cues_of(("aa", 0.2), ("sil", 0.8), ("aa", 0.2)), FPS, START, Delivery())
    assert at(paused, "jawOpen", 0.6) < 0.02
    doubled = spoken(
        cues_of(("aa", 0.2), ("PP", 0.1), ("PP", 0.1), ("aa", 0.2)), FPS, START, Delivery()
    )
    for seconds in np.arange(0.255, 0.345, 0.01):
        gap = at(doubled, "jawOpen", seconds) - at(doubled, "mouthClose", seconds)
        assert gap < 0.04


def test_amount_and_jaw_scale_what_they_say() -> None:
    cues = cues_of(("aa", 0.3), ("ih", 0.3))
    half = frames_of(cues, FPS, Delivery(0.5))[1]
    whole = frames_of(cues, FPS, Delivery())[1]
    np.testing.assert_allclose(half, whole / 2, atol=1e-9)
    quiet = frames_of(cues, FPS, Delivery(jaw=0.5))[1]
    jaw = SHAPE["jawOpen"]
    np.testing.assert_allclose(quiet[:, jaw], whole[:, jaw] / 2, atol=1e-9)
    np.testing.assert_allclose(np.delete(quiet, jaw, 1), np.delete(whole, jaw, 1), atol=1e-9)
    assert spoken(cues, FPS, START, Delivery(0.0)).curves == {}


@pytest.mark.parametrize(
    "delivery", [Delivery(-0.1), Delivery(2.5), Delivery(float("nan")), Delivery(jaw=3.0)]
)
def test_impossible_settings_are_told(delivery: Delivery) -> None:
    with pytest.raises(RigError, match="isn't possible"):
        spoken(cues_of(("aa", 0.2)), FPS, START, delivery)


def test_no_cues_are_told() -> None:
    with pytest.raises(RigError, match="Nothing is said"):
        spoken([], FPS, START, Delivery())


def test_a_minute_takes_few_keys_and_little_time() -> None:
    rng = np.random.default_rng(3)
    lengths = rng.uniform(0.05, 0.15, 600)
    cues = cues_of(*zip(rng.choice(VISEMES[1:], 600), lengths.tolist(), strict=True))
    begins = time.process_time()
    animation = spoken(cues, FPS, START, Delivery())
    assert time.process_time() - begins < 5.0
    keys = [len(curve.frames) for curve in animation.curves.values()]
    assert len(keys) == len(SPEECH_SHAPES)
    assert np.mean(keys) < len(cues)  # less than one for every viseme


waves = st.lists(st.floats(0.0, 1.0), min_size=2, max_size=80).map(np.array)


@given(values=waves, tolerance=st.floats(0.0, 0.2))
def test_turning_points_are_exact_level_and_the_rest_within_tolerance(
    values: Floats, tolerance: float
) -> None:
    frames = 10.0 + np.arange(len(values), dtype=np.float64)
    curve = keyed_at_turns(frames, values, tolerance)
    assert np.abs(evaluate(curve, frames) - values).max() <= tolerance + 1e-9
    turns = turning_points(values, tolerance)
    assert set(frames[turns]) <= set(curve.frames)
    level = np.isin(curve.frames, frames[turns])
    np.testing.assert_array_equal(curve.slopes[level], 0.0)
    for first, second in itertools.pairwise(turns[1:-1]):
        assert abs(values[first] - values[second]) > tolerance
