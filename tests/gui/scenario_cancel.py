# SPDX-License-Identifier: GPL-3.0-or-later
"""Esc stops the job between two stages, and the head is as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

PATIENCE = 240.0


def run(gui: Any) -> Iterator[Any]:
    gui.patience = PATIENCE
    yield from gui.show("amara")
    yield from gui.open_tab()
    before = sorted(bpy.data.objects.keys())
    progress = bpy.context.window_manager.auto_rig_face
    yield from gui.press("auto_rig_face.rig_face")
    yield lambda: progress.running and progress.fraction > 0.2
    gui.screenshot("running")
    middle = gui.region("WINDOW")
    gui.move(middle.x + middle.width / 3, middle.y + middle.height / 2)
    gui.key("ESC")
    yield lambda: not progress.running
    yield 0.3
    gui.screenshot("cancelled")
    head = bpy.data.objects["amara"]
    assert sorted(bpy.data.objects.keys()) == before
    assert head.data.shape_keys is None
    assert len(head.modifiers) == 0
    assert len(bpy.data.armatures) == 0
    assert head.auto_rig_face.status == "NONE"
    assert bpy.ops.auto_rig_face.rig_face.poll()
