# SPDX-License-Identifier: GPL-3.0-or-later
"""The families of built heads: a function each that draws a random plan."""

from __future__ import annotations

from collections.abc import Callable

from .plan_parts import Rng
from .plans_creatures import animal, creature, robot
from .plans_people import anime, blocky, toon
from .toon import Plan

PLANS: dict[str, Callable[[Rng], Plan]] = {
    "toon": toon,
    "anime": anime,
    "blocky": blocky,
    "animal": animal,
    "creature": creature,
    "robot": robot,
}
