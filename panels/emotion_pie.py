# SPDX-License-Identifier: GPL-3.0-or-later
"""A pie menu of the emotions, under the mouse pointer."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ..properties import EMOTION_ITEMS, head_of
from .icons import icon_of

# Opposite sides for opposite emotions: west, east, south, north, and between them.
_PLACES: Final = ("sadness", "joy", "neutral", "surprise", "fear", "anger", "disgust")
_KEYMAPS: Final = ("Object Mode", "Pose")
# Free in both keymaps of Blender 4.5 and 5.2.
_KEY: Final[dict[str, Any]] = {"type": "E", "value": "PRESS", "ctrl": True, "alt": True}
_added: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


class AUTORIGFACE_MT_emotions(bpy.types.Menu):
    bl_label = "Emotion"

    def draw(self, context: bpy.types.Context) -> None:
        """The seven emotions, as the palette has them, with this face's own pictures."""
        pie = self.layout.menu_pie()
        head = head_of(context.active_object)
        labels = {name: label for name, label, _ in EMOTION_ITEMS}
        for name in _PLACES:
            icon = icon_of(head, name) if head is not None else 0
            button = pie.operator(
                "auto_rig_face.emotion_transition", text=labels[name], icon_value=icon
            )
            button.emotion = name


def register() -> None:
    """Add the menu, and its key, which the artist may change in Blender's keymap editor."""
    bpy.utils.register_class(AUTORIGFACE_MT_emotions)
    configurations = bpy.context.window_manager.keyconfigs.addon
    if configurations is None:  # without a window there are no keys
        return
    for name in _KEYMAPS:
        keymap = configurations.keymaps.new(name=name)
        item = keymap.keymap_items.new("wm.call_menu_pie", **_KEY)
        item.properties.name = AUTORIGFACE_MT_emotions.__name__
        _added.append((keymap, item))


def unregister() -> None:
    """Take both away again."""
    for keymap, item in _added:
        keymap.keymap_items.remove(item)
    _added.clear()
    bpy.utils.unregister_class(AUTORIGFACE_MT_emotions)
