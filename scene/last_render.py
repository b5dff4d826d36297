# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture that was rendered last, as it is seen in the Image Editor."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from .appearance import read_image

# In the order in which Blender lets them be set; the first only since 5.0.
_AS_FILE: Final = {
    "media_type": "IMAGE",
    "file_format": "PNG",
    "color_mode": "RGBA",
    "color_depth": "8",
}


def last_render(scene: bpy.types.Scene) -> NDArray[np.uint8]:
    """(H, W, 3) sRGB, seen through the scene's color management. Raises RigError without one.

    Blender gives no access to the pixels of the render itself, so they go through a file.
    """
    result = next((image for image in bpy.data.images if image.type == "RENDER_RESULT"), None)
    if result is None:
        raise _nothing_rendered()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "render.png"
        try:
            with _as_png(scene.render.image_settings):
                result.save_render(str(path), scene=scene)
        except RuntimeError as error:  # Blender's answer where it has no pixels
            raise _nothing_rendered() from error
        if not path.is_file():
            raise _nothing_rendered()
        saved = bpy.data.images.load(str(path))
        try:
            pixels = read_image(saved, on_white=True)
        finally:
            bpy.data.images.remove(saved)
    if pixels is None:
        raise _nothing_rendered()
    return pixels


@contextmanager
def _as_png(settings: bpy.types.ImageFormatSettings) -> Iterator[None]:
    """The scene may be set to write films, or to another depth: it is so again afterwards."""
    wanted = {name: value for name, value in _AS_FILE.items() if hasattr(settings, name)}
    before = {name: getattr(settings, name) for name in wanted}
    for name, value in wanted.items():
        setattr(settings, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)


def _nothing_rendered() -> RigError:
    return RigError("Nothing was rendered yet.", "Render the face first, with F12.")
