# SPDX-License-Identifier: GPL-3.0-or-later
"""The tab "Auto-Rig Face" in the 3D Viewport's sidebar. Layout only."""

from __future__ import annotations

from typing import Final

import bpy

from ..properties import (
    EMOTION_ITEMS,
    SHAPE_SETS,
    CertificateLine,
    ObjectState,
    RigProgress,
    SequenceStep,
    head_of,
    progress_of,
    settings_of,
    state_of,
)
from ..scene.edits import edited_parts, is_edited
from ..scene.thumbnails import pose_thumbnail
from ..translations import translated
from ..vocabulary import STICKY_PROPERTY
from .acting_presets import AUTORIGFACE_PT_acting_presets
from .advice import advice
from .icons import icon_of
from .lines import wrapped
from .place import RigPanel, SidebarPanel

# Blender has no green or amber icon for text of any colour; these come in colours.
_STATUS_ICONS: Final = {
    "GREEN": "STRIP_COLOR_04",
    "AMBER": "STRIP_COLOR_03",
    "RED": "STRIP_COLOR_01",
}
_SEVERITY_ICONS: Final = {"info": "INFO", "warning": "ERROR", "error": "CANCEL"}

_CHANGES: Final = {"ADD": "ADD", "REMOVE": "REMOVE", "UP": "TRIA_UP", "DOWN": "TRIA_DOWN"}

# Pixels at scale 1, and how many lines of text a picture is high.
_PICTURE_WIDTH: Final = 84.0
_NAME_WIDTH: Final = 120.0
_PICTURE_SCALE: Final = 4.0

# Width of a letter in the interface's default font, in pixels at scale 1.
_LETTER_WIDTH: Final = 7.0


class AUTORIGFACE_PT_main(SidebarPanel, bpy.types.Panel):
    bl_label = "Auto-Rig Face"

    def draw(self, context: bpy.types.Context) -> None:
        """The button, progress, the last error, markers and removal."""
        layout = self.layout
        progress = progress_of(context)
        column = layout.column()
        column.scale_y = 1.6
        column.operator("auto_rig_face.rig_face", icon="USER")
        if progress.running:
            _draw_progress(layout, progress)
        lines = advice(context)
        if lines:
            box = layout.box()
            for line in lines:
                _draw_text(context, box, line.text, line.icon)
        head = head_of(context.active_object)
        if head is not None and head.type == "MESH":
            layout.label(text="Reference Picture")
            layout.template_ID(state_of(head), "reference", open="image.open")
        row = layout.row(align=True)
        row.operator("auto_rig_face.edit_markers", icon="EMPTY_AXIS")
        row.operator("auto_rig_face.hide_markers", text="", icon="HIDE_ON")
        layout.operator("auto_rig_face.cut_mouth", icon="MOD_BOOLEAN")
        layout.operator("auto_rig_face.remove_rig", icon="TRASH")


class AUTORIGFACE_PT_certificate(RigPanel, bpy.types.Panel):
    bl_label = "Certificate"
    bl_parent_id = "AUTORIGFACE_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """The verdict, and what fails and where."""
        head = head_of(context.active_object)
        state = state_of(head)
        # Of a mesh that was edited since, the verdict is no longer true.
        self.layout.active = head is None or not (is_edited(head) or edited_parts(head))
        title = state.bl_rna.properties["status"].enum_items[state.status].name
        self.layout.label(text=title, icon=_STATUS_ICONS[state.status])
        failed = [metric for metric in state.metrics if not metric.passed]
        if failed:
            column = self.layout.column(align=True)
            for metric in failed:
                _draw_failure(context, column, metric)
        if head is not None and STICKY_PROPERTY in head:
            self.layout.prop(head, f'["{STICKY_PROPERTY}"]', text="Sticky Lips", slider=True)


class AUTORIGFACE_PT_figures(SidebarPanel, bpy.types.Panel):
    bl_label = "Figures"
    bl_parent_id = "AUTORIGFACE_PT_certificate"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """What passes, or wasn't measured."""
        _draw_passed(self.layout, state_of(head_of(context.active_object)))


