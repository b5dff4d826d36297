# SPDX-License-Identifier: GPL-3.0-or-later
"""Random plans of built heads: ball toons, anime, blocky game heads, animals, creatures, robots.

Lengths in IOD; the eyes' centres lie at x = +-0.5, y = 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..scene import Role
from .brows import BrowDesign
from .ears import EarDesign
from .eyes import EyeDesign
from .loft import Loft
from .mouths import MouthDesign
from .noses import NoseDesign
from .shapes import Floats
from .toon import Bulge, Plan

Rng = np.random.Generator


def _uniform(rng: Rng, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _chance(rng: Rng, share: float) -> bool:
    return bool(rng.random() < share)


def _wobble(rng: Rng, spread: float) -> Floats:
    """(6,) factors about 1 at the skull's stations."""
    return np.exp(np.clip(rng.normal(0, spread, 6), -2 * spread, 2 * spread))


def _skull(
    rng: Rng,
    width: float,
    top: float,
    bottom: float,
    *,
    roundness: tuple[float, float] = (1.8, 2.6),
    section: tuple[float, float] = (1.9, 2.5),
    spread: float = 0.1,
    depth: float | None = None,
) -> Loft:
    """A skull whose front lies a little ahead of the eyes."""
    front = width * _uniform(rng, 0.8, 1.1) if depth is None else depth
    back = width * _uniform(rng, 0.85, 1.15)
    return Loft(
        top=top,
        bottom=bottom,
        width=width,
        front=front,
        back=back,
        depth=-front * 0.92,
        roundness=_uniform(rng, *roundness),
        section=_uniform(rng, *section),
        widths=_wobble(rng, spread),
        fronts=_wobble(rng, 0.5 * spread),
    )


def _brows(rng: Rng, eyes: EyeDesign, *, shown: float = 0.8, heavy: float = 1.0) -> BrowDesign:
    above = eyes.upper + _uniform(rng, -0.02, 0.22)
    wide = max(eyes.half_width, 0.2)
    square = _chance(rng, 0.25)
    return BrowDesign(
        inner=-wide * _uniform(rng, 0.6, 1.15),
        outer=wide * _uniform(rng, 0.8, 1.4),
        height=above + 0.04,
        arch=_uniform(rng, -0.02, 0.14),
        tilt=float(rng.normal(0, 0.07)),
        thickness=_uniform(rng, 0.03, 0.16) * heavy,
        taper=_uniform(rng, 0.15, 1.0),
        relief=0.0 if _chance(rng, 0.35) else _uniform(rng, 0.02, 0.09),
        square=square,
        swing=_uniform(rng, 0.1, 0.24),
        shown=_chance(rng, shown),
    )


def dot_eyes(rng: Rng, high: float = 0.26) -> EyeDesign:
    """Buttons, beads and drawn dots."""
    half = _uniform(rng, 0.05, high)
    tall = half * _uniform(rng, 0.8, 1.9)
    return EyeDesign(
        half_width=half,
        upper=tall,
        lower=tall,
        power=float(rng.choice((2.0, 2.0, 4.0))),
        iris=0.0,
        glints=int(rng.integers(0, 2)),
        ball=_chance(rng, 0.5),
        sink=_uniform(rng, 0.3, 0.9),
        lids=False,
        lash=_uniform(rng, 0.02, 0.04),
        fill=Role.PUPIL,
    )


def ball_eyes(rng: Rng, *, least: float = 0.18) -> EyeDesign:
    """Balls, or their drawings, with white, iris and pupil."""
    half = _uniform(rng, least, 0.5)
    tall = half * _uniform(rng, 0.75, 1.5)
    iris = half * _uniform(rng, 0.25, 0.8)
    lids = _chance(rng, 0.7)
    return EyeDesign(
        half_width=half * (0.9 if lids else 1.0),
        upper=tall,
        lower=tall * _uniform(rng, 0.8, 1.0),
        tilt=float(rng.normal(0, 0.04)),
        power=2.0 if not lids else _uniform(rng, 1.7, 2.4),
        lean=float(rng.normal(0, 0.25)) if lids else 0.0,
        iris=iris,
        iris_height=_uniform(rng, 0.9, 1.3),
        pupil=1.0 if _chance(rng, 0.2) else _uniform(rng, 0.3, 0.75),
        slit=1.0 if _chance(rng, 0.85) else _uniform(rng, 0.2, 0.6),
        glints=int(rng.integers(0, 3)),
        ball=_chance(rng, 0.75),
        sink=_uniform(rng, 0.25, 0.9),
        lids=lids,
        rest=1.0 if _chance(rng, 0.6) else _uniform(rng, 0.5, 1.0),
        lash=0.0 if _chance(rng, 0.6) else _uniform(rng, 0.015, 0.07),
        wing=0.0 if _chance(rng, 0.7) else _uniform(rng, 0.02, 0.12),
    )


