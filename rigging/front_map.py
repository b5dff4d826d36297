# SPDX-License-Identifier: GPL-3.0-or-later
"""A head seen straight from the front: how far each place stands out, and what can be told apart.

Works without any network: for heads on which no face was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .canonical_order import canonical_surface
from .data import FaceMesh
from .raycast import Hits, RayScene
from .topology import components
from .views import surface_colours

Floats = NDArray[np.float64]

PIXELS: Final = 192  # along the longer side
OTHER_COLOUR: Final = 0.2  # distance in sRGB from the colour of most of the head


@dataclass(frozen=True)
class Spot:
    """Something on the face with a colour or a piece of its own: its box in the front view."""

    low: Floats
    high: Floats

    @property
    def centre(self) -> Floats:
        return (self.low + self.high) / 2

    @property
    def size(self) -> Floats:
        return self.high - self.low


class FrontMap:
    """Parallel rays from the front. ``axes``: (3, 3), rows the character's left, up and front.

    Coordinates are along these axes, in world units: x to the left, y up, z to the front.
    ``x`` (columns,), ``y`` (rows,) from the top down; ``depth`` (rows, columns) z, NaN beside
    the head; ``pixel`` (2,) distances between columns and rows.
    """

    def __init__(self, face_mesh: FaceMesh, axes: Floats) -> None:
        self.axes = axes
        self._surface = canonical_surface(face_mesh)
        self.triangles = self._surface.triangles
        self.vertices = self._surface.vertices @ axes.T
        self._scene = RayScene(self.vertices, self._surface.triangles)
        low, high = self.vertices.min(axis=0), self.vertices.max(axis=0)
        self._front = float(high[2] + self._scene.extent)
        sizes = (high - low)[:2]
        columns, rows = np.maximum(1, np.rint(PIXELS * sizes / (sizes.max() or 1.0))).astype(int)
        self.x = low[0] + (np.arange(columns) + 0.5) * sizes[0] / columns
        self.y = high[1] - (np.arange(rows) + 0.5) * sizes[1] / rows
        self.pixel = sizes / (columns, rows)
        grid = np.stack(np.meshgrid(self.x, self.y), axis=-1)
        self._hits = self._scene.cast(self._origins(grid.reshape(-1, 2)), [0.0, 0.0, -1.0])
        self.depth = np.where(self._hits.found, self._front - self._hits.distance, np.nan).reshape(
            len(self.y), len(self.x)
        )

    def on_surface(self, places: Floats) -> Floats:
        """(P, 3) the surface behind ``places`` (P, 2); NaN where nothing is."""
        hits = self._scene.cast(self._origins(places), [0.0, 0.0, -1.0])
        return np.c_[places, np.where(hits.found, self._front - hits.distance, np.nan)]

    @cached_property
    def spots(self) -> list[Spot]:
        """Loose pieces, and patches of another colour than most of the head."""
        return [*self._spots_of(self._pieces), *self._spots_of(self._patches)]

    def _origins(self, places: Floats) -> Floats:
        return np.c_[places, np.full(len(places), self._front)]

    @property
    def _pieces(self) -> NDArray[np.int64]:
        """(rows, columns) number of the connected piece, from 1; 0 beside the head."""
        piece = components(self._surface.triangles, len(self.vertices))
        seen = piece[self._surface.triangles[self._hits.triangle, 0]] + 1
        return np.where(self._hits.found, seen, 0).reshape(self.depth.shape)

    @property
    def _patches(self) -> NDArray[np.int64]:
        """(rows, columns) number of the patch of another colour, from 1."""
        colours = np.zeros((len(self._hits.triangle), 3))
        found = self._hits.found
        if not found.any():
            return np.zeros(self.depth.shape, np.int64)
        seen = Hits(
            self._hits.triangle[found], self._hits.barycentric[found], self._hits.distance[found]
        )
        colours[found] = surface_colours(self._surface.appearance, seen)
        usual = np.median(colours[found], axis=0)
        other = found & (np.linalg.norm(colours - usual, axis=1) > OTHER_COLOUR)
        return ndimage.label(other.reshape(self.depth.shape))[0]

    def _spots_of(self, labels: NDArray[np.int64]) -> list[Spot]:
        """Boxes of all labels but 0."""
        half = self.pixel / 2
        return [
            Spot(
                np.array([self.x[columns.start], self.y[rows.stop - 1]]) - half,
                np.array([self.x[columns.stop - 1], self.y[rows.start]]) + half,
            )
            for box in ndimage.find_objects(labels)
            if box is not None
            for rows, columns in [box]
        ]
