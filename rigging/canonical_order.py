# SPDX-License-Identifier: GPL-3.0-or-later
"""One order of vertices and triangles for a mesh, whatever order its file has them in.

Rays that meet an edge, sums of many numbers and ties are settled by order. A mesh that is sorted by
position first gives the same bits from every file that holds the same points.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .data import Appearance, FaceMesh
from .topology import WeldedMesh


def vertex_ranks(vertices: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Vertices (V, 3) sorted by x, y and z.

    Returns (V,) the vertices in that order, and (V,) each vertex's rank among the different
    positions: vertices in the same place share one.
    """
    order = np.lexsort(vertices.T[::-1])
    ordered = vertices[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.cumsum(is_new) - 1
    return order, ranks


def canonical_weld(mesh: WeldedMesh) -> WeldedMesh:
    """The same welded mesh with its vertices and triangles in canonical order.

    Vertices that lie in one place without being one, as on lips that touch, are told apart by
    their neighbours.
    """
    order, ranks = vertex_ranks(mesh.vertices)
    if len(order) and ranks[order[-1]] + 1 < len(order):
        around = _neighbours(mesh)
        order = np.lexsort((around[:, 2], around[:, 1], around[:, 0], ranks))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    placed = place[mesh.triangles]
    rows, turns = triangle_order(placed)
    return WeldedMesh(
        mesh.vertices[order], np.take_along_axis(placed[rows], turns, axis=1), place[mesh.weld]
    )


def _neighbours(mesh: WeldedMesh) -> NDArray[np.float64]:
    """(N, 3) the middle of the triangles around each vertex, to as many digits as sums are sure."""
    centres = mesh.vertices[mesh.triangles].mean(axis=1)
    corners = mesh.triangles.ravel()
    count = np.maximum(np.bincount(corners, minlength=len(mesh.vertices)), 1)
    sums = [
        np.bincount(corners, np.repeat(centres[:, axis], 3), minlength=len(mesh.vertices))
        for axis in range(3)
    ]
    size = float(np.ptp(centres, axis=0).max()) if len(centres) else 0.0
    return np.round(np.stack(sums, axis=1) / count[:, None] / (size or 1.0), 9)


def triangle_order(ranks: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Order of triangles (T, 3) given by their corners' ranks, windings kept.

    Returns (T,) the triangles in order and (T, 3) their corners, the lowest rank first.
    """
    a, b, c = ranks.T
    second, third = (b < a) & (b <= c), (c < a) & (c < b)
    corners = (np.where(second, 1, np.where(third, 2, 0))[:, None] + np.arange(3)) % 3
    turned = np.take_along_axis(ranks, corners, axis=1)
    # One key for two corners: sorting three times takes twice as long.
    base = int(ranks.max(initial=0)) + 1
    order = np.lexsort((turned[:, 2], turned[:, 0] * base + turned[:, 1]))
    return order, corners[order]


def canonical_surface(face_mesh: FaceMesh) -> FaceMesh:
    """The mesh's surface alone, in canonical order: what there is to see of it.

    Vertices in the same place become one, so that seams are shaded smoothly. Loose vertices and
    triangles with a corner that isn't finite are left out. The parts are one.
    """
    finite = np.isfinite(face_mesh.vertices).all(axis=1)
    kept = np.flatnonzero(finite[face_mesh.triangles].all(axis=1))
    corners = face_mesh.triangles[kept]
    used = np.zeros(len(finite), bool)
    used[corners] = True
    _, ranks = vertex_ranks(face_mesh.vertices[used])
    rank_of_vertex = np.empty(len(finite), np.int64)
    rank_of_vertex[used] = ranks
    ranked = rank_of_vertex[corners]
    rows, turns = triangle_order(ranked)
    vertices = np.empty((int(ranks.max(initial=-1)) + 1, 3))
    vertices[ranks] = face_mesh.vertices[used]
    name = face_mesh.parts[0] if face_mesh.parts else None
    return FaceMesh(
        vertices,
        np.take_along_axis(ranked[rows], turns, axis=1),
        () if name is None else (replace(name, start=0, stop=len(vertices)),),
        _reordered(face_mesh.appearance, kept[rows], turns),
    )


def _reordered(
    look: Appearance | None, rows: NDArray[np.int64], turns: NDArray[np.int64]
) -> Appearance | None:
    """The appearance of triangles ``rows`` whose corners are taken in the order ``turns``."""
    if look is None:
        return None
    return replace(
        look,
        colours=look.colours[rows],
        uv=np.take_along_axis(look.uv[rows], turns[:, :, None], axis=1),
        image_index=look.image_index[rows],
    )