def _eyes(rng: Rng) -> EyeDesign:
    return dot_eyes(rng) if _chance(rng, 0.27) else ball_eyes(rng)


def sample_mouth(rng: Rng, half: float, room: float) -> MouthDesign:
    """A mouth of about ``half`` the width with ``room`` below it."""
    lips = _chance(rng, 0.45)
    return MouthDesign(
        half_width=half,
        opens=_uniform(rng, 0.5, 1.0) * max(room, 0.3),
        curl=float(rng.normal(0.02, 0.08)) * min(half / 0.4, 1.5),
        upper=_uniform(rng, 0.04, 0.14) if lips else 0.035,
        lower=_uniform(rng, 0.05, 0.17) if lips else 0.04,
        relief=_uniform(rng, 0.0, 0.07) if lips else 0.008,
        bow=_uniform(rng, 0.0, 0.5) if lips else 0.0,
        line=_uniform(rng, 0.012, 0.05),
        outline=0.0 if _chance(rng, 0.5) else _uniform(rng, 0.012, 0.04),
        teeth=0.0 if _chance(rng, 0.3) else _uniform(rng, 0.05, 0.2),
        lower_teeth=0.0 if _chance(rng, 0.7) else _uniform(rng, 0.04, 0.12),
        tongue=_chance(rng, 0.7),
        lip_role=Role.LIPS if lips else Role.SKIN,
        power=_uniform(rng, 1.5, 3.5),
    )


def _ears(rng: Rng, size: float, kinds: tuple[str, ...], high: float = 0.0) -> EarDesign:
    kind = str(rng.choice(kinds))
    on_top = kind in {"round", "pointed", "long"}
    up = _uniform(rng, 0.5, 1.6) if on_top else high + _uniform(rng, -0.3, 0.2)
    if kind == "floppy":
        up = _uniform(rng, 0.3, 0.9)
    scale = {"long": 2.2, "pointed": 1.2, "floppy": 1.5}.get(kind, 1.0)
    return EarDesign(
        kind=kind,
        direction=(1.0, up, _uniform(rng, -0.25, 0.1)),
        size=size * scale * _uniform(rng, 0.7, 1.4),
        wide=_uniform(rng, 0.45, 0.75) if not on_top else _uniform(rng, 0.4, 1.0),
        lean=_uniform(rng, -10, 25) if not on_top else _uniform(rng, 0, 45),
        flare=_uniform(rng, 0.35, 1.0),
        thick=_uniform(rng, 0.05, 0.14),
    )


def toon(rng: Rng) -> Plan:
    """Balls, eggs, pears and beans with stuck-on features."""
    width = float(np.exp(rng.uniform(np.log(0.85), np.log(2.3))))
    top = width * _uniform(rng, 0.75, 1.7) + 0.15
    bottom = -width * _uniform(rng, 0.85, 1.6) - 0.25
    skull = _skull(rng, width, top, bottom, spread=0.13)
    eyes = _eyes(rng)
    low = -eyes.lower - 0.05
    mouth_height = low + (bottom - low) * _uniform(rng, 0.38, 0.62)
    tip = low * 0.6 + (mouth_height - low * 0.6) * _uniform(rng, 0.3, 0.6)
    size = _uniform(rng, 0.08, 0.34)
    nose = NoseDesign(
        kind=str(rng.choice(("none", "dots", "line", "ball", "carrot", "wedge", "human"),
                            p=(0.08, 0.08, 0.07, 0.35, 0.08, 0.09, 0.25))),
        top=_uniform(rng, -0.05, 0.2),
        tip=tip,
        half_width=size,
        length=size * _uniform(rng, 0.6, 2.6),
        drop=min(size * _uniform(rng, 0.6, 1.0), 0.6 * (tip - mouth_height)),
        coloured=_chance(rng, 0.2),
    )  # fmt: skip
    half = min(_uniform(rng, 0.15, 0.75), 0.6 * width)
    cheeks = []
    if _chance(rng, 0.2):
        size = _uniform(rng, 0.25, 0.5) * width
        place = (0.55 * width, mouth_height * 0.8, skull.depth + 0.72 * skull.front)
        cheeks = [Bulge((s * place[0], *place[1:]), (size,) * 3) for s in (1.0, -1.0)]
    return Plan(
        skull=skull,
        eyes=eyes,
        mouth=sample_mouth(rng, half, mouth_height - bottom),
        mouth_height=mouth_height,
        nose=nose,
        brows=_brows(rng, eyes),
        ears=_ears(rng, 0.3 * width, ("human", "human", "human", "elf", "round", "none")),
        hairline=eyes.upper + (top - eyes.upper) * _uniform(rng, 0.3, 0.6),
        bulges=cheeks,
        neck=0.0 if _chance(rng, 0.25) else _uniform(rng, 0.25, 0.6) * width,
        blush=0.0 if _chance(rng, 0.5) else _uniform(rng, 0.3, 1.0),
    )


