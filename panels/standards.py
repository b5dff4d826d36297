# SPDX-License-Identifier: GPL-3.0-or-later
"""The standards whose keys a head has. Layout only."""

from __future__ import annotations

from typing import Final

import bpy

from ..properties import STANDARD_ITEMS, head_of, state_of
from .place import RigPanel

_LABELS: Final = {identifier: label for identifier, label, _ in STANDARD_ITEMS}


class AUTORIGFACE_PT_standards(RigPanel, bpy.types.Panel):
    bl_label = "Standards"
    bl_parent_id = "AUTORIGFACE_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """A line for each standard that the head has, and adding one."""
        layout = self.layout
        column = layout.column(align=True)
        for standard in state_of(head_of(context.active_object)).standards:
            row = column.row(align=True)
            row.label(text=_LABELS.get(standard.name, standard.name), icon="CHECKMARK")
            remove = row.operator("auto_rig_face.remove_standard_keys", text="", icon="X")
            remove.standard = standard.name
        layout.operator("auto_rig_face.add_standard_keys", icon="ADD")
