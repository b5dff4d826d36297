# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts of animations: what they may say, and what is told about every mistake."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from auto_rig_face.animation.retarget import Gain
from auto_rig_face.batch import animate_command
from auto_rig_face.batch.frame_rates import exact_rate, split_rate
from auto_rig_face.batch.script_events import (
    LAST_FRAME,
    READERS,
    Blink,
    Capture,
    Emotion,
    IdleLife,
    Speech,
)
from auto_rig_face.batch.timeline import MOST_EVENTS, Timeline, parse_timeline, read_timeline
from auto_rig_face.errors import RigError
from auto_rig_face.vocabulary import EMOTIONS, FACE_REGIONS, STRONGEST_EMOTION
from hypothesis import given
from hypothesis import strategies as st

HERE = Path(__file__).parent
JOY = {"type": "emotion", "emotion": "joy", "start": 1}
LIFE = {"type": "idle", "start": 1, "end": 240}


def parse(*events: Any, **rest: Any) -> Timeline:
    return parse_timeline({"version": 1, "events": list(events), **rest}, HERE)


def problem_of(*events: Any, **rest: Any) -> str:
    with pytest.raises(RigError) as caught:
        parse(*events, **rest)
    assert caught.value.remedy
    return str(caught.value)


def read_text(folder: Path, text: str | bytes) -> Timeline:
    path = folder / "script.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_timeline(path)


def test_an_emotion_needs_only_its_name_and_its_start() -> None:
    assert parse(JOY) == Timeline((Emotion(1, 1, "joy"),))


def test_everything_can_be_said_about_an_emotion() -> None:
    said: dict[str, Any] = {**JOY, "length": 12, "hold": 0, "intensity": 2, "style": "cartoon"}
    said |= {"asymmetry": 0.5, "seed": 7, "blink": False, "regions": ["eyes", "brows"]}
    said |= {"from": "anger", "back": True}
    (event,) = parse(said).events
    assert event == Emotion(
        *(1, 1, "joy", 12, 0, 2.0, "cartoon", 0.5, 7, False),
        regions=("brows", "eyes"),
        first="anger",
        back=True,
    )


def test_a_capture_is_looked_for_beside_the_script(tmp_path: Path) -> None:
    (tmp_path / "take.csv").write_text("")
    event = {"type": "capture", "file": "take.csv", "start": 5, "smoothing": 0}
    gains = {"jawOpen": {"gain": 1.2}, "mouthFunnel": {"offset": -0.1}}
    script = {"version": 1, "events": [{**event, "gains": gains}]}
    (read,) = read_text(tmp_path, json.dumps(script)).events
    assert read == Capture(
        *(1, 5, tmp_path / "take.csv"),
        smoothing=0.0,
        gains={"jawOpen": Gain(1.2, 0.0), "mouthFunnel": Gain(1.0, -0.1)},
    )
    for gains in ({}, {"gains": {}}):
        script["events"] = [{**event, **gains}]
        (read,) = read_text(tmp_path, json.dumps(script)).events
        assert read.gains == gains.get("gains"), gains
    event["file"] = str(tmp_path / "take.csv")
    assert parse(event).events[0].file == tmp_path / "take.csv"


def test_the_example_of_the_manual_can_be_played(tmp_path: Path) -> None:
    manual = (HERE.parents[1] / "docs" / "animate.md").read_text(encoding="utf-8")
    example = manual.partition("```json\n")[2].partition("```")[0]
    for name in ("take_7_cal.csv", "line_3.json", "gasp.png", "calm.png"):
        (tmp_path / name).write_text("")
    kinds = [event.kind for event in read_text(tmp_path, example).events]
    assert set(kinds) == set(READERS)


def test_speech_is_looked_for_beside_the_script(tmp_path: Path) -> None:
    path = tmp_path / "line.tsv"
    path.write_text("")
    said = {"type": "speech", "file": "line.tsv", "start": 5}
    full = {**said, "start": 9, "amount": 2, "jaw": 0}
    read = read_text(tmp_path, json.dumps({"version": 1, "events": [said, full]})).events
    assert read == (Speech(1, 5, path), Speech(2, 9, path, amount=2.0, jaw=0.0))


def test_idle_life_needs_only_its_frames() -> None:
    full = {**LIFE, "start": 0, "amount": 0.5, "seed": 7}
    assert parse(JOY, LIFE).events[1] == IdleLife(2, 1, 240)
    assert parse(full).events == (IdleLife(1, 0, 240, amount=0.5, seed=7),)


def test_a_second_idle_life_is_told() -> None:
    message = problem_of(LIFE, JOY, {**LIFE, "start": 300, "end": 400})
    assert message.startswith("Event 3 (idle): event 1 is idle life already")


