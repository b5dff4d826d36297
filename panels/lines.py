# SPDX-License-Identifier: GPL-3.0-or-later
"""Long texts over several lines, also in languages that put no spaces between words."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Letters of East Asian scripts stand alone: a line may end after each of them ...
_WIDE: Final = "\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60"
# ... but none begins with one of these, or ends with one of those.
_CLOSING: Final = (
    "\u3001\u3002\uff0c\uff0e\uff01\uff1f\uff1a\uff1b\uff09\u300d\u300f\u3011\u201d\u2019\u2026"
    "\u30fc\u3005\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u308e"
    "\u30a1\u30a3\u30a5\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7\u30ee"
)
_OPENING: Final = "\uff08\u300c\u300e\u3010\u201c\u2018"
_UNIT: Final = re.compile(
    rf"\s*[{_OPENING}]*(?:[^\s{_WIDE}{_OPENING}{_CLOSING}]+|[{_WIDE}]|)[{_CLOSING}]*"
)


def columns(text: str) -> int:
    """How wide a text is, in Latin letters: an East Asian one counts as two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of a text of at most ``width`` columns each; what can't be broken is cut."""
    lines, line = [], ""
    for unit in _UNIT.findall(text):
        if line and columns(line + unit) > width:
            lines.append(line)
            line = ""
        line = line + unit if line else unit.lstrip()
        while columns(line) > width:
            end = _fitting(line, width)
            lines.append(line[:end])
            line = line[end:]
    return [*lines, line] if line else lines


def _fitting(text: str, width: int) -> int:
    """How many letters of a text that is too long fit in, at least one."""
    end = 1
    while columns(text[: end + 1]) <= width:
        end += 1
    while end > 1 and (text[end] in _CLOSING or text[end - 1] in _OPENING):
        end -= 1
    return end
