# SPDX-License-Identifier: GPL-3.0-or-later
"""Timed speech as JSON, in the forms that lip-sync tools, aligners and recognisers write.

- Rhubarb: {"metadata": ..., "mouthCues": [{"start", "end", "value"}, ...]}
  (https://github.com/DanielSWolf/rhubarb-lip-sync#json)
- lists of {"word", "start", "end"} or {"phoneme", "start", "end"}, alone or under "words", "phones"
  or "phonemes"; words may hold phonemes of their own; Whisper's lie under "segments"
  (https://github.com/openai/whisper, https://github.com/m-bain/whisperX)
- Gentle: {"words": [{"alignedWord", "case", "start", "end", "phones": [{"phone", "duration"}]}]}
  (https://github.com/strob/gentle)
- Montreal Forced Aligner: {"tiers": {"phones": {"entries": [[start, end, label], ...]}}}
  (https://montreal-forced-aligner.readthedocs.io)

Where a file has phonemes, its words are only read for what the phonemes leave unknown.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import replace
from typing import Any, Final

from ..errors import RigError
from .phonemes import UNKNOWN_SPEECH
from .speech_times import MOUTH_SHAPE, PHONEME, WORD, Interval, refuse_too_many, seconds
from .text_file import first_of, json_in

_PHONEMES: Final = ("phonemes", "phones")
_WORDS: Final = ("words", "word_segments")
_PHONEME_TEXTS: Final = ("phoneme", "phone")
_WORD_TEXTS: Final = ("word", "alignedWord", "text")
_FORMS: Final = (
    'Give it "mouthCues" of Rhubarb, or a list of words or phonemes, each with "start" and "end" '
    "in seconds."
)
_GENTLE_PLACE: Final = re.compile(r"_[BIES]$")  # where in its word a phone of Gentle is


def read_json(text: str, file: str) -> tuple[list[Interval], int]:
    """Intervals, as they come, and how many entries had no time. Raises RigError."""
    data = json_in(text, file, "a time", "Export the file again.")
    if isinstance(data, list):
        return _of_rows(data, _kind(data, file), file)
    if not isinstance(data, dict):
        raise _no_form(file)
    if isinstance(data.get("mouthCues"), list):
        return _of_rows(data["mouthCues"], MOUTH_SHAPE, file)
    if isinstance(data.get("tiers"), dict):
        return _of_tiers(data["tiers"], file), 0
    for keys, kind in ((_PHONEMES, PHONEME), (_WORDS, WORD)):
        rows = first_of(data, keys)
        if isinstance(rows, list):
            return _of_rows(rows, kind, file)
    segments = data.get("segments")
    if isinstance(segments, list):
        return _of_rows(_words_of(segments, file), WORD, file)
    raise _no_form(file)


def _no_form(file: str) -> RigError:
    return RigError(f"{file} isn't in a form of timed speech that can be read.", _FORMS)


def _kind(rows: list[Any], file: str) -> str:
    """Of a list without a name, by its first entry."""
    first = rows[0] if rows else None
    if isinstance(first, dict):
        if first_of(first, _PHONEME_TEXTS) is not None:
            return PHONEME
        if first_of(first, _WORD_TEXTS) is not None:
            return WORD
        if "value" in first:
            return MOUTH_SHAPE
    raise _no_form(file)


def _of_rows(rows: list[Any], kind: str, file: str) -> tuple[list[Interval], int]:
    refuse_too_many(len(rows), file)
    intervals: list[Interval] = []
    untimed = 0
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise RigError(f"Entry {place} of {file} has no start and end.", _FORMS)
        start, end = row.get("start"), row.get("end")
        if start is None and end is None and kind == WORD:
            untimed += 1  # the aligner hasn't found this word in the recording
            continue
        begin = seconds(start, f"the start of entry {place}", file)
        until = seconds(end, f"the end of entry {place}", file)
        whole = Interval(begin, until, _text(row, kind, place, file), kind)
        intervals += _of_word(row, whole, file) if kind == WORD else [whole]
    if rows and untimed == len(rows):
        raise RigError(f"No word of {file} has a time.", _FORMS)
    return intervals, untimed


def _text(row: dict[str, Any], kind: str, place: int, file: str) -> str:
    keys = {MOUTH_SHAPE: ("value",), PHONEME: _PHONEME_TEXTS, WORD: _WORD_TEXTS}[kind]
    text = first_of(row, keys)
    if not isinstance(text, str):
        raise RigError(f"Entry {place} of {file} has no {kind}.", _FORMS)
    return text


def _of_word(row: dict[str, Any], word: Interval, file: str) -> list[Interval]:
    """The phonemes of a word, where it has all of them; else the word."""
    phones = first_of(row, _PHONEMES)
    if not isinstance(phones, list) or not phones:
        return [word]
    refuse_too_many(len(phones), file)
    intervals = []
    at = word.start
    for place, phone in enumerate(phones):
        what = f'phoneme {place} of "{word.text[:40]}"'
        text = first_of(phone, _PHONEME_TEXTS) if isinstance(phone, dict) else None
        if not isinstance(text, str):
            raise RigError(f"In {file} {what} has no name.", _FORMS)
        if "duration" in phone:  # Gentle: one after another, in lower-case ARPAbet
            end = at + seconds(phone["duration"], f"the duration of {what}", file)
            text = _GENTLE_PLACE.sub("", text).upper()
        else:
            at = seconds(phone.get("start"), f"the start of {what}", file)
            end = seconds(phone.get("end"), f"the end of {what}", file)
        intervals.append(Interval(at, end, text, PHONEME))
        at = end
    unknown = any(interval.text.lower() in UNKNOWN_SPEECH for interval in intervals)
    return [word] if unknown else intervals


def _words_of(segments: list[Any], file: str) -> list[Any]:
    """The words of Whisper's segments; of a segment without any, the segment."""
    words: list[Any] = []
    for place, segment in enumerate(segments):
        given = segment.get("words") if isinstance(segment, dict) else None
        if not isinstance(given, list):
            raise RigError(
                f"Segment {place} of {file} has no words.",
                "Let the recogniser give word timestamps, too.",
            )
        words += given
    return words


