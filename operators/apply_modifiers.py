# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Apply modifiers on a mesh with shape keys."""

from __future__ import annotations

import bpy
from bpy.props import StringProperty

from ..errors import RigError
from ..translations import translated
from .common import can_work, forget_error, tell, tell_error


class AUTORIGFACE_OT_apply_modifiers(bpy.types.Operator):
    """Apply the modifiers of the active mesh to every one of its shape keys."""

    bl_idname = "auto_rig_face.apply_modifiers"
    bl_label = "Apply Modifiers and Keep Shape Keys"
    bl_description = (
        "Apply the modifiers that are shown, but never an Armature, to the active mesh and to each "
        "of its shape keys. Keys, drivers, animation and the rig stay"
    )
    bl_options = {"REGISTER", "UNDO"}

    modifier: StringProperty(
        name="Modifier", description="Apply this one only; empty applies all that can be"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """A mesh is active in Object Mode."""
        if not can_work(cls, context, ("OBJECT",)):  # it is a mesh that is meant
            return False
        if context.active_object.type != "MESH":
            cls.poll_message_set(translated, "Click the mesh whose modifiers are meant")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Apply them and name them."""
        from ..scene.apply_modifiers import apply_modifiers
        from ..scene.validate import validate_object

        forget_error(context)
        names = (self.modifier,) if self.modifier else ()
        try:
            obj = validate_object(context, context.active_object)
            applied = apply_modifiers(context, obj, names)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        tell(self, {"INFO"}, f"Applied {', '.join(applied)}; all shape keys were kept")
        return {"FINISHED"}
