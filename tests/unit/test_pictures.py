# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures and films from files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.models import pictures
from auto_rig_face.models.pictures import (
    in_sequence,
    is_film,
    pictures_in,
    read_film,
    read_picture,
)


def film_of(path: Path, levels: list[int], fps: float = 25.0) -> Path:
    """A film of plain grey frames."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (64, 48))
    assert writer.isOpened()
    for level in levels:
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    return path


def test_a_picture_is_read_as_rgb(tmp_path: Path) -> None:
    picture = np.zeros((20, 30, 3), np.uint8)
    picture[..., 0] = 200  # blue, for cv2
    cv2.imwrite(str(tmp_path / "blue.png"), picture)
    read = read_picture(tmp_path / "blue.png")
    assert read.shape == (20, 30, 3)
    assert read[0, 0].tolist() == [0, 0, 200]


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "clear.png"), np.zeros((8, 8, 4), np.uint8))
    assert (read_picture(tmp_path / "clear.png") == 255).all()


def test_a_large_picture_is_made_smaller(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "large.jpg"), np.full((2000, 3000, 3), 90, np.uint8))
    assert max(read_picture(tmp_path / "large.jpg").shape) == pictures.LONGEST_SIDE


@pytest.mark.parametrize("content", [b"", b"GIF89a nonsense", b"\x89PNG\r\n\x1a\n broken"])
def test_a_file_that_is_no_picture_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "face.png"
    path.write_bytes(content)
    with pytest.raises(RigError, match=r"face\.png"):
        read_picture(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"none\.png"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(RigError, match=r"none\.mp4"):
        list(read_film(tmp_path / "none.mp4"))


def test_a_film_keeps_its_frames_and_instants(tmp_path: Path) -> None:
    path = film_of(tmp_path / "film.avi", [10, 120, 240], fps=20.0)
    frames = list(read_film(path))
    assert is_film(path)
    np.testing.assert_allclose([instant for instant, _ in frames], [0.0, 0.05, 0.10], atol=1e-3)
    assert [round(float(frame.mean()), -1) for _, frame in frames] == [10, 120, 240]


def test_a_film_that_is_too_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MOST_FRAMES", 2)
    path = film_of(tmp_path / "film.avi", [10, 20, 30])
    with pytest.raises(RigError, match="more than 2 frames"):
        list(read_film(path))


@pytest.mark.parametrize(
    "content",
    [b"", b"not a film at all", b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/hostname\n"],
)
def test_a_file_that_is_no_film_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(RigError, match=r"film\.mp4"):
        list(read_film(path))


def test_pictures_are_in_the_order_of_their_numbers() -> None:
    names = ["face10.png", "face2.png", "Face1.png", "a.png"]
    ordered = in_sequence([Path(name) for name in names])
    assert [path.name for path in ordered] == ["a.png", "Face1.png", "face2.png", "face10.png"]


def test_the_pictures_of_a_folder_come_in_sequence(tmp_path: Path) -> None:
    for name in ("f10.png", "f2.PNG", "notes.txt", "._f2.png", "film.mp4"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "inner.png").mkdir()
    assert [path.name for path in pictures_in(tmp_path)] == ["f2.PNG", "f10.png"]
    with pytest.raises(RigError, match="none"):
        pictures_in(tmp_path / "none")
