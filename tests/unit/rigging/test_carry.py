# SPDX-License-Identifier: GPL-3.0-or-later
"""Points and displacements from a surface to the same surface after an edit."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.carry import SurfaceCarry, on_same_topology


def sheet(count, height=0.0):
    """A bumpy square of count x count vertices, 1 wide."""
    across = np.linspace(0.0, 1.0, count)
    x, y = np.meshgrid(across, across, indexing="ij")
    vertices = np.stack([x, y, 0.1 * np.sin(5 * x) * np.cos(3 * y) + height], axis=-1)
    index = np.arange(count * count).reshape(count, count)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    first, second = np.stack([a, b, c], -1), np.stack([a, c, d], -1)
    return vertices.reshape(-1, 3), np.concatenate([first.reshape(-1, 3), second.reshape(-1, 3)])


def carry(old, new, unit=0.3):
    box = np.stack([old[0].min(axis=0), old[0].max(axis=0)])
    rows = np.arange(len(old[0]))
    return SurfaceCarry(old, new, unit, box, rows, np.arange(len(new[0])), len(rows))


def test_points_stay_on_their_triangle_where_the_polygons_are_the_same():
    vertices, triangles = sheet(9)
    points = vertices[triangles[[3, 40, 77]]].mean(axis=1)
    moved = vertices + [0.0, 0.0, 0.2] * np.sin(vertices[:, :1])
    places = on_same_topology((vertices, triangles), moved, points)
    np.testing.assert_allclose(places, moved[triangles[[3, 40, 77]]].mean(axis=1), atol=1e-12)


def test_another_topology_of_the_same_surface_keeps_points_and_motion():
    old, new = sheet(21), sheet(41)
    carried = carry(old, new)
    found = carried.points(old[0][[100, 200, 300]])
    assert found.safe.all()
    assert found.residual.max() < 1e-3
    motion = np.stack([np.sin(old[0][:, 0]), np.cos(old[0][:, 1]), old[0][:, 0] ** 2], axis=-1)
    wanted = np.stack([np.sin(new[0][:, 0]), np.cos(new[0][:, 1]), new[0][:, 0] ** 2], axis=-1)
    np.testing.assert_allclose(carried.vectors(motion), wanted, atol=2e-3)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.4), (1.8, -0.3)])
def test_what_was_moved_and_scaled_as_a_whole_is_aligned_first(scale, shift):
    old, (vertices, triangles) = sheet(21), sheet(33)
    carried = carry(old, (scale * vertices + [shift, 0.2, 0.0], triangles))
    assert carried.alignment.scale == pytest.approx(scale, rel=0.02)
    places = carried.points(old[0][[100, 250]]).points
    np.testing.assert_allclose(places, scale * old[0][[100, 250]] + [shift, 0.2, 0.0], atol=0.02)


def test_only_what_is_around_the_edit_is_not_trusted():
    old, (vertices, triangles) = sheet(21), sheet(33)
    away = np.linalg.norm(vertices[:, :2] - [0.8, 0.8], axis=1)
    vertices = vertices + np.clip(0.15 - away, 0.0, None)[:, None] * [0.0, 0.0, 2.0]
    points = np.array([[0.8, 0.8, 0.0], [0.2, 0.2, 0.0]])
    assert carry(old, (vertices, triangles)).points(points).safe.tolist() == [False, True]


def test_of_two_sheets_that_touch_the_one_that_faces_the_same_way_is_meant():
    low, triangles = sheet(11)
    high = sheet(11, 1e-4)[0]
    both = np.concatenate([low, high]), np.concatenate([triangles[:, ::-1], triangles + len(low)])
    motion = np.zeros((2 * len(low), 3))
    motion[: len(low), 2], motion[len(low) :, 2] = -1.0, 1.0
    fine = sheet(21)
    result = carry(both, fine).vectors(motion)
    np.testing.assert_allclose(result[:, 2], 1.0)


def test_between_vertices_that_are_as_they_were_nothing_was_sculpted():
    old, new = sheet(11), sheet(21)
    carried = carry(old, new)
    differs = np.ones(len(new[0]), dtype=bool)
    assert carried.credible(differs).all()
    stays = np.isin(np.round(new[0] * 1e6), np.round(old[0] * 1e6)).all(axis=1)
    assert not carried.credible(differs & ~stays)[~stays].any()