def anime(rng: Rng) -> Plan:
    """Flat faces with huge drawn eyes, a tiny nose and mouth and a pointed chin."""
    half = _uniform(rng, 0.24, 0.42)
    tall = half * _uniform(rng, 0.75, 1.5)
    width = _uniform(rng, 1.0, 1.35)
    bottom = -_uniform(rng, 1.0, 1.6) - 0.25 * tall
    top = _uniform(rng, 1.5, 2.1) * width
    skull = _skull(rng, width, top, bottom, roundness=(2.0, 2.4), section=(1.9, 2.3), spread=0.03)
    pointed = np.array([_uniform(rng, 0.1, 0.4), _uniform(rng, 0.62, 0.85), 0.97, 1.0, 1.0, 1.0])
    skull = Loft(**{**vars(skull), "widths": skull.widths * pointed})
    eyes = EyeDesign(
        half_width=half,
        upper=tall * 0.55 + 0.1,
        lower=tall * 0.7,
        tilt=_uniform(rng, -0.08, 0.12),
        power=_uniform(rng, 2.0, 3.4),
        lean=_uniform(rng, -0.3, 0.5),
        iris=half * _uniform(rng, 0.5, 0.85),
        iris_height=_uniform(rng, 1.0, 1.7),
        pupil=_uniform(rng, 0.3, 0.65),
        glints=int(rng.integers(0, 3)),
        ball=_chance(rng, 0.12),
        sink=0.85,
        lash=_uniform(rng, 0.03, 0.1),
        lower_lash=0.0 if _chance(rng, 0.4) else _uniform(rng, 0.01, 0.03),
        wing=_uniform(rng, 0.0, 0.14),
        rest=1.0 if _chance(rng, 0.7) else _uniform(rng, 0.6, 1.0),
    )
    mouth_height = -eyes.lower + (bottom + eyes.lower) * _uniform(rng, 0.45, 0.62)
    tip = -eyes.lower * 0.75 + (mouth_height + eyes.lower * 0.75) * _uniform(rng, 0.3, 0.55)
    size = _uniform(rng, 0.05, 0.11)
    kinds = ("line", "wedge", "dots", "none", "human")
    return Plan(
        skull=skull,
        eyes=eyes,
        mouth=MouthDesign(
            half_width=_uniform(rng, 0.1, 0.3),
            opens=_uniform(rng, 0.4, 0.9) * (mouth_height - bottom),
            curl=float(rng.normal(0.01, 0.03)),
            upper=0.02,
            lower=0.03,
            relief=0.0,
            line=_uniform(rng, 0.012, 0.03),
            outline=_uniform(rng, 0.01, 0.025),
            teeth=0.0 if _chance(rng, 0.6) else 0.07,
            lip_role=Role.SKIN if _chance(rng, 0.7) else Role.LIPS,
        ),
        mouth_height=mouth_height,
        nose=NoseDesign(
            kind=str(rng.choice(kinds, p=(0.3, 0.35, 0.1, 0.1, 0.15))),
            top=-0.02,
            tip=tip,
            half_width=size,
            length=_uniform(rng, 0.06, 0.2),
            drop=min(0.07, 0.5 * (tip - mouth_height)),
        ),
        brows=BrowDesign(
            inner=-half * _uniform(rng, 0.6, 1.0),
            outer=half * _uniform(rng, 0.9, 1.3),
            height=eyes.upper + _uniform(rng, 0.06, 0.3),
            arch=_uniform(rng, 0.0, 0.1),
            thickness=_uniform(rng, 0.02, 0.07),
            taper=_uniform(rng, 0.2, 0.7),
            relief=0.0,
            swing=_uniform(rng, 0.1, 0.2),
        ),
        ears=_ears(rng, 0.28, ("human", "human", "elf", "pointed", "none")),
        hairline=eyes.upper + (top - eyes.upper) * _uniform(rng, 0.28, 0.5),
        neck=_uniform(rng, 0.3, 0.5) * width,
        blush=0.0 if _chance(rng, 0.4) else _uniform(rng, 0.3, 1.0),
    )


