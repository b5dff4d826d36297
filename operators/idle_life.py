# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Let the head live while it does nothing, and take that off again."""

from __future__ import annotations

import bpy
from bpy.props import FloatProperty, IntProperty

from ..errors import RigError
from ..translations import translated
from .common import (
    AnimatesRig,
    can_animate,
    chosen_head,
    forget_error,
    tell,
    tell_driven,
    tell_error,
)


class AUTORIGFACE_OT_idle_life(AnimatesRig, bpy.types.Operator):
    """Add blinks, glances and breath over the scene's frames, as a layer."""

    bl_idname = "auto_rig_face.idle_life"
    bl_label = "Idle Life"
    bl_description = (
        "Let the face blink, look about and breathe over the scene's frame range. It is a strip of "
        "its own in the NLA Editor that is added to what the head does; pressing again replaces it"
    )
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    amount: FloatProperty(
        name="Amount",
        description="How far eyes, breath and brows move, and how often the lids blink",
        default=1.0,
        min=0.0,
        max=2.0,
        step=5,
    )
    seed: IntProperty(name="Seed", description="Another number, another life", default=0, min=0)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the layer."""
        from ..animation.idle import Idle
        from ..liveliness import live

        forget_error(context)
        scene = context.scene
        life = Idle(self.amount, self.seed)
        try:
            done = live(context, chosen_head(context), scene.frame_start, scene.frame_end, life)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        scene.frame_set(scene.frame_current)
        tell_driven(self, done.written.driven, "these don't live")
        tell(self, {"INFO"}, f"{done.written.keys} keys were set in a layer of their own")
        return {"FINISHED"}


class AUTORIGFACE_OT_remove_idle_life(bpy.types.Operator):
    """Take the layer of idle life off the head."""

    bl_idname = "auto_rig_face.remove_idle_life"
    bl_label = "Remove Idle Life"
    bl_description = "Take the layer with blinks, glances and breath off; all else stays as it is"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The head has such a layer."""
        from ..scene.layers import has_layer

        if not can_animate(cls, context):
            return False
        head = chosen_head(context)
        if not has_layer(head):
            cls.poll_message_set(translated, f'"{head.name}" has no idle life')
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove the layer, and show the face without it."""
        from ..scene.layers import remove_layer

        forget_error(context)
        remove_layer(chosen_head(context))
        context.scene.frame_set(context.scene.frame_current)
        return {"FINISHED"}
