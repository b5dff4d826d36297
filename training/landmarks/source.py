# SPDX-License-Identifier: GPL-3.0-or-later
"""The endless, reproducible source of heads, split by identity into train, validation, test."""

from __future__ import annotations

from typing import Final

import numpy as np

from . import expressions
from .heads import faceless, families
from .scene import Head

SPLITS: Final = ("train", "validation", "test")
# Identity seeds with these remainders modulo MODULUS belong to a split; the rest is for training.
MODULUS: Final = 20
HELD_OUT: Final = {"test": 0, "validation": 1}

# How often each family of faces is drawn, one against another.
FACES: Final[dict[str, float]] = {
    "human": 0.13,
    "cartoon": 0.18,
    "coarse": 0.08,
    "mask": 0.09,
    "toon": 0.11,
    "anime": 0.1,
    "blocky": 0.07,
    "animal": 0.08,
    "creature": 0.06,
    "robot": 0.04,
}
# The share of things that are none and teach what a face is: with half as many, one in a hundred
# was taken for a face where hardly any face was missed.
FACELESS_SHARE: Final = 0.12
SHARES: Final[dict[str, float]] = {
    **{name: (1 - FACELESS_SHARE) * n / sum(FACES.values()) for name, n in FACES.items()},
    faceless.FAMILY: FACELESS_SHARE,
}
STYLISED: Final = tuple(name for name in FACES if name not in families.REALISTIC)


def head_at(split: str, index: int, shares: dict[str, float] = SHARES, seed: int = 0) -> Head:
    """The ``index``-th head of a split: the same one in every run."""
    rng = np.random.default_rng((seed, SPLITS.index(split), index))
    family = family_of(rng, shares)
    identity = identity_of(split, int(rng.integers(2**40)))
    if family == faceless.FAMILY:
        return faceless.build(identity)
    return families.build_head(family, identity, expressions.sample(rng))


def family_of(rng: np.random.Generator, shares: dict[str, float]) -> str:
    """A family, drawn as often as its share of all says."""
    odds = np.array(list(shares.values()))
    return str(rng.choice(tuple(shares), p=odds / odds.sum()))


def identity_of(split: str, number: int) -> int:
    """The ``number``-th identity seed of a split. No identity belongs to two splits."""
    if split in HELD_OUT:
        return number * MODULUS + HELD_OUT[split]
    free = [rest for rest in range(MODULUS) if rest not in HELD_OUT.values()]
    return number // len(free) * MODULUS + free[number % len(free)]


def split_of(identity: int) -> str:
    """The split that an identity seed belongs to."""
    rest = identity % MODULUS
    return next((split for split, held in HELD_OUT.items() if held == rest), "train")
