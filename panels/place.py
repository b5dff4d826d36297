# SPDX-License-Identifier: GPL-3.0-or-later
"""Where our panels are, and when those of a rig are shown."""

from __future__ import annotations

import bpy

from ..properties import head_of, is_rigged
from ..translations import CONTEXT


class SidebarPanel:
    """A panel in our tab."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Auto-Rig Face"
    bl_translation_context = CONTEXT


class RigPanel(SidebarPanel):
    """A panel of what a rigged head has."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The active object belongs to a rigged head."""
        head = head_of(context.active_object)
        return head is not None and is_rigged(head)
