# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a character as files: of any depth, grey or transparent."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from auto_rig_face.batch.pictures import png_bytes
from auto_rig_face.errors import RigError
from auto_rig_face.models.pictures import read_picture

RGB = np.array([[[250, 10, 20], [0, 128, 255]]], np.uint8)


def written(folder: Path, pixels: np.ndarray, name: str = "picture.png") -> Path:
    assert cv2.imwrite(str(folder / name), pixels)
    return folder / name


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(png_bytes(RGB))
    np.testing.assert_array_equal(read_picture(path), RGB)


def test_grey_has_three_channels(tmp_path: Path) -> None:
    path = written(tmp_path, np.array([[0, 77, 255]], np.uint8))
    np.testing.assert_array_equal(read_picture(path)[..., 1], [[0, 77, 255]])
    assert read_picture(path).shape == (1, 3, 3)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    hidden = np.zeros((1, 3, 4), np.uint8)
    hidden[0, 1] = (20, 10, 250, 255)
    hidden[0, 2] = (0, 0, 0, 128)
    seen = read_picture(written(tmp_path, hidden))
    np.testing.assert_array_equal(seen[0, 0], [255, 255, 255])
    np.testing.assert_array_equal(seen[0, 1], [250, 10, 20])
    np.testing.assert_allclose(seen[0, 2], 127, atol=1)


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    deep = RGB[..., ::-1].astype(np.uint16) * 257
    np.testing.assert_array_equal(read_picture(written(tmp_path, deep)), RGB)


def test_what_is_no_picture_is_told(tmp_path: Path) -> None:
    path = tmp_path / "letter.png"
    path.write_text("Dear artist")
    with pytest.raises(RigError, match=r"letter\.png"):
        read_picture(path)