def blocky(rng: Rng) -> Plan:
    """Boxes and coarse polygons, as in low-poly games."""
    width = _uniform(rng, 0.9, 1.9)
    top = width * _uniform(rng, 0.6, 1.3) + 0.2
    bottom = -width * _uniform(rng, 0.7, 1.2) - 0.2
    coarse = _chance(rng, 0.55)
    box = (1.9, 2.8) if coarse else (4.0, 12.0)
    skull = _skull(rng, width, top, bottom, roundness=box, section=box, spread=0.07)
    density = (int(rng.integers(5, 10)), 2 * int(rng.integers(3, 8))) if coarse else (24, 40)
    skull = Loft(**{**vars(skull), "rows": density[0], "columns": density[1]})
    eyes = dot_eyes(rng, 0.3) if _chance(rng, 0.55) else ball_eyes(rng)
    square = {"power": float(rng.choice((2.0, 6.0, 9.0))), "ball": _chance(rng, 0.2)}
    eyes = EyeDesign(**{**vars(eyes), **square})
    mouth_height = -eyes.lower + (bottom + eyes.lower) * _uniform(rng, 0.4, 0.65)
    tip = -0.4 * eyes.lower + (mouth_height + 0.4 * eyes.lower) * _uniform(rng, 0.35, 0.6)
    size = _uniform(rng, 0.08, 0.26)
    brows = _brows(rng, eyes, shown=0.75, heavy=1.5)
    touching = {"height": eyes.upper + 0.5 * brows.thickness, "square": True}
    if _chance(rng, 0.5):  # bars right on top of the eyes
        brows = BrowDesign(**{**vars(brows), **touching, "swing": 0.1})
    mouth = sample_mouth(rng, min(_uniform(rng, 0.15, 0.6), 0.5 * width), mouth_height - bottom)
    drawn = {"drawn": _chance(rng, 0.72), "power": _uniform(rng, 2.0, 6.0)}
    return Plan(
        skull=skull,
        eyes=eyes,
        mouth=MouthDesign(**{**vars(mouth), **drawn}),
        mouth_height=mouth_height,
        nose=NoseDesign(
            kind=str(rng.choice(("none", "wedge", "ball", "dots"), p=(0.35, 0.35, 0.2, 0.1))),
            top=0.0,
            tip=tip,
            half_width=size,
            length=size * _uniform(rng, 0.6, 2.0),
            drop=min(0.6 * size, 0.5 * (tip - mouth_height)),
            coloured=_chance(rng, 0.2),
        ),
        brows=brows,
        ears=_ears(rng, 0.25 * width, ("none", "human", "elf", "round")),
        hairline=eyes.upper + (top - eyes.upper) * _uniform(rng, 0.4, 0.8),
        neck=0.0 if _chance(rng, 0.3) else _uniform(rng, 0.3, 0.7) * width,
        faceted=True,
    )


