# SPDX-License-Identifier: GPL-3.0-or-later
"""A mouth that is drawn on to skin without a slit, as a line or as lips, opens with the jaw: its
lower half is drawn down in the middle, as a cartoon's mouth is drawn. Head frame, IOD.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from .front_depth import front_depths
from .head import Head, Role, once_per_head
from .loose_parts import pieces_of
from .skin_patch import smoothstep
from .surface import touching
from .topology import edge_graph, triangles_within

Floats = NDArray[np.float64]

OPENING: Final = 0.8  # of the way that the chin goes down further than the mouth
# Of the opening do the corners go down and inwards: a mouth that opens below them alone laughs.
CORNERS_DOWN: Final = 0.45
CORNERS_IN: Final = 0.25
# What belongs to the mouth: its middle lies so near to that of the lip line, up and down in IOD and
# sideways in the mouth's widths; it is so wide, and so high for its width; and it is no moustache,
# which hangs from the nose: so much of the way from the nose to its middle is free above it.
BESIDE: Final = 0.12
BESIDE_WIDTH: Final = 0.15
WIDTHS: Final = (0.4, 1.6)
HEIGHT: Final = 0.6
FREE: Final = 0.5
COLUMNS: Final = 12  # in which the middle between upper and lower edge is looked up
EDGE: Final = 0.2  # of its height about which upper and lower half part
CORNERS: Final = 0.85  # of the way from the middle; further out both lips may be one
# Places within a triangle at which skin may come through, in barycentric coordinates.
INSIDE: Final = np.array(
    [[1, 1, 1], [4, 1, 1], [1, 4, 1], [1, 1, 4], [1, 1, 0], [1, 0, 1], [0, 1, 1]]
) / np.array([[3], [6], [6], [6], [2], [2], [2]])
LAYER: Final = 0.01  # IOD before the skin
MOST_LIFT: Final = 0.15  # IOD
LEAST_ARCH: Final = 0.2  # next to the corners, where nothing opens, nothing is lifted for
AROUND: Final = 0.8  # IOD; how far skin is looked for that the mouth comes to lie on
MOST_RISE: Final = 0.4  # IOD


@dataclass(frozen=True)
class DrawnLips:
    """``piece`` (P,) vertices of a drawn mouth, ``triangles`` (M, 3) into them; ``across`` (P,) -1
    to 1 from corner to corner, and ``lower`` (P,) 1 on its lower half, 0 on the upper one.
    """

    head: Head
    piece: NDArray[np.int64]
    triangles: NDArray[np.int64]
    across: Floats
    lower: Floats

    @classmethod
    def of(cls, head: Head, piece: NDArray[np.int64]) -> DrawnLips | None:
        """The piece as a drawn mouth on skin without a slit; None where it is something else."""
        right, left = (head.point(f"mouth_corner_{side}") for side in "RL")
        width, points = float(left[0] - right[0]), head.vertices[piece]
        low, high = points.min(axis=0), points.max(axis=0)
        size, middle = high - low, (low + high) / 2
        line = (head.point("lip_upper_inner") + head.point("lip_lower_inner")) / 2
        beside = np.abs(middle - line)[:2]
        nose = float(head.point("nose_base")[1])
        if (
            not WIDTHS[0] * width < size[0] < WIDTHS[1] * width
            or size[1] > HEIGHT * size[0]
            or beside[1] > BESIDE
            or beside[0] > BESIDE_WIDTH * width
            or nose - high[1] < FREE * (nose - middle[1])
        ):
            return None
        across = (points[:, 0] - middle[0]) / max(size[0] / 2, 1e-9)
        triangles = triangles_within(piece, head.triangles, len(head.vertices))
        return cls(head, piece, triangles, across, _lower(points, triangles, across))

    @cached_property
    def arch(self) -> Floats:
        """(P,) 1 at the mouth's middle and 0 at its corners."""
        return np.clip(1.0 - self.across**2, 0.0, 1.0)

    def open(self, opening: float, before: NDArray[np.int64], result: Floats) -> None:
        """Open the piece by so many IOD, in ``result`` (N, 3), which has the motion of the skin and
        of the drawings (M, 3) that lie ``before`` it already.
        """
        moved = self.head.vertices + result
        down = self.arch * self.lower + (1.0 - self.arch) * CORNERS_DOWN
        result[self.piece, 1] -= opening * down
        result[self.piece, 0] -= opening * CORNERS_IN * self.across
        # As high over the skin that it comes to lie on as over that where it lay.
        points, skin = self.head.vertices[self.piece], self.skin
        rise = front_depths(moved, skin, points + result[self.piece])
        rise -= front_depths(self.head.vertices, skin, points)
        known = np.isfinite(rise) & (np.abs(rise) < MOST_RISE)
        result[self.piece[known], 2] = rise[known]
        over = np.concatenate([skin, before])
        result[self.piece, 2] += self._lift(moved, over, points + result[self.piece]) * self.arch

    def _lift(self, moved: Floats, over: NDArray[np.int64], points: Floats) -> float:
        """How far forward the middle of a drawing at ``points`` (P, 3) must come, so that nothing
        of what it lies ``over`` (M, 3), of the ``moved`` vertices (N, 3), bulges through between
        its edges.
        """
        inside = np.einsum("sc,mcx->msx", INSIDE, points[self.triangles]).reshape(-1, 3)
        arch = (self.arch[self.triangles] @ INSIDE.T).ravel()
        through = front_depths(moved, over, inside) + LAYER - inside[:, 2]
        known = np.isfinite(through) & (arch > LEAST_ARCH)
        needed = through[known] / arch[known]
        return float(np.clip(needed.max(initial=0.0), 0.0, MOST_LIFT))

    @cached_property
    def skin(self) -> NDArray[np.int64]:
        """(M, 3) skin around the mouth."""
        points = self.head.vertices[self.piece]
        low, high = points.min(axis=0) - AROUND, points.max(axis=0) + AROUND
        skin = self.head.triangles_of(Role.SKIN)
        return skin[touching(self.head.vertices, skin, low, high)]


