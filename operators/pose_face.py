# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Pose a face by hand: pick controls, set shapes, put regions to rest, key them."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ..errors import RigError
from ..translations import translated
from ..vocabulary import SLIDER_REGIONS
from .common import AnimatesRig, chosen_head, forget_error, tell, tell_error

_ALL = "ALL"
_REGION_ITEMS = (
    (_ALL, "Everything", "The whole face"),
    *((region, region, "") for region in SLIDER_REGIONS),
)


class _OfRegion(AnimatesRig):
    bl_options = {"REGISTER", "UNDO"}

    region: EnumProperty(name="Region", items=_REGION_ITEMS)

    def shapes(self) -> list[str]:
        """The shapes of the region."""
        return [
            shape
            for region, shapes in SLIDER_REGIONS.items()
            if self.region in (_ALL, region)
            for shape in shapes
        ]


class AUTORIGFACE_OT_reset_face(_OfRegion, bpy.types.Operator):
    """Put a region of the face to rest."""

    bl_idname = "auto_rig_face.reset_face"
    bl_label = "Reset"
    bl_description = (
        "Put these shapes to 0, or their controls where they rest; keyed at the current frame only "
        "where Auto Keying is on"
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Reset the shapes."""
        from ..scene.sliders import reset_shapes

        forget_error(context)
        reset_shapes(chosen_head(context), self.shapes(), key=_auto_keys(context))
        return {"FINISHED"}


class AUTORIGFACE_OT_key_face(_OfRegion, bpy.types.Operator):
    """Key a region of the face as it is."""

    bl_idname = "auto_rig_face.key_face"
    bl_label = "Key"
    bl_description = "Key these shapes at the current frame as they are, on their controls if any"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the keys."""
        from ..scene.sliders import key_shapes

        forget_error(context)
        count = key_shapes(chosen_head(context), self.shapes())
        tell(self, {"INFO"}, f"{count} channels were keyed")
        return {"FINISHED"}


class AUTORIGFACE_OT_select_control(AnimatesRig, bpy.types.Operator):
    """Select a control."""

    bl_idname = "auto_rig_face.select_control"
    bl_label = "Select Control"
    bl_options = {"REGISTER", "UNDO"}

    control: StringProperty(name="Control", options={"SKIP_SAVE"})
    extend: BoolProperty(name="Extend", description="Keep what is selected", options={"SKIP_SAVE"})

    @classmethod
    def description(
        cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties
    ) -> str:
        """What the control is called."""
        from ..animation.control_map import CONTROL

        control = CONTROL.get(properties.control)
        if control is None:
            return translated("A control. Shift adds it, or takes it off")
        return translated(f"{control.label}. Shift adds it, or takes it off")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Shift extends."""
        self.extend = event.shift
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Go to Pose Mode if need be, and select it."""
        from ..scene.control_armature import required_controls, select

        forget_error(context)
        try:
            armature = required_controls(chosen_head(context), self.control)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        if context.view_layer.objects.active != armature or context.mode != "POSE":
            _pose_mode(context, armature)
        select(armature, self.control, extend=self.extend)
        return {"FINISHED"}


def read_slider(head: bpy.types.Object, shape: str) -> float:
    """What a slider of the panel shows."""
    from ..scene.sliders import shape_value

    return shape_value(head, shape)


def write_slider(head: bpy.types.Object, shape: str, value: float, symmetric: bool) -> None:
    """What a slider of the panel does when it is dragged."""
    from ..scene.sliders import set_shape

    set_shape(head, shape, value, symmetric=symmetric, key=_auto_keys(bpy.context))


def _auto_keys(context: bpy.types.Context) -> bool:
    return bool(context.scene.tool_settings.use_keyframe_insert_auto)


def _pose_mode(context: bpy.types.Context, armature: bpy.types.Object) -> None:
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    for obj in context.selected_objects:
        obj.select_set(False)
    armature.select_set(True)
    context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="POSE")
