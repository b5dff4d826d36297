# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the tables of docs/standards.md from the recipes that the product uses.

Run it after changing a recipe: python tools/standard_tables.py. A test says when it was forgotten.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "standards.md"
PACKAGE = "auto_rig_face"
MARK = "<!-- tables: made by tools/standard_tables.py -->"


def main() -> None:
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")


def with_tables(page: str) -> str:
    """The page with the tables of all standards in place of what follows the mark."""
    before, mark, _ = page.partition(MARK)
    if not mark:
        raise ValueError(f"{PAGE.name} has no line {MARK}")
    return "".join((before, MARK, "\n", *_sections()))


def _sections() -> Iterator[str]:
    for standard in _standards().values():
        yield f"\n## {standard.label}: `{standard.identifier}`\n\n"
        yield (
            f"Source: <{standard.source}>\n\n"
            if "://" in standard.source
            else (f"Source: {standard.source}\n\n")
        )
        if standard.takes_arkit:
            yield "Beside these, the 52 ARKit shapes under their own names, which the rig has.\n\n"
        yield "| key | shapes |\n|---|---|\n"
        for name, recipe in standard.targets.items():
            yield f"| `{name}` | {_in_words(recipe)} |\n"


def _in_words(recipe: Mapping[str, float]) -> str:
    """Shapes with their weights; both sides of a pair as one where they are alike."""
    words = []
    for shape, weight in recipe.items():
        stem = shape.removesuffix("Left")
        if stem != shape and recipe.get(f"{stem}Right") == weight:
            words.append(f"{stem} L R {weight:g}")
            continue
        left = f"{shape.removesuffix('Right')}Left"
        if not (shape.endswith("Right") and recipe.get(left) == weight):
            words.append(f"{shape} {weight:g}")
    return ", ".join(words) or "nothing moves"


def _standards() -> Mapping[str, Any]:
    if PACKAGE not in sys.modules:
        from extension import load_package

        load_package()
    module: ModuleType = importlib.import_module(f"{PACKAGE}.animation.standards")
    found: Mapping[str, Any] = module.STANDARDS
    return found


if __name__ == "__main__":
    main()
