# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables and numbers of reports and model cards."""

from __future__ import annotations

from collections.abc import Iterable


def number(value: float | None) -> str:
    """With three decimals; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]], align: str = "") -> str:
    """Cells in rows under their heads. ``align``: a letter for each column, "l" or "r"; all are on
    the left without it.
    """
    heads = tuple(heads)
    sides = {"l": "---|", "r": "---:|"}
    line = "".join(sides[side] for side in align or "l" * len(heads))
    lines = ["| " + " | ".join(heads) + " |", "|" + line]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
