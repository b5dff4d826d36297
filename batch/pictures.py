# SPDX-License-Identifier: GPL-3.0-or-later
"""Picture files as arrays and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from .inputs import read_bytes


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The picture at ``path`` as (H, W, 3) uint8 sRGB; RigError naming a file that is none."""
    import cv2

    data = np.frombuffer(read_bytes(path), np.uint8)
    try:
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error:
        decoded = None
    if decoded is None:
        raise RigError(
            f"{path} isn't a picture that can be read.", "Save it as PNG or JPEG and try again."
        )
    return np.ascontiguousarray(decoded[:, :, ::-1])


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """(H, W, 3) uint8 sRGB as a PNG file, the same bytes for the same picture."""
    import cv2

    encoded, data = cv2.imencode(".png", picture[:, :, ::-1])
    if not encoded:
        raise RigError("The contact sheet can't be encoded.", "Reinstall the extension.")
    return bytes(data)
