# SPDX-License-Identifier: GPL-3.0-or-later
"""Visemes as shapes, what shows which phoneme, and English words by their letters."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.animation.phonemes import shown_by_mouth_shape, shown_by_phoneme
from auto_rig_face.animation.pronounce import duration_of, pronounced
from auto_rig_face.animation.visemes import (
    BEHAVIOURS,
    SPEECH_SHAPES,
    TARGETS,
    VISEMES,
    shapes_of,
)
from auto_rig_face.vocabulary import ARKIT_SHAPES, mirror_shape
from hypothesis import given
from hypothesis import strategies as st

# https://developers.meta.com/horizon/documentation/unity/audio-ovrlipsync-viseme-reference
OCULUS = ["sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou"]
# All of the CMU Pronouncing Dictionary's symbols.
CMU = "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V "
ARPABET = (CMU + "W Y Z ZH").split()


def visemes_of(symbol: str) -> list[str]:
    shown = shown_by_phoneme(symbol)
    assert shown is not None, symbol
    return [viseme for viseme, _strength, _share in shown]


def test_the_fifteen_of_oculus_in_their_order() -> None:
    assert list(VISEMES) == OCULUS
    assert set(BEHAVIOURS) == set(OCULUS)
    assert TARGETS.shape == (15, len(SPEECH_SHAPES))


@pytest.mark.parametrize("viseme", OCULUS)
def test_a_recipe_is_of_arkit_shapes_within_bounds_and_the_same_on_both_sides(viseme: str) -> None:
    shapes = shapes_of(viseme)
    assert set(shapes) <= set(ARKIT_SHAPES)
    assert all(0.0 < weight <= 1.0 for weight in shapes.values())
    assert {name: shapes[mirror_shape(name)] for name in shapes} == shapes
    assert (shapes == {}) == (viseme == "sil")
    assert shapes.get("mouthClose", 0.0) <= shapes.get("jawOpen", 0.0)


def test_no_two_visemes_look_the_same() -> None:
    apart = np.abs(TARGETS[:, None] - TARGETS[None]).max(axis=2) + np.eye(15)
    assert apart.min() > 0.04


def test_what_each_asks_of_the_mouth() -> None:
    weights = {viseme: shapes_of(viseme) for viseme in OCULUS}
    assert weights["PP"]["mouthClose"] == weights["PP"]["jawOpen"]
    assert not {"mouthLowerDownLeft", "mouthUpperUpLeft", "mouthFunnel"} & set(weights["PP"])
    assert weights["FF"]["mouthRollLower"] > 0.4
    assert weights["FF"]["jawOpen"] < 0.1
    assert weights["TH"]["tongueOut"] > 0.1
    assert max(weights, key=lambda name: weights[name].get("jawOpen", 0.0)) == "aa"
    assert max(weights, key=lambda name: weights[name].get("mouthPucker", 0.0)) == "ou"
    for sibilant in ("SS", "CH"):
        assert weights[sibilant]["jawOpen"] < 0.1
        assert BEHAVIOURS[sibilant].jaw > 0.9
    for tongue_alone in ("DD", "kk", "nn"):
        assert BEHAVIOURS[tongue_alone].lips <= 0.2


@given(symbol=st.sampled_from(ARPABET), stress=st.sampled_from(["", "0", "1", "2"]))
def test_every_phoneme_of_english_shows(symbol: str, stress: str) -> None:
    shown = shown_by_phoneme(symbol + stress)
    assert shown is not None
    assert all(viseme in OCULUS[1:] and 0.0 < strength <= 1.0 for viseme, strength, _ in shown)
    assert sum(share for _viseme, _strength, share in shown) == pytest.approx(1.0)
    assert shown_by_phoneme(f" {symbol.title()}{stress}") == shown


@pytest.mark.parametrize(
    ("viseme", "arpabet", "ipa"),
    [
        ("PP", "P B M", "p b m"),
        ("FF", "F V", "f v"),
        ("TH", "TH DH", "θ ð"),
        ("DD", "T D", "t d tʰ d̪"),
        ("kk", "K G NG", "k ɡ ŋ"),  # noqa: RUF001
        ("CH", "CH JH SH ZH", "tʃ dʒ ʃ ʒ t͡ʃ"),
        ("SS", "S Z", "s z"),
        ("nn", "N L", "n l ɫ"),
        ("RR", "R ER1", "ɹ ɝ"),
        ("aa", "AA1 AE1", "ɑ ɑː æ"),  # noqa: RUF001
        ("E", "EH0", "ɛ ə"),
        ("ih", "IH IY2", "i iː ɪ j"),  # noqa: RUF001
        ("oh", "AO", "ɔ ˈɔ"),
        ("ou", "UW UH W", "u ʊ w"),
    ],
)
def test_both_alphabets_mean_the_same(viseme: str, arpabet: str, ipa: str) -> None:
    for symbol in f"{arpabet} {ipa}".split():
        assert visemes_of(symbol) == [viseme], symbol


@pytest.mark.parametrize(
    ("symbol", "visemes"),
    [
        *(("AW1", ["aa", "ou"]), ("OY", ["oh", "ih"]), ("aʊ", ["aa", "ou"]), ("ɔɪ", ["oh", "ih"])),
        *(("aj", ["aa", "ih"]), ("ow", ["oh", "ou"]), ("sil", ["sil"]), ("", ["sil"])),
        *(("SP", ["sil"]), ("spn", ["E"])),
    ],
)
def test_diphthongs_silence_and_what_nobody_understood(symbol: str, visemes: list[str]) -> None:
    assert visemes_of(symbol) == visemes


def test_a_vowel_without_stress_is_weaker() -> None:
    stressed, unstressed = shown_by_phoneme("AA1"), shown_by_phoneme("AA0")
    assert stressed is not None
    assert unstressed is not None
    assert unstressed[0][1] < stressed[0][1]


@pytest.mark.parametrize("symbol", ["QQ", "7", "ж", "AA9", "abcd", "?!", "p" * 50])
def test_an_unknown_symbol_is_none(symbol: str) -> None:
    assert shown_by_phoneme(symbol) is None


def test_rhubarb_s_shapes_by_what_they_are_for() -> None:
    meant = {"A": "PP", "C": "E", "D": "aa", "F": "ou", "G": "FF", "H": "nn", "X": "sil"}
    for shape, viseme in meant.items():
        shown = shown_by_mouth_shape(shape)
        assert shown is not None
        assert shown[0][0] == viseme
    assert shown_by_mouth_shape("Z") is None


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        *(("map", "M AE P"), ("Bob", "B AA B"), ("five", "F AY V"), ("phone", "F OW N")),
        *(("moon", "M UW N"), ("queen", "K W IY N"), ("sheep", "SH IY P"), ("thin", "TH IH N")),
        *(("watches", "W AA CH IH Z"), ("happy", "HH AE P IY"), ("night", "N AY T")),
        *(("making", "M EY K IH NG"), ("named", "N EY M D"), ("judge", "JH AH JH")),
        *(("Hello,", "HH AH L OW"), ("don't", "D OW N T"), ("2", "T UW"), ("naïve", "N EY V")),
    ],
)
def test_words_by_their_letters(word: str, phonemes: str) -> None:
    assert pronounced(word) == tuple(phonemes.split())


def test_what_has_no_letters_is_silent_and_another_script_is_not_guessed() -> None:
    assert pronounced("...") == ()
    assert pronounced("привет") is None


@given(word=st.text("abcdefghijklmnopqrstuvwxyz'", max_size=20))
def test_any_spelling_gives_phonemes_that_show(word: str) -> None:
    phonemes = pronounced(word)
    assert phonemes is not None
    for phoneme in phonemes:
        assert shown_by_phoneme(phoneme) is not None
        assert duration_of(phoneme) >= 1.0
    # What shuts the lips is never lost.
    assert ("P" in phonemes) >= (
        word.replace("'", "").count("p") == 1
        and "ph" not in word
        and not word.replace("'", "").startswith("ps")
    )
