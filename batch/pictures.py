# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as files."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """(H, W, 3) uint8 sRGB as a PNG file, the same bytes for the same picture."""
    import cv2

    encoded, data = cv2.imencode(".png", picture[:, :, ::-1])
    if not encoded:
        raise RigError("The contact sheet can't be encoded.", "Reinstall the extension.")
    return bytes(data)
