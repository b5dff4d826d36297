# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights of ARKit shapes, written shortly."""

from __future__ import annotations

from collections.abc import Mapping

from ..vocabulary import ARKIT_SHAPES


def on_both_sides(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights of ARKit shapes; a name without its side stands for both of a pair."""
    result: dict[str, float] = {}
    for name, weight in weights.items():
        names = [name] if name in ARKIT_SHAPES else [f"{name}Left", f"{name}Right"]
        result |= dict.fromkeys(names, weight)
    return result
