# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Settings of the add-on that hold for every file."""

from __future__ import annotations

import bpy
from bpy.app.handlers import persistent

from .errors import RigError
from .properties import ATTRIBUTE, fill_in_options


class AutoRigFacePreferences(bpy.types.AddonPreferences):
    """What the artist prefers, whatever the file. ``defaults``: see properties.defaults."""

    bl_idname = __package__

    marker_size: bpy.props.FloatProperty(
        name="Marker Size",
        description="Size of the landmark markers, in distances between the eyes",
        default=0.08,
        min=0.01,
        max=1.0,
    )
    defaults: bpy.props.StringProperty(options={"HIDDEN"})

    def draw(self, _context: bpy.types.Context) -> None:
        """Lay out the settings."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "marker_size")
        row = layout.row()
        row.label(
            text="New files begin with your own options" if self.defaults else "New files: as usual"
        )
        row.operator("auto_rig_face.save_defaults")
        row.operator("auto_rig_face.clear_defaults")


def preferences_of(context: bpy.types.Context) -> AutoRigFacePreferences | None:
    """The add-on's preferences; None where the package runs without being an enabled add-on."""
    addon = context.preferences.addons.get(__package__)
    return None if addon is None else addon.preferences


def marker_size(context: bpy.types.Context) -> float:
    """Marker size in IOD."""
    preferences = preferences_of(context)
    if preferences is None:
        return AutoRigFacePreferences.bl_rna.properties["marker_size"].default
    return preferences.marker_size


@persistent
def _begin_new_files(path: str) -> None:
    """What was saved keeps its options."""
    preferences = preferences_of(bpy.context)
    if path or preferences is None or not preferences.defaults:
        return
    for scene in bpy.data.scenes:
        try:
            fill_in_options(getattr(scene, ATTRIBUTE), preferences.defaults)
        except RigError as error:
            # There is no operator whose report would show it.
            print(error)


_register_classes, _unregister_classes = bpy.utils.register_classes_factory(
    (AutoRigFacePreferences,)
)


def register() -> None:
    """Add the preferences, and what new files take from them."""
    _register_classes()
    bpy.app.handlers.load_post.append(_begin_new_files)


def unregister() -> None:
    """Take both away again."""
    bpy.app.handlers.load_post.remove(_begin_new_files)
    _unregister_classes()
