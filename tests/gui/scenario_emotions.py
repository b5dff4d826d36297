# SPDX-License-Identifier: GPL-3.0-or-later
"""An emotion from the palette, changed in the redo panel: its keys follow, those of the animator
stay, and one Ctrl+Z takes all of it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

PATIENCE = 240.0
SMILE = 'key_blocks["mouthSmileLeft"].value'


def smile_curve() -> Any:
    """The F-curve of the left smile."""
    animation = bpy.data.objects["pip"].data.shape_keys.animation_data
    strip = animation.action.layers[0].strips[0]
    return strip.channelbag(animation.action_slot).fcurves.find(SMILE)


def run(gui: Any) -> Iterator[Any]:
    gui.patience = PATIENCE
    yield from gui.show("pip")
    with gui.context():
        bpy.ops.auto_rig_face.rig_face("EXEC_DEFAULT")
        bpy.ops.ed.undo_push(message="Rigged")
    head = bpy.data.objects["pip"]
    assert head.auto_rig_face.status in {"GREEN", "AMBER", "RED"}
    key = head.data.shape_keys.key_blocks["mouthSmileLeft"]
    key.keyframe_insert("value", frame=3)
    bpy.context.scene.frame_set(10)
    acting = bpy.context.scene.auto_rig_face.acting
    acting.length, acting.hold, acting.intensity = 20, 5, 1.37
    with gui.context():
        bpy.ops.ed.undo_push(message="Keyed by hand")
    yield from gui.open_tab()
    gui.screenshot("palette")

    yield from gui.press("auto_rig_face.emotion_transition", "joy", column=0.7)
    yield lambda: bpy.context.scene.frame_current == 35
    yield 1.0
    gui.screenshot("joy")
    curve = smile_curve()
    strong = curve.evaluate(30)
    count = len(curve.keyframe_points)
    assert strong > 0.6, strong

    redo = gui.region("HUD")
    yield from gui.click(redo.x + 14, redo.y + redo.height / 2)  # it begins folded
    yield lambda: gui.region("HUD").height > 100
    gui.screenshot("redo_panel")
    x, y = yield from gui.find_field("1.37")
    yield from gui.paste_at(x, y, "0.5")
    yield lambda: smile_curve().evaluate(30) < 0.8 * strong
    yield 0.5
    gui.screenshot("redone_weaker")
    curve = smile_curve()
    assert len(curve.keyframe_points) <= count + 2
    by_hand = [point.co.x for point in curve.keyframe_points if point.type != "GENERATED"]
    assert by_hand == [3.0], by_hand

    middle = gui.region("WINDOW")
    gui.move(middle.x + middle.width / 2, middle.y + middle.height * 0.7)
    yield 0.2
    gui.key("Z", ctrl=True)
    yield lambda: len(smile_curve().keyframe_points) == 1
    assert [point.co.x for point in smile_curve().keyframe_points] == [3.0]
    gui.screenshot("undone")
    yield from show_previews(gui)


def show_previews(gui: Any) -> Iterator[Any]:
    """The palette shows the character itself."""
    yield from gui.press("auto_rig_face.make_previews", column=0.83)
    yield lambda: len(bpy.data.objects["pip"].auto_rig_face.thumbnails) == 7
    yield 1.0
    gui.screenshot("previews")
