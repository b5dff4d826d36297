# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech and idle life as events of a script: what they take over, and what they leave alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from auto_rig_face.animation.speech_file import read_speech
from auto_rig_face.batch.script_events import IdleLife, Speech
from auto_rig_face.batch.timeline import parse_timeline
from auto_rig_face.batch.timeline_player import Played, play
from auto_rig_face.errors import RigError
from auto_rig_face.liveliness import speak
from auto_rig_face.scene.actions import pose_at
from auto_rig_face.scene.fcurves import curves_by_path
from auto_rig_face.scene.layers import has_layer
from auto_rig_face.vocabulary import ARKIT_SHAPES
from numpy.typing import NDArray

INDEX = {name: index for index, name in enumerate(ARKIT_SHAPES)}
JAW, CLOSE, SMILE = (INDEX[name] for name in ("jawOpen", "mouthClose", "mouthSmileLeft"))
LID = INDEX["eyeBlinkLeft"]
# "map", from half a second on; at 24 frames a second from frame 12 to 24.
MAP = [
    {"phoneme": "M", "start": 0.5, "end": 0.6},
    {"phoneme": "AA1", "start": 0.6, "end": 0.9},
    {"phoneme": "P", "start": 0.9, "end": 1.0},
]
SAYS = {"type": "speech", "file": "map.json", "start": 40}
LEAD = 5  # frames, at 24 a second
BEGINS, ENDS = 47, 70  # of SAYS
# An open mouth with pressed lips, held long.
SURPRISE = {"type": "emotion", "emotion": "surprise", "start": 1, "hold": 96, "blink": False}
LIFE = {"type": "idle", "start": 1, "end": 120}

Poses = Callable[..., NDArray[np.float64]]
PlayEvents = Callable[..., list[Played]]


@pytest.fixture
def rigged(head: bpy.types.Object, write_rig: Callable[..., object]) -> bpy.types.Object:
    """A ball with the shape keys of a rig; 24 frames a second."""
    write_rig(head)
    bpy.context.scene.render.fps = 24
    return head


@pytest.fixture
def play_events(rigged: bpy.types.Object, tmp_path: Path) -> PlayEvents:
    """Plays events on the head without any animation; timings of a word lie beside the script."""
    (tmp_path / "map.json").write_text(json.dumps(MAP))

    def play_all(*events: dict[str, Any]) -> list[Played]:
        rigged.data.shape_keys.animation_data_clear()
        for block in rigged.data.shape_keys.key_blocks:
            block.value = 0.0
        timeline = parse_timeline({"version": 1, "events": list(events)}, tmp_path)
        return play(bpy.context, rigged, timeline.events)

    return play_all


@pytest.fixture
def poses_of(rigged: bpy.types.Object, play_events: PlayEvents) -> Poses:
    """(131, 52) what the head's own action does at frames 0 to 130."""

    def poses(*events: dict[str, Any]) -> NDArray[np.float64]:
        play_events(*events)
        return np.array([pose_at(rigged, frame) for frame in range(131)])

    return poses


def seen_at(head: bpy.types.Object, frames: range) -> NDArray[np.float64]:
    """(F, 52) what the sliders show, layers included."""
    seen = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        blocks = head.data.shape_keys.key_blocks
        seen.append([blocks[name].value for name in ARKIT_SHAPES])
    return np.array(seen)


def test_speech_alone_is_what_the_button_makes(
    rigged: bpy.types.Object, play_events: PlayEvents, poses_of: Poses, tmp_path: Path
) -> None:
    poses = poses_of(SAYS)
    (played,) = play_events(SAYS)
    points = sum(len(curve.keyframe_points) for curve in curves_by_path(rigged).values())
    assert played.performance.written.keys == points > 10
    assert played.performance.end == ENDS
    rigged.data.shape_keys.animation_data_clear()
    cues = read_speech(tmp_path / "map.json").cues
    speak(bpy.context, rigged, cues, 40)
    wanted = np.array([pose_at(rigged, frame) for frame in range(131)])
    np.testing.assert_array_equal(poses, wanted)
    assert poses[:, JAW].max() > 0.4


