# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of docs/standards.md say what the product does."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from auto_rig_face.animation.standards import STANDARDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "standard_tables", ROOT / "tools" / "standard_tables.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(tables: ModuleType) -> None:
    page = (ROOT / "docs" / "standards.md").read_text("utf-8")
    assert tables.with_tables(page) == page, "run python tools/standard_tables.py"


def test_every_name_has_a_row(tables: ModuleType) -> None:
    page = tables.with_tables(tables.MARK)
    for standard in STANDARDS.values():
        for name in standard.targets:
            assert f"| `{name}` |" in page


def test_sides_that_differ_are_told_apart(tables: ModuleType) -> None:
    page = tables.with_tables(tables.MARK)
    assert "| `blink` | eyeBlink L R 1 |" in page
    assert "| `blinkRight` | eyeBlinkRight 1 |" in page
    assert "| `neutral` | nothing moves |" in page


def test_a_page_without_the_mark_is_left_alone(tables: ModuleType) -> None:
    with pytest.raises(ValueError, match="no line"):
        tables.with_tables("# Page\n")
