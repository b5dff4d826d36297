# SPDX-License-Identifier: GPL-3.0-or-later
"""Skulls of built heads: horizontal superellipses stacked from crown to chin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from .shapes import Floats, Mesh, closed_rings

# Heights, from chin (-1) to crown (1), at which profiles are given.
STATIONS = np.array([-1.0, -0.75, -0.4, 0.0, 0.5, 1.0])


@dataclass(frozen=True)
class Loft:
    """A skull. ``top`` and ``bottom``: heights of crown and chin; ``width``, ``front`` and
    ``back``: half sizes about (0, ., ``depth``); ``roundness``: exponent of the vertical outline
    (2 ellipse, more: boxier); ``section``: exponent of the horizontal one; ``widths`` and
    ``fronts``: (6,) factors at STATIONS; ``rows``, ``columns``: density.
    """

    top: float
    bottom: float
    width: float
    front: float
    back: float
    depth: float
    roundness: float
    section: float
    widths: Floats
    fronts: Floats
    rows: int = 34
    columns: int = 48

    @property
    def centre(self) -> Floats:
        """(3,) the middle of the skull."""
        return np.array([0.0, (self.top + self.bottom) / 2, self.depth])

    def mesh(self) -> Mesh:
        """The skull's mesh; columns start at the character's left and run to the back."""
        heights = np.sin(np.linspace(np.pi / 2, -np.pi / 2, self.rows + 2)[1:-1])
        outline = (1 - np.abs(heights) ** self.roundness) ** (1 / self.roundness)
        half_width = self.width * outline * PchipInterpolator(STATIONS, self.widths)(heights)
        half_front = self.front * outline * PchipInterpolator(STATIONS, self.fronts)(heights)
        half_back = self.back * outline
        around = np.arange(self.columns) * 2 * np.pi / self.columns
        across, along = np.cos(around), -np.sin(around)
        power = 2 / self.section
        x = half_width[:, None] * np.sign(across) * np.abs(across) ** power
        reach = np.where(along > 0, half_front[:, None], half_back[:, None])
        z = self.depth + reach * np.sign(along) * np.abs(along) ** power
        y = self.centre[1] + heights * (self.top - self.bottom) / 2
        rings = np.stack([x, np.broadcast_to(y[:, None], x.shape), z], axis=2)
        return closed_rings(rings)
