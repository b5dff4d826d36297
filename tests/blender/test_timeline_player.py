# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a script on the timeline: who takes over from whom, and blinks on top."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from auto_rig_face.acting import CURRENT, CaptureOptions, blink
from auto_rig_face.animation.data import Animation, Curve
from auto_rig_face.batch.script_events import READERS, Capture, Emotion
from auto_rig_face.batch.timeline import parse_timeline
from auto_rig_face.batch.timeline_player import PLAYERS, play
from auto_rig_face.properties import settings_of
from auto_rig_face.scene.actions import pose_at, write_animation
from auto_rig_face.vocabulary import ARKIT_SHAPES
from numpy.typing import NDArray

INDEX = {name: index for index, name in enumerate(ARKIT_SHAPES)}
LIDS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]
SMILE = INDEX["mouthSmileLeft"]
JOY = {"type": "emotion", "emotion": "joy", "start": 1}
SLOW = {**JOY, "length": 100, "hold": 0, "blink": False}
TAKE = {"type": "capture", "file": "take.json", "smoothing": 0}


@pytest.fixture
def rigged(head: bpy.types.Object, write_rig: Callable[..., object]) -> bpy.types.Object:
    """A ball with the shape keys of a rig."""
    write_rig(head)
    return head


@pytest.fixture
def poses_of(rigged: bpy.types.Object, tmp_path: Path) -> Callable[..., NDArray[np.float64]]:
    """Plays events on a head without any animation: (121, 52) its pose at frames 0 to 120. A take
    in which the jaw opens by half lies beside the script.
    """
    wave = np.sin(np.linspace(0.0, math.pi, 25))
    table = [[0.5 * float(share)] for share in wave]
    take = {"fps": 24, "names": ["jawOpen"], "weights": table}
    (tmp_path / "take.json").write_text(json.dumps(take))

    def poses(*events: dict[str, Any]) -> NDArray[np.float64]:
        rigged.data.shape_keys.animation_data_clear()
        timeline = parse_timeline({"version": 1, "events": list(events)}, tmp_path)
        play(bpy.context, rigged, timeline.events)
        return np.array([pose_at(rigged, frame) for frame in range(121)])

    return poses


def test_emotions_are_played_in_the_order_of_their_start(poses_of) -> None:
    anger = {"type": "emotion", "emotion": "anger", "start": 60}
    poses = poses_of(anger, JOY)
    assert poses[40, SMILE] > 0.5
    assert poses[84, SMILE] < 0.2
    assert poses[84, INDEX["browDownLeft"]] > 0.5
    np.testing.assert_array_equal(poses_of(JOY, anger), poses)


def test_an_emotion_takes_over_from_one_that_still_moves(poses_of) -> None:
    rest = {"type": "emotion", "emotion": "neutral", "start": 40, "length": 20, "blink": False}
    poses = poses_of(SLOW, rest)
    assert poses[40, SMILE] > 0.02
    assert poses[40, SMILE] == pytest.approx(poses_of(SLOW)[40, SMILE], abs=1e-4)
    assert np.abs(np.diff(poses, axis=0)).max() < 0.15  # nowhere a jump
    np.testing.assert_allclose(poses[61:], np.tile(poses[60], (60, 1)), atol=1e-4)


def test_an_emotion_of_some_regions_leaves_the_others_to_the_one_before(poses_of) -> None:
    alone = poses_of(SLOW)
    anger = {"type": "emotion", "emotion": "anger", "start": 40, "blink": False}
    both = poses_of(SLOW, {**anger, "regions": ["brows"]})
    brows = [index for name, index in INDEX.items() if name.startswith("brow")]
    rest = [index for index in INDEX.values() if index not in brows]
    np.testing.assert_allclose(both[:, rest], alone[:, rest], atol=1e-6)
    assert both[110, INDEX["browDownLeft"]] > 0.5


def test_a_hold_is_kept_until_a_capture_begins(poses_of) -> None:
    poses = poses_of({**JOY, "length": 20, "hold": 40}, {**TAKE, "start": 80})
    assert poses[21, SMILE] > 0.5
    np.testing.assert_allclose(poses[21:62, SMILE], poses[21, SMILE], atol=1e-4)
    np.testing.assert_allclose(poses[80:, SMILE], 0.0, atol=1e-4)
    assert poses[92, INDEX["jawOpen"]] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    "after",
    [
        {**TAKE, "start": 60},
        {"type": "emotion", "emotion": "neutral", "start": 60, "from": "neutral", "blink": False},
    ],
)
def test_what_begins_with_another_pose_jumps_at_its_start_alone(poses_of, after) -> None:
    alone = poses_of(SLOW)
    poses = poses_of(SLOW, after)
    assert alone[59, SMILE] > 0.1
    assert poses[59, SMILE] == pytest.approx(alone[59, SMILE], abs=1e-4)
    np.testing.assert_allclose(poses[60:, SMILE], 0.0, atol=0.05)


