# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the scene's options as those that every new file begins with."""

from __future__ import annotations

import bpy

from ..preferences import preferences_of
from ..properties import options_as_text, settings_of
from ..translations import translated
from .common import tell


def _can_keep(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Only an enabled add-on has preferences."""
    if preferences_of(context) is None:
        cls.poll_message_set(translated, "Enable Auto-Rig Face in the preferences first")
        return False
    return True


def _keep(context: bpy.types.Context, text: str) -> None:
    """Blender saves its preferences by itself, or when the artist does."""
    preferences = preferences_of(context)
    if preferences is not None:
        preferences.defaults = text
        context.preferences.is_dirty = True


class AUTORIGFACE_OT_save_defaults(bpy.types.Operator):
    """Let new files begin with this scene's options."""

    bl_idname = "auto_rig_face.save_defaults"
    bl_label = "Save as Defaults"
    bl_description = (
        "Let every new file begin with the options and the acting of this scene. They are kept "
        "with Blender's preferences"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The add-on is enabled in this Blender's preferences."""
        return _can_keep(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write them into the preferences."""
        _keep(context, options_as_text(settings_of(context)))
        tell(self, {"INFO"}, "New files will begin with these options")
        return {"FINISHED"}


class AUTORIGFACE_OT_clear_defaults(bpy.types.Operator):
    """Let new files begin with the usual options."""

    bl_idname = "auto_rig_face.clear_defaults"
    bl_label = "Clear Defaults"
    bl_description = "Let every new file begin with the usual options again"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The add-on is enabled in this Blender's preferences."""
        return _can_keep(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Forget what was saved."""
        _keep(context, "")
        tell(self, {"INFO"}, "New files will begin with the usual options")
        return {"FINISHED"}
