# SPDX-License-Identifier: GPL-3.0-or-later
"""The contact sheet: all poses, both views, its words, and the same bytes every time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.batch.contact_sheet import landmark_pair, refusal_sheet, rig_sheet
from auto_rig_face.batch.pictures import png_bytes
from auto_rig_face.errors import RigError
from auto_rig_face.models.pictures import read_picture
from auto_rig_face.rigging.data import (
    Certificate,
    FaceLandmarks,
    FaceMesh,
    FaceRig,
    HeadFrame,
    MeshPart,
)
from auto_rig_face.vocabulary import CONTACT_SHEET_POSES
from scipy.sparse import csr_matrix
from scipy.spatial import ConvexHull

CELL = 256


def _ball() -> FaceMesh:
    points = np.random.default_rng(0).normal(size=(600, 3))
    points /= np.linalg.norm(points, axis=1)[:, None]
    triangles = ConvexHull(points).simplices.astype(np.int64)
    return FaceMesh(points, triangles, (MeshPart("Ball", 0, len(points)),))


def _rig(ball: FaceMesh) -> FaceRig:
    frame = HeadFrame(np.zeros(3), np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]]), 1.0)
    named = {"chin": np.array([0.0, -0.9, -0.4])}
    landmarks = FaceLandmarks(frame, named, {"chin": 1.0})
    wide = np.zeros_like(ball.vertices, dtype=np.float32)
    wide[:, 0] = ball.vertices[:, 0]
    weights = csr_matrix((len(ball.vertices), 0))
    return FaceRig({"jawOpen": wide}, (), weights, landmarks, Certificate(()))


def _cell(sheet: np.ndarray, pose: int, view: int) -> np.ndarray:
    top = 40 + (pose // 3) * (CELL + 26) + 26
    left = ((pose % 3) * 2 + view) * CELL
    return sheet[top : top + CELL, left : left + CELL]


def test_every_pose_is_drawn_from_both_sides() -> None:
    ball = _ball()
    sheet = rig_sheet(ball, _rig(ball), "ball: rigged", [])
    assert sheet.dtype == np.uint8
    assert sheet.shape[1:] == (6 * CELL, 3)
    background = (217, 217, 217)
    for pose in range(len(CONTACT_SHEET_POSES) + 1):
        for view in range(2):
            seen = (_cell(sheet, pose, view) != background).any(axis=2)
            assert 0.1 < seen.mean() < 0.9
    names = list(CONTACT_SHEET_POSES)
    neutral = _cell(sheet, names.index("neutral"), 0)
    np.testing.assert_array_equal(neutral, _cell(sheet, names.index("smile"), 0))
    assert (neutral != _cell(sheet, names.index("jaw open"), 0)).any()
    landmarks = _cell(sheet, len(names), 0)
    assert (neutral != landmarks).any()


def test_a_pose_that_the_head_cannot_have_is_said_to_be_missing() -> None:
    ball, blinks = _ball(), ("eyeBlinkLeft", "eyeBlinkRight")
    rig = _rig(ball)
    plain = rig_sheet(ball, rig, "ball", [])
    lidless = rig_sheet(ball, replace(rig, disabled_shapes=blinks), "ball", [])
    different = (plain != lidless).any(axis=2)
    pose = list(CONTACT_SHEET_POSES).index("blink")
    top, left = 40 + (pose // 3) * (CELL + 26), (pose % 3) * 2 * CELL
    label = different[top : top + 26, left : left + 2 * CELL]
    assert label.any()
    assert different.sum() == label.sum()


def test_the_same_head_gives_the_same_file(tmp_path: Path) -> None:
    ball = _ball()
    one, other = (png_bytes(rig_sheet(ball, _rig(ball), "ball", ["a note"])) for _ in range(2))
    assert one == other
    (tmp_path / "a.png").write_bytes(one)
    assert read_picture(tmp_path / "a.png", None).shape[1] == 6 * CELL


def test_notes_make_the_sheet_longer_in_any_language() -> None:
    ball = _ball()
    rig = _rig(ball)
    plain = rig_sheet(ball, rig, "ball", [])
    noted = rig_sheet(ball, rig, "Müller 头", ["lip seal 2 > 1 % IOD", "x" * 400])
    assert noted.shape[0] > plain.shape[0]
    assert noted.shape[1] == plain.shape[1]


def test_a_refused_head_has_a_sheet_even_without_a_picture() -> None:
    ball = _ball()
    pair = landmark_pair(ball, _rig(ball).landmarks.frame, {}, {})
    with_picture = refusal_sheet([pair], "ball: refused", ["No face was found."])
    without = refusal_sheet([], "ball: failed", ["The file is damaged."])
    assert with_picture.shape[1] == without.shape[1]
    assert with_picture.shape[0] > without.shape[0] > 60


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n broken"])
def test_a_file_that_is_no_picture_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "face.png").write_bytes(content)
    with pytest.raises(RigError, match=r"face\.png"):
        read_picture(tmp_path / "face.png")