def _of_tiers(tiers: dict[str, Any], file: str) -> list[Interval]:
    phones = _tier(tiers, ("phones", "phonemes"), PHONEME, file)
    words = _tier(tiers, ("words",), WORD, file)
    words.sort(key=lambda word: word.start)
    starts = [word.start for word in words]

    def known(phone: Interval) -> Interval:
        if phone.text.lower() not in UNKNOWN_SPEECH or not words:
            return phone
        word = words[bisect.bisect_right(starts, (phone.start + phone.end) / 2) - 1]
        return replace(phone, text=word.text, kind=WORD)

    return [known(phone) for phone in phones] or words


def _tier(tiers: dict[str, Any], names: tuple[str, ...], kind: str, file: str) -> list[Interval]:
    """The entries of a tier, whose name may have a speaker's before it."""
    found = [name for name in tiers if name.lower().endswith(names)]
    if len(found) > 1:
        raise RigError(
            f"{file} has several speakers: {', '.join(found)[:80]}.",
            "Export each to a file of their own.",
        )
    tier = tiers[found[0]] if found else {}
    entries = tier.get("entries") if isinstance(tier, dict) else None
    if not isinstance(entries, list):
        return []
    refuse_too_many(len(entries), file)
    intervals = []
    for place, entry in enumerate(entries):
        if not isinstance(entry, list) or len(entry) != 3 or not isinstance(entry[2], str):
            raise RigError(f"Entry {place} of {file} isn't a start, an end and a label.", _FORMS)
        begin = seconds(entry[0], f"the start of entry {place}", file)
        until = seconds(entry[1], f"the end of entry {place}", file)
        intervals.append(Interval(begin, until, entry[2], kind))
    return intervals
