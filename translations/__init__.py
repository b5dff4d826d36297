# SPDX-License-Identifier: GPL-3.0-or-later
"""What the interface says in other languages, by Blender's own mechanism.

One JSON file for each language, named as Blender names it: English text to translation. A text
that a file lacks is shown in English.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import bpy

_FOLDER: Final = Path(__file__).resolve().parent
# Blender looks up what operators are called in a context of their own.
_CONTEXTS: Final = ("*", "Operator")


def languages() -> list[str]:
    """Blender's names of the languages that there are files for."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def texts(language: str) -> dict[str, str]:
    """English text to translation."""
    found: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


def register() -> None:
    """Add the translations to Blender's."""
    bpy.app.translations.register(
        __package__,
        {
            language: {
                (context, text): translation
                for text, translation in texts(language).items()
                for context in _CONTEXTS
            }
            for language in languages()
        },
    )


def unregister() -> None:
    """Take them out again."""
    bpy.app.translations.unregister(__package__)
