# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lip hair around a mouth grows on: a moustache that hangs over the mouth goes with the upper
lip alone, or it would be drawn down like a curtain when the mouth opens.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from .head import Head, LipSide
from .topology import edge_graph, triangles_within

Floats = NDArray[np.float64]

# What covers the mouth hangs down from the upper lip, unless more than this share of it lies below.
BEARD: Final = 0.8


def lip_of_hair(head: Head, piece: NDArray[np.int64], skin: csr_matrix) -> NDArray[np.int8]:
    """(P,) LipSide that each vertex of a piece may follow; NONE where it may follow either.

    ``skin`` (P, N): the skin that is nearest to each vertex. Between the mouth's corners, what
    hangs together belongs to one lip; a beard that goes around the mouth has a part on either.
    """
    free = np.full(len(piece), LipSide.NONE, np.int8)
    if head.seam is None:
        return free
    ends = sorted((float(head.seam.upper[0][0]), float(head.seam.upper[-1][0])))
    across = head.vertices[piece, 0]
    between = np.flatnonzero((across > ends[0]) & (across < ends[1]))
    upper, lower = (
        np.asarray(skin @ (head.lip_side == side).astype(np.float64))
        for side in (LipSide.UPPER, LipSide.LOWER)
    )
    if not (upper[between].any() and lower[between].any()):
        return free
    sides = free.copy()
    for part in _parts(head, piece, between):
        above, below = float(upper[part].sum()), float(lower[part].sum())
        if above + below > 0.0:
            is_beard = below > BEARD * (above + below)
            sides[part] = LipSide.LOWER if is_beard else LipSide.UPPER
    found = np.unique(sides[between])
    found = found[found != LipSide.NONE]
    return np.full_like(sides, found[0]) if len(found) == 1 else sides


def _parts(
    head: Head, piece: NDArray[np.int64], between: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """The connected parts of a piece's vertices ``between`` the corners, as rows of the piece."""
    triangles = triangles_within(piece[between], head.triangles, len(head.vertices))
    graph = edge_graph(head.vertices[piece[between]], triangles)
    _, labels = connected_components(graph, directed=False)
    return [between[labels == label] for label in np.unique(labels)]
