# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls on a face: they are seen, picked with and without Shift, dragged and set by sliders, and
one Ctrl+Z takes a drag back. Pose assets lie in the Asset Browser, and a click in the Asset Shelf
applies one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

PATIENCE = 240.0
HEADER = 32  # pixels from the picker's last button to the title of the folded sliders
FOLDED = 40  # turns of the wheel to the end of the sidebar


def armature() -> Any:
    """The rig's armature."""
    return next(obj for obj in bpy.data.objects if obj.type == "ARMATURE")


def picked() -> set[str]:
    """The controls that are selected."""
    bones = armature().pose.bones
    return {bone.name for bone in bones if (bone if hasattr(bone, "select") else bone.bone).select}


def value(shape: str) -> float:
    """What the head shows of a shape."""
    return float(bpy.data.objects["amara"].data.shape_keys.key_blocks[shape].value)


def rig(gui: Any) -> Iterator[Any]:
    """Put controls on a head and look at it from the front."""
    yield from gui.show("amara")
    with gui.context():
        bpy.ops.auto_rig_face.rig_face("EXEC_DEFAULT")
        bpy.ops.auto_rig_face.add_controls("INVOKE_DEFAULT")
        bpy.ops.pose.select_all(action="DESELECT")
        for bone in armature().pose.bones:
            if bone.name.startswith("ctrl_"):
                (bone if hasattr(bone, "select") else bone.bone).select = True
        bpy.ops.view3d.view_selected()
        bpy.ops.pose.select_all(action="DESELECT")
        bpy.ops.ed.undo_push(message="Controls")
    assert bpy.context.mode == "POSE"


def run(gui: Any) -> Iterator[Any]:
    gui.patience = PATIENCE
    yield from rig(gui)
    yield from gui.open_tab()
    yield 1.0
    gui.screenshot("controls")

    yield from gui.scroll_sidebar(FOLDED)
    gui.screenshot("picker")
    yield from gui.press("auto_rig_face.select_control", 'ctrl_mouth"', column=0.5)
    yield lambda: picked() == {"ctrl_mouth"}
    yield 0.5
    gui.screenshot("picked")

    x, y = yield from gui.find_button("auto_rig_face.select_control", 'ctrl_tongue"', column=0.5)
    yield from gui.click(x, y - HEADER)
    yield 0.3
    yield from gui.scroll(FOLDED)
    with gui.context():
        head = bpy.data.objects["amara"]
        sliders = head.auto_rig_face_sliders
        sliders.symmetric = True
        sliders.mouthSmileLeft, sliders.cheekSquintLeft, sliders.jawOpen = 0.9, 0.6, 0.3
        sliders.browOuterUpLeft = 0.5
        bpy.ops.ed.undo_push(message="Posed")
    yield 0.5
    gui.screenshot("smile")
    assert abs(value("mouthSmileRight") - 0.9) < 1e-3

    middle = gui.region("WINDOW")
    x, y = middle.x + middle.width / 2, middle.y + middle.height / 2
    gui.move(x, y)
    yield 0.2
    gui.key("G")
    yield 0.2
    gui.move(x + 60, y)
    yield 0.3
    gui.key("RET")
    yield lambda: value("mouthLeft") > 0.1
    gui.screenshot("dragged")
    gui.key("Z", ctrl=True)
    yield lambda: value("mouthLeft") < 1e-3
    yield from pose_assets(gui)


def pose_assets(gui: Any) -> Iterator[Any]:
    """Make them, look for them in the Asset Browser, and click one in the Asset Shelf."""
    with gui.context():
        bpy.ops.wm.save_as_mainfile(filepath=str(gui.out / "controls.blend"))
        assert bpy.ops.auto_rig_face.make_pose_assets() == {"FINISHED"}
        bpy.ops.screen.area_split(direction="HORIZONTAL", factor=0.5)
    browser = max(
        (area for area in gui.window.screen.areas if area.type == "VIEW_3D"), key=lambda a: a.y
    )
    browser.ui_type = "ASSETS"
    yield 1.0
    browser.spaces.active.params.asset_library_reference = "LOCAL"
    window = next(region for region in browser.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=gui.window, area=browser, region=window):
        bpy.ops.asset.library_refresh()
    yield 3.0
    gui.screenshot("asset_browser")

    with gui.context():
        bpy.ops.pose.select_all(action="DESELECT")  # or else the selected control alone is posed
    gui.area.spaces.active.show_region_ui = False
    gui.area.spaces.active.show_region_asset_shelf = True
    yield lambda: gui.region("ASSET_SHELF").height > 60
    yield 3.0
    gui.screenshot("asset_shelf")
    shelf = gui.region("ASSET_SHELF")
    yield from gui.click(shelf.x + 60, shelf.y + shelf.height / 2)
    yield lambda: value("browDownLeft") > 0.3  # anger comes first
    yield 0.5
    gui.screenshot("asset_applied")
