# SPDX-License-Identifier: GPL-3.0-or-later
"""Which teeth and gums go with the jaw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .head import Head, Role, once_per_head
from .loose_parts import pieces_of
from .skin_patch import smoothstep
from .topology import edge_graph, surface_distance

Floats = NDArray[np.float64]

ONE_TOOTH = 0.35  # IOD; a piece no larger than this can't belong to both jaws

FARTHEST = 100.0  # IOD


@once_per_head
def teeth_jaw_share(head: Head) -> Floats:
    """(N,) share of the jaw's motion that teeth and gums take; 0 on everything else.

    A piece that is all upper or all lower teeth is rigid. A single tooth that straddles the line
    between them goes with its nearest neighbour. One mesh that holds both (gums joined behind the
    last teeth) bends smoothly where its two rows meet along the surface.
    """
    share = np.zeros(len(head.vertices))
    settled: list[tuple[Floats, float]] = []
    undecided: list[NDArray[np.int64]] = []
    for piece in pieces_of(head, Role.TEETH_UPPER, Role.TEETH_LOWER):
        lower = head.role[piece] == Role.TEETH_LOWER
        if lower.all() or not lower.any():
            share[piece] = float(lower[0])
            settled.append((_middle(head, piece), float(lower[0])))
        elif np.ptp(head.vertices[piece], axis=0).max() > ONE_TOOTH:
            share[piece] = _both_rows(head, piece)
        else:
            undecided.append(piece)
    _join_neighbours(head, undecided, settled, share)
    return share


def _middle(head: Head, piece: NDArray[np.int64]) -> Floats:
    return head.vertices[piece].mean(axis=0)


def _join_neighbours(
    head: Head,
    undecided: list[NDArray[np.int64]],
    settled: list[tuple[Floats, float]],
    share: Floats,
) -> None:
    """Settle straddling teeth one by one, always the one that is closest to a settled tooth."""
    if not settled:
        for piece in undecided:
            share[piece] = float(np.mean(head.role[piece] == Role.TEETH_LOWER) > 0.5)
        return
    while undecided:
        places = np.array([place for place, _ in settled])
        gaps = [np.linalg.norm(places - _middle(head, piece), axis=1) for piece in undecided]
        chosen = int(np.argmin([gap.min() for gap in gaps]))
        level = settled[int(gaps[chosen].argmin())][1]
        piece = undecided.pop(chosen)
        share[piece] = level
        settled.append((_middle(head, piece), level))


def _both_rows(head: Head, piece: NDArray[np.int64]) -> Floats:
    """(P,) share by distance along the surface from the topmost and the lowest parts."""
    points = head.vertices[piece]
    local = np.full(len(head.vertices), -1)
    local[piece] = np.arange(len(piece))
    triangles = local[head.triangles]
    triangles = triangles[(triangles >= 0).all(axis=1)]
    graph = edge_graph(points, triangles)
    low, high = np.quantile(points[:, 1], [0.2, 0.8])
    from_top = surface_distance(graph, np.flatnonzero(points[:, 1] >= high))
    from_bottom = surface_distance(graph, np.flatnonzero(points[:, 1] <= low))
    # What neither row reaches stays half-way between them.
    from_top, from_bottom = np.minimum(from_top, FARTHEST), np.minimum(from_bottom, FARTHEST)
    total = np.maximum(from_top + from_bottom, 1e-9)
    return smoothstep(0.5 + 1.5 * (from_top - from_bottom) / total)
