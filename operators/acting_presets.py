# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to act, kept under names."""

from __future__ import annotations

from typing import ClassVar

import bpy
from bl_operators.presets import AddPresetBase

from ..properties import ATTRIBUTE, MannerProperties, TurnProperties


class AUTORIGFACE_OT_add_acting_preset(AddPresetBase, bpy.types.Operator):
    """Keep how emotions are acted under a name, or remove such a preset."""

    bl_idname = "auto_rig_face.add_acting_preset"
    bl_label = "Add Acting Preset"
    bl_description = "Keep how emotions are acted under a name, or remove such a preset"

    preset_menu = "AUTORIGFACE_PT_acting_presets"
    preset_subdir = "auto_rig_face/acting"
    preset_defines: ClassVar = [f"settings = bpy.context.scene.{ATTRIBUTE}.acting"]
    preset_values: ClassVar = [
        f"settings.{name}"
        for group in (TurnProperties, MannerProperties)
        for name in group.__annotations__
    ]
