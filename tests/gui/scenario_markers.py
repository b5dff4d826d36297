# SPDX-License-Identifier: GPL-3.0-or-later
"""A marker is dragged by hand, and the same button goes on from there; then the rig is removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
from bpy_extras.view3d_utils import location_3d_to_region_2d

PATIENCE = 240.0


def on_screen(gui: Any, obj: bpy.types.Object) -> tuple[float, float]:
    """Where an object's origin is in the window."""
    region = gui.region("WINDOW")
    view = gui.area.spaces.active.region_3d
    place = location_3d_to_region_2d(region, view, obj.matrix_world.translation)
    return region.x + place.x, region.y + place.y


def run(gui: Any) -> Iterator[Any]:
    gui.patience = PATIENCE
    yield from gui.show("pip")
    yield from gui.open_tab()
    progress = bpy.context.window_manager.auto_rig_face

    yield from gui.press("auto_rig_face.rig_face")
    yield lambda: progress.running
    yield lambda: not progress.running
    assert progress.problem == "", progress.problem
    yield from gui.press("auto_rig_face.edit_markers")
    yield lambda: "pip_Markers" in bpy.data.collections
    yield 0.5
    gui.screenshot("markers")
    markers = bpy.data.collections["pip_Markers"].objects
    assert len(markers) == 13

    marker = markers["brow_mid_L"]
    before = marker.location.copy()
    for obj in bpy.context.view_layer.objects:
        obj.select_set(obj == marker)
    bpy.context.view_layer.objects.active = marker
    yield 0.3
    x, y = on_screen(gui, marker)
    gui.move(x, y)
    yield 0.2
    gui.key("G")
    yield 0.2
    gui.move(x, y + 12)
    yield 0.2
    yield from gui.click(x, y + 12)
    yield 0.3
    assert (bpy.data.objects["brow_mid_L"].location - before).length > 0
    gui.screenshot("dragged")

    yield from gui.press("auto_rig_face.rig_face")
    yield lambda: progress.running
    yield lambda: not progress.running
    yield 0.3
    gui.screenshot("corrected")
    assert progress.problem == "", progress.problem
    assert '"corrected"' in bpy.data.objects["pip"].auto_rig_face.landmarks

    yield from gui.press("auto_rig_face.remove_rig")
    yield lambda: bpy.data.objects["pip"].data.shape_keys is None
    yield 0.3
    gui.screenshot("removed")
    assert len(bpy.data.armatures) == 0
    assert "brow_mid_L" not in bpy.data.objects
    assert "pip_Markers" not in bpy.context.scene.collection.children
