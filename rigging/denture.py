# SPDX-License-Identifier: GPL-3.0-or-later
"""A row of modelled teeth with its gum, in the place and of the size of a plain one.

The template's rows are smooth strips, which look like a mouth guard once a mouth is open. Here each
of the fourteen teeth of a row (wisdom teeth left out) gets the width that teeth have on average,
its edge or cusps, and the notch to the next one; gum and teeth are one closed surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

Floats = NDArray[np.float64]

# Widths along the row in millimetres from the midline backwards: two incisors, canine, two
# premolars, two molars; rounded averages of Nelson and Ash, Wheeler's Dental Anatomy, Physiology
# and Occlusion. Only how they relate matters here.
WIDTHS: Final = {
    "upper": (8.5, 6.5, 7.5, 7.0, 7.0, 10.0, 9.0),
    "lower": (5.0, 5.5, 7.0, 7.0, 7.0, 11.0, 10.5),
}
# Of the same teeth: how far the crown's tip falls short of the row's edge, in shares of the crown;
# thickness from cheek to tongue, and width of the biting edge, in shares of the largest thickness.
_SHORT: Final = (0.0, 0.06, -0.04, 0.05, 0.08, 0.10, 0.12)
_THICK: Final = (0.62, 0.60, 0.74, 0.84, 0.88, 1.0, 1.0)
_EDGE: Final = (0.20, 0.20, 0.26, 0.55, 0.58, 0.72, 0.72)
# Of an edge's middle: how much higher it is than its ends (a canine's tip) or its trough is deep (a
# molar's fossa), in shares of the crown.
_TIP: Final = (0.02, 0.03, 0.16, 0.10, 0.08, 0.05, 0.05)
_TROUGH: Final = (0.0, 0.0, 0.0, 0.10, 0.11, 0.12, 0.12)
CROWN: Final = 0.66  # of the row's height; the rest is gum
LARGEST_THICKNESS: Final = 0.2  # of the row's half width
PAPILLA: Final = 0.2  # of the crown: how far the gum reaches down between two teeth
NOTCH: Final = 0.24  # of a tooth's thickness, between two teeth
CORNER: Final = 0.12  # of the crown, where an edge ends at that notch
# Columns of a tooth from one side to the other, and how deep in the notch each lies.
_COLUMNS: Final = np.array([0.0, 0.09, 0.3, 0.5, 0.7, 0.91])
_IN_NOTCH: Final = np.array([1.0, 0.3, 0.04, 0.0, 0.04, 0.3])


@dataclass(frozen=True)
class TeethRow:
    """``vertices`` (N, 3); ``faces`` (F, 4) turned outwards; ``gum`` (F,) whether one is gum."""

    vertices: Floats
    faces: NDArray[np.int64]
    gum: NDArray[np.bool_]


def model_row(points: Floats, *, upper: bool) -> TeethRow:
    """Teeth and gum in place of a row of any modelling.

    ``points`` (N, 3): the vertices of the row that is there, which is as good as symmetric; X to
    the character's left about the midline, Y up, Z front; any unit.
    """
    arch = _Arch(points, upper=upper)
    tooth, along = _columns(WIDTHS["upper" if upper else "lower"])
    rings = np.stack([_ring(int(abs(t)) - 1, a) for t, a in zip(tooth, along, strict=True)])
    where = np.sign(tooth) * _place(tooth, along, WIDTHS["upper" if upper else "lower"])
    vertices = arch.at(where, rings)
    faces, gum = _faces(len(where), rings.shape[1])
    return TeethRow(vertices, faces if upper else faces[:, ::-1], gum)


def _columns(widths: tuple[float, ...]) -> tuple[NDArray[np.int64], Floats]:
    """Every column of a row from the right end to the left: its tooth, counted from 1 at the
    midline and negative on the right, and how far it is along that tooth, away from the midline.
    """
    half = [(n + 1, a) for n in range(len(widths)) for a in _COLUMNS] + [(len(widths), 1.0)]
    row = [(-tooth, along) for tooth, along in half[:0:-1]] + half
    return np.array([tooth for tooth, _ in row]), np.array([along for _, along in row])


def _place(tooth: NDArray[np.int64], along: Floats, widths: tuple[float, ...]) -> Floats:
    """Share of the way from the midline to the row's end of each column."""
    ends = np.concatenate([[0.0], np.cumsum(widths)])
    number = np.abs(tooth) - 1
    return (ends[number] + along * np.array(widths)[number]) / ends[-1]


ROUNDING: Final = 1e-9  # of a range: no place and no unit must decide what is larger by less
# A ring around the row at one column: gum at the cheek from the root down, enamel over the edge,
# gum at the tongue. Faces between two gum points, and the step from gum to enamel, are gum.
_GUM_POINTS: Final = (0, 1, 2, 10, 11)


