# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures of a head's expressions: kept with the head in the .blend, as text."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..properties import state_of

SIDE: Final = 96  # pixels
_COUNT: Final = SIDE * SIDE * 3


def pose_thumbnail(pose: str) -> str:
    """What the picture of a named expression is called: it may have an emotion's name."""
    return f"pose {pose}"


def store_thumbnail(head: bpy.types.Object, name: str, picture: NDArray[np.uint8]) -> None:
    """Keep a (SIDE, SIDE, 3) picture under a name, in place of the one that had it."""
    if picture.shape != (SIDE, SIDE, 3) or picture.dtype != np.uint8:
        raise ValueError(f"A thumbnail is {SIDE} pixels a side, of 8 bits")
    thumbnails = state_of(head).thumbnails
    item = thumbnails[name] if name in thumbnails else thumbnails.add()
    item.name = name
    item.pixels = base64.b64encode(zlib.compress(picture.tobytes(), 9)).decode("ascii")


def thumbnail(head: bpy.types.Object, name: str) -> NDArray[np.uint8] | None:
    """The (SIDE, SIDE, 3) picture of that name; None where there is none, or its text, which comes
    from a file, isn't what was written.
    """
    thumbnails = state_of(head).thumbnails
    if name not in thumbnails:
        return None
    try:
        packed = base64.b64decode(thumbnails[name].pixels, validate=True)
        pixels = zlib.decompressobj().decompress(packed, _COUNT + 1)
    except (binascii.Error, ValueError, zlib.error):
        return None
    if len(pixels) != _COUNT:
        return None
    return np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE, 3)


def forget_thumbnail(head: bpy.types.Object, name: str) -> None:
    """Take the picture of that name away, if there is one."""
    thumbnails = state_of(head).thumbnails
    if name in thumbnails:
        thumbnails.remove(thumbnails.find(name))


def thumbnail_icon(head: bpy.types.Object, name: str) -> list[float] | None:
    """The picture as Blender's previews take it: RGBA of 0..1 from the lowest row up, or None."""
    picture = thumbnail(head, name)
    return None if picture is None else preview_pixels(picture)


def preview_pixels(picture: NDArray[np.uint8]) -> list[float]:
    """A (SIDE, SIDE, 3) picture as Blender's previews take it."""
    opaque = np.full((SIDE, SIDE, 1), 255, np.uint8)
    values: list[float] = (np.concatenate([picture, opaque], 2)[::-1] / 255.0).ravel().tolist()
    return values
