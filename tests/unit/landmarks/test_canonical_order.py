# SPDX-License-Identifier: GPL-3.0-or-later
"""A surface has one canonical form, however its file lists vertices and triangles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from auto_rig_face.rigging.canonical_order import canonical_surface, canonical_weld
from auto_rig_face.rigging.data import Appearance, FaceMesh, MeshPart
from auto_rig_face.rigging.topology import weld
from hypothesis import given
from hypothesis import strategies as st


def sheet(width: int, height: int, seed: int) -> FaceMesh:
    """A grid of coloured triangles, and one vertex that nothing uses."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(float)
    # Whole numbers, so that many coordinates are alike.
    flat = np.stack([x, y, random.integers(0, 2, x.shape)], axis=-1).reshape(-1, 3)
    vertices = np.concatenate([flat, [[np.nan, 0.0, 0.0]]])
    index = np.arange(width * height).reshape(height, width)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    count = len(triangles)
    look = Appearance(
        random.random((count, 3), np.float32),
        random.random((count, 3, 2), np.float32),
        random.integers(-1, 2, count).astype(np.int32),
    )
    return FaceMesh(vertices, triangles, (MeshPart("sheet", 0, len(vertices)),), look)


def shuffled(mesh: FaceMesh, seed: int) -> tuple[FaceMesh, np.ndarray]:
    """The mesh in another order, and which old vertex each new one is."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(mesh.vertices))
    rows = random.permutation(len(mesh.triangles))
    turns = (np.arange(3) + random.integers(0, 3, (len(rows), 1))) % 3
    look = mesh.appearance
    assert look is not None
    return replace(
        mesh,
        vertices=mesh.vertices[order],
        triangles=np.take_along_axis(np.argsort(order)[mesh.triangles[rows]], turns, axis=1),
        appearance=replace(
            look,
            colours=look.colours[rows],
            uv=np.take_along_axis(look.uv[rows], turns[:, :, None], axis=1),
            image_index=look.image_index[rows],
        ),
    ), order


@given(
    width=st.integers(2, 6), height=st.integers(2, 6), seed=st.integers(0, 99), lot=st.integers(0)
)
def test_any_order_gives_the_same_surface(width: int, height: int, seed: int, lot: int) -> None:
    mesh = sheet(width, height, seed)
    one, other = canonical_surface(mesh), canonical_surface(shuffled(mesh, lot)[0])

    assert len(one.vertices) == width * height
    np.testing.assert_array_equal(one.vertices, other.vertices)
    np.testing.assert_array_equal(one.triangles, other.triangles)
    assert one.appearance is not None
    assert other.appearance is not None
    np.testing.assert_array_equal(one.appearance.colours, other.appearance.colours)
    np.testing.assert_array_equal(one.appearance.uv, other.appearance.uv)
    np.testing.assert_array_equal(one.appearance.image_index, other.appearance.image_index)


@given(seed=st.integers(0, 99))
def test_the_surface_stays_what_it_is(seed: int) -> None:
    mesh = sheet(4, 3, seed)
    found = canonical_surface(mesh)

    def corners(of: FaceMesh) -> set[tuple[float, ...]]:
        """Each triangle by its normal and middle: order doesn't count, winding does."""
        points = of.vertices[of.triangles]
        normals = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])
        return {tuple(row) for row in np.round(np.c_[normals, points.mean(axis=1)], 9) + 0.0}

    assert corners(found) == corners(mesh)


def test_vertices_in_one_place_become_one() -> None:
    mesh = sheet(3, 3, 0)
    apart = replace(
        mesh,
        vertices=mesh.vertices[mesh.triangles].reshape(-1, 3),
        triangles=np.arange(mesh.triangles.size).reshape(-1, 3),
    )
    np.testing.assert_array_equal(
        canonical_surface(apart).triangles, canonical_surface(mesh).triangles
    )


@given(seed=st.integers(0, 99), lot=st.integers(0))
def test_any_order_gives_the_same_welded_mesh(seed: int, lot: int) -> None:
    """Two sheets that touch inside, in two places, without being one."""
    below = sheet(5, 4, seed)
    lift = np.ones(len(below.vertices))
    lift[[6, 13]] = 0.0
    above = replace(below, vertices=below.vertices + np.outer(lift, [0.0, 0.0, 2.0]))
    count = len(below.vertices)
    mesh = replace(
        below,
        vertices=np.concatenate([below.vertices, above.vertices]),
        triangles=np.concatenate([below.triangles, above.triangles + count]),
        appearance=None,
    )
    random = np.random.default_rng(lot)
    order = random.permutation(2 * count)
    rows = random.permutation(len(mesh.triangles))
    one = canonical_weld(weld(mesh.vertices, mesh.triangles))
    other = canonical_weld(weld(mesh.vertices[order], np.argsort(order)[mesh.triangles[rows]]))

    np.testing.assert_array_equal(one.vertices, other.vertices)
    used = np.unique(mesh.triangles)
    assert len(np.unique(one.weld[used])) == len(used)
    np.testing.assert_array_equal(one.vertices[one.weld[used]], mesh.vertices[used])
    np.testing.assert_array_equal(one.triangles, other.triangles)
