# SPDX-License-Identifier: GPL-3.0-or-later
"""Make pose assets of emotions and visemes."""

from __future__ import annotations

import bpy

from ..errors import RigError
from .common import AnimatesRig, chosen_head, forget_error, tell, tell_error

_UNSAVED = (
    "The pose assets lie under Unassigned until this file has a place: save it, then press Make "
    "Pose Assets again"
)


class AUTORIGFACE_OT_make_pose_assets(AnimatesRig, bpy.types.Operator):
    """Make an action for every emotion and viseme, as assets of Blender's pose library."""

    bl_idname = "auto_rig_face.make_pose_assets"
    bl_label = "Make Pose Assets"
    bl_description = (
        "Make a pose asset of each of the 7 emotions and 15 visemes, with a picture of this "
        "character, for the Asset Shelf in Pose Mode. Making them again replaces them"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the actions, and name their catalogs where Blender looks for them."""
        from ..previews import make_pose_assets, pose_catalogs
        from ..scene.asset_catalogs import add_catalogs, catalog_file

        forget_error(context)
        head = chosen_head(context)
        try:
            count = make_pose_assets(context, head)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        tell(self, {"INFO"}, f"{count} pose assets were made")
        file = catalog_file(context)
        if file is None:
            tell(self, {"WARNING"}, _UNSAVED)
            return {"FINISHED"}
        try:
            if add_catalogs(file, pose_catalogs(head)):
                tell(self, {"INFO"}, f"Their catalogs were added to {file}: refresh the browser")
        except RigError as error:
            tell_error(self, context, error, "WARNING")
        return {"FINISHED"}