def test_events_keep_their_order_and_their_numbers() -> None:
    events = parse({"type": "blink", "frame": 40}, {**JOY, "start": 2.0}).events
    assert events == (Blink(1, 40), Emotion(2, 2, "joy"))
    assert [event.where for event in events] == ["Event 1 (blink)", "Event 2 (emotion)"]
    assert isinstance(events[1].start, int)


def test_head_and_frame_rate_are_read() -> None:
    timeline = parse(JOY, head="Anna", frame_rate=29.97)
    assert (timeline.head, timeline.frame_rate) == ("Anna", Fraction(30000, 1001))


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({**JOY, "emotion": "joyy"}, 'Event 2 (emotion): "emotion" is "joyy"'),
        ({**JOY, "emotion": "joyy"}, 'Did you mean "joy"?'),
        ({**JOY, "emotion": "Joy"}, 'Did you mean "joy"?'),
        ({**JOY, "emotion": 3}, "a number, 3. It must be text"),
        ({**JOY, "emotion": "xxxx"}, "Choose from neutral, joy"),
        ({"type": "emotion", "emotion": "joy"}, 'has no "start"'),
        ({"type": "emotion", "start": 1}, 'has no "emotion"'),
        (
            {**JOY, "lenght": 24},
            'a field "lenght", which isn\'t known there. Did you mean "length"?',
        ),
        ({**JOY, "frame": 24}, '"frame"'),
        ({**JOY, "start": -1}, "It must be from 0 to 1,048,574."),
        ({**JOY, "start": LAST_FRAME}, "ends at frame"),
        ({**JOY, "start": 1.5}, "It must be a whole number."),
        ({**JOY, "start": "1"}, "It must be a whole number."),
        ({**JOY, "start": True}, "a truth value"),
        ({**JOY, "start": None}, "is null"),
        ({**JOY, "start": 10**400}, '"start"'),
        ({**JOY, "start": 10**5000}, "too long a number"),
        ({**JOY, "length": 1}, "from 2 to"),
        ({**JOY, "length": 10**6}, "from 2 to"),
        ({**JOY, "hold": -1}, '"hold" is -1'),
        ({**JOY, "hold": LAST_FRAME}, "ends at frame"),
        ({**JOY, "intensity": 2.5}, "from 0.0 to 2.0"),
        ({**JOY, "intensity": float("nan")}, '"intensity"'),
        ({**JOY, "intensity": float("inf")}, '"intensity"'),
        ({**JOY, "intensity": "strong"}, "It must be a number."),
        ({**JOY, "style": "Cartoon"}, 'Did you mean "cartoon"?'),
        ({**JOY, "asymmetry": 1.1}, '"asymmetry" is 1.1'),
        ({**JOY, "seed": -1}, '"seed" is -1'),
        ({**JOY, "blink": 1}, "It must be true or false."),
        ({**JOY, "back": "yes"}, "It must be true or false."),
        ({**JOY, "regions": "eyes"}, "It must be a list"),
        ({**JOY, "regions": []}, "at least one"),
        ({**JOY, "regions": ["eyes", 1]}, "a list of names"),
        ({**JOY, "regions": ["eye"]}, 'Did you mean "eyes"?'),
        ({**JOY, "from": "curent"}, 'Did you mean "current"?'),
        ({"type": "emotions"}, 'Event 2 has the type "emotions", which isn\'t known. Did you mean'),
        ({"type": ["emotion"]}, 'Event 2: "type" is a list'),
        ({"emotion": "joy"}, 'Event 2 has no "type".'),
        ("blink", "Event 2 is no object."),
        ({"type": "blink"}, 'Event 2 (blink) has no "frame".'),
        ({"type": "blink", "start": 3}, 'a field "start"'),
        ({"type": "capture", "start": 3}, 'has no "file"'),
        ({"type": "capture", "file": "gone.csv", "start": 3}, "gone.csv is no file."),
        ({"type": "capture", "file": ".", "start": 3}, "is no file."),
        ({"type": "capture", "file": "", "start": 3}, '"file" is empty'),
        ({"type": "capture", "file": "a\0b", "start": 3}, '"file" is empty'),
        ({"type": "capture", "file": "a" * 5000, "start": 3}, "is no file."),
        ({"type": "capture", "file": "/dev/null", "start": 3}, "is no file."),
        ({"type": "capture", "file": "\\\\host\\share\\a.csv", "start": 3}, "another computer"),
        ({"type": "capture", "file": "//host/share/a.csv", "start": 3}, "another computer"),
        ({"type": "speech", "start": 3}, 'has no "file"'),
        ({"type": "speech", "file": "gone.json", "start": 3}, "Event 2 (speech): "),
        ({"type": "speech", "file": "gone.json", "start": 3}, "gone.json is no file."),
        ({"type": "speech", "file": "//host/share/a.json", "start": 3}, "another computer"),
        ({"type": "speech", "file": "a", "start": 3, "end": 9}, 'a field "end"'),
        ({"type": "speech", "file": Path(__file__).name}, 'has no "start"'),
        (
            {"type": "speech", "file": Path(__file__).name, "start": 3, "amount": 2.1},
            '"amount" is 2.1',
        ),
        ({"type": "speech", "file": Path(__file__).name, "start": 3, "jaw": -1}, '"jaw" is -1'),
        ({"type": "idle", "start": 3}, 'has no "end"'),
        ({"type": "idle", "end": 3}, 'has no "start"'),
        ({**LIFE, "start": 240}, '"end" is 240, which isn\'t after "start", 240.'),
        ({**LIFE, "end": LAST_FRAME + 1}, "from 0 to 1,048,574"),
        ({**LIFE, "end": 9.5}, "It must be a whole number."),
        ({**LIFE, "amount": 2.1}, '"amount" is 2.1'),
        ({**LIFE, "seed": -1}, '"seed" is -1'),
        ({**LIFE, "frame": 3}, 'a field "frame"'),
    ],
)
def test_a_mistake_is_told_with_the_event_s_number(event: Any, said: str) -> None:
    assert said in problem_of(JOY, event)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"smoothing": -0.1}, '"smoothing" is -0.1'),
        ({"tolerance": 0.3}, '"tolerance" is 0.3'),
        ({"calibrate": None}, "It must be true or false."),
        ({"gains": {"jawopen": {"gain": 1.0}}}, 'Did you mean "jawOpen"?'),
        ({"gains": {"jawOpen": 1.2}}, "an object in braces"),
        ({"gains": {"jawOpen": {"gian": 1.2}}}, 'gains of "jawOpen" has a field "gian"'),
        ({"gains": {"jawOpen": {"gain": 99}}}, '"gain" is 99'),
        ({"gains": {"jawOpen": {"offset": "0"}}}, '"offset" is text'),
        ({"gains": []}, "an object in braces"),
    ],
)
def test_a_mistake_about_a_capture_is_told(fields: dict[str, Any], said: str) -> None:
    event = {"type": "capture", "file": Path(__file__).name, "start": 1}
    assert isinstance(parse(event).events[0], Capture)
    message = problem_of({**event, **fields})
    assert said in message
    assert message.startswith("Event 1 (capture)")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"events": [JOY]}, 'The script has no "version".'),
        ({"version": 2, "events": [JOY]}, '"version" is 2. It must be 1.'),
        ({"version": "1", "events": [JOY]}, '"version" is text'),
        ({"version": 1}, "no events"),
        ({"version": 1, "events": []}, "no events"),
        ({"version": 1, "events": JOY}, "no events"),
        ({"version": 1, "events": [JOY] * (MOST_EVENTS + 1)}, "events;"),
        ({"version": 1, "events": [JOY] * 100_000}, "100,000 events;"),
        ({"version": 1, "evens": [JOY]}, 'Did you mean "events"?'),
        ({"version": 1, "events": [JOY], "head": 3}, '"head" is a number'),
        ({"version": 1, "events": [JOY], "frame_rate": 0}, '"frame_rate" is 0'),
        ({"version": 1, "events": [JOY], "frame_rate": "24"}, "It must be a number."),
        ({"version": 1, "events": [JOY], "frame_rate": 23.4567}, "exactly 23.4567 frames"),
    ],
)
def test_a_mistake_of_the_whole_script_is_told(content: dict[str, Any], said: str) -> None:
    with pytest.raises(RigError) as caught:
        parse_timeline(content, HERE)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "isn't JSON: line 1, column 1"),
        ('{"version": 1,\n "events": [}', "isn't JSON: line 2, column 13"),
        (b"\xff\xfe\x00{", "isn't a text file in UTF-8"),
        ("[1, 2]", "holds a list, where an object was expected"),
        ("null", "holds null"),
        ('{"version": 1, "version": 1}', '"version" stands twice'),
        ('{"version": 1, "events": [{"intensity": NaN}]}', "NaN is no number"),
        ('{"version": 1, "events": [{"intensity": -Infinity}]}', "-Infinity is no number"),
        ("[" * 100_000, "nested too deeply"),
        ('{"version": ' + "9" * 5000 + "}", "script.json can't be used"),
    ],
)
def test_a_file_that_is_no_script_is_told(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(RigError, match=r"script\.json") as caught:
        read_text(tmp_path, text)
    assert said in str(caught.value)


def test_a_missing_or_huge_script_is_told(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="is no file"):
        read_timeline(tmp_path)
    with pytest.raises(RigError, match=r"gone\.json is no file"):
        read_timeline(tmp_path / "gone.json")
    with pytest.raises(RigError, match="megabytes"):
        read_text(tmp_path, b" " * 20_000_001)


def test_a_number_beyond_all_floats_is_out_of_range(tmp_path: Path) -> None:
    text = '{"version": 1, "events": [{"type": "emotion", "emotion": "joy", "start": 1, '
    with pytest.raises(RigError, match=r'Event 1 \(emotion\): "intensity"'):
        read_text(tmp_path, text + '"intensity": 1e999}]}')


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    script = {"version": 1, "events": [JOY]}
    assert read_text(tmp_path, b"\xef\xbb\xbf" + json.dumps(script).encode()) == parse(JOY)


@given(
    emotion=st.sampled_from(EMOTIONS),
    start=st.integers(0, LAST_FRAME // 2),
    length=st.integers(2, 10_000),
    intensity=st.floats(0.0, STRONGEST_EMOTION),
    regions=st.sets(st.sampled_from(FACE_REGIONS), min_size=1),
    back=st.booleans(),
)
def test_what_is_written_is_what_is_read(
    emotion: str, start: int, length: int, intensity: float, regions: set[str], back: bool
) -> None:
    said = {"type": "emotion", "emotion": emotion, "start": start, "length": length}
    said |= {"intensity": intensity, "regions": sorted(regions), "back": back}
    (event,) = parse(json.loads(json.dumps(said))).events
    wanted = Emotion(1, start, emotion, length, intensity=intensity, back=back)
    in_order = tuple(region for region in FACE_REGIONS if region in regions)
    assert event == replace(wanted, regions=in_order)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        "emotion",
        "start",
        "file",
        "frame",
        "regions",
        "gains",
        "from",
        "seed",
        "intensity",
        "end",
        "amount",
        "jaw",
        "nonsense",
    ]
)


