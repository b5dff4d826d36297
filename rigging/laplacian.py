# SPDX-License-Identifier: GPL-3.0-or-later
"""Laplace systems on real-world meshes: duplicate faces, loose vertices, zero areas, scraps."""

from __future__ import annotations

import numpy as np
import robust_laplacian
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import SuperLU, cg, splu

from .topology import compact, edge_graph

Floats = NDArray[np.float64]

# Relative ridge that keeps a factorisation regular where a piece of mesh is not held anywhere.
RIDGE = 1e-10
# Right-hand sides that are solved at once. With more of them OpenBLAS shares out the small blocks
# of the factors between threads that mostly wait for each other: 30 times slower for 150 columns.
COLUMNS = 3
ROUNDS = 500  # of conjugate gradients; a factorisation takes as long as so many


def surface_laplacian(
    vertices: Floats, triangles: NDArray[np.int64]
) -> tuple[sparse.csr_matrix, Floats]:
    """Positive semi-definite Laplacian (N, N) and lumped vertex areas (N,) of any triangle soup.

    The tufted intrinsic Delaunay Laplacian of Sharp and Crane (2020), which stays finite and
    keeps the maximum principle on non-manifold meshes. Where even that fails (all vertices in
    one place) edges weigh alike. Vertices without a triangle get empty rows. Areas are > 0.
    """
    count = len(vertices)
    first, second, third = triangles.T
    triangles = triangles[(first != second) & (second != third) & (third != first)]
    if not len(triangles):
        return sparse.csr_matrix((count, count)), np.ones(count)
    used, local = compact(triangles, count)
    matrix, areas = _robust(vertices[used], local)
    place = sparse.csr_matrix(
        (np.ones(len(used)), (used, np.arange(len(used)))), shape=(count, len(used))
    )
    all_areas = np.zeros(count)
    all_areas[used] = areas
    return (place @ matrix @ place.T).tocsr(), np.maximum(all_areas, 1e-4 * areas.mean())


def _robust(vertices: Floats, triangles: NDArray[np.int64]) -> tuple[sparse.csr_matrix, Floats]:
    try:
        matrix, mass = robust_laplacian.mesh_laplacian(vertices, triangles)
    except RuntimeError:  # geometry-central gives up on what it can't make a surface of
        return _uniform(vertices, triangles)
    areas = mass.diagonal()
    if not (np.isfinite(matrix.data).all() and np.isfinite(areas).all() and areas.max() > 0):
        return _uniform(vertices, triangles)
    return sparse.csr_matrix(matrix), areas


def _uniform(vertices: Floats, triangles: NDArray[np.int64]) -> tuple[sparse.csr_matrix, Floats]:
    graph = edge_graph(vertices, triangles)
    graph = (graph + graph.T).tocsr()
    graph.data[:] = 1.0
    degree = np.asarray(graph.sum(axis=1)).ravel()
    return (sparse.diags(degree) - graph).tocsr(), np.ones(len(vertices))


class Factors:
    """LU factors of a sparse matrix (N, N)."""

    def __init__(self, factors: SuperLU) -> None:
        self._factors = factors

    def solve(self, right: Floats) -> Floats:
        """The solutions (N,) or (N, C) for ``right`` (N,) or (N, C)."""
        if right.ndim == 1:
            return self._factors.solve(right)
        solution = np.empty(right.shape)
        for start in range(0, right.shape[1], COLUMNS):
            some = slice(start, start + COLUMNS)
            solution[:, some] = self._factors.solve(right[:, some])
        return solution


def factorise(matrix: sparse.spmatrix) -> Factors:
    """LU factors of a symmetric positive semi-definite matrix, ordered and pivoted for symmetry.

    A ridge of RIDGE times the diagonal (and of its mean, for empty rows) makes it regular.
    """
    diagonal = np.abs(matrix.diagonal())
    mean = float(diagonal.mean()) or 1.0
    ridge = RIDGE * (diagonal + mean)
    ridge[diagonal == 0.0] = mean
    return Factors(
        splu(
            (matrix + sparse.diags(ridge)).tocsc(),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
    )


def diffused(laplacian: sparse.csr_matrix, areas: Floats, length: float, field: Floats) -> Floats:
    """The field (N,) after one implicit step of diffusion, which evens it out over ``length``.

    Conjugate gradients need few rounds, for mass outweighs stiffness but in the smallest triangles.
    """
    system = sparse.diags(areas) + length**2 * laplacian
    right = areas * field
    jacobi = sparse.diags(1.0 / system.diagonal())
    solution, failed = cg(system, right, x0=field, rtol=1e-10, maxiter=ROUNDS, M=jacobi)
    return factorise(system).solve(right) if failed else solution


class HarmonicSolver:
    """Smooth fields through given values on one mesh: built once, asked often.

    The last few factorisations are kept, so that fields with the same known vertices cost one
    back-substitution each.
    """

    def __init__(self, vertices: Floats, triangles: NDArray[np.int64]) -> None:
        """``vertices`` (N, 3) and ``triangles`` (M, 3) of any quality."""
        self.laplacian, self.areas = surface_laplacian(vertices, triangles)
        self.piece = connected_components(self.laplacian, directed=False)[1]
        self._factors: dict[bytes, Factors] = {}

    def fill(
        self,
        known: NDArray[np.bool_],
        values: Floats,
        *,
        default: float = 0.0,
    ) -> Floats:
        """Extend ``values`` (N,) or (N, C) from the ``known`` (N,) vertices to all others.

        The result stays within the known values. Pieces of mesh without a known vertex get
        ``default``.
        """
        filled = np.array(values, dtype=np.float64)
        held = np.zeros(self.piece.max(initial=-1) + 1, dtype=bool)
        held[self.piece[known]] = True
        reachable = held[self.piece]
        filled[~known & ~reachable] = default
        free = ~known & reachable
        if not free.any():
            return filled
        rows = self.laplacian[np.flatnonzero(free)]
        right = -(rows[:, np.flatnonzero(known)] @ filled[known])
        solved = self._factor(free, rows).solve(np.asarray(right))
        filled[free] = np.clip(solved, filled[known].min(axis=0), filled[known].max(axis=0))
        return filled

    def _factor(self, free: NDArray[np.bool_], rows: sparse.csr_matrix) -> Factors:
        key = np.packbits(free).tobytes()
        if key not in self._factors:
            if len(self._factors) >= 4:
                self._factors.pop(next(iter(self._factors)))
            self._factors[key] = factorise(rows[:, np.flatnonzero(free)])
        return self._factors[key]
