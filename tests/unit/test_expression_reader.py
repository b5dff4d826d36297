# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed network that reads expressions, and the alignment in front of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.models.assets import ASSETS
from auto_rig_face.models.dense_landmarks import DenseLandmarker
from auto_rig_face.models.expression_reader import (
    DESCRIPTION,
    FOLDER,
    NETWORK,
    ExpressionReader,
    Reading,
    alignment,
    undone,
)
from auto_rig_face.rigging.data import FaceMesh, HeadFrame, MeshPart
from auto_rig_face.rigging.template import load_template
from auto_rig_face.rigging.views import look, render
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from hypothesis import given
from hypothesis import strategies as st

FRAME = HeadFrame(np.zeros(3), np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]), 1.0)
TARGETS = np.array([[0.3, 0.1], [-0.3, 0.1], [0.0, 0.35], [0.2, 0.6], [-0.2, 0.6]])


@pytest.fixture(scope="module")
def landmarker() -> DenseLandmarker:
    return DenseLandmarker()


@pytest.fixture(scope="module")
def reader(landmarker: DenseLandmarker) -> ExpressionReader:
    return ExpressionReader(landmarker=landmarker)


def posed(**shapes: float) -> np.ndarray:
    """A picture of the template's head with some shapes, seen from the front."""
    template = load_template(ASSETS / "template.npz")
    vertices = template.head.vertices.astype(np.float64)
    for name, value in shapes.items():
        vertices = vertices + value * template.shapes[name]
    upright = vertices @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    part = MeshPart("template", 0, len(upright))
    mesh = FaceMesh(upright, template.head.triangles, (part,))
    return render(mesh, look(FRAME, resolution=256))


@pytest.fixture(scope="module")
def calm(reader: ExpressionReader) -> Reading:
    return reader.read(posed())


def of(reading: Reading, name: str) -> float:
    return float(reading.coefficients[ARKIT_SHAPES.index(name)])


def test_a_reading_is_within_its_bounds(calm: Reading) -> None:
    assert calm.coefficients.shape == (len(ARKIT_SHAPES),)
    assert 0.0 <= calm.coefficients.min() <= calm.coefficients.max() <= 1.0
    assert calm.emotions.shape == (len(EMOTIONS),)
    assert calm.emotions.sum() == pytest.approx(1.0)
    assert calm.emotions.min() >= 0.0
    assert 0.0 <= calm.intensity <= 2.0
    assert np.isfinite(calm.features).all()


# The network knows emotions: of shapes that seldom move alone it is shy.
@pytest.mark.parametrize(
    ("shapes", "least", "above"),
    [
        (("jawOpen",), 0.15, 2.0),
        (("mouthSmileLeft", "mouthSmileRight"), 0.15, 2.0),
        (("jawOpen", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"), 0.15, 2.0),
        (("browInnerUp", "browOuterUpLeft", "browOuterUpRight"), 0.04, 1.5),
    ],
)
def test_what_is_posed_is_read(
    reader: ExpressionReader, calm: Reading, shapes: tuple[str, ...], least: float, above: float
) -> None:
    picture = posed(**dict.fromkeys(shapes, 1.0))
    for rest in (None, calm):
        reading = reader.read(picture, rest=rest)
        risen = np.mean([of(reading, name) - of(calm, name) for name in shapes])
        others = np.delete(
            reading.coefficients - calm.coefficients, [ARKIT_SHAPES.index(n) for n in shapes]
        )
        assert risen > least
        assert risen > above * np.abs(others).mean()


def test_a_picture_at_rest_makes_a_difference(reader: ExpressionReader, calm: Reading) -> None:
    picture = posed(jawOpen=0.6)
    alone, compared = reader.read(picture), reader.read(picture, rest=calm)
    assert np.abs(alone.coefficients - compared.coefficients).max() > 1e-3
    np.testing.assert_array_equal(alone.features, compared.features)


def test_the_same_picture_gives_the_same_numbers(reader: ExpressionReader) -> None:
    first, second = reader.read(posed(jawOpen=0.5)), reader.read(posed(jawOpen=0.5))
    np.testing.assert_array_equal(first.coefficients, second.coefficients)


def test_bytes_and_floats_are_the_same_picture(reader: ExpressionReader, calm: Reading) -> None:
    again = reader.read(posed().astype(np.float32))
    np.testing.assert_allclose(again.coefficients, calm.coefficients, atol=0.02)


def test_a_face_of_no_size_is_told(reader: ExpressionReader, landmarker: DenseLandmarker) -> None:
    picture = posed()
    face = landmarker.predict(picture)
    for points in (np.full_like(face.points, 7.0), np.full_like(face.points, np.nan)):
        with pytest.raises(RigError, match="too small"):
            reader.read_face(picture, replace(face, points=points))


@pytest.mark.parametrize("shape", [(0, 4, 3), (8, 8), (8, 8, 4)])
def test_what_is_no_picture_is_told(reader: ExpressionReader, shape) -> None:
    with pytest.raises(ValueError, match="picture"):
        reader.read(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("name", [NETWORK, DESCRIPTION])
def test_an_altered_file_is_told(tmp_path: Path, landmarker: DenseLandmarker, name: str) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(FOLDER, folder)
    with (folder / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(RigError, match="altered"):
        ExpressionReader(folder=folder, landmarker=landmarker)


def test_other_landmarks_are_told(landmarker: DenseLandmarker, tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(FOLDER, folder)
    about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    about["points"] = about["points"][::-1]
    (folder / DESCRIPTION).write_text(json.dumps(about), encoding="utf-8")
    import hashlib

    hashes = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (NETWORK, DESCRIPTION)
    }
    (folder / "manifest.json").write_text(json.dumps(hashes), encoding="utf-8")
    with pytest.raises(RigError, match="don't match"):
        ExpressionReader(folder=folder, landmarker=landmarker)


def test_the_network_is_small() -> None:
    assert (FOLDER / NETWORK).stat().st_size <= 4_000_000


@given(
    angle=st.floats(-3.1, 3.1),
    scale=st.floats(0.05, 400.0),
    x=st.floats(-300, 300),
    y=st.floats(-300, 300),
)
def test_an_alignment_finds_the_similarity(angle: float, scale: float, x: float, y: float) -> None:
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    wanted = np.array([[cosine, -sine, x], [sine, cosine, y]])
    points = TARGETS @ wanted[:, :2].T + wanted[:, 2]
    found = alignment(points, TARGETS)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6 * max(scale, abs(x), abs(y), 1))
    np.testing.assert_allclose(undone(found, points), TARGETS, atol=1e-6)


@given(st.integers(0, 10_000))
def test_no_similarity_fits_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = TARGETS * 50 + rng.normal(0, 4, TARGETS.shape)
    best = alignment(points, TARGETS)

    def misfit(similarity: np.ndarray) -> float:
        placed = TARGETS @ similarity[:, :2].T + similarity[:, 2]
        return float(((placed - points) ** 2).sum())

    for _ in range(8):
        turn, grow = rng.normal(0, 1e-2, 2)
        linear = best[:, :2] @ np.array([[1 + grow, -turn], [turn, 1 + grow]])
        other = np.column_stack([linear, best[:, 2] + rng.normal(0, 0.2, 2)])
        assert misfit(other) >= misfit(best)


def test_many_alignments_at_once_are_the_same_as_one_by_one() -> None:
    points = np.random.default_rng(3).normal(size=(6, *TARGETS.shape))
    together = alignment(points, TARGETS)
    for row, one in zip(together, points, strict=True):
        np.testing.assert_allclose(row, alignment(one, TARGETS))
