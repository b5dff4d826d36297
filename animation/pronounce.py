# SPDX-License-Identifier: GPL-3.0-or-later
"""English words as phonemes by their letters: rough, for files that time words alone.

Ordered rules of letters in context, after the method of H. Elovitz et al., "Letter-to-Sound Rules
for Automatic Translation of English Text to Phonetics" (NRL Report 7948, 1976), far fewer and
without stress. English spelling isn't regular: expect a wrong vowel in every third long word. Lips
that shut or round are right more often, for p, b, m, f, v, w and oo are spelled as they sound.
Where it matters, give phonemes.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# In the rules below: a vowel, a consonant, and what makes the vowel before it long: a consonant
# and a silent e, or an ending in its place.
_CLASSES: Final = {
    "V": "[aeiouy]",
    "C": "[bcdfghjklmnpqrstvwxz]",
    "E": "(?=[bcdfghjklmnpqrstvwz](?:e[sd]?|ing)$)",
}
# Letters in context, then their phonemes in ARPAbet. The first rule of all that fits is taken.
_RULES: Final[dict[str, str]] = {
    "several letters that are one sound": """
        tch > CH; sch(?=[lmnw]) > SH; sch > S K; ch(?=[rl]) > K; ch > CH; sh > SH;
        th(?=e[rmns]|is|at|ose|ey) > DH; th > TH; ph > F; ^wh(?=o) > HH; wh > W; ^wr > R; ^kn > N;
        ^gn > N; ^rh > R; ^ps > S; ck > K; qu > K W; q > K; x > K S; dge? > JH; mb$ > M;
        ng(?=s?$) > NG; nk > NG K; [ts]ion > SH AH N; ture$ > CH ER; sure$ > ZH ER;
        cious > SH AH S; ou[gh]+(?=t) > AO; ough$ > OW; augh(?=t) > AO; eigh > EY; igh > AY;
        ^gh > G; gh(?=t) >; gh$ > F; gh >""",
    "vowels with r": """
        air|are$|eer > EH R; arr > AE R; ar > AA R; our$ > AW ER; oar|oor|ore|our|or > AO R;
        ear > ER; (?:er|ir|ur)(?![aeiou]) > ER""",
    "vowels of two letters": """
        eau > OW; ai|ay|ey(?=.) > EY; au|aw > AO; ea(?=d$|lth|th$) > EH; ee|ea|ie(?=[fvlcd]) > IY;
        ei|ey$ > IY; eu|ew > UW; ie$ > AY; oa|oe$ > OW; oo(?=k|d$) > UH; oo > UW; oi|oy > OY;
        oul(?=d) > UH; ous$ > AH S; ou(?=p$|th$) > UW; ou > AW; ow(?=[nld]?$) > OW; ow > AW;
        ui|ue$ > UW; ue > UW""",
    "endings": """
        (?<=[sxz])es$ > IH Z; (?<=ch|sh)es$ > IH Z; (?<=V.)es$ > Z; (?<=[td])ed$ > IH D;
        (?<=VC)ed$ > D; (?<=CC)ed$ > D; (?<=C)le$ > AH L; (?<=VC)e$ >; (?<=CC)e$ >""",
    "single vowels": """
        aE|a(?=tion) > EY; ^a$ > AH; a$ > AH; a(?=l[lkt]) > AO; wa > W AA; a > AE; eE > IY;
        (?<=^.)e$ > IY; e > EH; iE > AY; i(?=nd$|ld$) > AY; ^i$ > AY; i$ > IY; i > IH;
        o(?=ve) > AH; oE|o(?=nt$) > OW; o$ > OW; o(?=ld|st$|ll$) > OW; o(?=v|ther|n$) > AH;
        o > AA; uE > UW; u$ > UW; (?<=[pbf])u(?=ll|sh|t$) > UH; u > AH; ^y(?=V) > Y;
        (?<=^.)y$|(?<=^..)y$ > AY; y$ > IY; y > IH""",
    "single consonants; doubled ones are one sound": """
        c(?=[eiy]) > S; cc? > K; g(?=[eiy]) > JH; gg? > G; (?<=V)s$ > Z; (?<=V)s(?=V) > Z;
        s(?=m$) > Z; ss? > S; bb? > B; dd? > D; ff? > F; h > HH; j > JH; kk? > K; ll? > L;
        mm? > M; nn? > N; pp? > P; rr? > R; tt? > T; vv? > V; w > W; zz? > Z""",
}
# Frequent little words that no rule would get right, and digits.
_IRREGULAR_WORDS: Final = """
    the > DH AH; of > AH V; to > T UW; do > D UW; you > Y UW; your > Y AO R; was > W AA Z;
    are > AA R; have > HH AE V; been > B IH N; is > IH Z; his > HH IH Z; has > HH AE Z; as > AE Z;
    said > S EH D; they > DH EY; their > DH EH R; there > DH EH R; were > W ER; where > W EH R;
    who > HH UW; what > W AH T; one > W AH N; two > T UW; some > S AH M; come > K AH M;
    give > G IH V; people > P IY P AH L; this > DH IH S; so > S OW; no > N OW; go > G OW;
    does > D AH Z; here > HH IH R; hello > HH AH L OW; eye > AY; oh > OW; mm > M; & > AE N D;
    0 > Z IH R OW; 1 > W AH N; 2 > T UW; 3 > TH R IY; 4 > F AO R; 5 > F AY V; 6 > S IH K S;
    7 > S EH V AH N; 8 > EY T; 9 > N AY N"""


def _table(text: str) -> list[tuple[str, list[str]]]:
    """Pairs of "left > right; ..."."""
    pairs = (entry.split(">") for entry in text.split(";"))
    return [(left.strip(), right.split()) for left, right in pairs]


def _compiled(letters: str) -> re.Pattern[str]:
    return re.compile("".join(_CLASSES.get(letter, letter) for letter in letters))


_COMPILED: Final = [
    (_compiled(letters), sounds) for text in _RULES.values() for letters, sounds in _table(text)
]
_IRREGULAR: Final = dict(_table(_IRREGULAR_WORDS))


def pronounced(word: str) -> tuple[str, ...] | None:
    """Phonemes in ARPAbet; empty where the word is punctuation alone, None where it has letters
    of another script.
    """
    text = unicodedata.normalize("NFKD", word.lower())
    if any(c.isalpha() and not "a" <= c <= "z" for c in text):
        return None
    sounds: list[str] = []
    for part in re.findall(r"[a-z]+|[0-9]|&", re.sub(r"['\u2019]|[\u0300-\u036f]", "", text)):
        sounds += _IRREGULAR.get(part) or _by_rules(part)
    return tuple(sounds)


def duration_of(phoneme: str) -> float:
    """How long a phoneme lasts beside a consonant: vowels half as long again, diphthongs twice.

    In proportion to D. Klatt, "Linguistic uses of segmental duration in English" (1976).
    """
    if phoneme in {"AW", "AY", "EY", "OW", "OY"}:
        return 2.0
    return 1.5 if phoneme[0] in "AEIOU" else 1.0


def _by_rules(letters: str) -> list[str]:
    sounds: list[str] = []
    place = 0
    while place < len(letters):
        for rule, given in _COMPILED:
            match = rule.match(letters, place)
            if match is not None and match.end() > place:
                sounds += given
                place = match.end()
                break
        else:
            place += 1  # a letter that stands for nothing here
    return sounds
