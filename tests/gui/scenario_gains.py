# SPDX-License-Identifier: GPL-3.0-or-later
"""A shape is searched by name, gets a gain on the head, and one Ctrl+Z takes it back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

HEADER = 32  # pixels from the last button of a panel to the title of the folded one below


def kept() -> list[str]:
    """The shapes that have a gain."""
    return [item.name for item in bpy.data.objects["pip"].auto_rig_face.gains]


def run(gui: Any) -> Iterator[Any]:
    yield from gui.open(gui.head("pip"))
    head = bpy.data.objects["pip"]
    bpy.context.view_layer.objects.active = head
    # The list needs no more of a rig than that there is one.
    head.auto_rig_face.role, head.auto_rig_face.status = "HEAD", "GREEN"
    with gui.context():
        bpy.ops.ed.undo_push(message="Rigged")
    yield from gui.open_tab()
    yield from gui.scroll_sidebar(40)
    x, y = yield from gui.find_button("auto_rig_face.idle_life")
    yield from gui.click(x, y - HEADER)
    yield 0.3
    yield from gui.scroll(40)
    gui.screenshot("empty")

    yield from gui.press("auto_rig_face.add_gain", column=0.83)
    yield 0.5
    gui.screenshot("search")
    for letter in "jawopen":
        gui.type(letter)
        yield 0.1
    gui.key("RET")
    yield lambda: kept() == ["jawOpen"]
    yield 0.5
    gui.screenshot("added")

    middle = gui.region("WINDOW")
    gui.move(middle.x + middle.width / 2, middle.y + middle.height / 2)
    yield 0.2
    gui.key("Z", ctrl=True)
    yield lambda: kept() == []
