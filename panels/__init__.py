# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar tab."""

from __future__ import annotations

import bpy

from .sidebar import (
    AUTORIGFACE_PT_certificate,
    AUTORIGFACE_PT_emotions,
    AUTORIGFACE_PT_figures,
    AUTORIGFACE_PT_main,
    AUTORIGFACE_PT_options,
    AUTORIGFACE_PT_performance,
    AUTORIGFACE_PT_remarks,
)

register, unregister = bpy.utils.register_classes_factory(
    (
        AUTORIGFACE_PT_main,
        AUTORIGFACE_PT_certificate,
        AUTORIGFACE_PT_figures,
        AUTORIGFACE_PT_remarks,
        AUTORIGFACE_PT_emotions,
        AUTORIGFACE_PT_performance,
        AUTORIGFACE_PT_options,
    )
)
