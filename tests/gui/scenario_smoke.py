# SPDX-License-Identifier: GPL-3.0-or-later
"""The installed extension shows its tab over a real head."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy


def run(gui: Any) -> Iterator[Any]:
    assert "bl_ext.user_default.auto_rig_face" in bpy.context.preferences.addons
    yield from gui.open(gui.head("pip"))
    head = bpy.data.objects["pip"]
    head.select_set(True)
    bpy.context.view_layer.objects.active = head
    with gui.context():
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
    yield from gui.open_tab()
    yield 0.5
    gui.screenshot("tab")
    assert gui.region().active_panel_category == "Auto-Rig Face"
