# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures and films from files, as arrays that the networks take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError

PICTURE_ENDINGS: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
FILM_ENDINGS: Final = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi")
MOST_BYTES: Final = 200_000_000  # of one picture's file
# Networks see a face in a few hundred pixels; more only takes time.
LONGEST_SIDE: Final = 1280
MOST_FRAMES: Final = 20_000  # more than ten minutes at 30 a second
_FORWARD: Final = 1e-6  # seconds that a film's clock must move on by

Picture = NDArray[np.uint8]


def read_picture(path: Path, longest: int | None = LONGEST_SIDE) -> Picture:
    """The picture in a file as (H, W, 3) uint8 sRGB, upright, on white where it is transparent, at
    most ``longest`` a side. Raises RigError for a file that holds none.
    """
    import cv2

    data = np.frombuffer(_bytes_of(path), np.uint8)
    decoded: NDArray[Any] | None
    whole: NDArray[Any] | None
    try:
        # The first turns photographs upright and makes 8 bits of everything, but drops the alpha.
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        whole = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error:
        decoded = whole = None
    if decoded is None or whole is None:
        raise RigError(
            f"{path.name} isn't a picture that can be read.",
            "Choose a PNG or JPEG picture, or save it as one.",
        )
    if whole.ndim == 3 and whole.shape[2] == 4:
        decoded = _on_white(data, whole)
    return _as_rgb(decoded, longest)


def is_film(path: Path) -> bool:
    """Whether a file is taken as a film, by its ending."""
    return path.suffix.lower() in FILM_ENDINGS


def read_film(path: Path) -> Iterator[tuple[float, Picture]]:
    """The frames of a film with their instants, in seconds from the first one, as they were
    recorded: a telephone's steps differ. Raises RigError for a file that can't be read.
    """
    import cv2

    _require_film(path)
    film = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    try:
        step = 1.0 / _rate_of(film)
        first = last = 0.0
        for count in range(MOST_FRAMES + 1):
            read, frame = film.read()
            if not read:
                break
            if count == MOST_FRAMES:
                raise RigError(
                    f"{path.name} has more than {MOST_FRAMES} frames.",
                    "Cut the film into shorter takes.",
                )
            # Some containers have no clock, or one that stands still: then the frame rate counts.
            now = float(film.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
            if count == 0:
                first = last = now
            elif now > last + _FORWARD:
                last = now
            else:
                last += step
            yield last - first, _as_rgb(frame, LONGEST_SIDE)
    finally:
        film.release()


def pictures_in(folder: Path) -> list[Path]:
    """The picture files in a folder, in sequence; those that are hidden by their name aren't meant.
    Raises RigError where it can't be read.
    """
    try:
        files = [path for path in folder.iterdir() if path.is_file()]
    except OSError as error:
        raise RigError(
            f"{folder} can't be read: {error.strerror or error}.",
            "Check that the folder is there and may be read.",
        ) from error
    shown = [path for path in files if not path.name.startswith(".")]
    return in_sequence([path for path in shown if path.suffix.lower() in PICTURE_ENDINGS])


def in_sequence(paths: list[Path]) -> list[Path]:
    """Picture files in the order of the numbers in their names: frame2 before frame10."""

    def parts(path: Path) -> list[tuple[int, str]]:
        pieces = re.split(r"(\d+)", path.name.lower())
        return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces]

    return sorted(paths, key=parts)


def _bytes_of(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise RigError(
                f"{path.name} is larger than {MOST_BYTES // 1_000_000} megabytes.",
                "Choose a smaller picture.",
            )
        if size == 0:
            raise RigError(f"{path.name} is empty.", "Save, render or copy the picture again.")
        return path.read_bytes()
    except OSError as error:
        raise RigError(
            f"{path} can't be read: {error.strerror or error}.",
            "Check that the file is there and may be read.",
        ) from error


def _on_white(data: NDArray[np.uint8], whole: NDArray[Any]) -> Picture:
    """With an alpha, the picture is taken as it lies in the file."""
    import cv2

    flat = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    full = {"uint8": 255.0, "uint16": 65535.0}.get(whole.dtype.name, 1.0)
    cover = whole[..., 3:].astype(np.float32) / full
    return (flat * cover + 255.0 * (1.0 - cover) + 0.5).astype(np.uint8)


def _as_rgb(frame: NDArray[Any], longest: int | None) -> Picture:
    import cv2

    shrink = 1.0 if longest is None else longest / max(frame.shape[:2])
    if shrink < 1.0:
        frame = cv2.resize(frame, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(frame[:, :, ::-1])


def _require_film(path: Path) -> None:
    """Only containers of one film: a play list could name other files."""
    try:
        with path.open("rb") as file:
            start = file.read(12)
    except OSError as error:
        raise RigError(
            f"{path} can't be read: {error.strerror or error}.",
            "Check that the file is there and may be read.",
        ) from error
    is_mp4 = start[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free"}
    is_matroska = start[:4] == b"\x1aE\xdf\xa3"
    is_avi = start[:4] == b"RIFF" and start[8:12] == b"AVI "
    if not (is_mp4 or is_matroska or is_avi):
        raise RigError(
            f"{path.name} isn't a film that can be read.",
            "Choose an MP4, MOV, MKV, WebM or AVI file, or render the film to pictures.",
        )


def _rate_of(film: Any) -> float:
    import cv2

    rate = float(film.get(cv2.CAP_PROP_FPS))
    return rate if np.isfinite(rate) and 1.0 <= rate <= 1000.0 else 30.0
