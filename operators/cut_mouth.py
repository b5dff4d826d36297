# SPDX-License-Identifier: GPL-3.0-or-later
"""Open a mouth that the mesh keeps sealed."""

from __future__ import annotations

import bpy

from ..errors import RigError
from ..properties import has_sealed_mouth
from .common import (
    can_work_where,
    chosen_head,
    forget_error,
    leave_pose_mode,
    rig_options,
    tell,
    tell_error,
)


class AUTORIGFACE_OT_cut_mouth(bpy.types.Operator):
    """Cut the lip line open and put a mouth bag, teeth and a tongue behind it."""

    bl_idname = "auto_rig_face.cut_mouth"
    bl_label = "Cut Mouth Open"
    bl_description = (
        "Cut the sealed lips of the rigged head open and put a mouth bag, teeth and a tongue "
        "behind them. This changes the mesh and takes the rig off: press Auto-Rig Face afterwards"
    )
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The head carries a rig of ours, and its mouth is sealed."""
        text = "sealed mouth that is known: press Auto-Rig Face first"
        return can_work_where(cls, context, has_sealed_mouth, text)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Cut the mesh and make the head the active object."""
        from ..pipeline import cut_mouth

        forget_error(context)
        leave_pose_mode(context)
        try:
            _, scene_options = rig_options(context)
            head = cut_mouth(context, chosen_head(context), scene_options=scene_options)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        context.view_layer.objects.active = head
        tell(self, {"INFO"}, "The mouth is open; press Auto-Rig Face to rig it")
        return {"FINISHED"}