@given(kind=st.sampled_from([*READERS, "speach"]), fields=st.dictionaries(FIELDS, VALUES))
def test_nonsense_is_told_or_read_and_never_crashes(kind: str, fields: dict[str, Any]) -> None:
    problem, read = outcome({"type": kind, **fields})
    assert problem.startswith("Event 1") or read == kind


def outcome(event: dict[str, Any]) -> tuple[str, str]:
    """What is told about an event, and the kind that it was read as."""
    try:
        return "", parse(event).events[0].kind
    except RigError as error:
        return error.problem, ""


@pytest.mark.parametrize(
    ("said", "fps", "base"),
    [
        (24, 24, 1),
        (25.0, 25, 1),
        (23.976, 24, Fraction(1001, 1000)),
        (23.98, 24, Fraction(1001, 1000)),
        (29.97, 30, Fraction(1001, 1000)),
        (30, 30, 1),
        (59.94, 60, Fraction(1001, 1000)),
        (60, 60, 1),
        (119.88, 120, Fraction(1001, 1000)),
        (12.5, 13, Fraction(26, 25)),
    ],
)
def test_frame_rates_are_exact(said: float, fps: int, base: Fraction) -> None:
    assert split_rate(exact_rate(said)) == (fps, base)


@given(st.floats(1.0, 1000.0))
def test_a_frame_rate_is_the_one_that_was_asked_for_or_refused(said: float) -> None:
    try:
        rate = exact_rate(said)
    except RigError:
        return
    fps, base = split_rate(rate)
    assert fps / base == rate
    assert abs(float(rate) - said) < 0.005
    # As Blender keeps it, and as it is read from there.
    assert Fraction(float(np.float32(float(base)))).limit_denominator(1001) == base


def test_the_command_line_is_read() -> None:
    line = ["--script", "s.json", "a.blend", "--out", "o"]
    parsed = animate_command.parse(line)
    assert parsed == animate_command.AnimateArguments(Path("a.blend"), Path("s.json"), Path("o"))
    assert animate_command.parse([*line, "--format", "GLB,.blend"]).formats == ("blend", "glb")
    assert animate_command.parse([*line, "--format", "glb"]).formats == ("glb",)


@pytest.mark.parametrize(
    "line",
    ["", "a.blend --out o", "a.blend --script s", "--script s --out o"]
    + [f"a.blend --script s --out o --format {text}" for text in ("fbx", ",", "glb,obj")],
)
def test_wrong_usage_exits_with_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        animate_command.parse(line.split())
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err