class AUTORIGFACE_PT_remarks(RigPanel, bpy.types.Panel):
    bl_label = "Remarks"
    bl_parent_id = "AUTORIGFACE_PT_main"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The active object belongs to a head with remarks."""
        return super().poll(context) and len(state_of(head_of(context.active_object)).messages) > 0

    def draw(self, context: bpy.types.Context) -> None:
        """What the rig tells the artist."""
        for message in state_of(head_of(context.active_object)).messages:
            _draw_text(context, self.layout, message.text, _SEVERITY_ICONS[message.severity])


class AUTORIGFACE_PT_emotions(RigPanel, bpy.types.Panel):
    bl_label = "Emotions"
    bl_parent_id = "AUTORIGFACE_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """A palette of emotions and of the artist's own expressions."""
        layout = self.layout
        head = head_of(context.active_object)
        grid = _palette(context, layout, len(state_of(head).thumbnails) > 0)
        for name, label, _ in EMOTION_ITEMS:
            cell = _cell(grid, icon_of(head, name))
            cell.operator("auto_rig_face.emotion_transition", text=label).emotion = name
        for pose in state_of(head).poses:
            cell = _cell(grid, icon_of(head, pose_thumbnail(pose.name)))
            row = cell.row(align=True)
            row.operator("auto_rig_face.apply_pose", text=pose.name).pose = pose.name
            row.operator("auto_rig_face.delete_pose", text="", icon="X").pose = pose.name
        row = layout.row(align=True)
        row.operator("auto_rig_face.save_pose", icon="ADD")
        row.operator("auto_rig_face.make_previews", text="", icon="IMAGE_DATA")
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = settings_of(context).acting
        layout.prop(settings, "intensity", slider=True)
        column = layout.column(align=True)
        column.prop(settings, "length")
        column.prop(settings, "hold")


class AUTORIGFACE_PT_acting(SidebarPanel, bpy.types.Panel):
    bl_label = "Acting"
    bl_parent_id = "AUTORIGFACE_PT_emotions"
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, _context: bpy.types.Context) -> None:
        """Ways to act under names."""
        AUTORIGFACE_PT_acting_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """How the emotions are acted."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = settings_of(context).acting
        layout.prop(settings, "back")
        layout.prop(settings, "style")
        layout.prop(settings, "asymmetry")
        layout.prop(settings, "blink")
        layout.prop(settings, "seed")
        layout.prop(settings, "regions")
        layout.prop(settings, "as_strip")


class AUTORIGFACE_UL_sequence(bpy.types.UIList):
    """An emotion, its intensity, and its frames of turning and of holding."""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: SequenceStep,
        _icon: int,
        _active_data: object,
        _active_property: str,
    ) -> None:
        """One line; the names are in the tooltips."""
        row = layout.row(align=True)
        row.prop(item, "emotion", text="", emboss=False)
        for name in ("intensity", "length", "hold"):
            row.prop(item, name, text="", emboss=False)


class AUTORIGFACE_PT_sequence(SidebarPanel, bpy.types.Panel):
    bl_label = "Sequence"
    bl_parent_id = "AUTORIGFACE_PT_emotions"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Emotions one after another: a list, and acting it."""
        layout = self.layout
        settings = settings_of(context).acting
        row = layout.row()
        row.template_list("AUTORIGFACE_UL_sequence", "", settings, "sequence", settings, "step")
        column = row.column(align=True)
        for change, icon in _CHANGES.items():
            operator = column.operator("auto_rig_face.edit_sequence", text="", icon=icon)
            operator.change = change
        layout.operator("auto_rig_face.act_sequence", icon="PLAY")


class AUTORIGFACE_PT_performance(RigPanel, bpy.types.Panel):
    bl_label = "Performance"
    bl_parent_id = "AUTORIGFACE_PT_main"

    def draw(self, _context: bpy.types.Context) -> None:
        """What is taken from files, and what goes on by itself."""
        column = self.layout.column(align=True)
        row = column.row(align=True)
        row.operator("auto_rig_face.match_expression", icon="IMAGE_DATA")
        row.operator("auto_rig_face.match_image", text="", icon="IMAGE")
        row.operator("auto_rig_face.match_render", text="", icon="RENDER_RESULT")
        column.operator("auto_rig_face.import_capture", icon="IMPORT")
        column.operator("auto_rig_face.import_speech", icon="SPEAKER")
        row = column.row(align=True)
        row.operator("auto_rig_face.idle_life", icon="HIDE_OFF")
        row.operator("auto_rig_face.remove_idle_life", text="", icon="X")


