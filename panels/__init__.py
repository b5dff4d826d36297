# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar tab."""

from __future__ import annotations

import bpy

from ..scene import edits
from . import emotion_pie, icons, image_menu
from .acting_presets import AUTORIGFACE_PT_acting_presets
from .capture_gains import AUTORIGFACE_PT_gains, AUTORIGFACE_UL_gains
from .controls import (
    AUTORIGFACE_PT_controls,
    AUTORIGFACE_PT_picker,
    AUTORIGFACE_PT_sliders,
)
from .export import AUTORIGFACE_PT_export
from .sidebar import (
    AUTORIGFACE_PT_acting,
    AUTORIGFACE_PT_certificate,
    AUTORIGFACE_PT_emotions,
    AUTORIGFACE_PT_figures,
    AUTORIGFACE_PT_main,
    AUTORIGFACE_PT_options,
    AUTORIGFACE_PT_performance,
    AUTORIGFACE_PT_remarks,
    AUTORIGFACE_PT_sequence,
    AUTORIGFACE_UL_sequence,
)
from .standards import AUTORIGFACE_PT_standards

_register_classes, _unregister_classes = bpy.utils.register_classes_factory(
    (
        AUTORIGFACE_PT_main,
        AUTORIGFACE_PT_certificate,
        AUTORIGFACE_PT_figures,
        AUTORIGFACE_PT_remarks,
        AUTORIGFACE_PT_emotions,
        AUTORIGFACE_PT_acting_presets,
        AUTORIGFACE_PT_acting,
        AUTORIGFACE_UL_sequence,
        AUTORIGFACE_PT_sequence,
        AUTORIGFACE_PT_performance,
        AUTORIGFACE_UL_gains,
        AUTORIGFACE_PT_gains,
        AUTORIGFACE_PT_export,
        AUTORIGFACE_PT_options,
        AUTORIGFACE_PT_standards,
        AUTORIGFACE_PT_controls,
        AUTORIGFACE_PT_picker,
        AUTORIGFACE_PT_sliders,
    )
)


def register() -> None:
    """Add the panels."""
    icons.register()
    _register_classes()
    emotion_pie.register()
    edits.register()
    image_menu.register()


def unregister() -> None:
    """Take them away again."""
    edits.unregister()
    image_menu.unregister()
    emotion_pie.unregister()
    _unregister_classes()
    icons.unregister()