def _ring(tooth: int, along: float) -> Floats:
    """(12, 2) of one column: outwards from the arch in largest thicknesses, and height from the
    root, 0, to the edge, 1.
    """
    notch = float(np.interp(along, [*_COLUMNS, 1.0], [*_IN_NOTCH, 1.0]))
    thick, edge = _THICK[tooth], _EDGE[tooth]
    margin = 1.0 - CROWN + PAPILLA * CROWN * notch
    crown = 1.0 - margin
    tip = CROWN * (_TIP[tooth] * (1.0 - abs(2.0 * along - 1.0)) - CORNER * notch)
    top = 1.0 - CROWN * (_SHORT[tooth] + _TIP[tooth]) + tip
    trough = top - CROWN * _TROUGH[tooth] * (1.0 - notch)
    inset = NOTCH * thick * notch
    outer, inner = -inset, -thick + inset
    middle = (outer + inner) / 2.0
    # A molar bites with its whole top, an incisor with an edge near its front.
    width = edge * (outer - inner) / thick
    front = middle + width / 2.0 if edge > 0.5 else outer - 0.16 * thick
    back = front - width
    return np.array(
        [
            [0.04, 0.0],
            [0.07, 0.55 * margin],
            [0.05, margin - 0.03],
            [outer - 0.04 * thick, margin],
            [outer + 0.03 * thick, margin + 0.35 * crown],
            [outer - 0.02 * thick, margin + 0.75 * crown],
            [front, top],
            [(front + back) / 2.0, trough],
            [back, top],
            [inner + 0.08 * thick, margin + 0.4 * crown],
            [inner - 0.08, margin - 0.03],
            [inner - 0.1, 0.0],
        ]
    )


def _faces(columns: int, ring: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Quads of a closed tube of an upper row, its ends shut, and which are gum."""
    first, point = np.meshgrid(np.arange(columns - 1), np.arange(ring), indexing="ij")
    following = (point + 1) % ring
    a, b = first * ring + point, first * ring + following
    tube = np.stack([a, b, b + ring, a + ring], axis=2).reshape(-1, 4)
    is_gum = np.isin(np.arange(ring), _GUM_POINTS)
    side = is_gum | np.roll(is_gum, -1)
    gum = np.tile(side, columns - 1)
    # An end is a strip of quads across the ring, from the root to the edge.
    near = np.arange(ring // 2 - 1)
    far = ring - 1 - near
    cap = np.stack([near, far, far - 1, near + 1], axis=1)
    other = cap[:, ::-1] + (columns - 1) * ring
    at_gum = is_gum[cap].all(axis=1)
    return np.concatenate([tube, cap, other]), np.concatenate([gum, at_gum, at_gum])


class _Arch:
    """The outline of a row, seen from above, and its heights at root and edge: even functions of
    the angle around the middle of its ends.
    """

    def __init__(self, points: Floats, *, upper: bool) -> None:
        self._back = float(points[:, 2].min())
        plan = points[:, [0, 2]] - [0.0, self._back]
        outline = _between(plan[ConvexHull(plan).vertices])
        outline = outline[outline[:, 1] >= 0.0]
        self._radius = np.polyfit(_angle(outline) ** 2, np.linalg.norm(outline, axis=1), 3)
        angle = _angle(plan)
        sign = 1.0 if upper else -1.0
        self._root = _envelope(angle, sign * points[:, 1], sign)
        self._edge = _envelope(angle, -sign * points[:, 1], -sign)
        self._thickness = LARGEST_THICKNESS * float(np.ptp(points[:, 0])) / 2.0

    def at(self, where: Floats, rings: Floats) -> Floats:
        """(C * R, 3) points of rings (C, R, 2) at shares (C,) of the way to the row's ends."""
        fine = np.linspace(-np.pi / 2, np.pi / 2, 721)
        line = self._line(fine)
        length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        share = 2.0 * length / length[-1] - 1.0
        angle = np.interp(where, share, fine)
        base = self._line(angle)
        tangent = self._line(angle + 1e-3) - self._line(angle - 1e-3)
        outwards = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
        outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
        reach = rings[..., 0] - rings[..., 0].max()  # nothing outside of what was there
        plan = base[:, None] + self._thickness * reach[..., None] * outwards[:, None]
        root, edge = (np.polyval(curve, angle**2)[:, None] for curve in (self._root, self._edge))
        height = root + rings[..., 1] * (edge - root)
        return np.stack([plan[..., 0], height, plan[..., 1] + self._back], axis=2).reshape(-1, 3)

    def _line(self, angle: Floats) -> Floats:
        radius = np.polyval(self._radius, angle**2)
        return np.stack([np.sin(angle), np.cos(angle)], axis=1) * radius[:, None]


def _angle(plan: Floats) -> Floats:
    """Of (N, 2) points, from straight ahead, positive to the left."""
    return np.arctan2(plan[:, 0], plan[:, 1])


def _between(corners: Floats) -> Floats:
    """Points all along a closed polygon (N, 2)."""
    steps = np.linspace(0.0, 1.0, 12, endpoint=False)[:, None, None]
    return (corners + steps * (np.roll(corners, -1, axis=0) - corners)).reshape(-1, 2)


def _envelope(angle: Floats, values: Floats, sign: float) -> Floats:
    """The even curve along the largest ``values``, times ``sign``."""
    share = np.clip(np.abs(angle) / (np.pi / 2), 0.0, 1.0)
    group = np.minimum((share * 6 + ROUNDING).astype(int), 5)
    # Of equal ones the mean.
    tied = ROUNDING * max(float(np.ptp(values)), 1e-300)
    best = np.array(
        [
            [part.mean() for part in (angle[rows] ** 2, values[rows])]
            for g in np.unique(group)
            for rows in [np.flatnonzero((group == g) & (values >= values[group == g].max() - tied))]
        ]
    )
    return sign * np.polyfit(best[:, 0], best[:, 1], min(2, len(best) - 1))
