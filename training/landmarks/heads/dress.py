# SPDX-License-Identifier: GPL-3.0-or-later
"""What a family of heads wears, and how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .assembly import Assembly
from .hair import STYLES, add_beard, add_hair, add_moustache
from .headwear import HEADWEAR, add_glasses, add_headwear
from .shells import Wearer


@dataclass(frozen=True)
class Wardrobe:
    """Shares of heads with each thing; ``styles``: hair styles to choose from."""

    hair: float = 0.6
    styles: tuple[str, ...] = tuple(STYLES)
    beard: float = 0.08
    moustache: float = 0.06
    headwear: float = 0.25
    glasses: float = 0.08


WARDROBES: dict[str, Wardrobe] = {
    "toon": Wardrobe(),
    "anime": Wardrobe(
        hair=0.96,
        styles=("anime", "anime", "anime", "bob", "spiky", "tied"),
        beard=0.01,
        moustache=0.0,
        headwear=0.15,
        glasses=0.05,
    ),
    "blocky": Wardrobe(hair=0.55, beard=0.15, moustache=0.1, headwear=0.4, glasses=0.05),
    "animal": Wardrobe(hair=0.15, styles=("tuft", "mohawk", "spiky", "afro"), beard=0.03,
                       moustache=0.0, headwear=0.12, glasses=0.04),
    "creature": Wardrobe(hair=0.25, beard=0.05, moustache=0.02, headwear=0.35, glasses=0.03),
    "robot": Wardrobe(hair=0.05, styles=("tuft", "mohawk"), beard=0.0, moustache=0.02,
                      headwear=0.45, glasses=0.02),
    "human": Wardrobe(hair=0.7, beard=0.08, moustache=0.05, headwear=0.15, glasses=0.08),
}  # fmt: skip


def dress(
    assembly: Assembly, wearer: Wearer, rng: np.random.Generator, family: str, eye_half: float
) -> None:
    """Add hair, beard, hat and glasses as the family's wardrobe has them."""
    wardrobe = WARDROBES[family]
    if rng.random() < wardrobe.hair:
        add_hair(assembly, wearer, rng, str(rng.choice(wardrobe.styles)))
    if rng.random() < wardrobe.beard:
        add_beard(assembly, wearer, rng)
    elif rng.random() < wardrobe.moustache:
        add_moustache(assembly, wearer, rng)
    if rng.random() < wardrobe.headwear:
        add_headwear(assembly, wearer, rng, str(rng.choice(tuple(HEADWEAR))))
    if rng.random() < wardrobe.glasses:
        add_glasses(assembly, wearer, rng, eye_half, bool(rng.random() < 0.35))
