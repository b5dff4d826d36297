# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed generative models of expressions."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.animation.emotions import OPPOSITES, SHAPE_INDEX, units_of
from auto_rig_face.animation.emotions import coefficients_of as of_units
from auto_rig_face.errors import RigError
from auto_rig_face.models.expression_networks import FOLDER, ExpressionModels, Pose
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS

SEEDS = range(12)
FELT = EMOTIONS[1:]


@pytest.fixture(scope="module")
def models() -> ExpressionModels:
    """The committed networks."""
    return ExpressionModels()


def test_the_networks_speak_the_vocabulary(models: ExpressionModels) -> None:
    assert models.emotions == EMOTIONS


@pytest.mark.parametrize("emotion", FELT)
def test_a_pose_points_the_way_of_its_own_emotion(models: ExpressionModels, emotion: str) -> None:
    def direction(coefficients: np.ndarray) -> np.ndarray:
        return coefficients / np.linalg.norm(coefficients)

    def likeness(pose: np.ndarray, name: str) -> float:
        prototypes = [of_units(units_of(name, v, i)) for v in range(3) for i in (1.0, 2.0)]
        return max(float(direction(pose) @ direction(one)) for one in prototypes)

    hits = 0
    for seed in SEEDS:
        pose = models.generate(emotion, 1.0, seed).coefficients
        hits += max(FELT, key=lambda name: likeness(pose, name)) == emotion
    assert hits >= 11


@pytest.mark.parametrize("emotion", FELT)
def test_more_intensity_is_more_motion(models: ExpressionModels, emotion: str) -> None:
    sums = [
        np.mean([models.generate(emotion, intensity, seed).coefficients.sum() for seed in SEEDS])
        for intensity in (0.25, 0.5, 1.0, 1.5, 2.0)
    ]
    assert sums == sorted(sums)


@pytest.mark.parametrize("emotion", FELT)
def test_poses_are_ones_that_a_face_can_take(models: ExpressionModels, emotion: str) -> None:
    for seed in SEEDS:
        for intensity in (1.0, 2.0):
            pose = models.generate(emotion, intensity, seed).coefficients
            assert 0.0 <= pose.min() <= pose.max() <= 1.0
            assert pose[SHAPE_INDEX["mouthClose"]] <= pose[SHAPE_INDEX["jawOpen"]]
            for first, second in OPPOSITES:
                assert min(pose[SHAPE_INDEX[first]], pose[SHAPE_INDEX[second]]) == 0.0


def test_a_seed_is_one_way_to_show_it(models: ExpressionModels) -> None:
    first, again, other = (models.generate("joy", 1.0, seed).coefficients for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.05


@pytest.mark.parametrize(("emotion", "intensity"), [("neutral", 1.0), ("joy", 0.0)])
def test_nothing_felt_is_the_face_at_rest(
    models: ExpressionModels, emotion: str, intensity: float
) -> None:
    assert not models.generate(emotion, intensity, 5).coefficients.any()


def test_a_path_begins_and_ends_where_it_should(models: ExpressionModels) -> None:
    first, second = models.generate("sadness", 1.5, 1), models.generate("joy", 2.0, 2)
    path = models.path(first, second, 17)
    np.testing.assert_array_equal(path[0], first.coefficients)
    np.testing.assert_array_equal(path[-1], second.coefficients)
    assert np.abs(np.diff(path, axis=0)).max() < 0.35


def test_what_neither_end_shows_stays_at_rest(models: ExpressionModels) -> None:
    first, second = models.generate("neutral", 0.0, 1), models.generate("surprise", 1.0, 2)
    path = models.path(first, second, 9)
    idle = second.coefficients == 0.0
    assert idle.any()
    assert not path[:, idle].any()


def test_a_pose_of_the_artist_s_own_can_begin_a_path(models: ExpressionModels) -> None:
    free = np.random.default_rng(1).random(len(ARKIT_SHAPES))
    path = models.path(Pose(free), models.generate("anger", 1.0, 0), 9)
    np.testing.assert_array_equal(path[0], free)
    assert 0.0 <= path.min() <= path.max() <= 1.0


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "expressions")
    file = folder / "expression_generator.onnx"
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(RigError, match="truncated or altered"):
        ExpressionModels(folder=folder)
