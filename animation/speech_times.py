# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals of speech as a file gives them, checked, and turned into visemes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from ..errors import RigError
from .phonemes import SILENCES, UNKNOWN_SPEECH, Shown, shown_by_mouth_shape, shown_by_phoneme
from .pronounce import duration_of, pronounced
from .text_file import number_in
from .visemes import VisemeCue

MOUTH_SHAPE: Final = "mouth shape"
PHONEME: Final = "phoneme"
WORD: Final = "word"

MOST_INTERVALS: Final = 50_000  # an hour of fast speech in phonemes
LONGEST: Final = 3600.0  # seconds
OVERLAP: Final = 0.05  # seconds that neighbours may overlap by; aligners round
_LONGEST_SOUND: Final = 30.0  # seconds; times in milliseconds or frames are above it
_LEAST: Final = 1e-6  # seconds; nothing is heard or seen within less
_NAMED: Final = 5  # unknown symbols that a message names


@dataclass(frozen=True)
class Interval:
    """``text``, of a ``kind`` of the above, from ``start`` to ``end`` in seconds."""

    start: float
    end: float
    text: str
    kind: str


def seconds(value: Any, what: str, file: str) -> float:
    """A time as a number; RigError for anything but a finite one that isn't negative."""
    number = number_in(value)
    if not np.isfinite(number):
        raise RigError(
            f'{file} has "{str(value)[:40]}" as {what}, which isn\'t a time.',
            "Times are numbers of seconds. Export the file again.",
        )
    if number < 0.0:
        raise RigError(
            f"{file} has {number:g} as {what}, before the recording begins.",
            "Times count from the start of the recording. Export the file again.",
        )
    if number > LONGEST:
        raise RigError(
            f"{file} has {number:g} seconds as {what}; more than an hour can't be read.",
            "Times are seconds, not milliseconds or frames. Cut longer recordings.",
        )
    return float(number)


def refuse_too_many(count: int, file: str) -> None:
    """RigError for more than can be read."""
    if count > MOST_INTERVALS:
        raise RigError(
            f"{file} has {count} entries; up to {MOST_INTERVALS} can be read.",
            "Cut the recording into shorter ones.",
        )


def in_order(intervals: Sequence[Interval], file: str) -> list[Interval]:
    """Intervals by their start, of more than no length, and not overlapping: what is rounding, up
    to OVERLAP, is shared. Raises RigError for more.
    """
    refuse_too_many(len(intervals), file)
    ordered: list[Interval] = []
    for interval in sorted(intervals, key=lambda item: (item.start, item.end)):
        _check_ends(interval, file)
        if interval.end - interval.start < _LEAST:
            continue
        begin = interval.start
        if ordered and begin < ordered[-1].end:
            begin = _boundary(ordered[-1], interval, file)
            ordered[-1] = replace(ordered[-1], end=begin)
        ordered.append(replace(interval, start=begin))
    return ordered


def viseme_cues(intervals: Sequence[Interval], file: str) -> list[VisemeCue]:
    """The visemes of intervals that are in order. Raises RigError for symbols that aren't known."""
    cues: list[VisemeCue] = []
    unknown: dict[str, None] = {}
    for interval in intervals:
        parts = _shown(interval)
        if parts is None:
            unknown[interval.text[:20]] = None
            continue
        total = sum(share for _viseme, _strength, share in parts)
        at = interval.start
        for viseme, strength, share in parts:
            end = at + (interval.end - interval.start) * share / total
            cues.append(VisemeCue(at, end, viseme, strength))
            at = end
    if unknown:
        raise _unknown(list(unknown), {i.kind for i in intervals}, file)
    return cues


def _boundary(last: Interval, following: Interval, file: str) -> float:
    """Where one ends and the other begins, of two that overlap a little."""
    if last.end - following.start > OVERLAP:
        raise RigError(
            f'In {file} "{last.text[:40]}" and "{following.text[:40]}" overlap at '
            f"{following.start:g} seconds.",
            "Give one speaker at a time: export each to a file of their own.",
        )
    return min((last.end + following.start) / 2, following.end)


def _check_ends(interval: Interval, file: str) -> None:
    length = interval.end - interval.start
    if length < 0.0:
        raise RigError(
            f'In {file} "{interval.text[:40]}" ends at {interval.end:g} seconds, before it begins '
            f"at {interval.start:g}.",
            "Export the file again.",
        )
    silent = interval.text.strip().lower() in SILENCES or interval.text.strip() == "X"
    if length > _LONGEST_SOUND and not silent:
        raise RigError(
            f'In {file} "{interval.text[:40]}" takes {length:g} seconds.',
            "Times are seconds, not milliseconds or frames. Export the file again.",
        )


def _shown(interval: Interval) -> tuple[Shown, ...] | None:
    if interval.kind == MOUTH_SHAPE:
        return shown_by_mouth_shape(interval.text)
    if interval.kind == PHONEME:
        return shown_by_phoneme(interval.text)
    return _shown_by_word(interval.text)


def _shown_by_word(word: str) -> tuple[Shown, ...] | None:
    if word.strip().lower() in SILENCES | UNKNOWN_SPEECH:
        return shown_by_phoneme(word)
    phonemes = pronounced(word)
    if phonemes is None:
        return None
    parts = [
        (viseme, strength, share * duration_of(phoneme))
        for phoneme in phonemes
        for viseme, strength, share in shown_by_phoneme(phoneme) or ()
    ]
    return tuple(parts) or shown_by_phoneme("")


def _unknown(symbols: list[str], kinds: set[str], file: str) -> RigError:
    named = ", ".join(f'"{symbol}"' for symbol in symbols[:_NAMED])
    more = f" and {len(symbols) - _NAMED} more" if len(symbols) > _NAMED else ""
    if MOUTH_SHAPE in kinds:
        remedy = "Rhubarb's mouth shapes are A to H and X. Export the file again."
    elif PHONEME in kinds:
        remedy = "Phonemes can be ARPAbet (HH AH0 L OW1) or IPA (h ə l oʊ)."
    else:
        remedy = "Words can be read in Latin letters alone: export phonemes instead."
    return RigError(f"{file} has symbols that aren't known: {named}{more}.", remedy)
