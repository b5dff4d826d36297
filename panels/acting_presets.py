# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of presets behind the icon in the header of "Acting"."""

from __future__ import annotations

import bpy
from bl_ui.utils import PresetPanel


class AUTORIGFACE_PT_acting_presets(PresetPanel, bpy.types.Panel):
    preset_subdir = "auto_rig_face/acting"
    preset_operator = "script.execute_preset"
    preset_add_operator = "auto_rig_face.add_acting_preset"
