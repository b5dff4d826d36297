# SPDX-License-Identifier: GPL-3.0-or-later
"""SMPTE timecodes HH:MM:SS:FF with fractions of a frame, as seconds.

What a file doesn't say, its frame numbers tell: how many frames a second has. A semicolon before
the frame means drop-frame counting (SMPTE ST 12-1): at 30000/1001 or 60000/1001 frames a second the
first numbers of each minute but every tenth are left out, so that the count keeps to the clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .data import Floats

COUNTS: Final[tuple[int, ...]] = (24, 25, 30, 50, 60, 120)  # frame numbers in a second
USUAL_COUNT: Final = 60
_NUMBERS_DROPPED: Final[dict[int, int]] = {30: 2, 60: 4, 120: 8}  # in a minute
_NTSC: Final = Fraction(1000, 1001)
_DAY: Final = 24 * 3600
_TIMECODE: Final = re.compile(
    r"([01]?\d|2[0-3]):([0-5]?\d):([0-5]?\d)([:;])(\d{1,3}(?:\.\d+)?)", re.ASCII
)


class Timecode(NamedTuple):
    """``second`` of the day, ``frame`` within it with its fraction, ``drop``: drop-frame."""

    second: int
    frame: float
    drop: bool


@dataclass(frozen=True)
class FrameCount:
    """Where F timecodes lie. ``numbers`` (F,): frames since the first midnight; ``rate``: how many
    of them pass in a second; ``guessed``: the timecodes don't show it.
    """

    numbers: Floats
    rate: Fraction
    guessed: bool


def parse_timecode(text: str) -> Timecode | None:
    """None where ``text`` is no timecode."""
    match = _TIMECODE.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds, separator, frame = match.groups()
    second = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return Timecode(second, float(frame), separator == ";")


def count_frames(timecodes: list[Timecode]) -> FrameCount | None:
    """The frames that timecodes name, in the order of the file; midnight may lie between them.
    None where a frame number is too large for any rate.
    """
    seconds = np.array([code.second for code in timecodes], np.int64)
    frames = np.array([code.frame for code in timecodes])
    possible = [count for count in COUNTS if count > int(frames.max())]
    if not possible:
        return None
    seen = _frames_in_a_second(seconds, frames, possible)
    count = seen or max(USUAL_COUNT, possible[0])
    dropped = _NUMBERS_DROPPED.get(count, 0) if any(code.drop for code in timecodes) else 0
    numbers = _numbers(seconds, count, dropped) + frames + _days(seconds, count, dropped)
    return FrameCount(numbers, count * (_NTSC if dropped else Fraction(1)), seen is None)


def usual_step(numbers: Floats) -> float:
    """How many frame numbers usually lie between two frames of a take; a camera's own clock makes
    that differ from a whole number, or from a whole part of 1, by less than a hundredth.
    """
    steps = np.diff(np.sort(numbers))
    steps = steps[steps > 0.0]
    if not len(steps):
        return 1.0
    step = float(np.median(steps))
    near = float(round(step)) if step >= 1.0 else 1.0 / round(1.0 / step)
    return near if abs(step / near - 1.0) < 0.01 else step


def _frames_in_a_second(
    seconds: NDArray[np.int64], frames: Floats, possible: list[int]
) -> int | None:
    """From how far the frame number falls back as a second ends; None where none does."""
    turns = np.diff(seconds) % _DAY == 1
    if not turns.any():
        return None
    steps = np.diff(frames)
    within = steps[(np.diff(seconds) == 0) & (steps > 0.0)]
    step = float(np.median(within)) if len(within) else 1.0
    measured = float(np.median(step - steps[turns]))
    return min(possible, key=lambda count: abs(count - measured))


def _numbers(seconds: NDArray[np.int64], count: int, dropped: int) -> Floats:
    """Frames from midnight to the start of each second."""
    minutes = seconds // 60
    return (seconds * count - dropped * (minutes - minutes // 10)).astype(np.float64)


def _days(seconds: NDArray[np.int64], count: int, dropped: int) -> Floats:
    """Frames of the days that ended within the take; frames around midnight may be out of order."""
    steps = np.diff(seconds, prepend=seconds[:1])
    days = np.cumsum((steps < -_DAY // 2).astype(int) - (steps > _DAY // 2).astype(int))
    return days * _numbers(np.array([_DAY]), count, dropped)
