# SPDX-License-Identifier: GPL-3.0-or-later
"""Closest points asked once are those of the whole mesh, and hidden vertices are found early."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.exposure import HIDDEN_BELOW, exposure, sphere_directions
from auto_rig_face.rigging.raycast import RayScene
from auto_rig_face.rigging.surface import FEW_TRIANGLES, Surface, closest, touching
from auto_rig_face.rigging.topology import vertex_normals


def bumpy_sheet(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """A wavy square from -1 to 1 with (steps - 1)^2 * 2 triangles."""
    x, y = np.meshgrid(np.linspace(-1, 1, steps), np.linspace(-1, 1, steps))
    points = np.stack([x, y, 0.1 * np.sin(9 * x) * np.cos(7 * y)], axis=-1).reshape(-1, 3)
    index = np.arange(steps * steps).reshape(steps, steps)
    a, b, c, d = (
        part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1])
    )
    return points, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


@pytest.mark.parametrize("spread", [0.0, 0.05, 3.0])
def test_asking_once_gives_the_closest_point_of_the_whole_mesh(spread: float) -> None:
    points, triangles = bumpy_sheet(80)
    assert len(triangles) > FEW_TRIANGLES
    asked = np.array([0.3, -0.2, 0.4]) + spread * np.random.default_rng(2).normal(size=(40, 3))

    once, whole = closest(points, triangles, asked), Surface(points, triangles).closest(asked)

    np.testing.assert_array_equal(once.distance, whole.distance)
    np.testing.assert_allclose(once.interpolate(points), whole.points, atol=1e-12)
    np.testing.assert_array_equal(once.corners, triangles[once.triangle])


def test_a_triangle_that_crosses_a_box_without_a_corner_in_it_touches_it() -> None:
    points = np.array([[-5.0, 0, 0], [5, 0, 0], [0, 5, 0], [9, 9, 9], [8, 9, 9], [9, 8, 9]])
    triangles = np.array([[0, 1, 2], [3, 4, 5]])

    found = touching(points, triangles, np.full(3, -1.0), np.full(3, 1.0))

    assert found.tolist() == [True, False]


def test_stopping_early_hides_the_same_vertices_as_asking_all_directions() -> None:
    sheet, triangles = bumpy_sheet(24)
    lid = sheet + [0.0, 0.0, 0.15]
    # A second sheet just above the first one, with a hole in its middle.
    kept = np.abs(lid[triangles].mean(axis=1)[:, :2]).max(axis=1) > 0.3
    points = np.concatenate([sheet, lid])
    both = np.concatenate([triangles, triangles[kept] + len(sheet)])
    normals = vertex_normals(points, both)
    scene = RayScene(points, both)

    seen = exposure(scene, points, normals, np.ones(len(points), bool))

    free, asked = np.zeros(len(points)), np.zeros(len(points))
    for direction in sphere_directions(64):
        above = normals @ direction > 0.1
        hits = scene.cast(points[above] + 1e-4 * 2 * normals[above], direction)
        free[above] += ~hits.found
        asked[above] += 1
    hidden = free < HIDDEN_BELOW * asked
    assert 50 < hidden.sum() < len(points) / 2
    facing = asked > 0
    np.testing.assert_array_equal((seen < HIDDEN_BELOW)[facing], hidden[facing])
