# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes to on-face controls and back, without Blender."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.animation.control_curves import (
    merged,
    not_negative,
    to_channels,
    to_values,
)
from auto_rig_face.animation.control_map import (
    ADDED,
    CONTROL,
    CONTROLS,
    HALF_AXES,
    SHAPES_ON,
    Channel,
    limits,
)
from auto_rig_face.animation.data import Curve
from auto_rig_face.animation.keys import evaluate
from auto_rig_face.animation.visemes import VISEMES, shapes_of
from auto_rig_face.vocabulary import ARKIT_SHAPES, LANDMARKS, mirror_bone, mirror_shape
from hypothesis import given
from hypothesis import strategies as st

WEIGHTS = st.floats(0.0, 1.0)
POSES = st.fixed_dictionaries(dict.fromkeys(ARKIT_SHAPES, WEIGHTS))
SHARED = [shapes for shapes in SHAPES_ON.values() if len(shapes) == 2]


def back(channels: dict[Channel, float]) -> dict[str, float]:
    """What the shapes show while the controls stand like that."""
    return to_values(lambda channel: channels.get(channel, 0.0))


def without_opposites(pose: dict[str, float]) -> dict[str, float]:
    """Of two shapes on one axis only the first."""
    return pose | {second: 0.0 for _, second in SHARED}


@given(POSES)
def test_there_and_back_is_exact_where_no_opposites_are_on(pose: dict[str, float]) -> None:
    pose = without_opposites(pose)
    channels, residual = to_channels(pose)
    assert back(channels) == pytest.approx(pose, abs=1e-12)
    assert residual == pytest.approx(0.0, abs=1e-12)


@given(POSES)
def test_the_residual_is_the_most_that_any_shape_loses(pose: dict[str, float]) -> None:
    channels, residual = to_channels(pose)
    lost = max(value - back(channels)[shape] for shape, value in pose.items())
    assert residual == pytest.approx(lost, abs=1e-12)


@given(POSES)
def test_controls_stay_within_their_limits(pose: dict[str, float]) -> None:
    channels, _ = to_channels(pose)
    for (control, axis), value in channels.items():
        low, high = limits(control)[axis]
        assert low <= value <= high


@given(POSES)
def test_a_flipped_pose_shows_the_mirrored_shapes(pose: dict[str, float]) -> None:
    channels, _ = to_channels(pose)
    flipped = {
        Channel(mirror_bone(control), axis): -value if axis == 0 else value
        for (control, axis), value in channels.items()
    }
    shown, mirrored = back(channels), back(flipped)
    assert mirrored == pytest.approx({mirror_shape(name): shown[name] for name in shown})


def test_every_shape_has_a_half_axis_of_its_own() -> None:
    halves = [(half.channel, half.sign) for half in HALF_AXES.values()]
    assert len(set(halves)) == len(halves) == 52
    assert tuple(HALF_AXES) == ARKIT_SHAPES


def test_shapes_without_a_side_are_on_x_only_beside_their_mirror_image() -> None:
    for shape, half in HALF_AXES.items():
        if half.channel.axis == 0 and not CONTROL[half.channel.control].side:
            assert SHAPES_ON[half.channel] == (shape, mirror_shape(shape)) or SHAPES_ON[
                half.channel
            ] == (mirror_shape(shape), shape)
            assert mirror_shape(shape) != shape


def test_controls_lie_on_landmarks_and_mirror_each_other() -> None:
    names = [control.name for control in CONTROLS]
    for control in CONTROLS:
        assert set(control.anchors) <= set(LANDMARKS)
        assert mirror_bone(control.name) in names
        assert not control.parent or names.index(control.parent) < names.index(control.name)
        if control.side:
            other = CONTROL[mirror_bone(control.name)]
            assert other.offset == pytest.approx((-control.offset[0], *control.offset[1:]))


def test_a_gaze_of_both_eyes_is_added_to_that_of_each() -> None:
    both = Channel("ctrl_eyes", 0)
    half = HALF_AXES["eyeLookOutLeft"]
    assert ADDED[half.channel] == both
    shown = back({both: half.size / 2})
    assert shown["eyeLookOutLeft"] == pytest.approx(0.5)
    assert shown["eyeLookInRight"] == pytest.approx(0.5)


@pytest.mark.parametrize("viseme", VISEMES)
def test_no_viseme_has_opposites_on(viseme: str) -> None:
    assert to_channels(shapes_of(viseme))[1] == pytest.approx(0.0, abs=1e-12)


def a_curve(seed: int, frames: list[float]) -> Curve:
    random = np.random.default_rng(seed)
    return Curve(np.array(frames), random.random(len(frames)), random.normal(0, 0.1, len(frames)))


@given(st.integers(0, 1000))
def test_merged_curves_are_their_sum_at_every_frame(seed: int) -> None:
    first, second = a_curve(seed, [0.0, 4.0, 9.0, 20.0]), a_curve(seed + 1, [0.0, 7.0, 20.0])
    total = merged([(2.0, first), (-0.5, second)])
    frames = np.linspace(0.0, 20.0, 201)
    expected = 2.0 * evaluate(first, frames) - 0.5 * evaluate(second, frames)
    np.testing.assert_allclose(evaluate(total, frames), expected, atol=1e-12)


@given(st.integers(0, 1000))
def test_a_curve_that_dips_below_zero_is_flattened_there_alone(seed: int) -> None:
    curve = a_curve(seed, [0.0, 4.0, 9.0, 20.0])
    frames = np.linspace(0.0, 20.0, 201)
    flat = evaluate(not_negative(curve), frames)
    assert flat.min() > -0.006
    if evaluate(curve, frames).min() > 0.01:
        np.testing.assert_allclose(flat, evaluate(curve, frames), atol=1e-12)
