# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Several emotions, one after another: the list in the panel, and acting it."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, IntProperty

from ..errors import RigError
from ..properties import MannerProperties, TurnProperties, copy_settings, settings_of
from ..translations import translated
from .common import can_animate, chosen_head, forget_error, tell, tell_error
from .emotion_transition import acting_of, summary


class AUTORIGFACE_OT_act_sequence(MannerProperties, bpy.types.Operator):
    """Key the emotions of the list, from the current frame on."""

    bl_idname = "auto_rig_face.act_sequence"
    bl_label = "Act Sequence"
    bl_description = "Key all emotions of the list one after another, from the current frame on"
    bl_options = {"REGISTER", "UNDO"}

    start: IntProperty(name="Start", description="Frame at which the face begins to move")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The head carries a rig of ours, and there is something to act."""
        if not can_animate(cls, context):
            return False
        if not len(settings_of(context).acting.sequence):
            cls.poll_message_set(translated, "Add emotions to the list first")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begin at the current frame, as the panel says."""
        settings = settings_of(context).acting
        copy_settings(settings, self, MannerProperties)
        self.start = context.scene.frame_current
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the curves and go to the frame where the sequence ends."""
        from ..acting import Turn, act

        forget_error(context)
        turns = [
            Turn(step.emotion, step.intensity, step.length, step.hold)
            for step in settings_of(context).acting.sequence
        ]
        try:
            done = act(
                context,
                chosen_head(context),
                turns,
                self.start,
                acting_of(self),
                back=self.back,
                as_strip=self.as_strip,
            )
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        context.scene.frame_set(round(done.end))
        tell(self, *summary(done.written.driven, done.written.keys))
        return {"FINISHED"}


class AUTORIGFACE_OT_edit_sequence(bpy.types.Operator):
    """Change which emotions the list holds."""

    bl_idname = "auto_rig_face.edit_sequence"
    bl_label = "Edit Sequence"
    bl_description = "Add an emotion as the sliders say, take the chosen one out, or move it"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    change: EnumProperty(
        name="Change",
        items=(
            ("ADD", "Add", "Add an emotion after the chosen one"),
            ("REMOVE", "Remove", "Take the chosen one out"),
            ("UP", "Up", "Act the chosen one earlier"),
            ("DOWN", "Down", "Act the chosen one later"),
        ),
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Change the list; what is chosen stays chosen."""
        settings = settings_of(context).acting
        steps, chosen = settings.sequence, settings.step
        last = len(steps) - 1
        if self.change == "ADD":
            step = steps.add()
            copy_settings(settings, step, TurnProperties)
            settings.step = min(chosen, last) + 1
            steps.move(last + 1, settings.step)
        elif not 0 <= chosen <= last:
            return {"CANCELLED"}
        elif self.change == "REMOVE":
            steps.remove(chosen)
            settings.step = max(0, min(chosen, last - 1))
        else:
            settings.step = chosen + (1 if self.change == "DOWN" else -1)
            if not 0 <= settings.step <= last:
                settings.step = chosen
                return {"CANCELLED"}
            steps.move(chosen, settings.step)
        return {"FINISHED"}
