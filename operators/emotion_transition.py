# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Let the face turn from one emotion to another on the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, IntProperty

from ..errors import RigError
from ..properties import EMOTION_ITEMS, MannerProperties, TurnProperties, copy_settings, settings_of
from .common import AnimatesRig, chosen_head, forget_error, tell, tell_error

if TYPE_CHECKING:
    from ..animation.transition import Acting


class AUTORIGFACE_OT_emotion_transition(
    AnimatesRig, MannerProperties, TurnProperties, bpy.types.Operator
):
    """Key a transition to an emotion, from the current frame on."""

    bl_idname = "auto_rig_face.emotion_transition"
    bl_label = "Emotion Transition"
    bl_description = (
        "Key a transition to this emotion, from the current frame on: brows lead, the mouth "
        "follows, eyes and lids come last. Keys of yours stay as they are"
    )
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    first: EnumProperty(
        name="From",
        description="What the face begins with",
        items=(("current", "Current", "As the face is at the first frame"), *EMOTION_ITEMS),
    )
    emotion: EnumProperty(name="To", items=EMOTION_ITEMS, default="joy")
    start: IntProperty(
        name="Start", description="Frame at which the face begins to move", options={"SKIP_PRESET"}
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begin at the current frame, as the panel says."""
        settings = settings_of(context).acting
        copy_settings(settings, self, TurnProperties, MannerProperties)
        self.start = context.scene.frame_current
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the curves and go to the frame where the next emotion may begin."""
        from ..acting import Turn, act

        forget_error(context)
        turns = [Turn(self.emotion, self.intensity, self.length, self.hold)]
        try:
            done = act(
                context,
                chosen_head(context),
                turns,
                self.start,
                acting_of(self),
                first=(self.first, self.intensity),
                back=self.back,
                as_strip=self.as_strip,
            )
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        context.scene.frame_set(round(done.end))
        tell(self, *summary(done.written.driven, done.written.keys))
        return {"FINISHED"}


def acting_of(manner: MannerProperties) -> Acting:
    """How an operator's properties say that emotions are acted."""
    from ..animation.transition import Acting

    return Acting(
        manner.style, manner.asymmetry, manner.seed, manner.blink, frozenset(manner.regions)
    )


def summary(driven: tuple[str, ...], keys: int) -> tuple[set[str], str]:
    """What to tell: which keys could not be set, else how many were."""
    if driven:
        return {"WARNING"}, f"Drivers of yours move {', '.join(driven)}: these were not keyed"
    return {"INFO"}, f"{keys} keys were set"
