# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the interface says is said in every language that there is a file for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest
from auto_rig_face import translations
from auto_rig_face.vocabulary import ARKIT_SHAPES
from bl_ui.utils import PresetPanel

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "auto_rig_face"
LANGUAGES = ("ja_JP", "zh_HANS")
# Names of standards, which are the same everywhere.
SAME_EVERYWHERE = set(ARKIT_SHAPES) | {
    "L",
    "R",
    "MMD",
    "MetaHuman",
    "Ready Player Me",
    "Unity",
    "VRM 1.0",
}
PLACEHOLDER = re.compile(r"\{[^}]*\}|%\w")


def classes() -> Iterator[type]:
    """Every class of ours that Blender knows."""
    bases = (
        *(bpy.types.Operator, bpy.types.Panel, bpy.types.Menu),
        *(bpy.types.PropertyGroup, bpy.types.AddonPreferences),
    )
    for base in bases:
        for kind in base.__subclasses__():
            if kind.__module__.startswith(PACKAGE) and kind.is_registered:
                yield kind


def of_properties(kind: type) -> Iterator[str]:
    """Names, descriptions and choices of what a class declares."""
    described = kind.bl_rna
    if issubclass(kind, bpy.types.Operator):
        module, name = kind.bl_idname.lower().replace("_ot_", ".").split(".")
        described = getattr(getattr(bpy.ops, module), name).get_rna_type()
    inherited = set(described.base.properties.keys()) if described.base is not None else set()
    for prop in described.properties:
        if prop.identifier in inherited | {"name", "rna_type"} or prop.is_hidden:
            continue
        if prop.name != prop.identifier:  # without a name of its own it isn't shown
            yield prop.name
            yield prop.description
        if prop.type == "ENUM":
            for item in prop.enum_items_static:
                yield item.name
                yield item.description


def in_layouts() -> Iterator[str]:
    """Texts that panels and preferences write themselves."""
    folders = [*(ROOT / "panels").glob("*.py"), ROOT / "preferences.py"]
    for path in folders:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in {"text", "heading"}:
                for part in ast.walk(node.value):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield part.value


def spoken() -> set[str]:
    """All texts of the interface."""
    found: set[str] = set()
    for kind in classes():
        found.add(getattr(kind, "bl_description", ""))
        if not issubclass(kind, PresetPanel):  # Blender writes the chosen preset's name there
            found.add(getattr(kind, "bl_label", ""))
        found |= set(of_properties(kind))
    found |= set(in_layouts())
    return {text for text in found - SAME_EVERYWHERE if any(letter.isalpha() for letter in text)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(context: bpy.types.Context, language: str) -> None:
    assert {"Auto-Rig Face", "Emotion Transition", "Exaggeration"} <= spoken()
    missing = sorted(spoken() - set(translations.texts(language)))
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_translated_that_nobody_says(context: bpy.types.Context, language: str) -> None:
    assert sorted(set(translations.texts(language)) - spoken()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_are_texts_of_their_language(language: str) -> None:
    script = re.compile(
        "[\u3040-\u30ff\u4e00-\u9fff]" if language == "ja_JP" else "[\u4e00-\u9fff]"
    )
    for text, translation in translations.texts(language).items():
        assert translation == translation.strip() != ""
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(translation))
        assert not translation.endswith((".", "。"))
        assert script.search(translation), text