@once_per_head
def drawn_mouth(head: Head) -> list[DrawnLips]:
    """The pieces that are a drawn mouth, the highest first: a line lies on lips."""
    if head.seam is not None or head.covered:
        return []
    pieces = pieces_of(head, Role.ATTACHED)
    found = [lips for lips in (DrawnLips.of(head, piece) for piece in pieces) if lips is not None]
    return sorted(found, key=lambda lips: -float(np.ptp(head.vertices[lips.piece, 1])))


def open_mouth(mouth: Sequence[DrawnLips], displacement: Floats, result: Floats) -> None:
    """Open a drawn mouth in ``result`` (N, 3), which has the skin's motion, as far as its
    ``displacement`` in jawOpen draws down the chin below.
    """
    if not mouth:
        return
    head = mouth[0].head
    skin = np.flatnonzero(head.role == Role.SKIN)
    places = np.stack([head.vertices[mouth[0].piece].mean(axis=0), head.point("chin")])
    line, chin = displacement[skin[cKDTree(head.vertices[skin]).query(places)[1]], 1]
    opening = OPENING * max(float(line - chin), 0.0)
    before = np.zeros((0, 3), np.int64)
    for lips in mouth:
        lips.open(opening, before, result)
        before = np.concatenate([before, lips.piece[lips.triangles]])


def _lower(points: Floats, triangles: NDArray[np.int64], across: Floats) -> Floats:
    """(P,) 1 on the lower half of a drawing, 0 on the upper one. Two lips that hang together at
    the corners alone are told apart as they are, whatever divides a line by its height.
    ``across`` (P,): -1 to 1 from corner to corner.
    """
    x, y = points[:, 0], points[:, 1]
    column = np.digitize(x, np.linspace(x.min(), x.max(), COLUMNS + 1)[1:-1])
    used = np.unique(column)
    at, middle, height = np.array(
        [
            (x[own].mean(), (y[own].min() + y[own].max()) / 2, np.ptp(y[own]))
            for own in (column == number for number in used)
        ]
    ).T
    below = (np.interp(x, at, middle) - y) / max(float(np.median(height)), 1e-9)
    lower = smoothstep(0.5 + below / EDGE)
    inner = np.abs(across) < CORNERS
    graph = edge_graph(points, triangles[inner[triangles].all(axis=1)])
    labels = connected_components(graph, directed=False)[1]
    lips = [
        own
        for own in (np.flatnonzero(inner & (labels == label)) for label in np.unique(labels[inner]))
        if np.ptp(across[own]) > CORNERS
    ]
    if len(lips) > 1:
        for own in lips:
            lower[own] = float(below[own].mean() > 0.0)
    return lower
