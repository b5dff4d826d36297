# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Expressions of this character that the artist has named: saved, put on, deleted."""

from __future__ import annotations

import bpy
from bpy.props import StringProperty

from ..errors import RigError
from ..properties import state_of
from .common import AnimatesRig, chosen_head, forget_error, tell, tell_driven, tell_error


class _NamedPose(AnimatesRig):
    bl_options = {"REGISTER", "UNDO"}


class AUTORIGFACE_OT_save_pose(_NamedPose, bpy.types.Operator):
    """Keep the head's present expression under a name."""

    bl_idname = "auto_rig_face.save_pose"
    bl_label = "Save Expression"
    bl_description = (
        "Keep the expression that the face has now under a name, in this file and with this head"
    )

    pose: StringProperty(name="Name", default="Expression")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the name."""
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Save the shape keys' values as they are shown."""
        from ..previews import preview_pose
        from ..scene.named_poses import save_pose
        from ..scene.poses import shown_pose

        forget_error(context)
        head = chosen_head(context)
        try:
            name = save_pose(head, self.pose, shown_pose(head))
            if len(state_of(head).thumbnails):
                preview_pose(context, head, name)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        tell(self, {"INFO"}, f'The expression was saved as "{name}"')
        return {"FINISHED"}


class AUTORIGFACE_OT_apply_pose(_NamedPose, bpy.types.Operator):
    """Put a named expression on the face."""

    bl_idname = "auto_rig_face.apply_pose"
    bl_label = "Apply Expression"
    bl_description = (
        "Put this expression on the face; keyed at the current frame only where Auto Keying is on"
    )

    pose: StringProperty(name="Name")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set or key the shape keys."""
        from ..scene.named_poses import read_pose
        from ..scene.poses import key_pose, set_pose

        forget_error(context)
        head = chosen_head(context)
        scene = context.scene
        try:
            coefficients = read_pose(head, self.pose)
            if scene.tool_settings.use_keyframe_insert_auto:
                written = key_pose(head, coefficients, scene.frame_current)
            else:
                written = set_pose(head, coefficients)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        tell_driven(self, written.driven, "these were left as they are")
        return {"FINISHED"}


class AUTORIGFACE_OT_delete_pose(_NamedPose, bpy.types.Operator):
    """Forget a named expression."""

    bl_idname = "auto_rig_face.delete_pose"
    bl_label = "Delete Expression"
    bl_description = "Forget this expression"

    pose: StringProperty(name="Name")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take it off the list."""
        from ..scene.named_poses import delete_pose

        forget_error(context)
        try:
            delete_pose(chosen_head(context), self.pose)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        return {"FINISHED"}
