# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes as motions of few bones."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.bone_shapes import INFLUENCES, BoneShapes, fit_bones, solve_bones
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation


def sheet(count: int = 24) -> np.ndarray:
    """(count^2, 3) a curved sheet one unit wide."""
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, count), np.linspace(-0.5, 0.5, count))
    return np.stack([x, y, 0.2 * np.cos(3 * x)], axis=-1).reshape(-1, 3)


def bumps(vertices: np.ndarray, seed: int, poses: int = 6) -> np.ndarray:
    """(poses, V, 3) smooth local motions, none of them at the edges."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform(-0.25, 0.25, (poses, 2))
    away = np.linalg.norm(vertices[None, :, :2] - middles[:, None], axis=2)
    height = np.clip(1.0 - (away / 0.22) ** 2, 0.0, None) ** 2
    return height[..., None] * rng.normal(0.0, 0.06, (poses, 1, 3))


@pytest.fixture(scope="module")
def fitted() -> tuple[np.ndarray, np.ndarray, BoneShapes]:
    vertices = sheet()
    offsets = bumps(vertices, 3)
    return vertices, offsets, fit_bones(vertices, offsets, 1.0, 16)


def test_bones_follow_shapes(fitted: tuple[np.ndarray, np.ndarray, BoneShapes]) -> None:
    vertices, offsets, bones = fitted
    off = np.linalg.norm(bones.posed(vertices) - vertices - offsets, axis=2)
    moved = np.linalg.norm(offsets, axis=2)
    assert off[moved > 0.005].mean() < 0.15 * moved[moved > 0.005].mean()


def test_what_never_moves_hangs_on_the_skull_alone(
    fitted: tuple[np.ndarray, np.ndarray, BoneShapes],
) -> None:
    _, offsets, bones = fitted
    still = np.linalg.norm(offsets, axis=2).max(axis=0) == 0.0
    assert still.any()
    np.testing.assert_array_equal(bones.weights[still, 0], 1.0)
    assert not bones.moves[:, 0].any()


@settings(max_examples=6)
@given(seed=st.integers(0, 1000), bones=st.integers(2, 12))
def test_weights_and_turns_are_ones_that_an_engine_takes(seed: int, bones: int) -> None:
    vertices = sheet(12)
    found = fit_bones(vertices, bumps(vertices, seed, 3), 1.0, bones)
    assert found.weights.shape == (len(vertices), bones)
    assert found.weights.min() >= 0.0
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0, atol=1e-9)
    assert (found.weights > 0.0).sum(axis=1).max() <= INFLUENCES
    np.testing.assert_allclose(np.linalg.det(found.turns), 1.0, atol=1e-9)
    identity = found.turns @ found.turns.transpose(0, 1, 3, 2)
    np.testing.assert_allclose(identity, np.broadcast_to(np.eye(3), identity.shape), atol=1e-9)


def test_more_bones_follow_more_closely() -> None:
    vertices = sheet()
    offsets = bumps(vertices, 5)
    few, many = (
        np.linalg.norm(fit_bones(vertices, offsets, 1.0, n).posed(vertices) - vertices - offsets)
        for n in (5, 25)
    )
    assert many < 0.7 * few


def test_known_bones_are_found_again() -> None:
    rng = np.random.default_rng(7)
    rest = rng.normal(0.0, 0.3, (300, 3))
    share = rng.random(300)
    weights = np.column_stack([np.zeros(300), share, 1.0 - share])
    turns = np.tile(np.eye(3), (4, 3, 1, 1))
    turns[:, 1:] = (
        Rotation.from_rotvec(rng.normal(0.0, 0.3, (8, 3))).as_matrix().reshape(4, 2, 3, 3)
    )
    moves = np.zeros((4, 3, 3))
    moves[:, 1:] = rng.normal(0.0, 0.2, (4, 2, 3))
    at = np.einsum("pbij,vj->pvbi", turns, rest) + moves[:, None]
    targets = np.einsum("vb,pvbi->pvi", weights, at)
    found, moved = np.tile(np.eye(3), (4, 3, 1, 1)), np.zeros((4, 3, 3))
    for _ in range(150):
        solve_bones(rest, targets, weights, found, moved, 1e-6)
    np.testing.assert_allclose(found, turns, atol=0.01)
    np.testing.assert_allclose(moved, moves, atol=0.01)


def test_a_face_needs_more_than_a_skull() -> None:
    with pytest.raises(ValueError, match="bone"):
        fit_bones(sheet(4), np.zeros((1, 16, 3)), 1.0, 1)
