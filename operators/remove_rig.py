# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the rig off a head again."""

from __future__ import annotations

import bpy

from ..properties import is_rigged
from .common import can_work_where, chosen_head, forget_error, leave_pose_mode, tell


class AUTORIGFACE_OT_remove_rig(bpy.types.Operator):
    """Remove what Auto-Rig Face made, nothing else."""

    bl_idname = "auto_rig_face.remove_rig"
    bl_label = "Remove Rig"
    bl_description = (
        "Remove the shape keys, bones, weights and markers that Auto-Rig Face made, nothing else"
    )
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The head carries a rig of ours."""
        return can_work_where(cls, context, is_rigged, "face rig to remove")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove the rig and make the head the active object."""
        from ..scene.remove import remove_rig

        forget_error(context)
        leave_pose_mode(context)
        head = chosen_head(context)
        kept = remove_rig(context, head)
        context.view_layer.objects.active = head
        if kept:
            names = ", ".join(kept)
            tell(self, {"WARNING"}, f"Shape keys that you have sculpted were kept: {names}")
        else:
            tell(self, {"INFO"}, f'The face rig of "{head.name}" was removed')
        return {"FINISHED"}
