# SPDX-License-Identifier: GPL-3.0-or-later
"""Which template a message was made from, and the same message by that template's translation.

Messages are made in English all over the code, with names and figures filled in. A template is such
a message with ``{}`` for what is filled in. A translation has the same places by their number, in
the order of its language: ``{0}`` takes what is filled in as it is, ``{0:text}`` what is a text
itself (a side of the face, a landmark, a list of them) and is translated, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

SLOT: Final = "{}"
# How a list is said: vocabulary.listed.
NEXT_IN_LIST: Final = "{}, {}"
LAST_IN_LIST: Final = "{} and {}"
_LISTS: Final = (NEXT_IN_LIST, LAST_IN_LIST)
_NUMBERED: Final = re.compile(r"\{(\d+)(:text)?\}")
_BETWEEN: Final = re.compile(r"(, | and )")
_IDENTIFIER: Final = re.compile(r"[A-Za-z][\w.]*")


class Wording:
    """Messages in one language. ``templates``: all that are known; ``say``: template -> its
    translation, or the template where there is none.
    """

    def __init__(self, templates: Iterable[str], say: Callable[[str], str]) -> None:
        self._say = say
        known = set(templates) - set(_LISTS)
        self._whole = frozenset(text for text in known if SLOT not in text)
        # The one with the most literal text comes first: it says most about the message.
        shaped = sorted(known - self._whole, key=lambda text: (-len(text.replace(SLOT, "")), text))
        self._patterns = [(text, _pattern(text)) for text in shaped]

    def translated(self, text: str) -> str:
        """The translation of a message; the message where its template isn't known."""
        said = self._translated(text)
        return text if said is None else said

    def template_of(self, text: str) -> str | None:
        """The template that a message was made from, if it is known."""
        found = self._match(text)
        return None if found is None else found[0]

    def _match(self, text: str) -> tuple[str, tuple[str, ...]] | None:
        if text in self._whole:
            return text, ()
        for template, pattern in self._patterns:
            found = pattern.fullmatch(text)
            if found is not None:
                return template, found.groups()
        return None

    def _translated(self, text: str) -> str | None:
        found = self._match(text)
        if found is None:
            return None
        template, parts = found
        said = self._say(template)
        if said == template:
            return None

        def fill(place: re.Match[str]) -> str:
            part = parts[int(place[1])]
            return self._part(part) if place[2] else part

        return _NUMBERED.sub(fill, said)

    def _part(self, text: str) -> str:
        """A text that was filled in, or a list of texts."""
        said = self._translated(text)
        if said is not None:
            return said
        pieces = _BETWEEN.split(text)
        items, joints = pieces[::2], pieces[1::2]
        said_items = [self._item(item) for item in items]
        if not joints or None in said_items:
            return text
        listed = said_items[0] or ""
        for joint, item in zip(joints, said_items[1:], strict=True):
            form = self._say(NEXT_IN_LIST if joint == ", " else LAST_IN_LIST)
            if _NUMBERED.search(form) is None:
                return text
            listed = form.format(listed, item)
        return listed

    def _item(self, text: str) -> str | None:
        """One of a list: a known text, or an identifier, which stays."""
        said = self._translated(text)
        return text if said is None and _IDENTIFIER.fullmatch(text) else said


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("(.*?)".join(map(re.escape, template.split(SLOT))), re.DOTALL)
