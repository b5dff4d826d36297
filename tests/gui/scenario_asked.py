# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a few points of a face are unsure, only their markers appear, and the button goes on from
there. The limit is lowered, so that there is something to ask about on a head that is well known.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import bpy

PATIENCE = 240.0
EXTENSION = "bl_ext.user_default.auto_rig_face"


def run(gui: Any) -> Iterator[Any]:
    gui.patience = PATIENCE
    yield from gui.show("pip")
    head = bpy.data.objects["pip"]
    yield from gui.open_tab()
    progress = bpy.context.window_manager.auto_rig_face
    asking = importlib.import_module(f"{EXTENSION}.rigging.asking")
    asking.ASK_ABOVE = 0.03

    yield from gui.press("auto_rig_face.rig_face")
    yield lambda: progress.running
    yield lambda: not progress.running
    yield 0.5
    gui.screenshot("asked")
    assert "only a guess" in progress.problem, progress.problem
    markers = bpy.data.collections["pip_Markers"].objects
    assert 1 <= len(markers) <= 3, len(markers)
    assert head.data.shape_keys is None

    yield from gui.press("auto_rig_face.rig_face")
    yield lambda: progress.running
    yield lambda: not progress.running
    yield 0.5
    gui.screenshot("rigged")
    assert progress.problem == "", progress.problem
    assert bpy.data.objects["pip"].auto_rig_face.status != "NONE"
