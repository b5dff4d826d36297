# SPDX-License-Identifier: GPL-3.0-or-later
"""Welding, cleaning and walking over meshes as artists leave them."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.topology import (
    boundary_vertices,
    clean_triangles,
    components,
    edge_graph,
    surface_distance,
    unique_edges,
    vertex_normals,
    weld,
)
from hypothesis import given
from hypothesis import strategies as st


def grid(columns: int, rows: int, z: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A flat sheet of unit squares, each cut in two."""
    x, y = np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0))
    points = np.stack([x.ravel(), y.ravel(), np.full(x.size, z)], axis=1)
    index = np.arange(x.size).reshape(x.shape)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    halves = [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)]
    return points, np.concatenate(halves)


def split_along_seam(seam_column: int) -> tuple[np.ndarray, np.ndarray]:
    """A sheet whose vertices along one column are doubled, as at a texture seam."""
    points, triangles = grid(6, 4)
    right = points[triangles].mean(axis=1)[:, 0] > seam_column
    on_seam = np.flatnonzero(points[:, 0] == seam_column)
    twin = np.arange(len(points))
    twin[on_seam] = len(points) + np.arange(len(on_seam))
    triangles[right] = twin[triangles[right]]
    return np.concatenate([points, points[on_seam]]), triangles


def test_a_texture_seam_is_closed() -> None:
    points, triangles = split_along_seam(3)
    assert components(triangles, len(points)).max() == 1
    welded = weld(points, triangles)
    assert len(welded.vertices) == 7 * 5
    assert components(welded.triangles, len(welded.vertices)).max() == 0
    np.testing.assert_array_equal(welded.vertices[welded.weld], points)
    assert len(welded.triangles) == len(triangles)


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e5])
def test_a_seam_rounded_by_an_exporter_is_closed_at_any_size(size: float) -> None:
    points, triangles = split_along_seam(3)
    noise = np.random.default_rng(0).uniform(-1e-6, 1e-6, points.shape)
    assert len(weld((points + noise) * size, triangles).vertices) == 7 * 5


def test_lips_that_touch_stay_apart() -> None:
    """Two leaves joined at their far end by a bag; inner vertices coincide, edges don't."""
    upper, triangles = grid(6, 6)
    lower = upper.copy()
    around = boundary_vertices(triangles, len(upper))
    lower[around, 2] -= 0.5
    points = np.concatenate([upper, lower])
    both = np.concatenate([triangles, triangles[:, ::-1] + len(upper)])
    welded = weld(points, both)
    assert len(welded.vertices) == len(points)
    assert components(welded.triangles, len(points)).max() == 1


def test_a_closed_surface_that_touches_itself_is_left_alone() -> None:
    tetrahedron = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]])
    points = np.random.default_rng(1).normal(size=(4, 3))
    welded = weld(np.concatenate([points, points]), np.concatenate([tetrahedron, tetrahedron + 4]))
    np.testing.assert_array_equal(welded.weld, np.arange(8))
    assert not boundary_vertices(tetrahedron, 4).any()


def test_triangles_without_area_or_said_twice_are_dropped() -> None:
    triangles = np.array([[0, 1, 2], [1, 1, 2], [2, 0, 1], [2, 1, 0], [2, 1, 3], [3, 3, 3]])
    np.testing.assert_array_equal(clean_triangles(triangles), [[0, 1, 2], [2, 1, 3]])
    assert clean_triangles(np.zeros((0, 3), np.int64)).shape == (0, 3)


def test_a_loose_vertex_is_a_piece_of_its_own_and_out_of_reach() -> None:
    points, triangles = grid(2, 2)
    points = np.concatenate([points, [[50.0, 0, 0], [60.0, 0, 0]]])
    piece = components(triangles, len(points))
    assert len(set(piece[-2:]) | {piece[0]}) == 3
    distance = surface_distance(edge_graph(points, triangles), np.array([0]))
    assert np.isinf(distance[-2:]).all()
    assert np.isfinite(distance[:-2]).all()
    np.testing.assert_array_equal(vertex_normals(points, triangles)[-2:], 0.0)
    np.testing.assert_allclose(vertex_normals(points, triangles)[:-2], [[0, 0, 1]] * 9, atol=1e-12)
    assert len(weld(points, triangles).vertices) == len(points)


def test_distances_start_at_offsets_stop_at_the_limit_and_mind_what_is_barred() -> None:
    points, triangles = grid(6, 1)
    graph = edge_graph(points, triangles)
    plain = surface_distance(graph, np.array([0]))
    np.testing.assert_allclose(plain[:7], np.arange(7.0))
    shifted = surface_distance(graph, np.array([0, 6]), offsets=np.array([0.25, 2.0]))
    np.testing.assert_allclose(shifted[:7], [0.25, 1.25, 2.25, 3.25, 4.0, 3.0, 2.0])
    assert np.isinf(surface_distance(graph, np.array([0]), limit=2.5)[3:7]).all()
    assert np.isinf(surface_distance(graph, np.array([], np.int64))).all()
    barred = points[:, 0] != 3
    assert np.isinf(surface_distance(edge_graph(points, triangles, barred), np.array([0]))[6])


def test_coincident_neighbours_are_still_joined() -> None:
    points = np.array([[0.0, 0, 0], [0, 0, 0], [1, 0, 0]])
    distance = surface_distance(edge_graph(points, np.array([[0, 1, 2]])), np.array([0]))
    assert np.isfinite(distance).all()


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_vertices_and_triangles_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    points, triangles = split_along_seam(2)
    points = points + np.round(random.uniform(-0.3, 0.3, 3), 3) * points[:, [1, 0, 0]]
    order = random.permutation(len(points))
    place = np.argsort(order)
    mixed = place[triangles][random.permutation(len(triangles))]
    one, two = weld(points, triangles), weld(points[order], mixed)
    np.testing.assert_allclose(two.vertices[two.weld[place]], one.vertices[one.weld], atol=1e-12)
    assert len(unique_edges(one.triangles)) == len(unique_edges(two.triangles))
    np.testing.assert_array_equal(
        boundary_vertices(two.triangles, len(two.vertices))[two.weld[place]],
        boundary_vertices(one.triangles, len(one.vertices))[one.weld],
    )
    source = int(random.integers(len(points)))
    distances = [
        surface_distance(edge_graph(mesh.vertices, mesh.triangles), mesh.weld[[start]])
        for mesh, start in ((one, source), (two, place[source]))
    ]
    np.testing.assert_allclose(
        distances[1][two.weld[place]], distances[0][one.weld], rtol=1e-9, atol=1e-8
    )
