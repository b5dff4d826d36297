# SPDX-License-Identifier: GPL-3.0-or-later
"""On-face controls, a picker for them, and a slider for each shape. Layout only.

What is known of controls is imported as it is drawn, so that Blender's start stays fast.
"""

from __future__ import annotations

import bpy

from ..properties import head_of, sliders_of
from ..translations import translated
from ..vocabulary import SLIDER_REGIONS, mirror_shape, name_in_region
from .place import RigPanel, SidebarPanel

_NAME_SHARE = 0.34  # of a line's width


class AUTORIGFACE_PT_controls(RigPanel, bpy.types.Panel):
    bl_label = "Controls"
    bl_parent_id = "AUTORIGFACE_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """Adding them, or what can be done with them."""
        from ..scene.control_armature import controls_of, is_loose

        layout = self.layout
        head = head_of(context.active_object)
        armature = None if head is None else controls_of(head)
        if armature is None:
            layout.operator("auto_rig_face.add_controls", icon="POSE_HLT")
            return
        row = layout.row(align=True)
        row.operator("auto_rig_face.bake_to_controls", icon="ACTION")
        row.operator("auto_rig_face.remove_controls", text="", icon="X")
        loose = is_loose(armature)
        operator = layout.operator(
            "auto_rig_face.loosen_controls",
            text="Tighten Limits" if loose else "Loosen Limits",
            icon="UNLOCKED" if loose else "LOCKED",
        )
        operator.loose = not loose
        layout.operator("auto_rig_face.make_pose_assets", icon="ASSET_MANAGER")


class AUTORIGFACE_PT_picker(SidebarPanel, bpy.types.Panel):
    bl_label = "Picker"
    bl_parent_id = "AUTORIGFACE_PT_controls"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The head has controls."""
        from ..scene.control_armature import controls_of

        head = head_of(context.active_object)
        return head is not None and controls_of(head) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """A button for each control, where it is on a face that looks at us."""
        from ..animation.control_map import PICKER
        from ..scene.control_armature import controls_of, is_selected

        head = head_of(context.active_object)
        armature = None if head is None else controls_of(head)
        if armature is None:
            return
        column = self.layout.column(align=True)
        for buttons in PICKER:
            row = column.grid_flow(
                row_major=True, columns=len(buttons), even_columns=True, align=True
            )
            for button in buttons:
                if button is None:
                    row.label(text="")
                    continue
                name, picker_word = button
                operator = row.operator(
                    "auto_rig_face.select_control",
                    text=translated(picker_word),
                    depress=is_selected(armature, name),
                )
                operator.control = name


class AUTORIGFACE_PT_sliders(SidebarPanel, bpy.types.Panel):
    bl_label = "Sliders"
    bl_parent_id = "AUTORIGFACE_PT_controls"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The shapes by region, left and right on one line."""
        layout = self.layout
        head = head_of(context.active_object)
        if head is None or head.type != "MESH" or head.data.shape_keys is None:
            layout.label(text="The head has no shape keys", icon="INFO")
            return
        sliders = sliders_of(head)
        row = layout.row(align=True)
        row.prop(sliders, "symmetric", icon="MOD_MIRROR")
        row.operator("auto_rig_face.key_face", text="", icon="KEY_HLT").region = "ALL"
        row.operator("auto_rig_face.reset_face", text="", icon="LOOP_BACK").region = "ALL"
        for region, shapes in SLIDER_REGIONS.items():
            header, body = layout.panel(f"auto_rig_face_{region}", default_closed=False)
            header.label(text=region)
            header.operator("auto_rig_face.key_face", text="", icon="KEY_HLT").region = region
            header.operator("auto_rig_face.reset_face", text="", icon="LOOP_BACK").region = region
            if body is not None:
                column = body.column(align=True)
                for shape in shapes:
                    _draw_slider(column, sliders, shape)


def _draw_slider(layout: bpy.types.UILayout, sliders: bpy.types.PropertyGroup, shape: str) -> None:
    """One line for a shape, and its mirror image beside it; nothing for that itself."""
    mirrored = mirror_shape(shape)
    if shape.endswith("Right") and mirrored != shape:
        return
    line = layout.split(factor=_NAME_SHARE, align=True)
    line.label(text=translated(name_in_region(shape)), translate=False)
    row = line.row(align=True)
    if mirrored == shape:
        row.prop(sliders, shape, text="", slider=True)
    else:
        row.prop(sliders, shape, text="L", translate=False, slider=True)
        row.prop(sliders, mirrored, text="R", translate=False, slider=True)