class AUTORIGFACE_PT_options(SidebarPanel, bpy.types.Panel):
    bl_label = "Options"
    bl_parent_id = "AUTORIGFACE_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Which shapes, which bones, which parts."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = settings_of(context)
        layout.prop(settings, "bones")
        layout.prop(settings, "shape_keys")
        column = layout.column(heading="Shapes")
        column.active = settings.shape_keys
        for name in SHAPE_SETS:
            column.prop(settings, name)
        row = layout.row()
        row.active = settings.shape_keys
        row.prop(settings, "exaggeration", slider=True)
        layout.prop(settings, "existing_keys")
        layout.prop(settings, "sculpted_keys")
        layout.prop(settings, "deleted_keys")
        layout.prop(settings, "parts")
        layout.operator("auto_rig_face.apply_modifiers", icon="MODIFIER")
        layout.operator("auto_rig_face.save_defaults", icon="PREFERENCES")


def _palette(
    context: bpy.types.Context, layout: bpy.types.UILayout, with_pictures: bool
) -> bpy.types.UILayout:
    """A grid with as many columns as pictures, or names, have room for."""
    wanted = _PICTURE_WIDTH if with_pictures else _NAME_WIDTH
    scale = context.preferences.system.ui_scale
    columns = max(2, int(context.region.width / (wanted * scale)))
    return layout.grid_flow(row_major=True, columns=columns, even_columns=True, align=True)


def _cell(grid: bpy.types.UILayout, icon: int) -> bpy.types.UILayout:
    """A place in the palette, below its picture if there is one."""
    cell = grid.column(align=True)
    if icon:
        cell.template_icon(icon_value=icon, scale=_PICTURE_SCALE)
    return cell


def _draw_progress(layout: bpy.types.UILayout, progress: RigProgress) -> None:
    layout.progress(factor=progress.fraction, type="BAR", text=translated(progress.stage))
    cancel = translated(f"{progress.object_name}: press Esc to cancel")
    layout.label(text=cancel, icon="TIME")


def _draw_passed(layout: bpy.types.UILayout, state: ObjectState) -> None:
    column = layout.column(align=True)
    for metric in state.metrics:
        if metric.passed:
            row = column.split(factor=0.6)
            row.label(text=_title(metric), icon="CHECKMARK" if metric.measured else "REMOVE")
            value = row.row()
            value.alignment = "RIGHT"
            value.label(text=_figure(metric))


def _draw_failure(
    context: bpy.types.Context, column: bpy.types.UILayout, metric: CertificateLine
) -> None:
    """What fails, by how much, and where."""
    row = column.row()
    row.alert = True
    row.label(text=_title(metric), icon="CANCEL")
    limit = translated(f"(limit {metric.limit:.3g})") if metric.limited else ""
    column.label(text=f"{_figure(metric)} {limit}".rstrip(), icon="BLANK1")
    for text in (metric.place, metric.note):
        _draw_text(context, column, text, "BLANK1")


def _title(metric: CertificateLine) -> str:
    name = translated(metric.name)
    return name[:1].upper() + name[1:]


def _figure(metric: CertificateLine) -> str:
    if not metric.measured:
        return translated("not measured")
    value = f"{metric.value:.0f}" if abs(metric.value) >= 100 else f"{metric.value:.2g}"
    return f"{value} {translated(metric.unit)}".strip()


def _draw_text(
    context: bpy.types.Context, layout: bpy.types.UILayout, text: str, icon: str
) -> None:
    """A message over as many lines as the sidebar's width asks for."""
    letters = context.region.width / (_LETTER_WIDTH * context.preferences.system.ui_scale) - 6
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(wrapped(translated(text), max(int(letters), 12))):
        column.label(text=line, icon=icon if number == 0 else "BLANK1")