def test_amount_and_jaw_count(poses_of: Poses) -> None:
    jaw = poses_of(SAYS)[:, JAW].max()
    assert poses_of({**SAYS, "jaw": 0.5})[:, JAW].max() == pytest.approx(jaw / 2, abs=0.03)
    assert poses_of({**SAYS, "amount": 0.5})[:, JAW].max() == pytest.approx(jaw / 2, abs=0.03)


@pytest.mark.parametrize("start", [1, 50])
def test_speech_has_the_mouth_whichever_begins_first(poses_of: Poses, start: int) -> None:
    surprise = {**SURPRISE, "start": start}
    alone, words = poses_of(surprise), poses_of(SAYS)
    assert alone[-1, JAW] > 0.15
    poses = poses_of(surprise, SAYS)
    mouth = [INDEX[name] for name in ("jawOpen", "mouthClose", "mouthPressLeft", "mouthFunnel")]
    inside = slice(BEGINS, ENDS + 1)
    np.testing.assert_allclose(poses[inside, mouth], words[inside, mouth], atol=0.01)
    # Back to the emotion, and never in a leap.
    np.testing.assert_allclose(poses[ENDS + LEAD + 8 :], alone[ENDS + LEAD + 8 :], atol=0.02)
    np.testing.assert_allclose(poses[: BEGINS - LEAD], alone[: BEGINS - LEAD], atol=0.02)
    assert np.abs(np.diff(poses[:, JAW])).max() <= np.abs(np.diff(words[:, JAW])).max() + 0.05
    brows = [index for name, index in INDEX.items() if name.startswith(("brow", "eye"))]
    np.testing.assert_array_equal(poses[:, brows], alone[:, brows])


def test_a_smile_goes_on_under_the_words(poses_of: Poses) -> None:
    joy = {**SURPRISE, "emotion": "joy"}
    np.testing.assert_array_equal(poses_of(joy, SAYS)[:, SMILE], poses_of(joy)[:, SMILE])
    assert poses_of(joy)[BEGINS, SMILE] > 0.5


def test_lips_that_an_emotion_opens_shut_for_m_and_p(poses_of: Poses) -> None:
    poses = poses_of(SURPRISE, SAYS)
    for seconds in (0.55, 0.95):
        frame = round(40 + 24 * seconds)
        assert poses[frame, JAW] - poses[frame, CLOSE] == pytest.approx(0.0, abs=0.02)


def test_a_slider_that_nobody_keyed_keeps_its_value_beside_the_words(
    rigged: bpy.types.Object, tmp_path: Path
) -> None:
    (tmp_path / "map.json").write_text(json.dumps(MAP))
    rigged.data.shape_keys.key_blocks["jawOpen"].value = 0.3
    timings = Speech(1, 40, tmp_path / "map.json")
    play(bpy.context, rigged, [timings])
    for frame in (0, BEGINS - LEAD, ENDS + LEAD, 130):
        assert pose_at(rigged, frame)[JAW] == pytest.approx(0.3, abs=1e-4)
    assert pose_at(rigged, ENDS)[JAW] == pytest.approx(0.0, abs=1e-4)


def test_lines_follow_one_another(poses_of: Poses) -> None:
    silent = 40 + 24
    close = {**SAYS, "start": silent - 7}  # gets ready just as the first is over
    poses = poses_of(close, SAYS, SURPRISE)
    first, second = poses_of(SAYS), poses_of(close)
    np.testing.assert_allclose(poses[BEGINS:silent, JAW], first[BEGINS:silent, JAW], atol=0.02)
    np.testing.assert_allclose(poses[silent:88, JAW], second[silent:88, JAW], atol=0.02)
    assert poses[110, JAW] == pytest.approx(poses_of(SURPRISE)[110, JAW], abs=0.02)


@pytest.mark.parametrize("start", [40, 41, 56])
def test_words_over_words_are_told(play_events: PlayEvents, start: int) -> None:
    with pytest.raises(RigError) as caught:
        play_events(SAYS, {**SAYS, "start": start})
    assert "Event 2 (speech): The words of event 1 last until frame 64" in caught.value.problem
    later = int(caught.value.remedy.split(" start ")[1].split()[0])
    play_events(SAYS, {**SAYS, "start": start + later})


