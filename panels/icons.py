# SPDX-License-Identifier: GPL-3.0-or-later
"""A head's thumbnails as icons. They live as long as the session; the pixels are the head's."""

from __future__ import annotations

import zlib
from typing import Any

import bpy
import bpy.utils.previews

from ..properties import state_of
from ..scene.thumbnails import SIDE, thumbnail_icon

# Icons are not freed one by one: with so many, all are, and those in use are made again.
_MOST = 512
_icons: Any = None


def icon_of(head: bpy.types.Object, name: str) -> int:
    """Blender's number of the icon that shows a head's expression; 0 where it has no picture."""
    thumbnails = state_of(head).thumbnails
    if _icons is None or name not in thumbnails:
        return 0
    # Another picture under the same name is another icon.
    key = f"{head.session_uid} {name} {zlib.crc32(thumbnails[name].pixels.encode())}"
    if key not in _icons:
        pixels = thumbnail_icon(head, name)
        if pixels is None:
            return 0
        if len(_icons) >= _MOST:
            _icons.clear()
        icon = _icons.new(key)
        icon.image_size = (SIDE, SIDE)
        icon.image_pixels_float = pixels
    return int(_icons[key].icon_id)


def register() -> None:
    """Begin with none."""
    global _icons
    _icons = bpy.utils.previews.new()


def unregister() -> None:
    """Free them all."""
    global _icons
    bpy.utils.previews.remove(_icons)
    _icons = None
