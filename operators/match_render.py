# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Take over the expression of the face in the last render."""

from __future__ import annotations

import bpy
from bpy.props import FloatProperty

from ..errors import RigError
from .common import AnimatesRig, chosen_head, forget_error, tell_error
from .taking_over import take_over


class AUTORIGFACE_OT_match_render(AnimatesRig, bpy.types.Operator):
    """Take over the expression of the face in the render."""

    bl_idname = "auto_rig_face.match_render"
    bl_label = "Match Render"
    bl_description = (
        "Take over the expression of the face in the last render of this scene: of another "
        "character, or of this one with a rig of another kind"
    )
    bl_options = {"REGISTER", "UNDO"}

    strength: FloatProperty(
        name="Strength",
        description="1 as the render shows it, more for an exaggerated face",
        default=1.0,
        min=0.0,
        soft_max=2.0,
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Match and set the pose."""
        from ..matching import matcher_for
        from ..scene.last_render import last_render

        forget_error(context)
        try:
            picture = last_render(context.scene)
            match = matcher_for(context, chosen_head(context)).match(picture)
            take_over(self, context, match, "The render", self.strength)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        return {"FINISHED"}
