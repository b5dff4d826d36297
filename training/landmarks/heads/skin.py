# SPDX-License-Identifier: GPL-3.0-or-later
"""The landmarks that lie on bare skin: contour, hairline, forehead, cheeks, skull.

Every family places them by the same rules, from a few measures of the face and by rays against
its own surface, so that they mean the same on a human, a ball and a box.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import points as scheme
from .assembly import Assembly, Surface
from .shapes import Floats


@dataclass(frozen=True)
class FaceMeasures:
    """Heights (y) and half widths (x) of a face in IOD.

    ``chin``: height of the chin's underside; ``mouth``, ``mouth_half``: the mouth's middle and half
    width; ``lip_bottom``: lower edge of the lower lip; ``nose_base``, ``nose_half``; ``brow``:
    height of the brows; ``eye_half``: half width of an eye; ``hairline``: height of the hairline
    at the middle; ``crown``: height of the top; ``width``: half width of the face at the cheeks;
    ``depth``: z of the ears, about which contour and hairline fan out.
    """

    chin: float
    mouth: float
    mouth_half: float
    lip_bottom: float
    nose_base: float
    nose_half: float
    brow: float
    eye_half: float
    hairline: float
    crown: float
    width: float
    depth: float


def mark_skin(assembly: Assembly, face: Surface, skull: Surface, measures: FaceMeasures) -> None:
    """Set the points on the skin. ``face`` is everything solid, ``skull`` the skull alone."""
    _contour(assembly, skull, measures)
    _hairline(assembly, skull, measures)
    _middle(assembly, face, measures)
    for side, sign in (("L", 1.0), ("R", -1.0)):
        _cheek(assembly, face, measures, side, sign)
    centre = np.array([0.0, (measures.crown + measures.chin) / 2, measures.depth])
    top, left, right = skull.outward(centre, np.array([[0, 1, 0], [1, 0.75, 0], [-1, 0.75, 0]]))
    assembly.mark({"skull_top": top, "skull_L": left, "skull_R": right})
    temple = measures.brow + 0.1 * (measures.hairline - measures.brow)
    for side, sign in (("L", 1.0), ("R", -1.0)):
        place = np.array([sign * 1.6, temple - centre[1], 0.9])
        assembly.mark({f"temple_{side}": skull.outward(centre, place)[0]})


def contour_directions(measures: FaceMeasures) -> tuple[Floats, Floats]:
    """Centre (3,) and directions (CONTOUR, 3) of the rays that find the face's contour."""
    centre = np.array([0.0, 0.3 * measures.chin, measures.depth])
    swing = np.linspace(-1.0, 1.0, scheme.CONTOUR)
    angle = swing * np.radians(98)
    forward = np.radians(38) * (1 - np.abs(swing) ** 1.5)
    x, y, z = np.sin(angle) * np.cos(forward), -np.cos(angle) * np.cos(forward), np.sin(forward)
    # In the proportions of the face: a wide one spreads the rays.
    stretch = np.array([measures.width, centre[1] - measures.chin, -measures.depth])
    return centre, np.stack([x, y, z], axis=1) * np.maximum(stretch, 0.2)


def hairline_directions(measures: FaceMeasures) -> tuple[Floats, Floats]:
    """Centre (3,) and directions (HAIRLINE, 3) of the rays that find the hairline."""
    centre = np.array([0.0, 0.0, measures.depth])
    swing = np.linspace(-1.0, 1.0, scheme.HAIRLINE)
    angle = swing * np.radians(80)
    forward = np.radians(42) * (1 - np.abs(swing) ** 2.5)
    x, y, z = np.sin(angle) * np.cos(forward), np.cos(angle) * np.cos(forward), np.sin(forward)
    stretch = np.array([measures.width, measures.hairline, -measures.depth])
    return centre, np.stack([x, y, z], axis=1) * np.maximum(stretch, 0.2)


def _contour(assembly: Assembly, skull: Surface, measures: FaceMeasures) -> None:
    assembly.mark_row("contour", skull.outward(*contour_directions(measures)))


def _hairline(assembly: Assembly, skull: Surface, measures: FaceMeasures) -> None:
    assembly.mark_row("hairline", skull.outward(*hairline_directions(measures)))


def middle_drawing(measures: FaceMeasures) -> Floats:
    """(12, 2) front places of forehead 0..8, glabella, fold and chin."""
    room = measures.hairline - measures.brow
    rows = measures.brow + room * np.array([0.3, 0.55, 0.8])
    columns = np.array([-0.55, 0.0, 0.55]) * min(measures.width, 1.1)
    forehead = [(x, y) for y in rows for x in columns]
    below = measures.lip_bottom - measures.chin
    return np.array(
        [
            *forehead,
            (0.0, 0.6 * measures.brow),
            (0.0, measures.lip_bottom - 0.2 * below),
            (0.0, measures.lip_bottom - 0.45 * below),
        ]
    )


def _middle(assembly: Assembly, face: Surface, measures: FaceMeasures) -> None:
    placed = face.lay(middle_drawing(measures))
    assembly.mark_row("forehead", placed[:9])
    assembly.mark({"glabella": placed[9], "fold": placed[10], "chin": placed[11]})


def cheek_drawing(measures: FaceMeasures) -> Floats:
    """(13, 2) front places of a left cheek's 9 points and its 4 nasolabial ones."""
    inner = measures.nose_half + 0.25 * (measures.width - measures.nose_half)
    outer = 0.82 * measures.width
    top = 0.45 * measures.nose_base
    low = 0.6 * measures.mouth + 0.4 * measures.chin
    cheek = [
        (inner + (outer * (1 - 0.12 * row) - inner) * column / 2, top + (low - top) * row / 2)
        for row in range(3)
        for column in range(3)
    ]
    share = np.linspace(0.0, 1.0, 4)
    fold = np.stack(
        [
            measures.nose_half * 1.25
            + (measures.mouth_half * 1.25 - measures.nose_half * 1.25) * share,
            measures.nose_base + (measures.mouth - measures.nose_base) * share,
        ],
        axis=1,
    )
    return np.concatenate([cheek, fold])


def _cheek(
    assembly: Assembly, face: Surface, measures: FaceMeasures, side: str, sign: float
) -> None:
    placed = face.lay(cheek_drawing(measures) * [sign, 1.0])
    assembly.mark_row(f"cheek_{side}", placed[:9])
    assembly.mark_row(f"nasolabial_{side}", placed[9:])
