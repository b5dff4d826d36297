# SPDX-License-Identifier: GPL-3.0-or-later
"""Make pose assets of emotions and visemes."""

from __future__ import annotations

import bpy

from ..errors import RigError
from .common import AnimatesRig, chosen_head, forget_error, tell, tell_error


class AUTORIGFACE_OT_make_pose_assets(AnimatesRig, bpy.types.Operator):
    """Make an action for every emotion and viseme, as assets of Blender's pose library."""

    bl_idname = "auto_rig_face.make_pose_assets"
    bl_label = "Make Pose Assets"
    bl_description = (
        "Make a pose asset of each of the 7 emotions and 15 visemes, with a picture of this "
        "character, for the Asset Shelf in Pose Mode. Making them again replaces them"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the actions."""
        from ..previews import make_pose_assets

        forget_error(context)
        try:
            count = make_pose_assets(context, chosen_head(context))
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        tell(self, {"INFO"}, f"{count} pose assets were made")
        return {"FINISHED"}
