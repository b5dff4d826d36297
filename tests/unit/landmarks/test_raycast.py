# SPDX-License-Identifier: GPL-3.0-or-later
"""Rays meet the triangles that they are aimed at, in any units, and dirty meshes do no harm."""

from __future__ import annotations

import gc
import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from auto_rig_face.rigging.raycast import RayScene
from hypothesis import given
from hypothesis import strategies as st


def icosphere_like(count: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """A closed unit sphere of latitude rings."""
    polar = np.linspace(0.0, np.pi, count)
    around = np.linspace(0.0, 2 * np.pi, 2 * count, endpoint=False)
    theta, phi = np.meshgrid(polar, around, indexing="ij")
    sphere = np.stack(
        [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=-1
    )
    index = np.arange(sphere[..., 0].size).reshape(theta.shape)
    right = np.roll(index, -1, axis=1)
    lower = np.stack([index[:-1], index[1:], right[1:]], axis=-1).reshape(-1, 3)
    upper = np.stack([index[:-1], right[1:], right[:-1]], axis=-1).reshape(-1, 3)
    return sphere.reshape(-1, 3), np.concatenate([lower, upper])


@given(
    seed=st.integers(0, 2**31),
    exponent=st.floats(-6, 6),
    offset=st.floats(-30, 30),
)
def test_rays_hit_what_they_aim_at(seed: int, exponent: float, offset: float) -> None:
    random = np.random.default_rng(seed)
    scale = 10.0**exponent
    vertices, triangles = icosphere_like()
    vertices = (vertices + offset) * scale
    area = np.linalg.norm(
        np.cross(*np.diff(vertices[triangles], axis=1).transpose(1, 0, 2)), axis=1
    )
    aimed = random.choice(np.flatnonzero(area > 1e-3 * area.max()), 50)
    weights = random.dirichlet((3.0, 3.0, 3.0), 50)
    targets = np.einsum("nc,ncx->nx", weights, vertices[triangles[aimed]])
    outwards = targets / scale - offset
    origins = targets + outwards * scale * random.uniform(0.5, 3.0, (50, 1))
    directions = (targets - origins) * random.uniform(0.1, 9.0, (50, 1))

    hits = RayScene(vertices, triangles).cast(origins, directions)

    assert hits.found.all()
    assert np.array_equal(hits.triangle, aimed)
    np.testing.assert_allclose(hits.barycentric.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(hits.barycentric, weights, atol=2e-2)
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    reached = origins + unit * hits.distance[:, None]
    assert np.linalg.norm(reached - targets, axis=1).max() < 1e-4 * scale


def test_scenes_outlive_no_device() -> None:
    """Freed after its device, a scene crashes Blender: no scene may have one of its own."""
    scenes = [RayScene(*icosphere_like()) for _ in range(2)]

    devices = [gc.get_referents(scene._scene) for scene in scenes]

    assert len(devices[0]) == 1
    assert devices[0][0] is devices[1][0]


def test_a_miss_says_so() -> None:
    hits = RayScene(*icosphere_like()).cast([[0.0, 0.0, 5.0]], [[0.0, 0.0, 1.0]])

    assert not hits.found[0]
    assert hits.triangle[0] == -1
    assert np.isinf(hits.distance[0])
    assert not hits.barycentric.any()


def test_parallel_rays_take_one_direction_and_blocking_agrees_with_hitting() -> None:
    scene = RayScene(*icosphere_like())
    origins = np.random.default_rng(4).uniform(-2.0, 2.0, (200, 3))
    each = np.tile([0.0, 0.3, -2.0], (200, 1))

    hits = scene.cast(origins, each[0])

    np.testing.assert_array_equal(hits.triangle, scene.cast(origins, each).triangle)
    np.testing.assert_array_equal(hits.found, scene.blocks(origins, each))
    assert 20 < hits.found.sum() < 180


@pytest.mark.parametrize("triangles", [np.zeros((0, 3), np.int64), np.zeros((4, 3), np.int64)])
def test_nothing_to_hit(triangles: np.ndarray) -> None:
    scene = RayScene(np.zeros((3, 3)), triangles)

    assert not scene.cast(np.ones((2, 3)), -np.ones((2, 3))).found.any()
    assert not scene.vertex_normals.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_bad_vertices_only_cost_their_own_triangles(bad: float) -> None:
    vertices, triangles = icosphere_like()
    dirty = np.vstack([vertices, [[bad, 0.0, 0.0]]])
    if not np.isfinite(bad):
        triangles = np.vstack([triangles, [[0, 1, len(vertices)]]])
    scene = RayScene(dirty, triangles)

    hits = scene.cast([[3.0, 0.1, 0.2]], [[-1.0, 0.0, 0.0]])

    assert hits.found[0]
    assert hits.triangle[0] < len(triangles)
    assert np.isfinite(scene.vertex_normals).all()
    assert np.isfinite(scene.triangle_normals).all()


def test_normals_of_a_sphere_point_outwards_despite_zero_area_triangles() -> None:
    vertices, triangles = icosphere_like()  # its poles are rings of zero-area triangles
    normals = RayScene(vertices, triangles).vertex_normals
    pointing = np.linalg.norm(normals, axis=1) > 0

    assert pointing.mean() > 0.9
    assert (np.einsum("ij,ij->i", normals, vertices)[pointing] > 0.95).all()


def test_repeated_casts_give_the_same_bits_also_where_triangles_coincide() -> None:
    vertices, triangles = icosphere_like(40)
    order = np.random.default_rng(0).permutation(len(triangles))
    doubled = np.vstack([triangles, triangles[order][:, [1, 2, 0]]])
    origins = vertices * 3.0  # through vertices and edges, where several triangles tie

    def digest(_: int) -> str:
        hits = RayScene(vertices, doubled).cast(origins, -vertices)
        content = hits.triangle.tobytes() + hits.barycentric.tobytes() + hits.distance.tobytes()
        return hashlib.sha256(content).hexdigest()

    with ThreadPoolExecutor(3) as pool:
        assert len({digest(0), *pool.map(digest, range(6))}) == 1


def test_a_moved_scene_is_hit_like_one_built_in_the_new_place() -> None:
    vertices, triangles = icosphere_like()
    scale, offset = 3.5, np.array([1.0, -20.0, 4.0])
    turn = np.linalg.qr(np.random.default_rng(6).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    random = np.random.default_rng(5)
    origins = offset + scale * random.uniform(-2.0, 2.0, (100, 3))
    directions = offset - origins

    scene = RayScene(vertices, triangles)
    half = scene.moved(scale, turn, np.ones(3)).moved(1.0, turn, offset - turn @ np.ones(3))
    hits = half.cast(origins, directions)

    anew = RayScene(scale * vertices @ (turn @ turn).T + offset, triangles)
    np.testing.assert_allclose(half.vertices, anew.vertices, atol=1e-12)
    anew = anew.cast(origins, directions)
    np.testing.assert_array_equal(hits.found, anew.found)
    np.testing.assert_allclose(hits.distance, anew.distance, atol=1e-5)
