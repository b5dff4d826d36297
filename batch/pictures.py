# SPDX-License-Identifier: GPL-3.0-or-later
"""Picture files as arrays and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from .inputs import read_bytes


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The picture at ``path`` as (H, W, 3) uint8 sRGB, on white where it is transparent; RigError
    naming a file that is none.
    """
    import cv2

    data = np.frombuffer(read_bytes(path), np.uint8)
    decoded: NDArray | None
    whole: NDArray | None
    try:
        # The first turns photographs upright and makes 8 bits of everything, but drops the alpha.
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        whole = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error:
        decoded = whole = None
    if decoded is None or whole is None:
        raise RigError(
            f"{path} isn't a picture that can be read.", "Save it as PNG or JPEG and try again."
        )
    if whole.ndim == 3 and whole.shape[2] == 4:
        # With an alpha, the picture is taken as it lies in the file.
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        full = {"uint8": 255.0, "uint16": 65535.0}.get(whole.dtype.name, 1.0)
        cover = whole[..., 3:].astype(np.float32) / full
        decoded = (decoded * cover + 255.0 * (1.0 - cover) + 0.5).astype(np.uint8)
    return np.ascontiguousarray(decoded[:, :, ::-1])


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """(H, W, 3) uint8 sRGB as a PNG file, the same bytes for the same picture."""
    import cv2

    encoded, data = cv2.imencode(".png", picture[:, :, ::-1])
    if not encoded:
        raise RigError("The contact sheet can't be encoded.", "Reinstall the extension.")
    return bytes(data)
