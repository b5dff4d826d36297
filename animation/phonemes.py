# SPDX-License-Identifier: GPL-3.0-or-later
"""Which visemes show a phoneme, or a mouth shape of Rhubarb.

ARPAbet as the CMU Pronouncing Dictionary writes it (http://www.speech.cs.cmu.edu/cgi-bin/cmudict),
stress digits included, and the letters of the International Phonetic Alphabet that aligners use.
Classes: Meta's "Viseme Reference" (see visemes). Diphthongs are two visemes after another.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from .visemes import SILENCE

# A viseme, its strength, and its share of the phoneme's time.
Shown = tuple[str, float, float]

# Silence, noises and breaths, as aligners write them.
SILENCES: Final = frozenset(
    {
        *("", "sil", "sp", "pau", "pause", "silence", "noise", "nsn", "lau", "brth", "eps"),
        *("h#", "#", "_", "-", "<eps>", "<sil>", "<p:>", "<noise>", "<silence>"),
    }
)
# Somebody speaks, but nobody knows what.
UNKNOWN_SPEECH: Final = frozenset(("spn", "<spn>", "<unk>", "unk", "oov", "[bracketed]"))
_MUMBLE: Final = (("E", 0.6, 1.0),)


def _alike(viseme: str, symbols: str, strength: float = 1.0) -> dict[str, tuple[Shown, ...]]:
    return dict.fromkeys(symbols.split(), ((viseme, strength, 1.0),))


_ARPABET: Final = {
    **_alike("PP", "P B M EM"),
    **_alike("FF", "F V"),
    **_alike("TH", "TH DH"),
    **_alike("DD", "T D DX"),
    **_alike("kk", "K G NG Q"),
    **_alike("kk", "HH", 0.6),  # breath through whatever shape comes next
    **_alike("CH", "CH JH SH ZH"),
    **_alike("SS", "S Z"),
    **_alike("nn", "N L EN EL NX"),
    **_alike("RR", "R ER AXR"),
    **_alike("ou", "W WH UW"),
    **_alike("ou", "UX", 0.9),
    **_alike("ou", "UH", 0.75),
    **_alike("ih", "IY"),
    **_alike("ih", "IH Y", 0.8),
    **_alike("ih", "IX", 0.6),
    **_alike("aa", "AA"),
    **_alike("aa", "AE", 0.8),
    **_alike("aa", "AH", 0.65),
    **_alike("E", "EH"),
    **_alike("E", "AX", 0.55),
    **_alike("oh", "AO"),
    "AW": (("aa", 1.0, 0.6), ("ou", 0.8, 0.4)),
    "AY": (("aa", 1.0, 0.6), ("ih", 0.9, 0.4)),
    "EY": (("E", 1.0, 0.55), ("ih", 1.0, 0.45)),
    "OW": (("oh", 1.0, 0.55), ("ou", 0.9, 0.45)),
    "OY": (("oh", 1.0, 0.55), ("ih", 1.0, 0.45)),
}
# A vowel without stress moves the mouth less: one of JALI's conventions.
_UNSTRESSED: Final = 0.75

_IPA: Final = {
    **_alike("PP", "p b m ɓ"),
    **_alike("FF", "f v ɱ ʋ ɸ β"),  # noqa: RUF001
    **_alike("TH", "θ ð"),
    **_alike("DD", "t d ʈ ɖ ɾ ɗ"),
    **_alike("kk", "k g ɡ ŋ x ɣ q ɢ χ c ɟ ç"),  # noqa: RUF001
    **_alike("kk", "h ɦ ʔ ħ ʕ", 0.6),  # noqa: RUF001
    **_alike("CH", "ʃ ʒ ɕ ʑ ʂ ʐ tʃ dʒ tɕ dʑ ʈʂ ɖʐ ʧ ʤ"),
    **_alike("SS", "s z ts dz ʦ ʣ"),
    **_alike("nn", "n l ɫ ɭ ɲ ɳ ʎ ɬ ɮ"),
    **_alike("RR", "r ɹ ɻ ʁ ʀ ɝ ɚ ɽ"),
    **_alike("aa", "a ɑ ɐ"),  # noqa: RUF001
    **_alike("aa", "æ", 0.8),
    **_alike("aa", "ʌ", 0.65),
    **_alike("E", "e ɛ ɜ"),
    **_alike("E", "ə ɘ ɤ", 0.55),
    **_alike("ih", "i j"),
    **_alike("ih", "ɪ ɨ ɯ", 0.8),  # noqa: RUF001
    **_alike("oh", "o ɔ ɒ œ ø ɵ"),
    **_alike("ou", "u w ʍ ɥ y ʉ"),
    **_alike("ou", "ʊ ʏ", 0.75),  # noqa: RUF001
}
# Length, stress, ties, aspiration and the like don't change what is seen.
_MODIFIERS: Final = re.compile(r"[ːˑˈˌʰʱʲʷˠˤⁿˡ'ʼ˞.͜͡]|[˥˦˧˨˩]")  # noqa: RUF001

# What each shape is for: https://github.com/DanielSWolf/rhubarb-lip-sync#mouth-shapes
_RHUBARB: Final = {
    **_alike("PP", "A"),  # P, B, M
    **_alike("SS", "B", 0.8),  # most consonants, and EE: teeth together, lips slightly open
    **_alike("E", "C"),  # EH, AE: open
    **_alike("aa", "D"),  # AA: wide open
    **_alike("oh", "E", 0.75),  # AO, ER: slightly rounded
    **_alike("ou", "F"),  # UW, OW, W: puckered
    **_alike("FF", "G"),  # F, V: upper teeth on the lower lip
    **_alike("nn", "H"),  # L: tongue up behind the teeth
    **_alike(SILENCE, "X"),  # at rest
}


def shown_by_phoneme(symbol: str) -> tuple[Shown, ...] | None:
    """The visemes of a phoneme in ARPAbet or IPA; None for an unknown symbol.

    Capitals, and two letters or more that are an ARPAbet symbol in any case, are ARPAbet.
    """
    plain = symbol.strip()
    lower = plain.lower()
    if lower in SILENCES:
        return ((SILENCE, 1.0, 1.0),)
    if lower in UNKNOWN_SPEECH:
        return _MUMBLE
    return _of_arpabet(plain) or _of_ipa(plain)


def shown_by_mouth_shape(symbol: str) -> tuple[Shown, ...] | None:
    """The visemes of one of Rhubarb's mouth shapes A to H and X; None for an unknown one."""
    return _RHUBARB.get(symbol.strip())


def _of_arpabet(symbol: str) -> tuple[Shown, ...] | None:
    match = re.fullmatch(r"([A-Za-z]{1,3})([0-2]?)", symbol)
    if match is None or (len(symbol) == 1 and symbol.islower()):
        return None
    shown = _ARPABET.get(match[1].upper())
    if shown is None or match[2] != "0":
        return shown
    return tuple((viseme, strength * _UNSTRESSED, share) for viseme, strength, share in shown)


def _of_ipa(symbol: str) -> tuple[Shown, ...] | None:
    """A letter, or several after another as in a diphthong, which share the time."""
    decomposed = unicodedata.normalize("NFD", symbol)
    bare = _MODIFIERS.sub("", "".join(c for c in decomposed if not unicodedata.combining(c)))
    if bare in _IPA:
        return _IPA[bare]
    if not bare or len(bare) > 3 or any(letter not in _IPA for letter in bare):
        return None
    parts = [part for letter in bare for part in _IPA[letter]]
    return tuple((viseme, strength, 1.0 / len(parts)) for viseme, strength, _share in parts)
