# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar of a rigged head in every language and in Blender's light theme, and the pie menu."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

PATIENCE = 240.0
THEMES = "interface_theme"
MENU = "USERPREF_MT_interface_theme_presets"
LANGUAGES = {"ja_JP": "感情の遷移", "zh_HANS": "情绪过渡"}


def light_theme() -> str:
    """The file of Blender's light theme."""
    folders = bpy.utils.preset_paths(THEMES)
    found = [path for folder in folders for path in Path(folder).glob("*ight.xml")]
    return str(found[0])


def run(gui: Any) -> Iterator[Any]:
    gui.patience = PATIENCE
    yield from gui.show("pip")
    with gui.context():
        bpy.ops.auto_rig_face.rig_face("EXEC_DEFAULT")
        bpy.ops.auto_rig_face.make_previews()
    yield from gui.open_tab()
    gui.screenshot("dark")

    middle = gui.region("WINDOW")
    gui.move(middle.x + middle.width / 2, middle.y + middle.height / 2)
    yield 0.2
    with gui.context():
        bpy.ops.wm.call_menu_pie(name="AUTORIGFACE_MT_emotions")
    # A pie menu opens as events come in.
    for step in range(12):
        gui.move(middle.x + middle.width / 2 + step % 2, middle.y + middle.height / 2)
        yield 0.1
    gui.screenshot("pie")
    gui.key("ESC")
    yield 0.5

    view = bpy.context.preferences.view
    view.use_translate_interface = view.use_translate_tooltips = True
    for language, expected in LANGUAGES.items():
        view.language = language
        shown = bpy.app.translations.pgettext_iface("Emotion Transition", "Operator")
        assert shown == expected, f"{language} shows {shown}"
        gui.area.tag_redraw()
        yield 1.5
        gui.screenshot(language)
    view.language = "en_US"
    with gui.context():
        bpy.ops.script.execute_preset(filepath=light_theme(), menu_idname=MENU)
    gui.area.tag_redraw()
    yield 1.5
    gui.screenshot("light")
    # Preferences outlast a scenario.
    bpy.ops.preferences.reset_default_theme()
