# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures of the connected pieces of a head, by which parts.py tells what each of them is.

All coordinates are in the head frame.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .raycast import RayScene

GRID: Final[int] = 110


def front_hits(
    scene: RayScene, triangles: NDArray[np.int64], piece_of: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Pieces seen from the front on a GRID x GRID raster over the face.

    Returns x (GRID,), y (GRID,) and piece (GRID, GRID) with -1 where nothing is hit.
    """
    x = np.linspace(-1.1, 1.1, GRID)
    y = np.linspace(0.9, -2.0, GRID)
    grid_x, grid_y = np.meshgrid(x, y)
    origins = np.stack([grid_x.ravel(), grid_y.ravel(), np.full(grid_x.size, 8.0)], axis=1)
    hits = scene.cast(origins, np.array([0.0, 0.0, -1.0]))
    found = hits.triangle >= 0
    piece = np.full(len(origins), -1)
    piece[found] = piece_of[triangles[hits.triangle[found], 0]]
    return x, y, piece.reshape(GRID, GRID)


def bends_over(points: NDArray[np.float64]) -> bool:
    """Whether a piece of points (P, 3) is an arch that is wider than high: its middle is empty
    below, and its ends reach down.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = (high - low)[:2]
    from_middle = np.abs(points[:, 0] - (low + high)[0] / 2) / max(width, 1e-9)
    lower = points[:, 1] < low[1] + 0.4 * height
    has_ends = bool((lower & (from_middle > 0.3)).any())
    return bool(width > height) and has_ends and not (lower & (from_middle < 0.2)).any()


class Pieces:
    """Measures of every connected piece."""

    def __init__(
        self,
        vertices: NDArray[np.float64],
        component: NDArray[np.int64],
        exposure: NDArray[np.float64],
        hints: list[str],
        seen: NDArray[np.int64],
        x: NDArray[np.float64],
        y: NDArray[np.float64],
    ) -> None:
        self.count = int(component.max()) + 1
        self.vertices, self.component = vertices, component
        self.hints = hints
        self.size = np.bincount(component, minlength=self.count)
        self.low = np.full((self.count, 3), np.inf)
        self.high = np.full((self.count, 3), -np.inf)
        np.minimum.at(self.low, component, vertices)
        np.maximum.at(self.high, component, vertices)
        self.centre = (self.low + self.high) / 2
        self.extent = self.high - self.low
        self.hidden = np.bincount(component, exposure < 0.04, minlength=self.count) / np.maximum(
            self.size, 1
        )
        self.pixels = np.bincount(seen[seen >= 0], minlength=self.count)
        self.seen = seen
        self.x, self.y = x, y

    def is_arch(self, piece: int) -> bool:
        """Whether few vertices lie in the back half of the piece's middle (a row of teeth)."""
        points = self.vertices[self.component == piece]
        middle = np.abs(points[:, 0] - self.centre[piece][0]) < 0.2 * self.extent[piece][0]
        back = points[:, 2] < self.centre[piece][2]
        return bool((middle & back).sum() < 0.06 * len(points))

    def widest_in(self, mouth: NDArray[np.float64]) -> float:
        """Width of the widest hidden piece around the mouth."""
        around = (self.low[:, :2] < mouth[:2] + 0.3).all(axis=1)
        around &= (self.high[:, :2] > mouth[:2] - 0.3).all(axis=1)
        around &= (self.hidden > 0.8) & (self.extent.max(axis=1) < 1.8) & (self.size > 3)
        return float(self.extent[around, 0].max(initial=0.0))

    def bends_over(self, piece: int) -> bool:
        """Whether the piece is an arch over something, as the line of an upper lid."""
        return bends_over(self.vertices[self.component == piece])

    def from_middle(self, piece: int) -> float:
        """How far what is seen of a piece lies from its middle, in the median, as a share of its
        half extents: 1 is its edge.
        """
        row, column = np.nonzero(self.seen == piece)
        place = np.stack([self.x[column], self.y[row]], axis=1) - self.centre[piece][:2]
        half = np.maximum(self.extent[piece][:2] / 2, 1e-9)
        return float(np.median(np.linalg.norm(place / half, axis=1))) if len(place) else np.inf

    def pixels_within(self, centre: NDArray[np.float64], radius: float) -> NDArray[np.int64]:
        """Pixels of each piece in a disc of the front view."""
        grid_x, grid_y = np.meshgrid(self.x, self.y)
        near = (grid_x - centre[0]) ** 2 + (grid_y - centre[1]) ** 2 < radius**2
        inside = self.seen[near]
        return np.bincount(inside[inside >= 0], minlength=self.count)
