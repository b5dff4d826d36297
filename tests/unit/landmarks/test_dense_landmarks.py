# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's own networks: a face in a picture, and the same face as 478 points."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.models import dense_landmarks
from auto_rig_face.models.dense_landmarks import DenseLandmarker
from auto_rig_face.rigging.data import FaceMesh, HeadFrame
from auto_rig_face.rigging.dense_detector import DenseDetector, NamedLandmarker
from auto_rig_face.rigging.dense_points import NAMED_POINTS, name_points
from auto_rig_face.rigging.views import look, render
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

SIZE = 256


@pytest.fixture(scope="module")
def network() -> DenseLandmarker:
    return DenseLandmarker()


@pytest.fixture(scope="module")
def human_frame() -> HeadFrame:
    return HeadFrame(np.zeros(3), np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]), 1.0)


@pytest.fixture(scope="module")
def picture(human_head: FaceMesh, human_frame: HeadFrame) -> np.ndarray:
    return render(human_head, look(human_frame, resolution=SIZE))


def test_a_face_is_found_where_it_is(network, picture, human_frame) -> None:
    face = network.predict(picture)
    camera = look(human_frame, resolution=SIZE)
    eyes = [[0.5, 0.0, 0.0], [-0.5, 0.0, 0.0]]
    expected = camera.project(human_frame.to_world(np.array(eyes)))
    found = np.array(
        [
            face.points[[network.names.index(f"lid_upper_{s}_{end}") for end in ("00", "10")]].mean(
                0
            )
            for s in "LR"
        ]
    )
    across = np.linalg.norm(expected[0] - expected[1])
    assert np.linalg.norm(found - expected, axis=1).max() < 0.15 * across
    assert face.score > 0.5
    assert np.median(face.expected_error) < 0.25 * across


def test_a_small_face_is_found_as_well(network, human_head, human_frame) -> None:
    camera = look(human_frame, size=14.0, centre=(2.5, 1.0, 0.0), resolution=512)
    face = network.predict(render(human_head, camera))
    middle = camera.project(human_frame.to_world(np.zeros((1, 3))))[0]
    assert np.linalg.norm(np.median(face.points, axis=0) - middle) < 512 / 14.0


def test_the_same_picture_gives_the_same_numbers(network, picture) -> None:
    first, second = network.predict(picture), network.predict(picture)
    np.testing.assert_array_equal(first.points, second.points)


def test_bytes_and_floats_are_the_same_picture(network, picture) -> None:
    first, second = network.predict(picture), network.predict(picture.astype(np.float32))
    np.testing.assert_allclose(first.points, second.points, atol=0.5)


@pytest.mark.parametrize("shape", [(0, 4, 3), (8, 8), (8, 8, 4)])
def test_what_is_no_picture_is_told(network, shape) -> None:
    with pytest.raises(ValueError, match="picture"):
        network.predict(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_tiny_picture_is_no_error(network, size) -> None:
    assert network.predict(np.zeros((size, size, 3), np.uint8)).points.shape == (301, 2)


@pytest.mark.parametrize("name", ["landmark_regressor.onnx", "landmarks.json"])
def test_altered_weights_are_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "landmarks"
    shutil.copytree(dense_landmarks.FOLDER, folder)
    with (folder / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(RigError, match="altered"):
        DenseLandmarker(folder=folder)


@dataclass(frozen=True)
class Answer:
    """What a network says."""

    score: float
    points: np.ndarray
    expected_error: np.ndarray


@dataclass(frozen=True)
class Exact:
    """A network that sees the average head in a view; its last points are the named ones."""

    rest: np.ndarray
    view: np.ndarray  # (2, 3)
    shift: np.ndarray

    @property
    def named(self) -> dict[str, int]:
        first = len(self.rest) - len(NAMED_POINTS)
        return {name: first + row for row, name in enumerate(NAMED_POINTS)}

    def predict(self, image: np.ndarray, *, framed: bool = False) -> Answer:
        flat = self.rest @ self.view.T + self.shift
        return Answer(0.9, flat, np.full(len(flat), 2.0))


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), size=st.floats(5.0, 300.0))
def test_an_average_head_gives_its_points_in_every_view(seed: int, size: float) -> None:
    random = np.random.default_rng(seed)
    rest, canonical = random.normal(size=(80, 3)), random.normal(size=(478, 3)) * 0.7
    turn = Rotation.random(random_state=seed).as_matrix()
    view = size * turn[:2] * [[1.0], [-1.0]]
    shift = random.normal(size=2) * 50
    detect = DenseDetector(Exact(rest, view, shift), canonical)
    (face,) = detect(np.zeros((8, 8, 3), np.float32))
    known = np.concatenate([canonical, rest[-len(NAMED_POINTS) :]])
    np.testing.assert_allclose(face.points[:, :2], known @ view.T + shift, atol=1e-4 * size)
    depth = -size * known @ turn[2]
    off = face.points[:, 2] - depth
    np.testing.assert_allclose(off, off.mean(), atol=1e-3 * size)
    assert (face.expected_error >= 0).all()


def test_threads_that_ask_at_once_get_the_same_bits(network) -> None:
    canonical = np.random.default_rng(2).normal(size=(478, 3)) * 0.7
    detect = DenseDetector(network, canonical)
    picture = np.random.default_rng(1).random((SIZE, SIZE, 3), np.float32) * 255
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: detect(picture)[0], range(40)))
    for face in found[1:]:
        np.testing.assert_array_equal(face.points, found[0].points)
        np.testing.assert_array_equal(face.expected_error, found[0].expected_error)


@dataclass(frozen=True)
class Photographed:
    """What Face Landmarker says of a face."""

    points: np.ndarray
    score: float = 0.9
    presence: float = 1.0
    expected_error: None = None


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), size=st.floats(5.0, 300.0))
def test_face_landmarker_names_what_it_has_no_points_on(seed: int, size: float) -> None:
    random = np.random.default_rng(seed)
    canonical, named = random.normal(size=(478, 3)), random.normal(size=(28, 3)) * 0.7
    turn = Rotation.random(random_state=seed).as_matrix() * size
    shift = random.normal(size=3) * 50
    detect = NamedLandmarker(
        lambda _, framed=False: [Photographed(canonical @ turn.T + shift)], canonical, named
    )
    (face,) = detect(np.zeros((8, 8, 3), np.float32))
    found = name_points(face.points)
    assert list(found) == list(NAMED_POINTS)
    known = named @ turn.T + shift
    np.testing.assert_allclose(list(found.values()), known, atol=1e-4 * size)
    assert face.expected_error is None
