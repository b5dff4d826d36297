# SPDX-License-Identifier: GPL-3.0-or-later
"""Single vertices that leave the surface around them, or stay behind when it moves.

A spike that points straight out turns no normal round and meets no other skin, so neither flips nor
self-intersections tell of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

from ..data import Metric
from ..head import Head
from ..topology import any_corner
from .report import judged, place_of
from .skin import ExposedSkin

# A vertex is a spike when it departs from the mean motion of its neighbours by more than this
# many of its own edges. Artists' rigs stay below 1.1 away from lids and lips.
EDGES = 1.5
SMALLEST = 0.03  # IOD
# Lids and lips shear by design, in tiny edges: there only a departure this large (IOD) counts.
SMALLEST_AT_OPENINGS = 0.35
FEWEST_NEIGHBOURS = 3  # the tip of a dangling triangle has no surface around it


@dataclass(frozen=True)
class Spikes:
    """The spikes of a pose: ``rows`` (S,) of the skin's vertices, ``departures`` (S, 3) from the
    mean motion around them, and ``allowed`` (S,) how long each may be.
    """

    rows: NDArray[np.int64]
    departures: NDArray[np.float64]
    allowed: NDArray[np.float64]

    @property
    def lengths(self) -> NDArray[np.float64]:
        """(S,) of the departures."""
        return np.linalg.norm(self.departures, axis=1)


class SpikeFinder:
    """Finds the spikes of any number of poses of one skin."""

    def __init__(self, skin: ExposedSkin) -> None:
        self._skin = skin
        self._around, edge_length, neighbours = _neighbourhoods(skin)
        opening = skin.near_lids | skin.near_lips
        least = np.maximum(EDGES * edge_length, SMALLEST)
        self._allowed = np.where(opening, SMALLEST_AT_OPENINGS, least)
        self._allowed[neighbours < FEWEST_NEIGHBOURS] = np.inf

    def __call__(self, displacement: NDArray[np.float64]) -> Spikes:
        """Those of a displacement (n, 3) of the skin."""
        # Neither a vertex nor the mean around it departs by SMALLEST where all move by less than
        # half of that.
        far = np.einsum("ij,ij->i", displacement, displacement) > (SMALLEST / 2) ** 2
        near = np.zeros(len(far), bool)
        near[self._skin.triangles[any_corner(far, self._skin.triangles)]] = True
        rows = np.flatnonzero(near)
        departure = displacement[rows] - self._around[rows] @ displacement
        length = np.sqrt(np.einsum("ij,ij->i", departure, departure))
        found = length > self._allowed[rows]
        return Spikes(rows[found], departure[found], self._allowed[rows[found]])


def measure_spikes(head: Head, skin: ExposedSkin, poses: dict[str, NDArray[np.float64]]) -> Metric:
    """Spikes over all poses; the place is the largest of them."""
    find = SpikeFinder(skin)
    count, worst, place = 0, 0.0, ""
    for name, displacement in poses.items():
        spikes = find(displacement)
        count += len(spikes.rows)
        if len(spikes.rows) and spikes.lengths.max() > worst:
            worst = float(spikes.lengths.max())
            place = place_of(head, name, skin.points[spikes.rows[spikes.lengths.argmax()]])
    return judged("spikes", count, 0, "vertices", place)


def _neighbourhoods(
    skin: ExposedSkin,
) -> tuple[csr_matrix, NDArray[np.float64], NDArray[np.int64]]:
    """The matrix that takes the mean over each vertex's neighbours, the mean length of its edges
    and how many it has.
    """
    count = len(skin.points)
    start, end = skin.triangles.ravel(), np.roll(skin.triangles, -1, axis=1).ravel()
    rows, columns = np.concatenate([start, end]), np.concatenate([end, start])
    around = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count)).tocsr()
    neighbours = np.diff(around.indptr)
    rows = np.repeat(np.arange(count), neighbours)
    lengths = np.linalg.norm(skin.points[rows] - skin.points[around.indices], axis=1)
    share = 1.0 / np.maximum(neighbours, 1)
    around.data = share[rows]
    return around, np.bincount(rows, lengths, minlength=count) * share, neighbours
