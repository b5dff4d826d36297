# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Keys under the names that a pipeline expects: added, and taken away again."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty

from ..errors import RigError
from ..properties import (
    STANDARD_ITEMS,
    STANDARD_MODE_ITEMS,
    is_rigged,
    settings_of,
    state_of,
)
from .common import can_work_where, chosen_head, forget_error, leave_pose_mode, tell, tell_error

_NO_RIG = "face rig: press Auto-Rig Face first"


class AUTORIGFACE_OT_add_standard_keys(bpy.types.Operator):
    """Give the head the keys of a standard."""

    bl_idname = "auto_rig_face.add_standard_keys"
    bl_label = "Add Standard Keys"
    bl_description = (
        "Add shape keys under the names that VRM, Ready Player Me, MetaHuman, Unity, MMD or lip "
        "sync expect, on the head and its parts. Adding them again bakes them anew"
    )
    bl_options = {"REGISTER", "UNDO"}

    standard: EnumProperty(name="Standard", items=STANDARD_ITEMS)
    mode: EnumProperty(name="Mode", items=STANDARD_MODE_ITEMS)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The head carries a rig of ours."""
        return can_work_where(cls, context, is_rigged, _NO_RIG)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask which standard."""
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, _context: bpy.types.Context) -> None:
        """The two choices, in the dialog and afterwards."""
        self.layout.use_property_split = True
        self.layout.prop(self, "standard")
        self.layout.prop(self, "mode", expand=True)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Bake or rename."""
        from ..scene.head import SceneOptions
        from ..standards import add_standard

        forget_error(context)
        leave_pose_mode(context)
        options = SceneOptions(existing_keys=settings_of(context).existing_keys)
        try:
            added = add_standard(context, chosen_head(context), self.standard, self.mode, options)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        for remark in added.remarks:
            tell(self, {"WARNING"}, remark)
        text = f"{added.keys} keys are there"
        if added.renamed:
            text += f", {added.renamed} of them the rig's own under other names"
        if added.bound:
            text += f", and {added.bound} VRM expressions show them"
        tell(self, {"INFO"}, text)
        return {"FINISHED"}


class AUTORIGFACE_OT_remove_standard_keys(bpy.types.Operator):
    """Take the keys of a standard away."""

    bl_idname = "auto_rig_face.remove_standard_keys"
    bl_label = "Remove Standard Keys"
    bl_description = (
        "Take the keys of this standard away, or give the rig's keys their own names back"
    )
    bl_options = {"REGISTER", "UNDO"}

    standard: EnumProperty(name="Standard", items=STANDARD_ITEMS)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The head has keys of a standard."""

        def has_any(head: bpy.types.Object) -> bool:
            return is_rigged(head) and len(state_of(head).standards) > 0

        return can_work_where(cls, context, has_any, "keys of a standard")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove them."""
        from ..standards import remove_standard

        forget_error(context)
        leave_pose_mode(context)
        try:
            kept = remove_standard(context, chosen_head(context), self.standard)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        if kept:
            names = ", ".join(kept)
            tell(self, {"WARNING"}, f"Shape keys that you have sculpted were kept: {names}")
        return {"FINISHED"}
