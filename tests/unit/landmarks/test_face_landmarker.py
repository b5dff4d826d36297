# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks find a face in a picture wherever it is, and say plainly when they can't be used."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.models.assets import asset_path
from auto_rig_face.models.face_landmarker import COEFFICIENTS, FaceLandmarker
from auto_rig_face.rigging.canonical_face import MIRROR_PAIRS, eye_centres
from auto_rig_face.rigging.data import FaceMesh, HeadFrame
from auto_rig_face.rigging.views import LEVEL_LIGHT, look, render


@pytest.fixture(scope="module")
def portrait(human_head: FaceMesh) -> np.ndarray:
    """(384, 384, 3) from the front."""
    frame = HeadFrame(np.zeros(3), np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]), 1.0)
    return render(human_head, look(frame, size=6.0, resolution=384), light=LEVEL_LIGHT)


def test_a_face_is_found_with_its_eyes_level(
    landmarker: FaceLandmarker, portrait: np.ndarray
) -> None:
    (face,) = landmarker.predict(portrait)
    right, left = eye_centres(face.points[:, :2])

    assert face.score > 0.8
    assert face.presence > 0.9
    assert face.points.shape == (478, 3)
    assert left[0] - right[0] > 40  # the character's left is on the picture's right
    assert abs(left[1] - right[1]) < 4
    assert face.points[4, 1] > left[1]  # the nose below the eyes
    assert face.points[4, 2] < face.points[[33, 263], 2].min()  # and nearer
    box_left, top, box_right, bottom = face.box
    assert box_left < right[0] < left[0] < box_right
    assert top < face.points[4, 1] < bottom


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_points_follow_a_turned_picture(
    landmarker: FaceLandmarker, portrait: np.ndarray, turns: int
) -> None:
    (upright,) = landmarker.predict(portrait)
    faces = landmarker.predict(np.ascontiguousarray(np.rot90(portrait, turns)), min_score=0.3)

    x, y = upright.points[:, :2].T
    last = portrait.shape[0] - 1
    expected = {0: (x, y), 1: (y, last - x), 3: (last - y, x)}[turns]
    errors = np.linalg.norm(faces[0].points[:, :2] - np.stack(expected, axis=1), axis=1)
    assert np.median(errors) < 0.06 * np.ptp(x)


def test_points_follow_a_mirrored_picture(landmarker: FaceLandmarker, portrait: np.ndarray) -> None:
    (face,) = landmarker.predict(portrait)
    (mirrored,) = landmarker.predict(np.ascontiguousarray(portrait[:, ::-1]))
    rights, lefts = np.array(MIRROR_PAIRS).T

    swapped = mirrored.points[lefts, :2] * [-1, 1] + [portrait.shape[1] - 1, 0]
    errors = np.linalg.norm(swapped - face.points[rights, :2], axis=1)
    assert errors.mean() < 0.04 * np.ptp(face.points[:, 0])


@pytest.mark.parametrize("scale", [1, 3])
def test_margins_and_size_do_not_matter(
    landmarker: FaceLandmarker, portrait: np.ndarray, scale: int
) -> None:
    (face,) = landmarker.predict(portrait)
    larger = np.repeat(np.repeat(portrait, scale, axis=0), scale, axis=1)
    padded = np.pad(larger, ((0, 60 * scale), (40 * scale, 0), (0, 0)), mode="edge")
    (found,) = landmarker.predict(padded)

    # Enlarging by repetition moves pixel centres by half a pixel less than the scale.
    expected = (face.points[:, :2] + 0.5) * scale - 0.5 + [40 * scale, 0]
    errors = np.linalg.norm(found.points[:, :2] - expected, axis=1)
    assert np.median(errors) < 0.02 * np.ptp(expected[:, 0])


def test_two_faces_in_one_picture(landmarker: FaceLandmarker, portrait: np.ndarray) -> None:
    faces = landmarker.predict(np.concatenate([portrait, portrait], axis=1))

    assert len(faces) == 2
    first, second = sorted(face.points[4, 0] for face in faces)
    assert second - first == pytest.approx(portrait.shape[1], abs=10)