def animal(rng: Rng) -> Plan:
    """Heads with a muzzle: dogs, cats, bears, horses, camels, lions, mice."""
    long_faced = _chance(rng, 0.3)
    width = _uniform(rng, 0.75, 1.0) if long_faced else _uniform(rng, 0.95, 2.0)
    top = width * _uniform(rng, 0.7, 1.2) + 0.1
    reach = _uniform(rng, 0.8, 2.2) if long_faced else _uniform(rng, 0.1, 0.9)
    fall = _uniform(rng, 0.9, 1.9) if long_faced else _uniform(rng, 0.5, 0.95) * width
    bottom = -fall * (0.8 if long_faced else 1.0) - 0.35
    skull = _skull(rng, width, top, bottom, spread=0.08)
    eyes = _eyes(rng)
    wide = width * (_uniform(rng, 0.4, 0.65) if long_faced else _uniform(rng, 0.4, 0.8))
    middle = -0.25 - 0.55 * fall
    face = skull.depth + skull.front
    tall = max(0.42 * fall, 0.3) * _uniform(rng, 0.8, 1.1)
    role = Role.MUZZLE if _chance(rng, 0.6) else Role.SKIN
    square = _uniform(rng, 0.7, 1.0)
    muzzle = Bulge((0, middle, face - 0.35), (wide, tall, 0.35 + reach), role, square)
    bulges = [muzzle]
    if _chance(rng, 0.4) and not long_faced:  # two cushions, as cats and lions have
        size = 0.62 * wide
        bulges += [
            Bulge(
                (s * 0.5 * size, middle + 0.1, face + 0.6 * reach), (size, 0.7 * size, size), role
            )
            for s in (1.0, -1.0)
        ]
    mouth_height = middle - tall * _uniform(rng, 0.1, 0.45)
    tip = middle + tall * _uniform(rng, 0.35, 0.75)
    size = wide * _uniform(rng, 0.2, 0.5)
    return Plan(
        skull=skull,
        eyes=eyes,
        mouth=sample_mouth(rng, wide * _uniform(rng, 0.4, 0.85), 0.6 * (mouth_height - bottom)),
        mouth_height=mouth_height,
        nose=NoseDesign(
            kind=str(rng.choice(("leather", "leather", "dots", "ball"))),
            top=-0.02,
            tip=tip,
            half_width=size,
            length=size * _uniform(rng, 0.5, 1.0),
            drop=min(0.75 * size, 0.6 * (tip - mouth_height)),
            coloured=_chance(rng, 0.9),
        ),
        brows=_brows(rng, eyes, shown=0.35),
        ears=_ears(
            rng, 0.38 * width, ("round", "pointed", "floppy", "long", "pointed", "none"), 0.4
        ),
        hairline=eyes.upper + (top - eyes.upper) * _uniform(rng, 0.5, 0.8),
        bulges=bulges,
        eye_turn=_uniform(rng, 15, 60) if long_faced else _uniform(rng, 0, 18),
        neck=_uniform(rng, 0.35, 0.7) * width,
        faceted=_chance(rng, 0.15),
    )


def creature(rng: Rng) -> Plan:
    """Monsters and aliens: any width, wide mouths, odd eyes and brow ridges."""
    width = float(np.exp(rng.uniform(np.log(0.8), np.log(3.0))))
    top = width * _uniform(rng, 0.4, 1.8) + 0.15
    bottom = -width * _uniform(rng, 0.6, 1.5) - 0.35
    skull = _skull(rng, width, top, bottom, spread=0.2)
    eyes = ball_eyes(rng, least=0.12) if _chance(rng, 0.75) else dot_eyes(rng, 0.4)
    mouth_height = -eyes.lower + (bottom + eyes.lower) * _uniform(rng, 0.3, 0.65)
    tip = -0.5 * eyes.lower + (mouth_height + 0.5 * eyes.lower) * _uniform(rng, 0.3, 0.6)
    half = _uniform(rng, 0.2, 0.85) * width
    mouth = sample_mouth(rng, half, mouth_height - bottom)
    size = _uniform(rng, 0.06, 0.35)
    ridge = []
    if _chance(rng, 0.3):
        place = (0, eyes.upper + 0.12, skull.depth + 0.93 * skull.front)
        ridge = [Bulge(place, (0.95, 0.14, 0.25))]
    if _chance(rng, 0.25):
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
            length=size * _uniform(rng, 0.4, 2.5),
            drop=min(0.8 * size, 0.6 * (tip - mouth_height)),
            coloured=_chance(rng, 0.15),
        ),
        brows=_brows(rng, eyes, shown=0.4),
        ears=_ears(rng, 0.35 * width, ("none", "elf", "round", "pointed", "floppy", "human")),
        hairline=eyes.upper + (top - eyes.upper) * _uniform(rng, 0.5, 0.8),
        bulges=ridge,
        neck=0.0 if _chance(rng, 0.4) else _uniform(rng, 0.3, 0.8) * width,
        faceted=_chance(rng, 0.15),
    )


PLANS: dict[str, Callable[[Rng], Plan]] = {
    "toon": toon,
    "anime": anime,
    "blocky": blocky,
    "animal": animal,
    "creature": creature,
}
