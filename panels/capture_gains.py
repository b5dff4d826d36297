# SPDX-License-Identifier: GPL-3.0-or-later
"""How strongly this character's shape keys answer to captures. Layout only."""

from __future__ import annotations

import bpy

from ..properties import CaptureGain, head_of, state_of
from .place import RigPanel

_NAME_SHARE = 0.5  # of a line's width


class AUTORIGFACE_UL_gains(bpy.types.UIList):
    """A shape, its gain and its offset."""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: CaptureGain,
        _icon: int,
        _active_data: object,
        _active_property: str,
    ) -> None:
        """One line; what the two numbers do is in their tooltips."""
        line = layout.split(factor=_NAME_SHARE)
        line.label(text=item.name)
        row = line.row(align=True)
        row.prop(item, "gain", text="", emboss=False)
        row.prop(item, "offset", text="", emboss=False)


class AUTORIGFACE_PT_gains(RigPanel, bpy.types.Panel):
    bl_label = "Capture Gains"
    bl_parent_id = "AUTORIGFACE_PT_performance"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The shapes that answer otherwise than the actor's; all others aren't in the list."""
        state = state_of(head_of(context.active_object))
        row = self.layout.row()
        row.template_list("AUTORIGFACE_UL_gains", "", state, "gains", state, "gain", rows=3)
        column = row.column(align=True)
        column.operator("auto_rig_face.add_gain", text="", icon="ADD")
        column.operator("auto_rig_face.remove_gain", text="", icon="REMOVE")
