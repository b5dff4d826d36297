# SPDX-License-Identifier: GPL-3.0-or-later
"""One click rigs the head, with progress in the window; one Ctrl+Z takes the whole rig back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

PATIENCE = 240.0


def progress() -> Any:
    return bpy.context.window_manager.auto_rig_face


def prepare(gui: Any, name: str) -> Iterator[Any]:
    """Open a demonstration head, make it active and show it from the front beside the tab."""
    yield from gui.show(name)
    with gui.context():
        bpy.ops.ed.undo_push(message="Ready")
    yield from gui.open_tab()


def run(gui: Any) -> Iterator[Any]:
    gui.patience = PATIENCE
    yield from prepare(gui, "pip")
    yield from gui.press("auto_rig_face.rig_face")
    yield lambda: progress().running
    seen = set()

    def finished() -> bool:
        stage = progress().stage
        if stage not in seen:
            seen.add(stage)
            gui.screenshot(f"progress_{len(seen):02d}")
        return not progress().running

    yield finished
    assert len(seen) >= 5, f"only these stages were shown: {seen}"
    yield 1.0
    gui.screenshot("result")
    head = bpy.data.objects["pip"]
    assert progress().problem == "", progress().problem
    assert len(head.data.shape_keys.key_blocks) >= 53  # correctives may be more
    assert head.auto_rig_face.status in {"GREEN", "AMBER", "RED"}
    head.data.shape_keys.key_blocks["jawOpen"].value = 1.0
    yield 0.5
    gui.screenshot("jaw_open")
    head.data.shape_keys.key_blocks["jawOpen"].value = 0.0

    middle = gui.region("WINDOW")
    gui.move(middle.x + middle.width / 3, middle.y + middle.height / 2)
    yield 0.2
    gui.key("Z", ctrl=True)
    yield lambda: bpy.data.objects["pip"].data.shape_keys is None
    yield 0.5
    gui.screenshot("undone")
    head = bpy.data.objects["pip"]
    assert len(bpy.data.armatures) == 0
    assert len(head.modifiers) == 0
    assert head.auto_rig_face.status == "NONE"
