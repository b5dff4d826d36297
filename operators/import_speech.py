# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Put speech on the timeline, from a file with its timings."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import FloatProperty, IntProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..errors import RigError
from .common import AnimatesRig, chosen_head, forget_error, tell, tell_driven, tell_error


class AUTORIGFACE_OT_import_speech(AnimatesRig, ImportHelper, bpy.types.Operator):
    """Key the mouth to speech whose timings are in a file, from the current frame on."""

    bl_idname = "auto_rig_face.import_speech"
    bl_label = "Import Speech"
    bl_description = (
        "Key the mouth to speech, from the current frame on: a JSON or TSV file of Rhubarb Lip "
        "Sync, or a JSON file of words or phonemes with their times. Keys of yours stay as they are"
    )
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    filter_glob: StringProperty(default="*.json;*.tsv", options={"HIDDEN"})
    start: IntProperty(
        name="Start", description="Frame at which the recording begins", options={"SKIP_PRESET"}
    )
    amount: FloatProperty(
        name="Amount",
        description="How clearly the mouth speaks: less mumbles, more enunciates. "
        "Lips shut for p, b and m at any amount",
        default=1.0,
        min=0.0,
        max=2.0,
        step=5,
    )
    jaw: FloatProperty(
        name="Jaw",
        description="How far the jaw opens beside that: less for quiet speech, more for shouting",
        default=1.0,
        min=0.0,
        max=2.0,
        step=5,
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        self.start = context.scene.frame_current
        return super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read the file and write the curves; what the file lacked is told."""
        from ..animation.speech import Delivery
        from ..animation.speech_file import read_speech
        from ..liveliness import speak

        forget_error(context)
        delivery = Delivery(self.amount, self.jaw)
        try:
            speech = read_speech(Path(self.filepath))
            done = speak(context, chosen_head(context), speech.cues, self.start, delivery)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        context.scene.frame_end = max(context.scene.frame_end, round(done.end))
        context.scene.frame_set(self.start)
        for note in speech.notes:
            tell(self, {"WARNING"}, note)
        tell_driven(self, done.written.driven, "these were not keyed")
        tell(self, {"INFO"}, f"{speech.name}: {done.written.keys} keys were set")
        return {"FINISHED"}
