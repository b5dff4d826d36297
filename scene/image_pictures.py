# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures that are in the .blend as images: opened, packed, generated, painted or rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from .appearance import read_image
from .last_render import last_render

_CHOOSE: Final = "Choose one of the images that are in this file, or open the picture first."


def image_named(name: str) -> bpy.types.Image:
    """The image of that name, or of that name with its library. Raises RigError without one."""
    if not name:
        raise RigError("No image is chosen.", _CHOOSE)
    whole = next((image for image in bpy.data.images if image.name_full == name), None)
    image = whole or bpy.data.images.get(name)
    if image is None:
        raise RigError(f'There is no image "{name}" in this file.', _CHOOSE)
    return image


def picture_of(image: bpy.types.Image, scene: bpy.types.Scene) -> NDArray[np.uint8]:
    """(H, W, 3) sRGB, first row on top, on white where it is transparent; a render as ``scene``'s
    color management shows it. Raises RigError for an image that is no single picture, or has no
    pixels.
    """
    if image.type == "RENDER_RESULT":
        return last_render(scene)
    if image.source in {"SEQUENCE", "MOVIE"}:
        raise RigError(
            f'"{image.name}" is a film or a sequence of pictures.',
            "Choose its files with Match Expression.",
        )
    if image.source == "TILED":
        raise RigError(f'"{image.name}" consists of tiles.', "Choose an image of one piece.")
    pixels = read_image(image, on_white=True)
    if pixels is None:
        raise _without_pixels(image)
    return pixels


def _without_pixels(image: bpy.types.Image) -> RigError:
    if image.source == "FILE" and image.filepath and image.packed_file is None:
        path = Path(bpy.path.abspath(image.filepath, library=image.library))
        if not path.is_file():
            return RigError(
                f'The file of the image "{image.name}" is missing: {path}.',
                "Find it with File > External Data > Find Missing Files, or open the picture anew.",
            )
        return RigError(
            f'The file of the image "{image.name}" can\'t be read as a picture: {path}.',
            "Open a PNG or JPEG picture in its place.",
        )
    return RigError(
        f'The image "{image.name}" has no pixels.', "Choose an image in which there is a face."
    )
