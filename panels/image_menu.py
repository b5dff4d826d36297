# SPDX-License-Identifier: GPL-3.0-or-later
"""The Image Editor's menu: the image that it shows, taken over by the active head."""

from __future__ import annotations

import bpy


def draw(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    """A line below Blender's own, where the editor shows an image."""
    image = context.space_data.image
    if image is not None:
        menu.layout.separator()
        operator = menu.layout.operator("auto_rig_face.match_image", icon="USER")
        operator.image = image.name_full


def register() -> None:
    """Add the line."""
    bpy.types.IMAGE_MT_image.append(draw)


def unregister() -> None:
    """Take it away again."""
    bpy.types.IMAGE_MT_image.remove(draw)
