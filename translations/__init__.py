# SPDX-License-Identifier: GPL-3.0-or-later
"""What the interface says in other languages, by Blender's own mechanism.

One JSON file for each language, named as Blender names it: English text to translation. A text
that a file lacks is shown in English. ``messages/`` holds the same for what is told as it happens,
by templates (see wording.py).
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Final

import bpy

from ..wording import Wording

_FOLDER: Final = Path(__file__).resolve().parent
# Messages have short parts, such as "left", and panels titles, such as "Performance", that mean
# something else elsewhere in Blender, whose own translations come first.
CONTEXT: Final = "Auto-Rig Face"
# Blender looks up what operators are called in a context of their own.
_CONTEXTS: Final = ("*", "Operator", CONTEXT)


@functools.cache
def languages() -> tuple[str, ...]:
    """Blender's names of the languages that there are files for."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


def texts(language: str) -> dict[str, str]:
    """English text to translation: what labels and tooltips say."""
    return _read(_FOLDER / f"{language}.json")


def messages(language: str) -> dict[str, str]:
    """English template to translation: what is told as it happens."""
    return _read(_FOLDER / "messages" / f"{language}.json")


def translated(text: str) -> str:
    """A message in the interface's language, where Blender's preferences ask for translated
    reports; else, and where its template isn't known, in English as it is.
    """
    language = _language()
    return _told(language, text) if language else text


def register() -> None:
    """Add the translations to Blender's."""
    bpy.app.translations.register(
        __package__, {language: _entries(language) for language in languages()}
    )


def unregister() -> None:
    """Take them out again."""
    bpy.app.translations.unregister(__package__)
    _wording.cache_clear()
    _told.cache_clear()


def _entries(language: str) -> dict[tuple[str, str], str]:
    labels = {
        (context, text): translation
        for text, translation in texts(language).items()
        for context in _CONTEXTS
    }
    told = {(CONTEXT, text): translation for text, translation in messages(language).items()}
    return labels | told


def _read(path: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _language() -> str:
    """The language that reports are translated to, if there are files for it."""
    language = bpy.app.translations.locale
    wanted = bpy.context.preferences.view.use_translate_reports
    return language if wanted and language in languages() else ""


def _say(template: str) -> str:
    return bpy.app.translations.pgettext_rpt(template, CONTEXT)


@functools.cache
def _wording(language: str) -> Wording:
    return Wording(messages(language), _say)


# Panels ask again with every redraw.
@functools.lru_cache(maxsize=512)
def _told(language: str, text: str) -> str:
    return _wording(language).translated(text)
