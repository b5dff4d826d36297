# SPDX-License-Identifier: GPL-3.0-or-later
"""Similarities, warps, closest points and curves undo what was done."""

from __future__ import annotations

import numpy as np
from auto_rig_face.rigging.polyline import arc_length, resample, smooth
from auto_rig_face.rigging.similarity import Similarity, fit_similarity, fit_warp
from auto_rig_face.rigging.surface import Surface, barycentric, closest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

SEEDS = st.integers(0, 2**32 - 1)


def random_similarity(random: np.random.Generator) -> Similarity:
    rotation = Rotation.from_quat(random.normal(size=4)).as_matrix()
    return Similarity(10 ** random.uniform(-3, 3), rotation, random.normal(0, 50, 3))


@given(SEEDS, st.integers(4, 40))
def test_a_similarity_is_found_again(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    source, wanted = random.normal(size=(count, 3)), random_similarity(random)
    found = fit_similarity(source, wanted(source), random.uniform(0.1, 5, count))
    np.testing.assert_allclose(found.scale, wanted.scale, rtol=1e-6)
    np.testing.assert_allclose(found.rotation, wanted.rotation, atol=1e-6)
    np.testing.assert_allclose(found(source), wanted(source), atol=1e-7 * (wanted.scale + 100))


@given(SEEDS)
def test_a_mirror_image_never_gives_a_reflection(seed: int) -> None:
    source = np.random.default_rng(seed).normal(size=(12, 3))
    found = fit_similarity(source, source * [-1.0, 1.0, 1.0])
    np.testing.assert_allclose(np.linalg.det(found.rotation), 1.0, rtol=1e-9)
    assert found.scale >= 0


def test_points_without_weight_do_not_count() -> None:
    random = np.random.default_rng(3)
    source, wanted = random.normal(size=(20, 3)), random_similarity(random)
    target = wanted(source)
    target[:5] += 100.0
    found = fit_similarity(source, target, np.r_[np.zeros(5), np.ones(15)])
    np.testing.assert_allclose(found(source[5:]), target[5:], atol=1e-6 * (wanted.scale + 100))


@given(SEEDS)
def test_a_warp_goes_through_its_points_and_keeps_affine_maps(seed: int) -> None:
    random = np.random.default_rng(seed)
    source = random.normal(size=(25, 3))
    target = source + random.normal(0, 0.2, source.shape)
    np.testing.assert_allclose(fit_warp(source, target)(source), target, atol=1e-3)
    matrix, shift = np.eye(3) + random.normal(0, 0.3, (3, 3)), random.normal(size=3)
    warp = fit_warp(source, source @ matrix + shift, 0.5)
    elsewhere = random.normal(0, 3, (10, 3))
    np.testing.assert_allclose(warp(elsewhere), elsewhere @ matrix + shift, atol=1e-5)


def test_a_warp_bears_points_said_twice() -> None:
    source = np.random.default_rng(0).normal(size=(12, 3))
    twice = np.concatenate([source, source])
    moved = fit_warp(twice, twice + [1.0, 0, 0], np.full(24, 0.1))(source)
    np.testing.assert_allclose(moved, source + [1.0, 0, 0], atol=1e-5)


@given(SEEDS)
def test_points_on_a_surface_are_found_where_they_are(seed: int) -> None:
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(8.0), np.arange(8.0))
    vertices = np.stack([x.ravel(), y.ravel(), random.normal(0, 0.2, 64)], axis=1)
    index = np.arange(64).reshape(8, 8)
    a, b, c, d = (
        i.ravel() for i in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1])
    )
    triangles = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)])
    chosen = random.integers(len(triangles), size=30)
    weights = random.dirichlet(np.ones(3), 30)
    points = (vertices[triangles[chosen]] * weights[..., None]).sum(axis=1)
    found = closest(vertices, triangles, points)
    np.testing.assert_allclose(found.distance, 0.0, atol=1e-6)
    np.testing.assert_allclose(found.interpolate(vertices), points, atol=1e-9)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0)
    away = points + random.normal(0, 1, points.shape)
    near = Surface(vertices, triangles).closest(away)
    every = np.linalg.norm(away[:, None] - vertices[None], axis=2).min(axis=1)
    assert (near.distance <= every + 1e-9).all()
    np.testing.assert_allclose(np.linalg.norm(near.points - away, axis=1), near.distance, atol=1e-9)


def test_weights_on_a_triangle_without_area_are_finite() -> None:
    point = np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(barycentric(point, point, point, point), [[1.0, 0.0, 0.0]])
    line = barycentric(point, np.zeros((1, 3)), point, 2 * point)
    assert np.isfinite(line).all()
    np.testing.assert_allclose(line.sum(), 1.0)


@given(SEEDS, st.integers(2, 60))
def test_resampling_keeps_the_ends_and_spaces_evenly(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    direction = random.normal(size=3)
    line = np.sort(random.uniform(0, 5, 9))[:, None] * direction
    result = resample(line, count)
    np.testing.assert_allclose(result[[0, -1]], line[[0, -1]], atol=1e-12)
    steps = np.diff(arc_length(result))
    np.testing.assert_allclose(steps, steps.mean(), rtol=1e-6)
    np.testing.assert_allclose(resample(result, 9)[[0, -1]], line[[0, -1]], atol=1e-12)


@given(SEEDS)
def test_smoothing_calms_a_curve_between_fixed_ends(seed: int) -> None:
    random = np.random.default_rng(seed)
    curve = np.linspace(0, 4, 60)[:, None] * [1.0, 0, 0] + random.normal(0, 0.05, (60, 3))
    result = smooth(curve, 2.0)
    np.testing.assert_array_equal(result[[0, -1]], curve[[0, -1]])
    assert arc_length(result)[-1] < arc_length(curve)[-1]
    assert (
        np.abs(np.diff(result, 2, axis=0)).mean() < 0.4 * np.abs(np.diff(curve, 2, axis=0)).mean()
    )
