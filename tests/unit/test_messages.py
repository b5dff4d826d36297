# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is told as it happens is told in every language, with what was filled in."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Final

import pytest
from auto_rig_face.animation.control_map import CONTROLS, PICKER
from auto_rig_face.vocabulary import (
    ARKIT_SHAPES,
    BONES,
    LANDMARKS,
    MARKERS,
    STICKY_LIPS,
    in_words,
    listed,
    mirror_shape,
    name_in_region,
)
from auto_rig_face.wording import LAST_IN_LIST, NEXT_IN_LIST, Wording
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.message_templates import collect

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("ja_JP", "zh_HANS")
MODES = ("Edit", "Sculpt", "Vertex Paint", "Weight Paint", "Texture Paint", "Particle Edit")
TYPES = (
    *("curve", "surface", "metaball", "text", "hair curves", "point cloud", "volume", "armature"),
    *("grease pencil", "lattice", "empty", "light", "light probe", "camera", "speaker"),
)
# What tables and Blender give, where the syntax tree can't see it.
KNOWN: Final[dict[str, list[str]]] = {
    "in_words": [in_words(name) for name in LANDMARKS],
    "name_in_region": [
        name_in_region(shape)
        for shape in ARKIT_SHAPES
        if not shape.endswith("Right") or mirror_shape(shape) == shape
    ],
    "mirror_shape": list(ARKIT_SHAPES),
    "control.label": [control.label for control in CONTROLS],
    "picker_word": [button[1] for row in PICKER for button in row if button is not None],
    "obj.mode.replace('_', ' ').title()": list(MODES),
    "_type_name": list(TYPES),
}
# Identifiers, which are the same everywhere; plain words among them are words.
NAMES = frozenset(
    name
    for name in (*ARKIT_SHAPES, *LANDMARKS, *MARKERS, *BONES, STICKY_LIPS)
    if not (name.isalpha() and name.islower())
)
# Shown where the tree doesn't tell what it is, and why that is no gap.
SHOWN_OTHERWISE: Final[dict[str, set[str]]] = {
    "both halves of an error, which are collected where it is raised": {
        "operators/common.py: error.problem",
        "operators/common.py: error.remedy",
        "panels/advice.py: progress.problem",
        "panels/advice.py: progress.remedy",
        "panels/advice.py: progress.note",
        "panels/advice.py: state.problem",
        "panels/advice.py: state.remedy",
        "panels/sidebar.py: line.text",
        "pipeline.py: error.problem",
        "pipeline.py: error.remedy",
    },
    "notes of a capture, match or standard, which are collected where these are made": {
        "animation/captures.py: capture.notes",
        "operators/common.py: capture.notes",
        "operators/common.py: match.notes",
        "operators/common.py: note",
        "operators/common.py: remark",
        "operators/import_capture.py: note",
        "operators/import_speech.py: note",
        "operators/taking_over.py: capture.notes",
        "operators/taking_over.py: match.notes",
        "operators/standard_keys.py: remark",
    },
    "what the rig has told, which is collected where it is told": {
        "panels/sidebar.py: message.text",
        "panels/sidebar.py: metric.name",
        "panels/sidebar.py: metric.note",
        "panels/sidebar.py: metric.place",
        "panels/sidebar.py: metric.unit",
    },
    "stages, which are collected where they are yielded": {
        "panels/sidebar.py: progress.stage",
        "pipeline.py: next(stages)",
        "rigging/build.py: next(stages)",
    },
    "names of shapes": {
        "rigging/certificate/__init__.py: max(broken, key=lambda name: broken[name], default='')",
        "rigging/certificate/report.py: max(broken, key=lambda name: broken[name], default='')",
        "rigging/certificate/report.py: name",
        "rigging/certificate/symmetry.py: name",
    },
    "places, which are collected where regions.py makes them": {
        "rigging/certificate/regions.py: worst[name][1]",
        "rigging/certificate/report.py: worst[name][1]",
    },
}
NUMBERED = re.compile(r"\{(\d+)(:text)?\}")
SCRIPTS = {
    "ja_JP": re.compile("[\u3040-\u30ff\u4e00-\u9fff]"),
    "zh_HANS": re.compile("[\u4e00-\u9fff]"),
}

COLLECTED = collect(KNOWN, NAMES)
TEMPLATES = COLLECTED.templates | {NEXT_IN_LIST: frozenset(), LAST_IN_LIST: frozenset()}

# As objects and files are called: no letters that also lie between the parts of messages.
fill_ins = (
    st.text(
        st.characters(categories=("L", "N"), include_characters="_.- "), min_size=1, max_size=24
    )
    .map(lambda text: text.strip(" ."))
    .filter(bool)
)


def messages(language: str) -> dict[str, str]:
    path = ROOT / "translations" / "messages" / f"{language}.json"
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def wording(language: str) -> Wording:
    found = messages(language)
    return Wording(found, lambda template: found.get(template, template))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated(language: str) -> None:
    assert {"No object is active.", '"{}" is hidden.', "left", "Certifying"} <= set(TEMPLATES)
    assert sorted(set(TEMPLATES) - set(messages(language))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_translated_that_nobody_says(language: str) -> None:
    assert sorted(set(messages(language)) - set(TEMPLATES)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_places_of_their_templates(language: str) -> None:
    for template, translation in messages(language).items():
        places = NUMBERED.findall(translation)
        assert sorted(int(number) for number, _ in places) == list(range(template.count("{}")))
        told = {int(number) for number, kind in places if kind}
        assert told == TEMPLATES[template], template
        assert "{" not in NUMBERED.sub("", translation), template


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_are_texts_of_their_language(language: str) -> None:
    for template, translation in messages(language).items():
        assert translation == translation.strip() != ""
        assert template.endswith(".") == translation.endswith("。"), template
        if template not in {NEXT_IN_LIST, LAST_IN_LIST}:
            assert SCRIPTS[language].search(translation), template


def test_whatever_is_shown_without_being_read_is_known() -> None:
    expected = {place for places in SHOWN_OTHERWISE.values() for place in places}
    assert COLLECTED.unknown == expected


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=10)
@given(parts=st.lists(fill_ins, min_size=6, max_size=6))
def test_a_message_is_translated_with_what_was_filled_in(language: str, parts: list[str]) -> None:
    found, words = messages(language), wording(language)
    for template in TEMPLATES:
        if template in {NEXT_IN_LIST, LAST_IN_LIST}:
            continue
        used = parts[: template.count("{}")]
        message = template.format(*used)
        assert words.template_of(message) == template
        assert words.translated(message) == found[template].replace(":text", "").format(*used)


@given(text=st.text())
def test_a_text_of_no_template_stays(text: str) -> None:
    words = Wording(["No face was found on '{}'."], lambda _template: "translated")
    if words.template_of(text) is None:
        assert words.translated(text) == text


def test_the_template_with_the_most_literal_text_wins() -> None:
    said = {"{} has {}": "{0} & {1}", '"{}" has no {}': "! {0} {1}", '"{}" has no faces': "? {0}"}
    words = Wording(said, said.__getitem__)
    assert words.translated('"A" has no faces') == "? A"
    assert words.translated('"A" has no legs') == "! A legs"
    assert words.translated("A has faces") == "A & faces"


def test_a_template_without_a_translation_stays_english() -> None:
    words = Wording(["Done", "{} is done"], lambda template: template)
    assert words.translated("Done") == "Done"
    assert words.translated("A is done") == "A is done"


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("zh_HANS", '"left" is hidden.', "“left”处于隐藏状态。"),
        (
            "ja_JP",
            "The left eye has no lids that could close.",
            "左目には閉じられるまぶたがありません。",
        ),
        (
            "ja_JP",
            "No rest pose was read: take.json holds no frames.",
            "レストポーズを読み込めませんでした\uff1atake.json にはフレームがありません。",
        ),
        ("zh_HANS", "lid aperture left", "左眼睑开口"),
        ("zh_HANS", "2 frames are missing.", "2 帧缺失。"),
    ],
)
def test_parts_that_are_texts_are_translated_and_names_are_not(
    language: str, text: str, expected: str
) -> None:
    assert wording(language).translated(text) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("zh_HANS", "tongueOut、左嘴角和下巴"),
        ("ja_JP", "tongueOut、左の口角と顎先"),
    ],
)
def test_lists_are_said_as_their_language_says_them(language: str, expected: str) -> None:
    names = listed(["tongueOut", in_words("mouth_corner_L"), in_words("chin")])
    said = wording(language).translated(f"Not in the file, so at rest all the time: {names}.")
    assert expected in said


def test_a_list_with_an_unknown_text_stays_as_it_is() -> None:
    text = "Not in the file, so at rest all the time: left, what nobody says and chin."
    assert "left, what nobody says and chin" in wording("ja_JP").translated(text)


def test_operators_tell_in_the_language_of_the_interface() -> None:
    past = []
    for path in (ROOT / "operators").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            first = node.args[0] if node.args else None
            is_report = node.func.attr == "report" and path.name != "common.py"
            is_poll = node.func.attr == "poll_message_set" and not (
                isinstance(first, ast.Name) and first.id == "translated"
            )
            if is_report or is_poll:
                past.append(f"{path.name}:{node.lineno}")
    assert past == []