def test_blendshapes_only_on_request(landmarker: FaceLandmarker, portrait: np.ndarray) -> None:
    (face,) = landmarker.predict(portrait)
    assert face.blendshapes is None

    (face,) = landmarker.predict(portrait, blendshapes=True)
    assert face.blendshapes is not None
    assert tuple(face.blendshapes) == COEFFICIENTS
    assert len(COEFFICIENTS) == 52
    assert all(-0.01 <= value <= 1.01 for value in face.blendshapes.values())
    assert face.blendshapes["jawOpen"] < 0.3


@pytest.mark.parametrize("shape", [(64, 64, 3), (1, 1, 3), (3, 500, 3)])
def test_an_empty_picture_holds_no_face(
    landmarker: FaceLandmarker, shape: tuple[int, int, int]
) -> None:
    assert landmarker.predict(np.full(shape, 128, np.uint8)) == []


def test_a_framed_face_is_the_one_that_is_found_in_a_wider_picture(
    landmarker: FaceLandmarker, human_head: FaceMesh, portrait: np.ndarray
) -> None:
    (face,) = landmarker.predict(portrait)
    low, high = face.points[:, :2].min(axis=0), face.points[:, :2].max(axis=0)
    half = 0.75 * (high - low).max()
    left, top = np.rint((low + high) / 2 - half).astype(int)
    size = round(2 * half)
    crop = np.ascontiguousarray(portrait[top : top + size, left : left + size])
    (framed,) = landmarker.predict(crop, framed=True)

    errors = np.linalg.norm(framed.points[:, :2] + [left, top] - face.points[:, :2], axis=1)
    assert np.median(errors) < 0.02 * size
    assert framed.score > 0.5
    assert landmarker.predict(np.full((256, 256, 3), 128, np.uint8), framed=True) == []


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float64),
        np.zeros((0, 8, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_a_programming_error(
    landmarker: FaceLandmarker, image: np.ndarray
) -> None:
    with pytest.raises(ValueError, match="picture, got"):
        landmarker.predict(image)


def test_a_runtime_that_does_not_load_is_explained(
    assets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert assets.is_dir()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RigError, match="ONNX Runtime") as failure:
        FaceLandmarker()
    assert "Blender" in failure.value.remedy


@pytest.fixture
def two_assets(tmp_path: Path) -> Path:
    """A folder with a whole asset and its manifest."""
    from hashlib import sha256

    (tmp_path / "good.bin").write_bytes(b"weights")
    manifest = {"good.bin": sha256(b"weights").hexdigest(), "gone.bin": "0" * 64}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return tmp_path


def test_a_whole_asset_is_checked_once(two_assets: Path) -> None:
    assert asset_path("good.bin", two_assets) == two_assets / "good.bin"
    (two_assets / "good.bin").write_bytes(b"changed later")
    assert asset_path("good.bin", two_assets) == two_assets / "good.bin"


@pytest.mark.parametrize("content", [b"weight", b"weights!", b""])
def test_a_damaged_asset_is_named(two_assets: Path, content: bytes) -> None:
    (two_assets / "good.bin").write_bytes(content)
    with pytest.raises(RigError, match=r"good\.bin.*truncated or altered") as failure:
        asset_path("good.bin", two_assets)
    assert "make assets" in failure.value.remedy
    # The check is made again: what was repaired works without a restart.
    (two_assets / "good.bin").write_bytes(b"weights")
    assert asset_path("good.bin", two_assets).exists()


@pytest.mark.parametrize("name", ["gone.bin", "unknown.bin"])
def test_a_missing_asset_is_named(two_assets: Path, name: str) -> None:
    with pytest.raises(RigError, match=name):
        asset_path(name, two_assets)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_a_damaged_manifest_is_named(two_assets: Path, content: bytes) -> None:
    (two_assets / "manifest.json").write_bytes(content)
    with pytest.raises(RigError, match=r"manifest\.json"):
        asset_path("good.bin", two_assets)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"manifest\.json"):
        asset_path("good.bin", tmp_path)
