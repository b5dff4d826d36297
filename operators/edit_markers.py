# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the landmark markers of a head, and put them away."""

from __future__ import annotations

import bpy

from ..errors import RigError
from ..preferences import marker_size
from ..properties import state_of
from .common import (
    WorksOnMesh,
    can_work_where,
    chosen_head,
    forget_error,
    leave_pose_mode,
    rig_options,
    tell,
    tell_error,
)


class AUTORIGFACE_OT_edit_markers(WorksOnMesh, bpy.types.Operator):
    """Show 13 markers on the face. Drag those that are wrong, then press Auto-Rig Face."""

    bl_idname = "auto_rig_face.edit_markers"
    bl_label = "Edit Markers"
    bl_description = (
        "Show 13 markers on the face. Drag those that are wrong, then press Auto-Rig Face"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Show the markers at the present landmarks, or at a guess."""
        from ..pipeline import offer_markers

        forget_error(context)
        leave_pose_mode(context)
        try:
            _, scene_options = rig_options(context)
            offer_markers(
                context, chosen_head(context), marker_size(context), scene_options=scene_options
            )
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        tell(self, {"INFO"}, "Drag the markers that are wrong, then press Auto-Rig Face")
        return {"FINISHED"}


class AUTORIGFACE_OT_hide_markers(bpy.types.Operator):
    """Take the landmark markers away; the rig keeps its landmarks."""

    bl_idname = "auto_rig_face.hide_markers"
    bl_label = "Hide Markers"
    bl_description = "Take the landmark markers away; the rig keeps its landmarks"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The head has markers."""
        text = "markers; press Edit Markers to show them"
        return can_work_where(cls, context, _has_markers, text)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove the markers' objects."""
        from ..scene.markers import remove_markers

        leave_pose_mode(context)
        head = chosen_head(context)
        remove_markers(context, head)
        context.view_layer.objects.active = head
        return {"FINISHED"}


def _has_markers(head: bpy.types.Object) -> bool:
    return any(state_of(obj).role == "MARKER" for obj in head.children)
