# SPDX-License-Identifier: GPL-3.0-or-later
"""What other programs need of a rig. Layout only."""

from __future__ import annotations

import bpy

from .place import RigPanel


class AUTORIGFACE_PT_export(RigPanel, bpy.types.Panel):
    bl_label = "Export"
    bl_parent_id = "AUTORIGFACE_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, _context: bpy.types.Context) -> None:
        """For what knows no shape keys."""
        self.layout.operator("auto_rig_face.bones_for_export", icon="BONE_DATA")
