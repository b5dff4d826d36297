# SPDX-License-Identifier: GPL-3.0-or-later
"""Single vertices that leave the surface around them, or stay behind when it moves.

A spike that points straight out turns no normal round and meets no other skin, so neither flips nor
self-intersections tell of it.
"""

from __future__ import annotations

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


def measure_spikes(head: Head, skin: ExposedSkin, poses: dict[str, NDArray[np.float64]]) -> Metric:
    """Spikes over all poses; the place is the largest of them."""
    around, edge_length, neighbours = _neighbourhoods(skin)
    opening = skin.near_lids | skin.near_lips
    allowed = np.where(opening, SMALLEST_AT_OPENINGS, np.maximum(EDGES * edge_length, SMALLEST))
    allowed[neighbours < FEWEST_NEIGHBOURS] = np.inf
    count, worst, place = 0, 0.0, ""
    for name, displacement in poses.items():
        # Neither a vertex nor the mean around it departs by SMALLEST where all move by less than
        # half of that.
        far = np.einsum("ij,ij->i", displacement, displacement) > (SMALLEST / 2) ** 2
        near = np.zeros(len(far), bool)
        near[skin.triangles[any_corner(far, skin.triangles)]] = True
        rows = np.flatnonzero(near)
        departure = displacement[rows] - around[rows] @ displacement
        length = np.sqrt(np.einsum("ij,ij->i", departure, departure))
        spikes = np.flatnonzero(length > allowed[rows])
        count += len(spikes)
        if len(spikes) and length[spikes].max() > worst:
            spike = spikes[length[spikes].argmax()]
            worst, place = float(length[spike]), place_of(head, name, skin.points[rows[spike]])
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
