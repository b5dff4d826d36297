# SPDX-License-Identifier: GPL-3.0-or-later
"""Random plans of animals, monsters and robots.

Lengths in IOD; the eyes' centres lie at x = +-0.5, y = 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..scene import Role
from .noses import NoseDesign
from .plan_parts import (
    Rng,
    ball_eyes,
    chance,
    dot_eyes,
    sample_brows,
    sample_ears,
    sample_eyes,
    sample_mouth,
    sample_skull,
    uniform,
)
from .toon import PATTERNS, Bulge, Plan


def animal(rng: Rng) -> Plan:
    """Heads with a muzzle: dogs, cats, bears, horses, camels, lions, mice."""
    long_faced = chance(rng, 0.3)
    width = uniform(rng, 0.75, 1.0) if long_faced else uniform(rng, 0.95, 2.0)
    top = width * uniform(rng, 0.7, 1.2) + 0.1
    reach = uniform(rng, 0.8, 2.2) if long_faced else uniform(rng, 0.1, 0.9)
    fall = uniform(rng, 0.9, 1.9) if long_faced else uniform(rng, 0.5, 0.95) * width
    bottom = -fall * (0.8 if long_faced else 1.0) - 0.35
    skull = sample_skull(rng, width, top, bottom, spread=0.08)
    eyes = sample_eyes(rng)
    wide = width * (uniform(rng, 0.4, 0.65) if long_faced else uniform(rng, 0.4, 0.8))
    middle = -0.25 - 0.55 * fall
    face = skull.depth + skull.front
    tall = max(0.42 * fall, 0.3) * uniform(rng, 0.8, 1.1)
    role = Role.MUZZLE if chance(rng, 0.6) else Role.SKIN
    square = uniform(rng, 0.7, 1.0)
    muzzle = Bulge((0, middle, face - 0.35), (wide, tall, 0.35 + reach), role, square)
    bulges = [muzzle]
    if chance(rng, 0.4) and not long_faced:  # two cushions, as cats and lions have
        size = 0.62 * wide
        bulges += [
            Bulge(
                (s * 0.5 * size, middle + 0.1, face + 0.6 * reach), (size, 0.7 * size, size), role
            )
            for s in (1.0, -1.0)
        ]
    mouth_height = middle - tall * uniform(rng, 0.1, 0.45)
    tip = middle + tall * uniform(rng, 0.35, 0.75)
    size = wide * uniform(rng, 0.2, 0.5)
    return Plan(
        skull=skull,
        eyes=eyes,
        mouth=sample_mouth(rng, wide * uniform(rng, 0.4, 0.85), 0.6 * (mouth_height - bottom)),
        mouth_height=mouth_height,
        nose=NoseDesign(
            kind=str(rng.choice(("leather", "leather", "dots", "ball"))),
            top=-0.02,
            tip=tip,
            half_width=size,
            length=size * uniform(rng, 0.5, 1.0),
            drop=min(0.75 * size, 0.6 * (tip - mouth_height)),
            coloured=chance(rng, 0.9),
        ),
        brows=sample_brows(rng, eyes, shown=0.35),
        ears=sample_ears(
            rng, 0.38 * width, ("round", "pointed", "floppy", "long", "pointed", "none"), 0.4
        ),
        hairline=eyes.upper + (top - eyes.upper) * uniform(rng, 0.5, 0.8),
        bulges=bulges,
        eye_turn=uniform(rng, 15, 60) if long_faced else uniform(rng, 0, 18),
        blush=0.0 if chance(rng, 0.5) else uniform(rng, 0.5, 1.0),
        pattern=str(rng.choice(PATTERNS)),
        neck=uniform(rng, 0.35, 0.7) * width,
        faceted=chance(rng, 0.15),
    )


def creature(rng: Rng) -> Plan:
    """Monsters and aliens: any width, wide mouths, odd eyes and brow ridges."""
    width = float(np.exp(rng.uniform(np.log(0.8), np.log(3.0))))
    top = width * uniform(rng, 0.4, 1.8) + 0.15
    bottom = -width * uniform(rng, 0.6, 1.5) - 0.35
    skull = sample_skull(rng, width, top, bottom, spread=0.2)
    eyes = ball_eyes(rng, least=0.12) if chance(rng, 0.75) else dot_eyes(rng, 0.4)
    mouth_height = -eyes.lower + (bottom + eyes.lower) * uniform(rng, 0.3, 0.65)
    tip = -0.5 * eyes.lower + (mouth_height + 0.5 * eyes.lower) * uniform(rng, 0.3, 0.6)
    half = uniform(rng, 0.2, 0.85) * width
    mouth = sample_mouth(rng, half, mouth_height - bottom)
    size = uniform(rng, 0.06, 0.35)
    ridge = []
    if chance(rng, 0.3):
        place = (0, eyes.upper + 0.12, skull.depth + 0.93 * skull.front)
        ridge = [Bulge(place, (0.95, 0.14, 0.25))]
    if chance(rng, 0.25):
        place = (0, bottom * 0.8, skull.depth + 0.85 * skull.front)
        ridge.append(Bulge(place, (0.6 * width, 0.25 * width, 0.35 * width)))
    return Plan(
        skull=skull,
        eyes=eyes,
        mouth=mouth,
        mouth_height=mouth_height,
        nose=NoseDesign(
            kind=str(rng.choice(("none", "dots", "ball", "wedge", "human", "carrot"))),
            top=0.0,
            tip=tip,
            half_width=size,
            length=size * uniform(rng, 0.4, 2.5),
            drop=min(0.8 * size, 0.6 * (tip - mouth_height)),
            coloured=chance(rng, 0.15),
        ),
        brows=sample_brows(rng, eyes, shown=0.4),
        ears=sample_ears(rng, 0.35 * width, ("none", "elf", "round", "pointed", "floppy", "human")),
        hairline=eyes.upper + (top - eyes.upper) * uniform(rng, 0.5, 0.8),
        bulges=ridge,
        blush=0.0 if chance(rng, 0.5) else uniform(rng, 0.5, 1.0),
        pattern=str(rng.choice(PATTERNS)),
        neck=0.0 if chance(rng, 0.4) else uniform(rng, 0.3, 0.8) * width,
        faceted=chance(rng, 0.15),
    )


def robot(rng: Rng) -> Plan:
    """Boxes, drums and domes with lamps for eyes and slots for mouths."""
    width = uniform(rng, 0.9, 1.8)
    top = width * uniform(rng, 0.5, 1.2) + 0.1
    bottom = -width * uniform(rng, 0.6, 1.1) - 0.25
    skull = sample_skull(
        rng, width, top, bottom, roundness=(2.2, 14.0), section=(2.0, 12.0), spread=0.05
    )
    eyes = dot_eyes(rng, 0.4) if chance(rng, 0.4) else ball_eyes(rng)
    eyes = replace(
        eyes,
        power=float(rng.choice((2.0, 2.0, 6.0, 10.0))),
        lids=chance(rng, 0.15),
        lash=0.0,
        wing=0.0,
    )
    mouth_height = -eyes.lower + (bottom + eyes.lower) * uniform(rng, 0.4, 0.65)
    mouth = sample_mouth(rng, min(uniform(rng, 0.2, 0.8), 0.6 * width), mouth_height - bottom)
    mouth = replace(mouth, power=uniform(rng, 3.0, 9.0), drawn=chance(rng, 0.75), curl=0.0)
    visor = []
    if chance(rng, 0.3):
        place = (0, 0.0, skull.depth + 0.75 * skull.front)
        visor = [
            Bulge(place, (0.85 * width, 0.8 * eyes.upper + 0.2, 0.3 * width), Role.MUZZLE, 0.4)
        ]
    return Plan(
        skull=skull,
        eyes=eyes,
        mouth=mouth,
        mouth_height=mouth_height,
        nose=NoseDesign(
            kind="none" if chance(rng, 0.75) else "ball",
            top=0.0,
            tip=0.5 * (mouth_height - eyes.lower),
            half_width=0.1,
            length=0.12,
            drop=min(0.08, 0.2 * abs(mouth_height)),
        ),
        brows=sample_brows(rng, eyes, shown=0.3, heavy=1.3),
        ears=sample_ears(rng, 0.22 * width, ("none", "none", "round")),
        hairline=eyes.upper + (top - eyes.upper) * uniform(rng, 0.5, 0.8),
        bulges=visor,
        blush=0.0 if chance(rng, 0.5) else uniform(rng, 0.5, 1.0),
        pattern=str(rng.choice(PATTERNS)),
        neck=0.0 if chance(rng, 0.3) else uniform(rng, 0.2, 0.5) * width,
        faceted=chance(rng, 0.2),
    )
