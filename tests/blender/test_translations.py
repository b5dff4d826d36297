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
from auto_rig_face.panels.lines import columns, wrapped
from auto_rig_face.properties import progress_of
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
NEVER_FIRST = (" ", "\u3001", "\u3002", "\uff0c", "\uff1a", "\u300d", "\u201d", "\uff09")
NEVER_LAST = (" ", "\u300c", "\u201c", "\uff08")
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
    for path in [*(ROOT / "panels").glob("*.py"), ROOT / "preferences.py"]:
        yield from keywords(path, {"text", "heading"})


def of_custom_properties() -> Iterator[str]:
    """Descriptions of properties that are put on objects and bones."""
    for path in (ROOT / "scene").glob("*.py"):
        yield from keywords(path, {"description"})


def keywords(path: Path, names: set[str]) -> Iterator[str]:
    """Texts that are passed under these names; messages are looked up by templates of their own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg in names and not is_message(node.value):
            for part in ast.walk(node.value):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def is_message(node: ast.expr) -> bool:
    """Whether it is a call that translates a message."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "translated"
    )


def spoken() -> set[str]:
    """All texts of the interface."""
    found: set[str] = set()
    for kind in classes():
        found.add(getattr(kind, "bl_description", ""))
        if not issubclass(kind, PresetPanel):  # Blender writes the chosen preset's name there
            found.add(getattr(kind, "bl_label", ""))
        found |= set(of_properties(kind))
    found |= set(in_layouts()) | set(of_custom_properties())
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_name_what_blender_calls_modes_and_types(language: str) -> None:
    described = bpy.types.Object.bl_rna.properties
    types = {item.name.lower() for item in described["type"].enum_items} - {"mesh"}
    of_meshes = ("EDIT", "SCULPT", "VERTEX_PAINT", "WEIGHT_PAINT", "TEXTURE_PAINT", "PARTICLE_EDIT")
    assert set(of_meshes) < {item.identifier for item in described["mode"].enum_items}
    modes = {f'"{{}}" is in {mode.replace("_", " ").title()} Mode.' for mode in of_meshes}
    assert sorted((types | modes) - set(translations.messages(language))) == []


@pytest.fixture
def japanese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if the interface were in Japanese, which Blender as a module has no languages for."""
    said = translations.messages("ja_JP")
    monkeypatch.setattr(translations, "_language", lambda: "ja_JP")
    monkeypatch.setattr(translations, "_say", lambda template: said.get(template, template))
    translations._told.cache_clear()
    yield
    translations._told.cache_clear()
    translations._wording.cache_clear()


def test_messages_stay_english_in_english(context: bpy.types.Context) -> None:
    assert translations.translated("No object is active.") == "No object is active."


def test_an_operator_tells_in_the_language_of_the_interface(
    context: bpy.types.Context, japanese: None
) -> None:
    bpy.ops.mesh.primitive_cube_add()
    context.object.name = "Box"
    with pytest.raises(RuntimeError, match="「Box」の頂点は 8 個で、顔を動かすには少なすぎます。"):
        bpy.ops.auto_rig_face.rig_face()
    # What is kept is what scripts and the batch read.
    problem = progress_of(context).problem
    assert problem == '"Box" has 8 vertices, too few for a face to move.'


def test_a_button_says_why_it_is_off_in_the_language_of_the_interface(
    context: bpy.types.Context, japanese: None
) -> None:
    with pytest.raises(RuntimeError, match="先に頭部をクリックして"):
        bpy.ops.auto_rig_face.rig_face()


def test_a_text_that_nobody_translated_is_told_as_it_is(japanese: None) -> None:
    assert translations.translated("Nobody says this.") == "Nobody says this."


@pytest.mark.parametrize("width", [12, 20, 33])
def test_long_texts_are_broken_and_nothing_is_lost(width: int) -> None:
    texts = ["", "C:/a_very_long_path_without_any_space/head.blend"]
    for language in LANGUAGES:
        for template, translation in translations.messages(language).items():
            texts += [template, translation]
    for text in texts:
        lines = wrapped(text, width)
        assert all(0 < columns(line) <= width for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert not any(line.startswith(NEVER_FIRST) for line in lines)
        assert not any(line.endswith(NEVER_LAST) for line in lines)


def test_words_stay_whole_where_they_fit() -> None:
    assert wrapped("one two three", 8) == ["one two", "three"]
    assert wrapped("もう一度 Auto-Rig Face を", 14) == ["もう一度", "Auto-Rig Face", "を"]
