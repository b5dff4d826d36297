# SPDX-License-Identifier: GPL-3.0-or-later
"""Timed speech in the forms that tools write, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from auto_rig_face.animation.speech_file import Speech, read_speech
from auto_rig_face.animation.speech_times import MOST_INTERVALS
from auto_rig_face.animation.visemes import VISEMES
from auto_rig_face.errors import RigError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its file."""
    return tmp_path / "take.json"


def read(file: Path, data: Any) -> Speech:
    file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return read_speech(file)


def shown(speech: Speech) -> list[str]:
    return [cue.viseme for cue in speech.cues]


def times(speech: Speech) -> list[float]:
    return [round(cue.start, 6) for cue in speech.cues] + [round(speech.cues[-1].end, 6)]


def phonemes(*symbols: str, key: str = "phoneme", length: float = 0.1) -> list[dict[str, Any]]:
    return [
        {key: symbol, "start": place * length, "end": (place + 1) * length}
        for place, symbol in enumerate(symbols)
    ]


def words(*texts: str, key: str = "word") -> list[dict[str, Any]]:
    return phonemes(*texts, key=key, length=0.5)


MAP = ["PP", "aa", "PP"]


def test_rhubarb_json(file: Path) -> None:
    cues = [
        {"start": 0.0, "end": 0.05, "value": "X"},
        {"start": 0.05, "end": 0.3, "value": "D"},
        {"start": 0.3, "end": 0.4, "value": "A"},
    ]
    speech = read(file, {"metadata": {"soundFile": "take.wav", "duration": 0.4}, "mouthCues": cues})
    assert shown(speech) == ["sil", "aa", "PP"]
    assert times(speech) == [0.0, 0.05, 0.3, 0.4]
    assert (speech.name, speech.notes) == ("take", ())
    assert shown(read(file, cues)) == ["sil", "aa", "PP"]


def test_rhubarb_tsv(file: Path) -> None:
    speech = read(file, "\ufeff0.00\tX\r\n0.05\tD\r\n0.30\tA\r\n0.40\tX\r\n")
    assert shown(speech) == ["sil", "aa", "PP"]
    assert times(speech) == [0.0, 0.05, 0.3, 0.4]


@pytest.mark.parametrize("key", ["phoneme", "phone"])
@pytest.mark.parametrize("around", [None, "phonemes", "phones"])
def test_phonemes_alone_or_under_a_name(file: Path, key: str, around: str | None) -> None:
    rows = phonemes("M", "AE1", "P", key=key)
    speech = read(file, rows if around is None else {around: rows, "words": words("ignored")})
    assert shown(speech) == MAP
    assert times(speech) == [0.0, 0.1, 0.2, 0.3]
    assert speech.notes == ()


@pytest.mark.parametrize("around", [None, "words", "word_segments"])
def test_words_are_spelled_out_and_that_is_told(file: Path, around: str | None) -> None:
    rows = words(" map", "mob")
    speech = read(file, rows if around is None else {around: rows})
    assert shown(speech) == MAP * 2
    assert times(speech)[0::3] == [0.0, 0.5, 1.0]
    assert speech.cues[1].end - speech.cues[1].start > speech.cues[0].end - speech.cues[0].start
    assert len(speech.notes) == 1


def test_words_with_phonemes_of_their_own(file: Path) -> None:
    word = {"word": "map", "start": 0.0, "end": 0.3, "phonemes": phonemes("m", "æ", "p")}
    assert shown(read(file, [word])) == MAP


def test_whisper(file: Path) -> None:
    segments = [
        {"start": 0.0, "end": 1.0, "words": words(" map")},
        {"start": 1.0, "end": 2.0, "words": [{"word": " 7", "score": 0.1}]},
    ]
    speech = read(file, {"text": "map 7", "segments": segments})
    assert shown(speech) == MAP
    assert speech.notes[0] == "1 word without a time was left out."


