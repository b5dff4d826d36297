# SPDX-License-Identifier: GPL-3.0-or-later
"""Welding, cleaning and connectivity of triangle meshes as artists leave them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

# Exporters round positions to about 6 digits of the model's size.
WELD_TOLERANCE = 2e-6


@dataclass(frozen=True)
class WeldedMesh:
    """``vertices`` (N, 3), ``triangles`` (M, 3) without degenerate or duplicate ones, and
    ``weld`` (V,) from the original vertices to the welded ones.
    """

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int64]
    weld: NDArray[np.int64]


def any_corner(chosen: NDArray[np.bool_], triangles: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(M,) which triangles have a vertex that is ``chosen`` (N,). Far faster than any(axis=1)."""
    return chosen[triangles[:, 0]] | chosen[triangles[:, 1]] | chosen[triangles[:, 2]]


def all_corners(chosen: NDArray[np.bool_], triangles: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(M,) which triangles have three vertices that are ``chosen`` (N,)."""
    return chosen[triangles[:, 0]] & chosen[triangles[:, 1]] & chosen[triangles[:, 2]]


def mostly(chosen: NDArray[np.bool_], triangles: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(M,) which triangles have two or three vertices that are ``chosen`` (N,)."""
    first, second, third = (chosen[triangles[:, corner]] for corner in range(3))
    return (first & second) | (second & third) | (third & first)


def compact(
    triangles: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The vertices (n,) of ``count`` that triangles use, and the triangles (M, 3) into those."""
    used = np.zeros(count, bool)
    used[triangles] = True
    return np.flatnonzero(used), (np.cumsum(used) - 1)[triangles]


def triangles_within(
    rows: NDArray[np.int64], triangles: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Those triangles of ``count`` vertices that have all corners in ``rows`` (P,), into those."""
    local = np.full(count, -1)
    local[rows] = np.arange(len(rows))
    own = local[triangles]
    return own[(own >= 0).all(axis=1)]


def edge_uses(triangles: NDArray[np.int64], count: int) -> csr_matrix:
    """(count, count) how many triangles use the edge from a lower to a higher vertex number."""
    start = triangles.ravel()
    stop = np.roll(triangles, -1, axis=1).ravel()
    uses = np.ones(len(start), np.int32)
    # Building the matrix sorts by counting, far faster than np.unique sorts keys.
    return coo_matrix(
        (uses, (np.minimum(start, stop), np.maximum(start, stop))), (count, count)
    ).tocsr()


def boundary_vertices(triangles: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """(count,) bool: vertices on an edge that only one triangle uses."""
    edges = edge_uses(triangles, count).tocoo()
    single = edges.data == 1
    on_boundary = np.zeros(count, bool)
    on_boundary[edges.row[single]] = True
    on_boundary[edges.col[single]] = True
    return on_boundary


def weld(vertices: NDArray[np.float64], triangles: NDArray[np.int64]) -> WeldedMesh:
    """Close texture seams: join boundary vertices that lie on top of each other.

    Only vertices on open edges are joined. Lips that touch are inner vertices of one closed
    surface (the mouth bag runs on between them), so they stay apart although they coincide.
    """
    count = len(vertices)
    target = np.arange(count)
    candidates = np.flatnonzero(boundary_vertices(triangles, count))
    if len(candidates):
        size = float(np.ptp(vertices[candidates], axis=0).max()) or 1.0
        pairs = cKDTree(vertices[candidates]).query_pairs(
            WELD_TOLERANCE * size, output_type="ndarray"
        )
        if len(pairs):
            graph = coo_matrix(
                (np.ones(len(pairs)), (candidates[pairs[:, 0]], candidates[pairs[:, 1]])),
                (count, count),
            )
            pieces, group = connected_components(graph, directed=False)
            first = np.empty(pieces, np.int64)
            first[group[::-1]] = target[::-1]  # the last that is written is the first vertex
            target = first[group]
    kept = target == np.arange(count)
    welded = (np.cumsum(kept) - 1)[target]
    return WeldedMesh(vertices[kept], clean_triangles(welded[triangles]), welded)


def clean_triangles(triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Drop triangles with a repeated corner and all but the first of equal ones."""
    proper = (
        (triangles[:, 0] != triangles[:, 1])
        & (triangles[:, 1] != triangles[:, 2])
        & (triangles[:, 2] != triangles[:, 0])
    )
    triangles = triangles[proper]
    low, high = triangles.min(axis=1), triangles.max(axis=1)
    middle = triangles.sum(axis=1) - low - high
    base = int(triangles.max(initial=0)) + 1
    # Numbers that overflow may coincide by chance, so the triangles behind equal ones are compared.
    key = (low * base + middle) * base + high
    ordered = np.sort(key)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(repeated):
        return triangles
    suspects = np.flatnonzero(np.isin(key, repeated))
    _, first = np.unique(np.sort(triangles[suspects], axis=1), axis=0, return_index=True)
    kept = np.ones(len(triangles), bool)
    kept[suspects] = False
    kept[suspects[first]] = True
    return triangles[kept]


def components(triangles: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """(count,) index of the connected piece of each vertex; a loose vertex is a piece."""
    graph = coo_matrix(
        (np.ones(triangles.size), (triangles.ravel(), np.roll(triangles, 1, axis=1).ravel())),
        (count, count),
    )
    return connected_components(graph, directed=False)[1].astype(np.int64)


def vertex_normals(
    vertices: NDArray[np.float64], triangles: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(N, 3) area-weighted unit normals; zero where a vertex has no area around it."""
    corners = vertices[triangles]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        for axis in range(3):
            normals[:, axis] += np.bincount(
                triangles[:, corner], face[:, axis], minlength=len(vertices)
            )
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.divide(normals, length, out=np.zeros_like(normals), where=length > 1e-30)


def unique_edges(triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """(E, 2) undirected edges."""
    edges = edge_uses(triangles, int(triangles.max(initial=0)) + 1).tocoo()
    return np.stack([edges.row, edges.col], axis=1).astype(np.int64)


def edge_graph(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    allowed: NDArray[np.bool_] | None = None,
) -> csr_matrix:
    """Graph of edge lengths, for distances along the surface.

    ``allowed`` (N,) bool leaves out edges with a vertex that isn't allowed.
    """
    edges = unique_edges(triangles)
    if allowed is not None:
        edges = edges[allowed[edges].all(axis=1)]
    length = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)
    # A stored zero would read as "no edge".
    return coo_matrix(
        (np.maximum(length, 1e-9), (edges[:, 0], edges[:, 1])), (len(vertices),) * 2
    ).tocsr()


def surface_distance(
    graph: csr_matrix,
    sources: NDArray[np.int64],
    limit: float = np.inf,
    offsets: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """(N,) shortest distance along the edges from any source vertex, inf beyond ``limit``.

    ``offsets`` (S,) is added at each source, for sources that lie beside their vertex.
    """
    if len(sources) == 0:
        return np.full(graph.shape[0], np.inf)
    if offsets is None:
        return dijkstra(graph, directed=False, indices=sources, min_only=True, limit=limit)
    # One extra node joined to every source by its offset.
    extra = graph.shape[0]
    coo = graph.tocoo()
    joined = coo_matrix(
        (
            np.r_[coo.data, np.maximum(offsets, 1e-9)],
            (np.r_[coo.row, np.full(len(sources), extra)], np.r_[coo.col, sources]),
        ),
        (extra + 1, extra + 1),
    ).tocsr()
    return dijkstra(joined, directed=False, indices=extra, limit=limit)[:extra]
