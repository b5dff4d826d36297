# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Settings of the add-on that hold for every file."""

from __future__ import annotations

import bpy


class AutoRigFacePreferences(bpy.types.AddonPreferences):
    """What the artist prefers, whatever the file."""

    bl_idname = __package__

    marker_size: bpy.props.FloatProperty(
        name="Marker Size",
        description="Size of the landmark markers, in distances between the eyes",
        default=0.08,
        min=0.01,
        max=1.0,
    )

    def draw(self, _context: bpy.types.Context) -> None:
        """Lay out the settings."""
        self.layout.use_property_split = True
        self.layout.prop(self, "marker_size")


def marker_size(context: bpy.types.Context) -> float:
    """Marker size in IOD; the default where the package runs without being an enabled add-on."""
    addon = context.preferences.addons.get(__package__)
    if addon is None or addon.preferences is None:
        return AutoRigFacePreferences.bl_rna.properties["marker_size"].default
    return addon.preferences.marker_size


register, unregister = bpy.utils.register_classes_factory((AutoRigFacePreferences,))
