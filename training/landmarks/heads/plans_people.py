# SPDX-License-Identifier: GPL-3.0-or-later
"""Random plans of ball toons, anime and blocky game heads.

Lengths in IOD; the eyes' centres lie at x = +-0.5, y = 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..scene import Role
from .brows import BrowDesign
from .eyes import EyeDesign
from .mouths import MouthDesign
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
from .toon import Bulge, Plan


def toon(rng: Rng) -> Plan:
    """Balls, eggs, pears and beans with stuck-on features."""
    width = float(np.exp(rng.uniform(np.log(0.85), np.log(2.3))))
    top = width * uniform(rng, 0.75, 1.7) + 0.15
    bottom = -width * uniform(rng, 0.85, 1.6) - 0.25
    skull = sample_skull(rng, width, top, bottom, spread=0.13)
    eyes = sample_eyes(rng)
    low = -eyes.lower - 0.05
    mouth_height = low + (bottom - low) * uniform(rng, 0.38, 0.62)
    tip = low * 0.6 + (mouth_height - low * 0.6) * uniform(rng, 0.3, 0.6)
    size = uniform(rng, 0.08, 0.34)
    nose = NoseDesign(
        kind=str(rng.choice(("none", "dots", "line", "ball", "carrot", "wedge", "human"),
                            p=(0.08, 0.08, 0.07, 0.35, 0.08, 0.09, 0.25))),
        top=uniform(rng, -0.05, 0.2),
        tip=tip,
        half_width=size,
        length=size * uniform(rng, 0.6, 2.6),
        drop=min(size * uniform(rng, 0.6, 1.0), 0.6 * (tip - mouth_height)),
        coloured=chance(rng, 0.2),
    )  # fmt: skip
    half = min(uniform(rng, 0.15, 0.75), 0.6 * width)
    cheeks = []
    if chance(rng, 0.2):
        size = uniform(rng, 0.25, 0.5) * width
        place = (0.55 * width, mouth_height * 0.8, skull.depth + 0.72 * skull.front)
        cheeks = [Bulge((s * place[0], *place[1:]), (size,) * 3) for s in (1.0, -1.0)]
    return Plan(
        skull=skull,
        eyes=eyes,
        mouth=sample_mouth(rng, half, mouth_height - bottom),
        mouth_height=mouth_height,
        nose=nose,
        brows=sample_brows(rng, eyes),
        ears=sample_ears(rng, 0.3 * width, ("human", "human", "human", "elf", "round", "none")),
        hairline=eyes.upper + (top - eyes.upper) * uniform(rng, 0.3, 0.6),
        bulges=cheeks,
        neck=0.0 if chance(rng, 0.25) else uniform(rng, 0.25, 0.6) * width,
        blush=0.0 if chance(rng, 0.5) else uniform(rng, 0.3, 1.0),
    )


def anime(rng: Rng) -> Plan:
    """Flat faces with huge drawn eyes, a tiny nose and mouth and a pointed chin."""
    half = uniform(rng, 0.24, 0.42)
    tall = half * uniform(rng, 0.75, 1.5)
    width = uniform(rng, 1.0, 1.35)
    bottom = -uniform(rng, 1.0, 1.6) - 0.25 * tall
    top = uniform(rng, 1.5, 2.1) * width
    skull = sample_skull(
        rng, width, top, bottom, roundness=(2.0, 2.4), section=(1.9, 2.3), spread=0.03
    )
    pointed = np.array([uniform(rng, 0.1, 0.4), uniform(rng, 0.62, 0.85), 0.97, 1.0, 1.0, 1.0])
    skull = replace(skull, widths=skull.widths * pointed)
    eyes = EyeDesign(
        half_width=half,
        upper=tall * 0.55 + 0.1,
        lower=tall * 0.7,
        tilt=uniform(rng, -0.08, 0.12),
        power=uniform(rng, 2.0, 3.4),
        lean=uniform(rng, -0.3, 0.5),
        iris=half * uniform(rng, 0.5, 0.85),
        iris_height=uniform(rng, 1.0, 1.7),
        pupil=uniform(rng, 0.3, 0.65),
        glints=int(rng.integers(0, 3)),
        ball=chance(rng, 0.12),
        sink=0.85,
        lash=uniform(rng, 0.03, 0.1),
        lower_lash=0.0 if chance(rng, 0.4) else uniform(rng, 0.01, 0.03),
        wing=uniform(rng, 0.0, 0.14),
        rest=1.0 if chance(rng, 0.7) else uniform(rng, 0.6, 1.0),
        hollow=0.0 if chance(rng, 0.55) else uniform(rng, 0.05, 0.22),
    )
    if eyes.hollow and not eyes.ball:  # only a fine mesh can be hollow there
        skull = replace(skull, rows=56, columns=88)
    mouth_height = -eyes.lower + (bottom + eyes.lower) * uniform(rng, 0.45, 0.62)
    tip = -eyes.lower * 0.75 + (mouth_height + eyes.lower * 0.75) * uniform(rng, 0.3, 0.55)
    size = uniform(rng, 0.05, 0.11)
    kinds = ("line", "wedge", "dots", "none", "human")
    return Plan(
        skull=skull,
        eyes=eyes,
        mouth=MouthDesign(
            half_width=uniform(rng, 0.1, 0.3),
            opens=uniform(rng, 0.4, 0.9) * (mouth_height - bottom),
            curl=float(rng.normal(0.01, 0.03)),
            upper=0.02,
            lower=0.03,
            relief=0.0,
            line=uniform(rng, 0.012, 0.03),
            outline=uniform(rng, 0.01, 0.025),
            teeth=0.0 if chance(rng, 0.6) else 0.07,
            lip_role=Role.SKIN if chance(rng, 0.7) else Role.LIPS,
        ),
        mouth_height=mouth_height,
        nose=NoseDesign(
            kind=str(rng.choice(kinds, p=(0.3, 0.35, 0.1, 0.1, 0.15))),
            top=-0.02,
            tip=tip,
            half_width=size,
            length=uniform(rng, 0.06, 0.2),
            drop=min(0.07, 0.5 * (tip - mouth_height)),
        ),
        brows=BrowDesign(
            inner=-half * uniform(rng, 0.6, 1.0),
            outer=half * uniform(rng, 0.9, 1.3),
            height=eyes.upper + uniform(rng, 0.06, 0.3),
            arch=uniform(rng, 0.0, 0.1),
            thickness=uniform(rng, 0.02, 0.07),
            taper=uniform(rng, 0.2, 0.7),
            relief=0.0,
            swing=uniform(rng, 0.13, 0.28),
        ),
        ears=sample_ears(rng, 0.28, ("human", "human", "elf", "pointed", "none")),
        hairline=eyes.upper + (top - eyes.upper) * uniform(rng, 0.28, 0.5),
        neck=uniform(rng, 0.3, 0.5) * width,
        blush=0.0 if chance(rng, 0.4) else uniform(rng, 0.3, 1.0),
    )


def blocky(rng: Rng) -> Plan:
    """Boxes and coarse polygons, as in low-poly games."""
    width = uniform(rng, 0.9, 1.9)
    top = width * uniform(rng, 0.6, 1.3) + 0.2
    bottom = -width * uniform(rng, 0.7, 1.2) - 0.2
    coarse = chance(rng, 0.55)
    box = (1.9, 2.8) if coarse else (4.0, 12.0)
    skull = sample_skull(rng, width, top, bottom, roundness=box, section=box, spread=0.07)
    density = (int(rng.integers(5, 10)), 2 * int(rng.integers(3, 8))) if coarse else (24, 40)
    skull = replace(skull, rows=density[0], columns=density[1])
    eyes = dot_eyes(rng, 0.3) if chance(rng, 0.55) else ball_eyes(rng)
    eyes = replace(eyes, power=float(rng.choice((2.0, 6.0, 9.0))), ball=chance(rng, 0.2))
    mouth_height = -eyes.lower + (bottom + eyes.lower) * uniform(rng, 0.4, 0.65)
    tip = -0.4 * eyes.lower + (mouth_height + 0.4 * eyes.lower) * uniform(rng, 0.35, 0.6)
    size = uniform(rng, 0.08, 0.26)
    brows = sample_brows(rng, eyes, shown=0.75, heavy=1.5)
    if chance(rng, 0.5):  # bars right on top of the eyes
        low = eyes.upper + 0.5 * brows.thickness
        brows = replace(brows, height=low, square=True, swing=0.14)
    mouth = sample_mouth(rng, min(uniform(rng, 0.15, 0.6), 0.5 * width), mouth_height - bottom)
    mouth = replace(mouth, drawn=chance(rng, 0.72), power=uniform(rng, 2.0, 6.0))
    return Plan(
        skull=skull,
        eyes=eyes,
        mouth=mouth,
        mouth_height=mouth_height,
        nose=NoseDesign(
            kind=str(rng.choice(("none", "wedge", "ball", "dots"), p=(0.35, 0.35, 0.2, 0.1))),
            top=0.0,
            tip=tip,
            half_width=size,
            length=size * uniform(rng, 0.6, 2.0),
            drop=min(0.6 * size, 0.5 * (tip - mouth_height)),
            coloured=chance(rng, 0.2),
        ),
        brows=brows,
        ears=sample_ears(rng, 0.25 * width, ("none", "human", "elf", "round")),
        hairline=eyes.upper + (top - eyes.upper) * uniform(rng, 0.4, 0.8),
        neck=0.0 if chance(rng, 0.3) else uniform(rng, 0.3, 0.7) * width,
        faceted=True,
    )
