# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Put a recorded performance on the timeline."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import BoolProperty, FloatProperty, IntProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..errors import RigError
from .common import AnimatesRig, chosen_head, forget_error, tell, tell_driven, tell_error, tell_lost


class AUTORIGFACE_OT_import_capture(AnimatesRig, ImportHelper, bpy.types.Operator):
    """Key a face capture from a file, from the current frame on."""

    bl_idname = "auto_rig_face.import_capture"
    bl_label = "Import Capture"
    bl_description = (
        "Key a face capture on the rigged head, from the current frame on: a CSV file of Live Link "
        "Face, or a JSON file of ARKit weights. Keys of yours stay as they are"
    )
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    filter_glob: StringProperty(default="*.csv;*.json", options={"HIDDEN"})
    start: IntProperty(
        name="Start", description="Frame at which the capture begins", options={"SKIP_PRESET"}
    )
    smoothing: FloatProperty(
        name="Smoothing",
        description="0 leaves the capture as it is; more makes a calmer face",
        default=0.5,
        min=0.0,
        soft_max=3.0,
    )
    tolerance: FloatProperty(
        name="Tolerance",
        description="How far a curve may be off the capture, so that it needs fewer keys; "
        "0 keys every frame",
        default=0.01,
        min=0.0,
        max=0.2,
        precision=3,
    )
    calibrate: BoolProperty(
        name="Rest Pose",
        description="Take out the actor's face at rest, where a file beside the capture holds it",
        default=True,
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        self.start = context.scene.frame_current
        return super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read the file and write the curves; what the file lacked is told."""
        from ..acting import CaptureOptions, perform
        from ..animation.captures import read_capture

        forget_error(context)
        options = CaptureOptions(self.smoothing, self.tolerance, self.calibrate)
        try:
            capture = read_capture(Path(self.filepath))
            done = perform(context, chosen_head(context), capture, self.start, options)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        context.scene.frame_end = max(context.scene.frame_end, round(done.end))
        context.scene.frame_set(self.start)
        for note in capture.notes:
            tell(self, {"WARNING"}, note)
        tell_driven(self, done.written.driven, "these were not keyed")
        tell_lost(self, done.written.lost)
        tell(self, {"INFO"}, f"{capture.name}: {done.written.keys} keys were set")
        return {"FINISHED"}
