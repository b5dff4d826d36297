# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of this character in every emotion, for the palette."""

from __future__ import annotations

import bpy

from ..errors import RigError
from .common import AnimatesRig, chosen_head, forget_error, tell, tell_error


class AUTORIGFACE_OT_make_previews(AnimatesRig, bpy.types.Operator):
    """Show this face in the palette."""

    bl_idname = "auto_rig_face.make_previews"
    bl_label = "Make Previews"
    bl_description = (
        "Show this character in every emotion and saved expression of the palette. Press it again "
        "after you have sculpted a shape key"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Render them; it takes about a second."""
        from ..previews import make_previews

        forget_error(context)
        try:
            count = make_previews(context, chosen_head(context))
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        tell(self, {"INFO"}, f"{count} previews were made")
        return {"FINISHED"}
