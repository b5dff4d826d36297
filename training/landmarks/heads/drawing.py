# SPDX-License-Identifier: GPL-3.0-or-later
"""Flat shapes on charts: strips between curves, discs, lines. Drawing coordinates are (u, v)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .shapes import Floats, Mesh, grid_triangles

# Maps drawing coordinates (N, 2) and the number of the layer to points (N, 3) of the head.
Lift = Callable[[Floats, float], Floats]


def strip(lower: Floats, upper: Floats, rows: int = 2) -> tuple[Floats, NDArray[np.int64]]:
    """The area between two curves (K, 2), from left to right: drawing and triangles."""
    share: Floats = np.linspace(0.0, 1.0, rows).reshape(-1, 1, 1)
    grid: Floats = upper[None] * (1 - share) + lower[None] * share
    return grid.reshape(-1, 2), grid_triangles(rows, len(lower))


def disc(
    centre: Floats, radii: tuple[float, float], rings: int = 4, columns: int = 24
) -> tuple[Floats, NDArray[np.int64]]:
    """A filled ellipse; the last ``columns`` points are its outline, from +u anticlockwise."""
    around = np.arange(columns) * 2 * np.pi / columns
    outline = np.stack([np.cos(around), np.sin(around)], axis=1) * radii
    share = (np.arange(1, rings + 1) / rings)[:, None, None]
    points = np.concatenate([centre[None], (centre + share * outline[None]).reshape(-1, 2)])
    following = np.roll(np.arange(columns), -1)
    fan = np.stack([np.zeros(columns, int), 1 + np.arange(columns), 1 + following], axis=1)
    bands = [fan]
    for ring in range(rings - 1):
        inner, outer = 1 + ring * columns, 1 + (ring + 1) * columns
        a, b = inner + np.arange(columns), inner + following
        c, d = outer + np.arange(columns), outer + following
        bands += [np.stack([a, c, d], 1), np.stack([a, d, b], 1)]
    return points, np.concatenate(bands)


def line(path: Floats, widths: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """A stroke along ``path`` (K, 2) with full ``widths`` (K,)."""
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    half = widths[:, None] / 2 * normal
    return strip(path - half, path + half)


def lifted(
    drawing: tuple[Floats, NDArray[np.int64]], lift: Lift, layer: float, mirror: bool
) -> Mesh:
    """A drawing brought onto the head; ``mirror``: its chart is a mirror image."""
    points, triangles = drawing
    return Mesh(lift(points, layer), triangles[:, ::-1] if mirror else triangles)


def resample(curve: Floats, count: int) -> Floats:
    """``count`` points evenly along a curve (K, D), both ends included."""
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(wanted, along, curve[:, axis]) for axis in range(curve.shape[1])], 1)
