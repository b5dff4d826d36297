# SPDX-License-Identifier: GPL-3.0-or-later
"""Timed speech from files: JSON of several tools, and Rhubarb's TSV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import RigError
from .speech_json import read_json
from .speech_times import (
    MOUTH_SHAPE,
    WORD,
    Interval,
    in_order,
    refuse_too_many,
    seconds,
    viseme_cues,
)
from .text_file import read_text, refuse_large
from .visemes import SILENCE, VisemeCue

MOST_MEGABYTES: Final = 20
_TOO_LARGE: Final = "Choose the file with the timings, not the recording; cut long ones."


@dataclass(frozen=True)
class Speech:
    """``cues``: visemes in order, not overlapping, at least one of them no silence; ``name`` of
    the recording; ``notes``: plain sentences about what the file lacked.
    """

    cues: tuple[VisemeCue, ...]
    name: str
    notes: tuple[str, ...] = ()


def read_speech(path: Path) -> Speech:
    """Visemes with their times from a file, whose form is told by what is in it. Raises RigError
    for anything that isn't timed speech.
    """
    text = read_text(
        path,
        lambda size: refuse_large(size, MOST_MEGABYTES, path.name, _TOO_LARGE),
        "Choose the JSON or TSV file with the timings, not the recording.",
    )
    if text.lstrip()[:1] in {"{", "["}:
        intervals, untimed = read_json(text, path.name)
    else:
        intervals, untimed = _read_tsv(text, path.name), 0
    intervals = in_order(intervals, path.name)
    cues = tuple(viseme_cues(intervals, path.name))
    if all(cue.viseme == SILENCE for cue in cues):
        raise RigError(
            f"{path.name} holds no speech.",
            "Choose a file with words, phonemes or mouth cues in it.",
        )
    return Speech(cues, path.stem, _notes(intervals, untimed))


def _notes(intervals: list[Interval], untimed: int) -> tuple[str, ...]:
    notes = []
    if untimed:
        words = (
            "1 word without a time was" if untimed == 1 else f"{untimed} words without times were"
        )
        notes.append(f"{words} left out.")
    if any(interval.kind == WORD for interval in intervals):
        notes.append(
            "Words without phonemes were spelled out by rough English rules; "
            "phonemes from an aligner are better."
        )
    return tuple(notes)


def _read_tsv(text: str, file: str) -> list[Interval]:
    """Rhubarb's lines of a time, a tab and a mouth shape, each until the next one; the last line
    is the end (https://github.com/DanielSWolf/rhubarb-lip-sync#tsv).
    """
    lines = [line for line in text.splitlines() if line.strip()]
    refuse_too_many(len(lines), file)
    times: list[float] = []
    shapes: list[str] = []
    for number, line in enumerate(lines, start=1):
        cells = line.split("\t")
        if len(cells) != 2:
            raise RigError(
                f"Line {number} of {file} isn't a time, a tab and a mouth shape.",
                "Choose a TSV file of Rhubarb Lip Sync, or a JSON file.",
            )
        times.append(seconds(_number(cells[0]), f"the time of line {number}", file))
        shapes.append(cells[1].strip())
        if len(times) > 1 and times[-1] < times[-2]:
            raise RigError(
                f"The time of line {number} of {file} is before the one above it.",
                "Export the file again.",
            )
    return [
        Interval(start, end, shape, MOUTH_SHAPE)
        for start, end, shape in zip(times[:-1], times[1:], shapes[:-1], strict=True)
    ]


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell
