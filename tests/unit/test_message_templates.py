# SPDX-License-Identifier: GPL-3.0-or-later
"""The collector of messages, on small packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.message_templates import Collected, collect


def collected(folder: Path, **modules: str) -> Collected:
    """What is found in modules of these texts."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return collect({}, frozenset({"jawOpen"}), folder)


@pytest.mark.parametrize(
    ("body", "templates"),
    [
        ('raise RigError("One." "Two.", remedy="Three.")', {"One.Two.", "Three."}),
        ('raise RigError(f\'"{x}" is {y:.2f} off.\', "B")', {'"{}" is {} off.', "B"}),
        ('raise RigError("A" if x else f"B {x}", "C")', {"A", "B {}", "C"}),
        ('return Message("info", "A " + x + " b")', {"A {} b"}),
        ("text = 'A'\n    if x:\n        text += f' of {x}'\n    tell(y, 'INFO', text)",
         {"A", "A of {}"}),
        ("more = f' and {x}' if x else ''\n    tell(y, 'INFO', f'A{more}.')",
         {"A.", "A and {}."}),
        ("for what, n in (('one', x), ('two', y)):\n        tell(y, 'INFO', f'A {what}.')",
         {"A one.", "A two."}),
        ("notes = []\n    notes.append(f'A {x}')\n    return Match(notes=tuple(notes))", {"A {}"}),
        ("cls.poll_message_set(translated, 'A')", {"A"}),
    ],
)  # fmt: skip
def test_templates_are_read_from_the_tree(tmp_path: Path, body: str, templates: set[str]) -> None:
    found = collected(tmp_path, module=f"def f(x, y):\n    {body}\n")
    assert set(found.templates) == templates
    assert found.unknown == set()


def test_texts_come_through_functions_tables_and_other_modules(tmp_path: Path) -> None:
    found = collected(
        tmp_path,
        words='SIDES = {"L": "left", "R": "right"}\ndef again(what):\n    return f"{what} again"\n',
        module=(
            "from .words import SIDES, again\n"
            "def f(side):\n"
            '    Message("info", f"The {SIDES[side]} eye")\n'
            '    refuse("a word")\n'
            '    Message("info", again("once"))\n'
            "def refuse(what):\n"
            '    raise RigError(f"There is {what}.", "B")\n'
        ),
    )
    assert found.templates == {
        "The {} eye": {0},
        "There is {}.": {0},
        "{} again": {0},
        "left": set(),
        "right": set(),
        "a word": set(),
        "once": set(),
        "B": set(),
    }
    assert found.unknown == set()


def test_errors_of_a_kind_of_their_own_are_read(tmp_path: Path) -> None:
    text = (
        "class Unsure(RigError):\n"
        "    def __init__(self, these):\n"
        '        super().__init__(f"A {these}", "B")\n'
    )
    assert set(collected(tmp_path, module=text).templates) == {"A {}", "B"}


def test_what_the_tree_does_not_tell_is_listed(tmp_path: Path) -> None:
    text = (
        "def f(x):\n"
        "    tell(x, 'INFO', x.said())\n"
        "    tell(x, 'INFO', f'A {x.pick(\"two words\")}')\n"
    )
    found = collected(tmp_path, module=text)
    assert found.unknown == {"module.py: x.said()", "module.py: x.pick('two words')"}


def test_names_are_nobodys_to_translate(tmp_path: Path) -> None:
    text = (
        "def f(x):\n"
        "    tell(x, 'INFO', f'\"{said()}\" has {shape()}.')\n"
        "def said():\n"
        "    return 'head'\n"
        "def shape():\n"
        "    return 'jawOpen'\n"
    )
    assert collected(tmp_path, module=text).templates == {'"{}" has {}.': set()}


def test_the_batch_speaks_english(tmp_path: Path) -> None:
    (tmp_path / "batch").mkdir()
    (tmp_path / "batch" / "run.py").write_text('RigError("A", "B")\n', encoding="utf-8")
    assert collected(tmp_path).templates == {}