def test_gentle(file: Path) -> None:
    found = {
        "case": "success",
        "alignedWord": "map",
        "word": "Map",
        "start": 1.0,
        "end": 1.3,
        "phones": [
            {"phone": "m_B", "duration": 0.1},
            {"phone": "ae_I", "duration": 0.1},
            {"phone": "p_E", "duration": 0.1},
        ],
    }
    lost = {"case": "not-found-in-audio", "word": "mum"}
    unknown = {**found, "word": "mob", "start": 2.0, "end": 2.3}
    unknown["phones"] = [{"phone": "oov_S", "duration": 0.3}]
    speech = read(file, {"transcript": "Map mum mob", "words": [found, lost, unknown]})
    assert shown(speech) == MAP * 2
    assert times(speech)[:4] == [1.0, 1.1, 1.2, 2.0]
    assert len(speech.notes) == 2
    yes = {**found, "phones": [{"phone": "y_B", "duration": 0.1}, {"phone": "eh_E", "duration": 1}]}
    assert shown(read(file, {"words": [yes]})) == ["ih", "E"]


def test_montreal_forced_aligner(file: Path) -> None:
    tiers = {
        "words": {"type": "interval", "entries": [[0.0, 0.3, "map"], [0.3, 0.6, "mob"]]},
        "phones": {
            "type": "interval",
            "entries": [
                *([0.0, 0.1, "m"], [0.1, 0.2, "æ"], [0.2, 0.3, "pʰ"]),
                *([0.3, 0.6, "spn"], [0.6, 0.9, "sil"], [0.9, 1.0, ""]),
            ],
        },
    }
    speech = read(file, {"start": 0, "end": 1.0, "tiers": tiers})
    assert shown(speech) == [*MAP, *MAP, "sil", "sil"]
    named = {f"speaker - {name}": tier for name, tier in tiers.items()}
    assert shown(read(file, {"tiers": named}))[:3] == MAP
    del tiers["phones"]
    assert shown(read(file, {"tiers": tiers})) == MAP * 2
    with pytest.raises(RigError, match="several speakers"):
        read(file, {"tiers": {"a - words": tiers["words"], "b - words": tiers["words"]}})


def test_order_does_not_matter_and_rounding_is_shared(file: Path) -> None:
    rows = phonemes("M", "AE", "P")
    rows[1]["end"] = 0.22
    speech = read(file, rows[::-1])
    assert shown(speech) == MAP
    assert times(speech) == [0.0, 0.1, 0.21, 0.3]


def test_what_takes_no_time_is_left_out(file: Path) -> None:
    rows = phonemes("M", "AE", "P")
    rows.append({"phoneme": "T", "start": 0.1, "end": 0.1})
    assert shown(read(file, rows)) == MAP


def test_a_long_silence_may_take_its_time(file: Path) -> None:
    rows = [{"phoneme": "sil", "start": 0.0, "end": 600.0}, *phonemes("M")]
    rows[1] |= {"start": 600.0, "end": 600.1}
    assert shown(read(file, rows)) == ["sil", "PP"]


