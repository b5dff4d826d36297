# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of reports and model cards."""

from __future__ import annotations

import pytest
from auto_rig_face.training.markdown import number, table


def test_a_table_has_its_heads_and_a_line_for_each_row() -> None:
    assert table(("head", "error"), [("a", "1.0"), ("b", "")]) == (
        "| head | error |\n|---|---|\n| a | 1.0 |\n| b |  |"
    )


def test_figures_stand_on_the_right() -> None:
    assert table(("head", "error"), [], "lr") == "| head | error |\n|---|---:|"
    with pytest.raises(KeyError):
        table(("head",), [], "m")


def test_what_was_not_measured_is_a_dash() -> None:
    assert (number(None), number(0.12345)) == ("-", "0.123")
