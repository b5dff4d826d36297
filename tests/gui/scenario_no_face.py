# SPDX-License-Identifier: GPL-3.0-or-later
"""Where no face is found, the window says so, markers appear, and the button goes on from them.

The search for it shows how far it is, and Esc ends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

PATIENCE = 240.0


def run(gui: Any) -> Iterator[Any]:
    gui.patience = PATIENCE
    with gui.context():
        bpy.ops.object.select_all(action="SELECT")
        bpy.ops.object.delete()
        bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=32)
        bpy.context.object.name = "Ball"
        bpy.ops.object.shade_smooth()
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
    yield from gui.open_tab()
    progress = bpy.context.window_manager.auto_rig_face
    middle = gui.region("WINDOW")
    yield from gui.press("auto_rig_face.rig_face")
    yield lambda: progress.running and "round" in progress.stage
    gui.move(middle.x + middle.width / 3, middle.y + middle.height / 2)
    gui.key("ESC")
    yield lambda: not progress.running
    assert progress.problem == ""
    assert "Ball_Markers" not in bpy.data.collections
    yield from gui.press("auto_rig_face.rig_face")
    yield lambda: progress.running
    yield lambda: not progress.running
    yield 1.0
    gui.screenshot("no_face")
    assert "Ball" in progress.problem, progress.problem
    assert progress.remedy
    assert len(bpy.data.collections["Ball_Markers"].objects) == 13
    assert bpy.data.objects["Ball"].data.shape_keys is None
    yield from gui.press("auto_rig_face.rig_face")
    yield lambda: progress.running
    yield lambda: not progress.running
    yield 1.0
    gui.screenshot("rigged_from_markers")
    assert progress.problem == "", progress.problem
    assert bpy.data.objects["Ball"].auto_rig_face.status != "NONE"
