# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told in the window is told in the interface's language: a problem, a certificate with
remarks, and the words on controls and sliders. Limits are lowered, so that there is something to
tell of on a head that is well rigged.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import bpy

PATIENCE = 300.0
EXTENSION = "bl_ext.user_default.auto_rig_face"
# What a tiny mesh is told.
LANGUAGES = {"ja_JP": "頂点は 4 個で", "zh_HANS": "只有 4 个顶点"}


def run(gui: Any) -> Iterator[Any]:
    gui.patience = PATIENCE
    yield from gui.show("pip")
    head = bpy.data.objects["pip"]
    view = bpy.context.preferences.view
    view.use_translate_interface = view.use_translate_tooltips = True
    view.use_translate_reports = True
    translated = _module("translations").translated
    _module("rigging.certificate.lips").SEAL_LIMIT = 0.01
    _module("rigging.asking").DOUBTFUL = 0.0
    with gui.context():
        bpy.ops.mesh.primitive_plane_add()
        bpy.context.object.name = "Small"
        head.select_set(True)
        bpy.context.view_layer.objects.active = head
        bpy.ops.auto_rig_face.rig_face("EXEC_DEFAULT")
        bpy.ops.auto_rig_face.add_controls()
    sidebar, controls = _module("panels.sidebar"), _module("panels.controls")
    # Whether panels begin open counts where they are drawn for the first time.
    for panel in (sidebar.AUTORIGFACE_PT_figures, controls.AUTORIGFACE_PT_sliders):
        bpy.utils.unregister_class(panel)
        panel.bl_options = set()
    progress = bpy.context.window_manager.auto_rig_face
    told = [line.text for line in head.auto_rig_face.messages]
    assert told
    yield from gui.open_tab()
    for language, problem in LANGUAGES.items():
        view.language = language
        assert problem in _refused(gui, bpy.data.objects["Small"])
        bpy.context.view_layer.objects.active = head
        # What is kept stays English.
        assert progress.problem.startswith('"Small" has 4 vertices'), progress.problem
        assert all(translated(text) != text for text in told), told
        yield from _look(gui, language, "told")
    progress.problem = ""

    bpy.utils.register_class(sidebar.AUTORIGFACE_PT_figures)
    for language in LANGUAGES:
        yield from _look(gui, language, "figures")
    for name in ("figures", "certificate", "remarks", "emotions", "performance"):
        bpy.utils.unregister_class(getattr(sidebar, f"AUTORIGFACE_PT_{name}"))
    for language in LANGUAGES:
        yield from _look(gui, language, "controls")
    bpy.utils.unregister_class(controls.AUTORIGFACE_PT_picker)
    bpy.utils.register_class(controls.AUTORIGFACE_PT_sliders)
    for language in LANGUAGES:
        yield from _look(gui, language, "sliders")
    view.language = "en_US"


def _module(name: str) -> Any:
    return importlib.import_module(f"{EXTENSION}.{name}")


def _refused(gui: Any, obj: bpy.types.Object) -> str:
    """What the button says about an object that can't be rigged."""
    bpy.context.view_layer.objects.active = obj
    with gui.context():
        try:
            bpy.ops.auto_rig_face.rig_face("EXEC_DEFAULT")
        except RuntimeError as error:
            return str(error)
    return ""


def _look(gui: Any, language: str, name: str) -> Iterator[Any]:
    bpy.context.preferences.view.language = language
    # Panels glide to where they are when what is above them has changed.
    for _ in range(3):
        gui.area.tag_redraw()
        yield 0.7
    gui.screenshot(f"{language}_{name}")