BAD: dict[str, tuple[Any, str]] = {
    "empty": ("", "holds no speech"),
    "no entries": ({"mouthCues": []}, "holds no speech"),
    "an empty list": ([], "form of timed speech"),
    "all silence": ([{"phoneme": "sil", "start": 0, "end": 1}], "holds no speech"),
    "punctuation": (words("...", "-"), "holds no speech"),
    "prose": ("Hello world", "isn't a time, a tab"),
    "cut off": ('{"mouthCues": [{"start": 0', "isn't valid JSON"),
    "nested": ("[" * 100_000, "isn't valid JSON"),
    "a number": ("{}", "form of timed speech"),
    "another form": ({"fps": 30, "names": []}, "form of timed speech"),
    "no times": ([{"word": "map"}, {"word": "mob"}], "No word of"),
    "no time of a phoneme": ([{"phoneme": "M"}], "isn't a time"),
    "no end": ([{"phoneme": "M", "start": 0.1}], "isn't a time"),
    "not a number": ('[{"phoneme": "M", "start": NaN, "end": 1}]', "holds NaN"),
    "infinite": ('[{"phoneme": "M", "start": 0, "end": 1e999}]', "isn't a time"),
    "too large": ('[{"phoneme": "M", "start": 0, "end": 1' + "0" * 400 + "}]", "isn't a time"),
    "text": ([{"phoneme": "M", "start": "0", "end": 1}], "isn't a time"),
    "truth": ([{"phoneme": "M", "start": False, "end": True}], "isn't a time"),
    "negative": ([{"phoneme": "M", "start": -0.5, "end": 1}], "before the recording"),
    "backwards": ([{"phoneme": "M", "start": 2, "end": 1}], "before it begins"),
    "overlapping": (
        [{"phoneme": "M", "start": 0, "end": 1}, {"phoneme": "P", "start": 0.5, "end": 2}],
        "overlap",
    ),
    "milliseconds": ([{"phoneme": "M", "start": 0, "end": 90}], "takes 90 seconds"),
    "hours": ([{"phoneme": "M", "start": 9000, "end": 9001}], "more than an hour"),
    "unknown phonemes": (phonemes("M", "QQ", "7"), '"QQ", "7"'),
    "unknown mouth shapes": ([{"value": "K", "start": 0, "end": 1}], '"K"'),
    "another script": (words("map", "привет"), '"привет"'),
    "no name": ([{"phoneme": 5, "start": 0, "end": 1}], "has no phoneme"),
    "rows that are none": ({"words": ["map", 3]}, "has no start and end"),
    "segments without words": ({"segments": [{"start": 0, "end": 1, "text": "map"}]}, "no words"),
    "an entry that is none": ({"tiers": {"phones": {"entries": [[0, 1]]}}}, "isn't a start"),
    "phones that are none": (
        [{"word": "map", "start": 0, "end": 1, "phones": ["m", "a"]}],
        "has no name",
    ),
    "too many": (phonemes("M") * (MOST_INTERVALS + 1), "can be read"),
    "too many lines": ("0.1\tA\n" * 100_000, "can be read"),
    "lines out of order": ("0.2\tA\n0.1\tB\n0.3\tX\n", "line 2"),
    "a line without a time": ("zero\tA\n0.1\tX\n", "isn't a time"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_plain_words(file: Path, name: str) -> None:
    data, words_of_problem = BAD[name]
    with pytest.raises(RigError) as caught:
        read(file, data)
    assert words_of_problem in caught.value.problem
    assert "take.json" in caught.value.problem
    assert caught.value.remedy


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="can't be read"):
        read_speech(tmp_path / "nothing.json")
    with pytest.raises(RigError, match="can't be read"):
        read_speech(tmp_path)
    sound = tmp_path / "take.wav"
    sound.write_bytes(b"RIFF\xff\xfe\xfd\xfc")
    with pytest.raises(RigError, match="isn't a text file"):
        read_speech(sound)
    large = tmp_path / "large.json"
    with large.open("wb") as stream:
        stream.truncate(21_000_000)
    with pytest.raises(RigError, match="larger than 20 megabytes"):
        read_speech(large)


NAMES = ["words", "phones", "phonemes", "mouthCues", "tiers", "segments", "start", "end", "word"]
NAMES += ["phone", "value", "duration", "entries"]
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=json_values)
def test_any_json_is_speech_or_refused(file: Path, data: Any) -> None:
    try:
        speech = read(file, data)
    except RigError:
        return
    assert speech.cues
    assert all(cue.viseme in VISEMES and 0 <= cue.start < cue.end for cue in speech.cues)
    assert all(a.end <= b.start + 1e-9 for a, b in zip(speech.cues, speech.cues[1:], strict=False))