def test_a_file_that_is_no_speech_is_told(play_events: PlayEvents, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("[{}]")
    with pytest.raises(RigError, match=r"Event 2 \(speech\): .*bad\.json"):
        play_events(SURPRISE, {**SAYS, "file": "bad.json"})


def test_what_the_timings_lacked_is_noted(play_events: PlayEvents, tmp_path: Path) -> None:
    words = [{"word": "hello", "start": 0.5, "end": 1.0}]
    (tmp_path / "words.json").write_text(json.dumps(words))
    (played,) = play_events({**SAYS, "file": "words.json"})
    assert "rough English rules" in played.notes[0]


def test_idle_life_is_added_to_everything_else(
    rigged: bpy.types.Object, play_events: PlayEvents
) -> None:
    others = (SURPRISE, SAYS, {"type": "blink", "frame": 90})
    play_events(*others)
    frames = range(1, 131)
    before = seen_at(rigged, frames)
    played = play_events(LIFE, *others)
    assert [done.event.kind for done in played] == ["idle", "emotion", "speech", "blink"]
    assert played[0].performance.end == 120.0
    after = seen_at(rigged, frames)
    added = after - before
    assert added.min() > -1e-4
    assert added[:, LID].max() > 0.9
    gaze = [index for name, index in INDEX.items() if name.startswith("eyeLook")]
    assert added[:, gaze].max() > 0.05
    np.testing.assert_allclose(after[120:], before[120:], atol=1e-5)
    # The lips meet all the same.
    frame = round(40 + 24 * 0.55) - 1
    assert after[frame, JAW] - after[frame, CLOSE] == pytest.approx(0.0, abs=0.02)


def test_playing_idle_life_again_replaces_it(rigged: bpy.types.Object) -> None:
    frames = range(1, 121)
    play(bpy.context, rigged, [IdleLife(1, 1, 120, seed=1)])
    first = seen_at(rigged, frames)
    play(bpy.context, rigged, [IdleLife(1, 1, 120, amount=2.0, seed=2)])
    assert np.abs(seen_at(rigged, frames) - first).max() > 0.1
    play(bpy.context, rigged, [IdleLife(1, 1, 120, seed=1)])
    np.testing.assert_allclose(seen_at(rigged, frames), first, atol=1e-6)
    assert len(rigged.data.shape_keys.animation_data.nla_tracks) == 1


@pytest.mark.parametrize("end", [24, 1 + 3600 * 24 + 1])
def test_too_short_or_too_long_a_life_is_told(
    rigged: bpy.types.Object, play_events: PlayEvents, end: int
) -> None:
    with pytest.raises(RigError, match=r"Event 1 \(idle\): Frames 1 to .* seconds") as caught:
        play_events({**LIFE, "end": end})
    assert "from 1 to 3,600 seconds" in caught.value.remedy
    assert not has_layer(rigged)
    play_events({**LIFE, "end": 25})
    assert has_layer(rigged)


def test_a_head_without_shape_keys_is_told(
    head: bpy.types.Object, tmp_path: Path, context: bpy.types.Context
) -> None:
    path = tmp_path / "map.json"
    path.write_text(json.dumps(MAP))
    for event in (Speech(1, 1, path), IdleLife(1, 1, 99)):
        with pytest.raises(RigError, match=r"Event 1 .*no shape keys"):
            play(bpy.context, head, [event])


def test_defaults_are_the_buttons_own(tmp_path: Path, context: bpy.types.Context) -> None:
    (tmp_path / "map.json").write_text(json.dumps(MAP))
    speech, life = parse_timeline({"version": 1, "events": [SAYS, LIFE]}, tmp_path).events
    for event, operator, names in (
        (speech, bpy.ops.auto_rig_face.import_speech, ("amount", "jaw")),
        (life, bpy.ops.auto_rig_face.idle_life, ("amount", "seed")),
    ):
        properties = operator.get_rna_type().properties
        for name in names:
            assert getattr(event, name) == properties[name].default, (event.kind, name)


@pytest.mark.parametrize("name", ["amount", "jaw"])
def test_ranges_are_the_buttons_own(
    play_events: PlayEvents, context: bpy.types.Context, name: str
) -> None:
    bounds = bpy.ops.auto_rig_face.import_speech.get_rna_type().properties[name]
    for value in (bounds.hard_min, bounds.hard_max):
        play_events({**SAYS, name: value})
    for value in (bounds.hard_min - 0.1, bounds.hard_max + 0.1):
        with pytest.raises(RigError, match=name):
            play_events({**SAYS, name: value})
