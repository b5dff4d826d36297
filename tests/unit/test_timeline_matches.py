# SPDX-License-Identifier: GPL-3.0-or-later
"""What a script may say of pictures and films that are matched, and what is told about mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from auto_rig_face.batch.script_events import LAST_FRAME, Match
from auto_rig_face.batch.timeline import parse_timeline
from auto_rig_face.errors import RigError


def test_what_is_matched_is_looked_for_beside_the_script(tmp_path: Path) -> None:
    (tmp_path / "take").mkdir()
    for name in ("gasp.PNG", "calm.jpg", "film.mp4", "take/f2.png", "take/f10.png", "take/a.txt"):
        (tmp_path / name).write_text("")
    said = {"type": "match", "start": 5}
    events = [
        {**said, "file": "gasp.PNG"},
        {**said, "file": "gasp.PNG", "length": 9, "hold": 0, "neutral": "calm.jpg", "strength": 2},
        {**said, "file": "film.mp4", "smoothing": 0, "tolerance": 0, "first_is_neutral": True},
        {**said, "file": "take", "neutral": "calm.jpg"},
    ]
    read = parse_timeline({"version": 1, "events": events}, tmp_path).events
    gasp, calm, film, take = (tmp_path / n for n in ("gasp.PNG", "calm.jpg", "film.mp4", "take"))
    assert read == (
        Match(1, 5, gasp),
        Match(2, 5, gasp, strength=2.0, neutral=calm, length=9, hold=0),
        Match(3, 5, film, smoothing=0.0, tolerance=0.0, first_is_neutral=True),
        Match(4, 5, take, neutral=calm),
    )
    assert [isinstance(event, Match) and event.is_picture for event in read] == [
        True,
        True,
        *[False] * 2,
    ]
    assert read[1].inputs == (gasp, calm)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({}, 'Event 1 (match) has no "file"'),
        ({"file": "gone.png"}, "gone.png is no file."),
        ({"file": "//host/share/a.png"}, "another computer"),
        ({"file": "notes.txt"}, "notes.txt is no picture and no film."),
        ({"file": "empty"}, "holds no pictures"),
        ({"file": "one"}, "holds a single picture"),
        ({"file": "a.png", "neutral": "gone.png"}, "gone.png is no file."),
        ({"file": "a.png", "neutral": "one"}, "one is no file."),
        ({"file": "a.png", "neutral": "film.mp4"}, "film.mp4 is no picture."),
        ({"file": "a.png", "neutral": "\\\\host\\a.png"}, '"neutral" lies on another computer'),
        ({"file": "a.png", "smoothing": 1}, '"smoothing" means nothing for a picture.'),
        ({"file": "a.png", "first_is_neutral": True}, '"first_is_neutral" means nothing for a'),
        ({"file": "film.mp4", "hold": 1}, '"hold" means nothing for a film or a folder'),
        ({"file": "film.mp4", "length": 1}, "from 2 to"),
        ({"file": "film.mp4", "neutral": "a.png", "first_is_neutral": True}, "Keep one of them"),
        ({"file": "a.png", "strength": 11}, '"strength" is 11'),
        ({"file": "a.png", "strenght": 1}, 'Did you mean "strength"?'),
        ({"file": "a.png", "start": LAST_FRAME}, "ends at frame"),
    ],
)
def test_what_can_not_be_matched_is_told(tmp_path: Path, event: dict[str, Any], said: str) -> None:
    for folder in ("empty", "one"):
        (tmp_path / folder).mkdir()
    for name in ("a.png", "film.mp4", "notes.txt", "one/a.png", "one/.b.png", "empty/a.txt"):
        (tmp_path / name).write_text("")
    with pytest.raises(RigError) as caught:
        parse_timeline({"version": 1, "events": [{"type": "match", "start": 1, **event}]}, tmp_path)
    assert said in str(caught.value)
    assert caught.value.remedy
