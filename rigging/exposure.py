# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the outside each vertex sees: tells skin from mouth bag and eye sockets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .raycast import RayScene

RAY_BUDGET = 1_300_000  # about half a second
HIDDEN_BELOW = 0.04


def sphere_directions(count: int) -> NDArray[np.float64]:
    """(count, 3) evenly spread unit vectors (Fibonacci lattice)."""
    index = np.arange(count) + 0.5
    polar = np.arccos(1 - 2 * index / count)
    turn = np.pi * (1 + 5**0.5) * index
    return np.stack(
        [np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], axis=1
    )


def exposure(
    scene: RayScene,
    vertices: NDArray[np.float64],
    normals: NDArray[np.float64],
    selected: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """(N,) share of the directions above each vertex from which it can be seen, 0..1.

    Only ``selected`` vertices are measured; all others count as exposed (1.0).
    """
    index = np.flatnonzero(selected)
    result = np.ones(len(vertices))
    if len(index) == 0:
        return result
    count = int(np.clip(RAY_BUDGET / len(index), 24, 64))
    size = float(np.ptp(vertices[index], axis=0).max())
    origins = vertices[index] + normals[index] * (1e-4 * size)
    free = np.zeros(len(index))
    cast = np.zeros(len(index))
    for direction in sphere_directions(count):
        above = normals[index] @ direction > 0.1
        hits = scene.cast(origins[above], np.broadcast_to(direction, (int(above.sum()), 3)).copy())
        free[above] += hits.triangle < 0
        cast[above] += 1
    result[index] = free / np.maximum(cast, 1)
    return result
