# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""A copy of the head that bones alone move."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, IntProperty

from ..errors import RigError
from .common import AnimatesRig, chosen_head, forget_error, tell, tell_error

_PERCENT = 100.0


class AUTORIGFACE_OT_bones_for_export(AnimatesRig, bpy.types.Operator):
    """Let bones alone show the face's expressions, on a copy of the head."""

    bl_idname = "auto_rig_face.bones_for_export"
    bl_label = "Bones for Export"
    bl_description = (
        "Make a copy of the head without shape keys, whose bones move it as the keys do: for "
        "engines and formats that know no shape keys. The rig stays as it is"
    )
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    content: EnumProperty(
        name="Content",
        description="What is keyed on the bones",
        items=(
            ("POSES", "Poses", "One frame for each ARKit shape, with its name as a pose marker"),
            ("ANIMATION", "Animation", "What the head shows in the scene's frame range"),
        ),
    )
    bones: IntProperty(
        name="Bones",
        description="How many: more follow the shapes more closely",
        default=30,
        min=4,
        soft_max=60,
        max=120,
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """It takes about ten seconds."""
        from ..bone_animation import carry_by_bones

        forget_error(context)
        scene = context.scene
        span = (scene.frame_start, scene.frame_end) if self.content == "ANIMATION" else None
        try:
            carried = carry_by_bones(context, chosen_head(context), self.bones, span)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        tell(
            self,
            {"INFO"},
            f'"{carried.armature.name}": {carried.poses} poses, on average '
            f"{_PERCENT * carried.residual:.1f} % of the eye distance off, 95 of 100 points less "
            f"than {_PERCENT * carried.worst:.1f} %",
        )
        return {"FINISHED"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask before, since every change afterwards takes as long again."""
        return context.window_manager.invoke_props_dialog(self)
