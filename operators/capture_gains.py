# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""How strongly a character's shape keys answer to captures: the list in the panel."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty

from ..properties import state_of
from ..translations import translated
from ..vocabulary import ARKIT_SHAPES
from .common import AnimatesRig, can_animate, chosen_head

_SHAPE_ITEMS = tuple((name, name, "") for name in ARKIT_SHAPES)


class AUTORIGFACE_OT_add_gain(AnimatesRig, bpy.types.Operator):
    """Give a shape a gain of its own."""

    bl_idname = "auto_rig_face.add_gain"
    bl_label = "Add Gain"
    bl_description = (
        "Choose a shape that shall answer more or less to captures on this character. What was "
        "imported before stays as it is"
    )
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}
    bl_property = "shape"  # what the search is for

    shape: EnumProperty(name="Shape", items=_SHAPE_ITEMS)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the shape."""
        context.window_manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the shape to the list, or choose it there if it has a gain already."""
        state = state_of(chosen_head(context))
        if self.shape not in state.gains:
            state.gains.add().name = self.shape
        state.gain = state.gains.find(self.shape)
        return {"FINISHED"}


class AUTORIGFACE_OT_remove_gain(bpy.types.Operator):
    """Let a shape answer as the actor's does."""

    bl_idname = "auto_rig_face.remove_gain"
    bl_label = "Remove Gain"
    bl_description = "Let the chosen shape answer to captures as the actor's face does"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One of the head's gains is chosen."""
        if not can_animate(cls, context):
            return False
        state = state_of(chosen_head(context))
        if not 0 <= state.gain < len(state.gains):
            cls.poll_message_set(translated, "Choose a shape in the list first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take it off the list; the next one is chosen then."""
        state = state_of(chosen_head(context))
        state.gains.remove(state.gain)
        state.gain = max(0, min(state.gain, len(state.gains) - 1))
        return {"FINISHED"}
