# SPDX-License-Identifier: GPL-3.0-or-later
"""A standard's keys are added by the dialog and removed by the cross; Ctrl+Z brings them back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

PATIENCE = 240.0


def keys() -> list[str]:
    """Names of the head's shape keys."""
    return list(bpy.data.objects["pip"].data.shape_keys.key_blocks.keys())


def unfold_panel() -> None:
    """Let the panel begin unfolded."""
    panel = bpy.types.AUTORIGFACE_PT_standards
    bpy.utils.unregister_class(panel)
    panel.bl_options = set()
    bpy.utils.register_class(panel)


def run(gui: Any) -> Iterator[Any]:
    gui.patience = PATIENCE
    yield from gui.show("pip")
    unfold_panel()
    with gui.context():
        bpy.ops.auto_rig_face.rig_face("EXEC_DEFAULT")
        bpy.ops.ed.undo_push(message="Rigged")
    before = keys()
    yield from gui.open_tab()
    yield from gui.scroll_sidebar(60)
    gui.screenshot("panel")

    yield from gui.press("auto_rig_face.add_standard_keys")
    yield 0.7
    gui.screenshot("dialog")
    gui.key("RET")
    yield lambda: "happy" in keys()
    bpy.data.objects["pip"].data.shape_keys.key_blocks["happy"].value = 1.0
    yield 0.5
    gui.screenshot("happy")
    bpy.data.objects["pip"].data.shape_keys.key_blocks["happy"].value = 0.0

    yield from gui.scroll_sidebar(60)
    yield from gui.press("auto_rig_face.remove_standard_keys", column=0.83)
    yield lambda: keys() == before
    yield 0.5
    gui.screenshot("removed")

    middle = gui.region("WINDOW")
    gui.move(middle.x + middle.width / 2, middle.y + middle.height * 0.7)
    yield 0.2
    gui.key("Z", ctrl=True)
    yield lambda: "happy" in keys()
    gui.screenshot("undone")
