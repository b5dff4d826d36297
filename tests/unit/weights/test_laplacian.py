# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.laplacian import HarmonicSolver, diffused, factorise, surface_laplacian
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse


def grid(size: int = 9):
    x, y = np.meshgrid(np.linspace(0, 1, size), np.linspace(0, 1, size))
    points = np.c_[x.ravel(), y.ravel(), np.zeros(size * size)]
    index = np.arange(size * size).reshape(size, size)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate(
        [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)]
    )
    edge = (x.ravel() % 1 == 0) | (y.ravel() % 1 == 0)
    return points, triangles, edge


def test_a_linear_field_is_harmonic_on_a_flat_mesh():
    points, triangles, edge = grid()
    wanted = 2 * points[:, 0] - points[:, 1]
    filled = HarmonicSolver(points, triangles).fill(edge, np.where(edge, wanted, 0.0))
    assert np.allclose(filled, wanted, atol=1e-6)


@given(st.lists(st.floats(-5, 5), min_size=32, max_size=32), st.integers(0, 1000))
def test_a_harmonic_field_stays_within_what_it_is_given(values, seed):
    points, triangles, edge = grid()
    points = points + 0.05 * np.random.default_rng(seed).normal(size=points.shape)
    known = np.zeros(len(points))
    known[edge] = values
    filled = HarmonicSolver(points, triangles).fill(edge, known)
    assert filled.min() >= min(values) - 1e-9
    assert filled.max() <= max(values) + 1e-9


def test_several_fields_at_once_equal_each_alone():
    points, triangles, edge = grid()
    solver = HarmonicSolver(points, triangles)
    values = np.where(edge[:, None], points[:, :2] ** 2, 0.0)
    both = solver.fill(edge, values)
    assert np.allclose(both[:, 0], solver.fill(edge, values[:, 0]))
    assert np.allclose(both[:, 1], solver.fill(edge, values[:, 1]))


def test_the_same_known_vertices_are_factorised_once():
    points, triangles, edge = grid()
    solver = HarmonicSolver(points, triangles)
    for value in range(3):
        solver.fill(edge, np.full(len(points), float(value)))
    assert len(solver._factors) == 1


def test_what_no_known_vertex_reaches_gets_the_default():
    points, triangles, edge = grid(4)
    count = len(points)
    points = np.r_[points, points + np.array([5, 0, 0]), [[9.0, 9, 9]]]
    known = np.r_[edge, np.zeros(count + 1, bool)]
    filled = HarmonicSolver(points, np.r_[triangles, triangles + count]).fill(
        known, known.astype(float), default=-7.0
    )
    assert np.allclose(filled[:count], 1.0)
    assert (filled[count:] == -7.0).all()


@pytest.mark.parametrize("fault", ["loose", "duplicate", "repeated", "flat", "fin", "point"])
def test_dirty_meshes_have_finite_laplacians(fault):
    points, triangles, edge = grid(5)
    if fault == "loose":
        points, edge = np.r_[points, [[3.0, 3, 3]]], np.r_[edge, False]
    if fault == "duplicate":
        triangles = np.r_[triangles, triangles[:4], triangles[:4, ::-1]]
    if fault == "repeated":
        triangles = np.r_[triangles, [[0, 1, 1], [2, 2, 2]]]
    if fault == "flat":
        points[12] = points[13]
    if fault == "fin":
        points, edge = np.r_[points, [[0.5, 0.5, 1.0]]], np.r_[edge, False]
        triangles = np.r_[triangles, [[12, 13, 25]]]
    if fault == "point":
        points[:] = 0.5
    matrix, areas = surface_laplacian(points, triangles)
    assert np.isfinite(matrix.data).all()
    assert (areas > 0).all()
    filled = HarmonicSolver(points, triangles).fill(edge, np.arange(len(points), dtype=float))
    assert np.isfinite(filled).all()


def test_no_triangles_at_all():
    filled = HarmonicSolver(np.zeros((3, 3)), np.zeros((0, 3), int)).fill(
        np.array([True, False, False]), np.ones(3)
    )
    assert filled.tolist() == [1.0, 0.0, 0.0]


def test_singular_matrices_are_factorised():
    assert np.isfinite(factorise(sparse.csr_matrix((4, 4))).solve(np.ones(4))).all()
    points, triangles, _ = grid(4)
    matrix, _ = surface_laplacian(points, triangles)
    assert np.isfinite(factorise(matrix).solve(np.zeros(len(points)))).all()


@pytest.mark.parametrize("columns", [1, 2, 3, 7])
def test_any_number_of_right_hand_sides_is_solved(columns):
    points, triangles, _ = grid(6)
    laplacian, areas = surface_laplacian(points, triangles)
    system = laplacian + sparse.diags(areas)
    right = np.random.default_rng(columns).normal(size=(len(points), columns))
    assert np.allclose(factorise(system).solve(right), np.linalg.solve(system.toarray(), right))


@pytest.mark.parametrize("length", [0.0, 0.1, 3.0])
@pytest.mark.parametrize("rounds", [1, 500])
def test_diffusion_solves_its_system_in_few_rounds_or_directly(length, rounds, monkeypatch):
    monkeypatch.setattr("auto_rig_face.rigging.laplacian.ROUNDS", rounds)
    points, triangles, _ = grid()
    laplacian, areas = surface_laplacian(points, triangles)
    field = np.random.default_rng(3).normal(size=len(points))
    system = np.diag(areas) + length**2 * laplacian.toarray()
    wanted = np.linalg.solve(system, areas * field)
    assert np.allclose(diffused(laplacian, areas, length, field), wanted, atol=1e-6)
