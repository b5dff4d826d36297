# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""On-face controls: put on a rigged head, taken off, and allowed to go too far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty

from ..errors import RigError
from ..translations import translated
from .common import (
    NOTABLE,
    AnimatesRig,
    chosen_head,
    forget_error,
    leave_pose_mode,
    tell,
    tell_error,
    tell_lost,
)

if TYPE_CHECKING:
    from ..scene.control_animation import Baked


class ChangesControls(AnimatesRig):
    """An operator on the controls of a head."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The head has controls."""
        return super().poll(context) and _has_controls(cls, context)


def _has_controls(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    from ..scene.control_armature import controls_of

    if controls_of(chosen_head(context)) is None:
        cls.poll_message_set(translated, "Press Add Controls first")
        return False
    return True


class AUTORIGFACE_OT_add_controls(AnimatesRig, bpy.types.Operator):
    """Add bones on the face that drive the shape keys."""

    bl_idname = "auto_rig_face.add_controls"
    bl_label = "Add Controls"
    bl_description = (
        "Add control bones on the face to the rig's armature, which drive the shape keys: drag a "
        "corner of the mouth to smile. Nothing that deforms the head changes"
    )
    bl_options = {"REGISTER", "UNDO"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """The same, and go where the controls can be dragged."""
        result = self.execute(context)
        if "FINISHED" in result:
            bpy.ops.object.mode_set(mode="POSE")
        return result

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add them, and make the armature the active object."""
        from ..scene.control_armature import required_controls
        from ..scene.control_rig import add_controls

        forget_error(context)
        head = chosen_head(context)
        leave_pose_mode(context)
        try:
            baked = add_controls(context, head)
            armature = required_controls(head)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        for obj in context.selected_objects:
            obj.select_set(False)
        armature.select_set(True)
        context.view_layer.objects.active = armature
        if baked.curves or baked.strips:
            _tell_baked(self, baked)
        return {"FINISHED"}


class AUTORIGFACE_OT_remove_controls(ChangesControls, bpy.types.Operator):
    """Take the controls off."""

    bl_idname = "auto_rig_face.remove_controls"
    bl_label = "Remove Controls"
    bl_description = (
        "Take the control bones, their widgets and drivers off. The face keeps its expression and "
        "animation, on the shape keys"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Carry their animation over, and remove them."""
        from ..scene.control_rig import give_up_controls

        forget_error(context)
        leave_pose_mode(context)
        try:
            baked = give_up_controls(context, chosen_head(context))
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        context.scene.frame_set(context.scene.frame_current)
        if baked.residual > NOTABLE:
            text = (
                f"{baked.shape} is up to {baked.residual:.2f} off: strips that are blended on one "
            )
            tell(self, {"WARNING"}, f"{text}control don't come to the same on its shape keys")
        _tell_carried(self, baked, "are on the shape keys again")
        return {"FINISHED"}


class AUTORIGFACE_OT_bake_to_controls(ChangesControls, bpy.types.Operator):
    """Move animation of the shape keys to the controls."""

    bl_idname = "auto_rig_face.bake_to_controls"
    bl_label = "Bake to Controls"
    bl_description = (
        "Move the action of the shape keys to the controls, key by key. Adding controls does that; "
        "this is for an action that came later"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the keys."""
        from ..scene.control_animation import bake_to_controls
        from ..scene.control_armature import required_controls

        forget_error(context)
        head = chosen_head(context)
        try:
            baked = bake_to_controls(head, required_controls(head))
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        context.scene.frame_set(context.scene.frame_current)
        _tell_baked(self, baked)
        return {"FINISHED"}


class AUTORIGFACE_OT_loosen_controls(ChangesControls, bpy.types.Operator):
    """Let controls go beyond what was certified, or hold them back again."""

    bl_idname = "auto_rig_face.loosen_controls"
    bl_label = "Loosen Limits"
    bl_description = (
        "Let the controls go half as far again. Beyond their limits nothing was certified: skin "
        "may meet skin there"
    )
    bl_options = {"REGISTER", "UNDO"}

    loose: BoolProperty(name="Loose", default=True)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the limits."""
        from ..scene.control_rig import loosen

        forget_error(context)
        loosen(chosen_head(context), loose=self.loose)
        return {"FINISHED"}


def _tell_baked(operator: bpy.types.Operator, baked: Baked) -> None:
    tell_lost(operator, (baked.residual, baked.shape))
    _tell_carried(operator, baked, "move the controls now")


def _tell_carried(operator: bpy.types.Operator, baked: Baked, what: str) -> None:
    if baked.shared:
        text = f"Something else uses {', '.join(baked.shared)} as well, and keeps it as it is"
        tell(operator, {"WARNING"}, f"{text}: the strips here play actions of their own now")
    strips = f", {baked.strips} strips among them," if baked.strips else ""
    text = f"{baked.keys} keys on {baked.curves} curves{strips} {what}"
    tell(operator, {"INFO"}, text)
