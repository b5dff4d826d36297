# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar in states that no other scenario shows: nothing active, a wrong object, cancelled,
certified with remarks, edited since, and limits missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np

PATIENCE = 240.0


def deform(head: Any, factor: float) -> None:
    """Lengthen the head in Edit Mode, as an artist would."""
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.transform.resize(value=(1.0, 1.0, factor))
    bpy.ops.object.mode_set(mode="OBJECT")
    assert head.mode == "OBJECT"


def run(gui: Any) -> Iterator[Any]:
    gui.patience = PATIENCE
    progress = bpy.context.window_manager.auto_rig_face
    yield from gui.show("pip")
    yield from gui.open_tab()
    head = bpy.data.objects["pip"]
    objects = bpy.context.view_layer.objects

    objects.active = None
    yield 0.5
    gui.screenshot("nothing_active")

    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    bpy.context.collection.objects.link(camera)
    objects.active = camera
    yield 0.5
    gui.screenshot("wrong_object")
    objects.active = head
    bpy.data.objects.remove(camera)

    middle = gui.region("WINDOW")
    yield from gui.press("auto_rig_face.rig_face")
    yield lambda: progress.running and progress.fraction > 0.1
    gui.move(middle.x + middle.width / 3, middle.y + middle.height / 2)
    gui.key("ESC")
    yield lambda: not progress.running
    yield 0.5
    gui.screenshot("cancelled")
    assert "cancelled" in progress.note
    assert head.data.shape_keys is None
    yield from rigged(gui, head)
    yield from missed(gui)


def rigged(gui: Any, head: Any) -> Iterator[Any]:
    """With remarks, then edited."""
    # A shape of the artist's under one of the rig's names stays, and the rig says so.
    with gui.context():
        head.shape_key_add(name="Basis")
        head.shape_key_add(name="jawOpen").data[0].co.z += 0.001
        bpy.ops.auto_rig_face.rig_face("EXEC_DEFAULT")
    yield 2.0
    gui.area.tag_redraw()
    yield 1.0
    gui.screenshot("amber")
    assert bpy.context.window_manager.auto_rig_face.note == ""
    assert head.auto_rig_face.status == "AMBER", head.auto_rig_face.status

    with gui.context():
        head.active_shape_key_index = 0
        deform(head, 1.1)
    yield 1.5  # looked at once nothing changes any more
    gui.screenshot("edited")


def missed(gui: Any) -> Iterator[Any]:
    """Limits are missed."""
    # Skin as rough as on a bad scan runs through itself as soon as it is bent.
    yield from gui.show("pip")
    yield from gui.open_tab()
    head = bpy.data.objects["pip"]
    vertices = head.data.vertices
    places = np.empty(3 * len(vertices), np.float32)
    vertices.foreach_get("co", places)
    rough = 0.007 * float(np.ptp(places[::3]))
    places += np.random.default_rng(1).normal(0.0, rough, len(places)).astype(np.float32)
    vertices.foreach_set("co", places)
    head.data.update()
    with gui.context():
        bpy.ops.auto_rig_face.rig_face("EXEC_DEFAULT")
    yield 2.0
    gui.area.tag_redraw()
    yield 1.0
    gui.screenshot("red")
    assert head.auto_rig_face.status == "RED", head.auto_rig_face.status
