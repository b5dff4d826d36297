# SPDX-License-Identifier: GPL-3.0-or-later
"""Random parts of plans of built heads.

Lengths in IOD; the eyes' centres lie at x = +-0.5, y = 0.
"""

from __future__ import annotations

import numpy as np

from ..scene import Role
from .brows import BrowDesign
from .ears import EarDesign
from .eyes import EyeDesign
from .loft import Loft
from .mouths import MouthDesign
from .shapes import Floats

Rng = np.random.Generator


def uniform(rng: Rng, low: float, high: float) -> float:
    """A number between two limits."""
    return float(rng.uniform(low, high))


def chance(rng: Rng, share: float) -> bool:
    """True in this share of cases."""
    return bool(rng.random() < share)


def wobble(rng: Rng, spread: float) -> Floats:
    """(6,) factors about 1 at the skull's stations."""
    return np.exp(np.clip(rng.normal(0, spread, 6), -2 * spread, 2 * spread))


def sample_skull(
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
    front = width * uniform(rng, 0.8, 1.1) if depth is None else depth
    back = width * uniform(rng, 0.85, 1.15)
    return Loft(
        top=top,
        bottom=bottom,
        width=width,
        front=front,
        back=back,
        depth=-front * 0.92,
        roundness=uniform(rng, *roundness),
        section=uniform(rng, *section),
        widths=wobble(rng, spread),
        fronts=wobble(rng, 0.5 * spread),
    )


def sample_brows(
    rng: Rng, eyes: EyeDesign, *, shown: float = 0.8, heavy: float = 1.0
) -> BrowDesign:
    """Brows over eyes; ``shown``: share that has any; ``heavy``: scale of their thickness."""
    above = eyes.upper + uniform(rng, -0.02, 0.22)
    wide = max(eyes.half_width, 0.2)
    square = chance(rng, 0.25)
    return BrowDesign(
        inner=-wide * uniform(rng, 0.6, 1.15),
        outer=wide * uniform(rng, 0.8, 1.4),
        height=above + 0.04,
        arch=uniform(rng, -0.02, 0.14),
        tilt=float(rng.normal(0, 0.07)),
        thickness=uniform(rng, 0.03, 0.16) * heavy,
        taper=uniform(rng, 0.15, 1.0),
        relief=0.0 if chance(rng, 0.35) else uniform(rng, 0.02, 0.09),
        square=square,
        swing=uniform(rng, 0.13, 0.34),
        shown=chance(rng, shown),
    )


def dot_eyes(rng: Rng, high: float = 0.26) -> EyeDesign:
    """Buttons, beads and drawn dots."""
    half = uniform(rng, 0.05, high)
    tall = half * uniform(rng, 0.8, 1.9)
    return EyeDesign(
        half_width=half,
        upper=tall,
        lower=tall,
        power=float(rng.choice((2.0, 2.0, 4.0))),
        iris=0.0,
        glints=int(rng.integers(0, 2)),
        ball=chance(rng, 0.5),
        sink=uniform(rng, 0.3, 0.9),
        lids=False,
        lash=uniform(rng, 0.02, 0.04),
        fill=Role.PUPIL,
    )


def ball_eyes(rng: Rng, *, least: float = 0.18) -> EyeDesign:
    """Balls, or their drawings, with white, iris and pupil."""
    half = uniform(rng, least, 0.5)
    tall = half * uniform(rng, 0.75, 1.5)
    iris = half * uniform(rng, 0.25, 0.8) if chance(rng, 0.92) else 0.0
    lids = chance(rng, 0.7)
    return EyeDesign(
        half_width=half * (0.9 if lids else 1.0),
        upper=tall,
        lower=tall * uniform(rng, 0.8, 1.0),
        tilt=float(rng.normal(0, 0.04)),
        power=2.0 if not lids else uniform(rng, 1.7, 2.4),
        lean=float(rng.normal(0, 0.25)) if lids else 0.0,
        iris=iris,
        iris_height=uniform(rng, 0.9, 1.3),
        pupil=1.0 if chance(rng, 0.2) else uniform(rng, 0.3, 0.75),
        slit=1.0 if chance(rng, 0.85) else uniform(rng, 0.2, 0.6),
        glints=int(rng.integers(0, 3)),
        ball=chance(rng, 0.75),
        sink=uniform(rng, 0.25, 0.9),
        lids=lids,
        rest=1.0 if chance(rng, 0.6) else uniform(rng, 0.5, 1.0),
        lash=0.0 if chance(rng, 0.6) else uniform(rng, 0.015, 0.07),
        wing=0.0 if chance(rng, 0.7) else uniform(rng, 0.02, 0.12),
    )


def sample_eyes(rng: Rng) -> EyeDesign:
    """Dots or whites with irises."""
    return dot_eyes(rng) if chance(rng, 0.27) else ball_eyes(rng)


def sample_mouth(rng: Rng, half: float, room: float) -> MouthDesign:
    """A mouth of about ``half`` the width with ``room`` below it."""
    lips = chance(rng, 0.45)
    return MouthDesign(
        half_width=half,
        opens=uniform(rng, 0.5, 1.0) * max(room, 0.3),
        curl=float(rng.normal(0.02, 0.08)) * min(half / 0.4, 1.5),
        upper=uniform(rng, 0.04, 0.14) if lips else 0.035,
        lower=uniform(rng, 0.05, 0.17) if lips else 0.04,
        relief=uniform(rng, 0.0, 0.07) if lips else 0.008,
        bow=uniform(rng, 0.0, 0.5) if lips else 0.0,
        line=uniform(rng, 0.012, 0.05),
        outline=0.0 if chance(rng, 0.5) else uniform(rng, 0.012, 0.04),
        teeth=0.0 if chance(rng, 0.3) else uniform(rng, 0.05, 0.2),
        lower_teeth=0.0 if chance(rng, 0.7) else uniform(rng, 0.04, 0.12),
        tongue=chance(rng, 0.7),
        lip_role=Role.LIPS if lips else Role.SKIN,
        power=uniform(rng, 1.5, 3.5),
        drawn=chance(rng, 0.96),
    )


def sample_ears(rng: Rng, size: float, kinds: tuple[str, ...], high: float = 0.0) -> EarDesign:
    """Ears of one of ``kinds``; ``high``: how far up the sides."""
    kind = str(rng.choice(kinds))
    on_top = kind in {"round", "pointed", "long"}
    up = uniform(rng, 0.5, 1.6) if on_top else high + uniform(rng, -0.3, 0.2)
    if kind == "floppy":
        up = uniform(rng, 0.3, 0.9)
    scale = {"long": 2.2, "pointed": 1.2, "floppy": 1.5}.get(kind, 1.0)
    return EarDesign(
        kind=kind,
        direction=(1.0, up, uniform(rng, -0.25, 0.1)),
        size=size * scale * uniform(rng, 0.7, 1.4),
        wide=uniform(rng, 0.45, 0.75) if not on_top else uniform(rng, 0.4, 1.0),
        lean=uniform(rng, -10, 25) if not on_top else uniform(rng, 0, 45),
        flare=uniform(rng, 0.35, 1.0),
        thick=uniform(rng, 0.05, 0.14),
        gap=0.0 if chance(rng, 0.92) else uniform(rng, 0.05, 0.5),
    )
