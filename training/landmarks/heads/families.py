# SPDX-License-Identifier: GPL-3.0-or-later
"""All families of heads behind one function: seeds in, heads out."""

from __future__ import annotations

import numpy as np

from ..expressions import Expression
from ..scene import Head
from . import human, toon
from .plans import PLANS

TEMPLATE_FAMILIES = ("human", "cartoon", "coarse", "mask")
FAMILIES = (*TEMPLATE_FAMILIES, *PLANS)
# Families whose faces have human proportions.
REALISTIC = ("human",)


def build_head(family: str, identity: int, expression: Expression) -> Head:
    """The head of a family with seed ``identity``, showing ``expression``."""
    rng = np.random.default_rng((identity, FAMILIES.index(family)))
    if family in TEMPLATE_FAMILIES:
        return human.build(family, expression, identity, rng)
    plan = PLANS[family](rng)
    return toon.build(plan, expression, family, identity, rng)
