# SPDX-License-Identifier: GPL-3.0-or-later
"""Match Image asks for an image in a dialog, and the Image Editor's menu takes the one it shows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

PATIENCE = 240.0


def slider(name: str) -> bpy.types.ShapeKey:
    """A shape key of the head."""
    return bpy.data.objects["pip"].data.shape_keys.key_blocks[name]


def picture_of_the_viewport() -> bpy.types.Image:
    """What the viewport shows now, as an image that is packed into the file."""
    bpy.ops.render.opengl(view_context=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gasp.png"
        bpy.data.images["Render Result"].save_render(str(path))
        image = bpy.data.images.load(str(path))
        image.pack()
    return image


def run(gui: Any) -> Iterator[Any]:
    gui.patience = PATIENCE
    yield from gui.show("pip")
    with gui.context():
        bpy.ops.auto_rig_face.rig_face("EXEC_DEFAULT")
        slider("jawOpen").value = 0.8
        yield 0.5
        render = bpy.context.scene.render
        render.resolution_x = render.resolution_y = 800
        picture = picture_of_the_viewport()
        slider("jawOpen").value = 0.0
        bpy.ops.ed.undo_push(message="Picture")
    editor = max(
        (area for area in gui.window.screen.areas if area.type != "VIEW_3D"),
        key=lambda area: area.width * area.height,
    )
    editor.ui_type = "IMAGE_EDITOR"
    editor.spaces.active.image = picture
    yield from gui.open_tab()
    yield from gui.scroll_sidebar(40)
    yield from gui.press("auto_rig_face.match_image", column=0.8)
    yield 0.8
    gui.screenshot("dialog")
    gui.key("RET")
    yield lambda: slider("jawOpen").value > 0.3
    yield 0.5
    gui.screenshot("matched")
    middle = gui.region("WINDOW")
    gui.move(middle.x + middle.width / 2, middle.y + middle.height / 2)
    yield 0.2
    gui.key("Z", ctrl=True)
    yield lambda: slider("jawOpen").value == 0.0

    editor = next(area for area in gui.window.screen.areas if area.type == "IMAGE_EDITOR")
    region = next(part for part in editor.regions if part.type == "WINDOW")
    with bpy.context.temp_override(window=gui.window, area=editor, region=region):
        bpy.ops.wm.call_menu(name="IMAGE_MT_image")
    yield 0.8
    gui.screenshot("menu")
    gui.key("ESC")
    yield 0.3
    with bpy.context.temp_override(window=gui.window, area=editor, region=region):
        bpy.ops.auto_rig_face.match_image("INVOKE_DEFAULT", image=editor.spaces.active.image.name)
    yield lambda: slider("jawOpen").value > 0.3
    yield 0.5
    gui.screenshot("from_the_editor")
