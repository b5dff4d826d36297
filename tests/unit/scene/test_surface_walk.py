# SPDX-License-Identifier: GPL-3.0-or-later
"""Vectors along a surface: what goes in comes out to the last bit, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.scene.packed import multiples, pack_vectors
from auto_rig_face.scene.surface_walk import SurfaceWalk
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

COUNT = 12


def grid(side: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(side², 3) vertices of a flat square and its triangles."""
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    first = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    corners = [(0, 1, side), (1, side + 1, side)]
    triangles = np.concatenate([first[:, None] + np.array(corner) for corner in corners])
    return np.stack([x.ravel(), y.ravel(), np.zeros(side * side)], axis=1), triangles


@given(
    arrays(np.int64, (9, 3), elements=st.integers(0, COUNT - 1)),
    arrays(np.int64, (COUNT, 3), elements=st.integers(-(2**40), 2**40)),
)
def test_whatever_the_surface_is_they_come_back(triangles, values):
    walk = SurfaceWalk(triangles, COUNT)
    ((back, step),) = walk.unpack([walk.pack((values, 0.25))])
    np.testing.assert_array_equal(back, values)
    assert step == 0.25


def test_many_come_back_at_once_and_broken_ones_alone_are_missing():
    random = np.random.default_rng(7)
    _, triangles = grid(9)
    walk = SurfaceWalk(triangles, 81)
    values = [random.integers(-50, 50, (81, 3)) for _ in range(5)]
    packed = [walk.pack((item, 1.0)) for item in values]
    packed[3] = packed[3][:-5]
    back = walk.unpack(packed)
    assert back[3] is None
    for k in (0, 1, 2, 4):
        np.testing.assert_array_equal(back[k][0], values[k])


def test_a_smooth_motion_takes_half_the_room_that_it_takes_vertex_by_vertex():
    random = np.random.default_rng(7)
    places, triangles = grid(80)
    shuffled = random.permutation(len(places))  # as a mesh lists its vertices after edits
    motion = np.exp(-3.0 * (places[shuffled] ** 2).sum(axis=1))[:, None] * [0.3, 0.02, -0.1]
    rank = np.argsort(shuffled)
    packed = SurfaceWalk(rank[triangles], len(places)).pack(multiples(motion, 1e-4))
    assert len(packed) < 0.5 * len(pack_vectors(motion, 1e-4))


def test_vertices_without_triangles_come_back():
    walk = SurfaceWalk(np.array([[3, 4, 5]]), 8)
    values = np.arange(24).reshape(8, 3)
    ((back, _),) = walk.unpack([walk.pack((values, 1.0))])
    np.testing.assert_array_equal(back, values)


@pytest.mark.parametrize("cut", [0, 3, 20, -9])
def test_bytes_that_are_cut_off_are_not_believed(cut):
    walk = SurfaceWalk(grid(4)[1], 16)
    assert walk.unpack([walk.pack((np.ones((16, 3), np.int64), 1.0))[:cut]]) == [None]


def test_bytes_of_another_walk_are_not_believed():
    values = (np.arange(48).reshape(16, 3), 1.0)
    _, triangles = grid(4)
    other = SurfaceWalk(triangles[::-1] // 2, 16)
    assert other.unpack([SurfaceWalk(triangles, 16).pack(values)]) == [None]
    assert SurfaceWalk(triangles, 17).unpack([SurfaceWalk(triangles, 16).pack(values)]) == [None]