def test_of_two_that_start_together_the_later_one_counts(poses_of) -> None:
    anger = {"type": "emotion", "emotion": "anger", "start": 1}
    np.testing.assert_allclose(poses_of(SLOW, anger), poses_of(anger), atol=1e-4)


def test_a_blink_shuts_the_lids_whatever_they_do_and_leaves_the_rest(
    rigged: bpy.types.Object,
) -> None:
    frames = np.array([0.0, 20.0, 40.0])
    squint = Curve(frames, np.array([0.0, 0.4, 0.1]), np.array([0.0, 0.0, 0.0]))
    wide = Curve(frames, np.array([0.0, 0.0, 0.6]), np.zeros(3))
    curves = {"eyeBlinkLeft": squint, "eyeBlinkRight": squint, "eyeWideLeft": wide}
    write_animation(rigged, [Animation(0.0, 40.0, curves)])
    moments = np.arange(-5.0, 60.0, 0.5)
    before = np.array([pose_at(rigged, moment) for moment in moments])
    done = blink(bpy.context, rigged, 25, seed=3)
    after = np.array([pose_at(rigged, moment) for moment in moments])
    assert 31 <= done.end <= 34
    assert after[:, LIDS].max(axis=0) == pytest.approx([1.0, 1.0], abs=1e-3)
    # Only on the way to the nearest keys may the lids move a little otherwise.
    apart = (moments <= 20) | (moments >= 40) | (moments == 25) | (moments == done.end)
    np.testing.assert_allclose(after[apart], before[apart], atol=1e-3)
    outside = (moments <= 25) | (moments >= done.end)
    np.testing.assert_allclose(after[outside], before[outside], atol=0.05)
    shut = after[:, LIDS[0]] > 0.99
    assert after[shut, INDEX["eyeWideLeft"]].max() < 0.1 < before[shut, INDEX["eyeWideLeft"]].min()
    others = [i for i in INDEX.values() if i not in (*LIDS, INDEX["eyeWideLeft"])]
    np.testing.assert_array_equal(after[:, others], before[:, others])


@pytest.mark.parametrize("fps", [12, 24, 30, 60, 120])
def test_a_blink_lasts_as_long_at_every_frame_rate(rigged: bpy.types.Object, fps: int) -> None:
    bpy.context.scene.render.fps = fps
    done = blink(bpy.context, rigged, 10)
    assert 0.2 <= (done.end - 10) / fps <= 0.4
    assert pose_at(rigged, 10)[LIDS].max() < 1e-6
    assert pose_at(rigged, done.end)[LIDS].max() < 1e-6
    lids = [pose_at(rigged, frame)[LIDS].min() for frame in np.arange(10, done.end, 0.5)]
    assert max(lids) == pytest.approx(1.0, abs=1e-3)
    assert done.written.keys >= 8


def test_a_blink_lies_on_top_of_an_emotion_that_begins_later(poses_of) -> None:
    surprise = {"type": "emotion", "emotion": "surprise", "start": 32, "blink": False}
    poses = poses_of({"type": "blink", "frame": 30}, surprise)
    assert poses[30:40, LIDS].min(axis=1).max() > 0.98
    assert poses_of(surprise)[30:40, LIDS].max() < 0.5


def test_defaults_are_the_panel_s() -> None:
    settings = settings_of(bpy.context).acting
    event = Emotion(1, 1, "joy")
    for name in ("length", "hold", "back", "style", "seed", "blink"):
        assert getattr(event, name) == getattr(settings, name)
    for name in ("intensity", "asymmetry"):
        assert getattr(event, name) == pytest.approx(getattr(settings, name))
    assert set(event.regions) == set(settings.regions)
    assert event.first == CURRENT
    options, take = CaptureOptions(), Capture(1, 1, Path("a.csv"))
    for name in ("smoothing", "tolerance", "calibrate", "gains"):
        assert getattr(take, name) == pytest.approx(getattr(options, name)), name


def test_every_type_of_event_has_a_player() -> None:
    assert {kind.kind for kind in PLAYERS} == set(READERS)
