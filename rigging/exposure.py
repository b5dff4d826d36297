# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the outside each vertex sees: tells skin from mouth bag and eye sockets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .raycast import RayScene

RAY_BUDGET = 1_300_000  # were every vertex to be asked about every direction
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

    Only ``selected`` vertices are measured; all others count as exposed (1.0). Exact up to
    HIDDEN_BELOW; a vertex that is found to lie above it is not asked about the directions that are
    left, so its share is an estimate.
    """
    index = np.flatnonzero(selected)
    result = np.ones(len(vertices))
    if len(index) == 0:
        return result
    directions = _spread_first(sphere_directions(int(np.clip(RAY_BUDGET / len(index), 24, 64))))
    size = float(np.ptp(vertices[index], axis=0).max())
    origins = vertices[index] + normals[index] * (1e-4 * size)
    above = normals[index] @ directions.T > 0.1
    enough = HIDDEN_BELOW * above.sum(axis=1)
    free = np.zeros(len(index))
    cast = np.zeros(len(index))
    open_question = np.ones(len(index), bool)
    for number, direction in enumerate(directions):
        asked = np.flatnonzero(above[:, number] & open_question)
        free[asked] += ~scene.blocks(origins[asked], direction)
        cast[asked] += 1
        open_question[asked] = free[asked] < enough[asked]
    result[index] = free / np.maximum(cast, 1)
    return result


def _spread_first(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same directions in an order whose beginning already looks all around.

    Steps of about the golden section, which visit every direction once.
    """
    count = len(directions)
    step = next(step for step in range(int(0.618 * count), 2 * count) if np.gcd(step, count) == 1)
    return directions[step * np.arange(count) % count]
