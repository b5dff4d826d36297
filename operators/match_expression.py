# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Take over the expression of a picture, or the performance of a film or of several pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..errors import RigError
from .common import AnimatesRig, chosen_head, forget_error, tell_error
from .taking_over import PictureProperties, take_over, tell_taken_over

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..matching import Matcher

    Frames = Iterator[tuple[float, NDArray[np.uint8]]]

_PICTURES = "*.png;*.jpg;*.jpeg;*.webp;*.bmp;*.tif;*.tiff"
_MOST_SHOWN = 9999  # digits that the pointer has room for
_FILMS = "*.mp4;*.mov;*.m4v;*.mkv;*.webm;*.avi"


class AUTORIGFACE_OT_match_expression(
    AnimatesRig, PictureProperties, ImportHelper, bpy.types.Operator
):
    """Take over the expression of a face in a picture or film."""

    bl_idname = "auto_rig_face.match_expression"
    bl_label = "Match Expression"
    bl_description = (
        "Take over the expression of a face: one picture makes a pose, several pictures or a film "
        "make keys from the current frame on. Keys of yours stay as they are"
    )
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    filter_glob: StringProperty(default=f"{_PICTURES};{_FILMS}", options={"HIDDEN"})
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"}
    )
    first_is_neutral: BoolProperty(
        name="First Is Neutral",
        description="The first picture or frame shows the same face at rest: then what is this "
        "face's own isn't taken for an expression",
    )
    neutral: StringProperty(
        name="Neutral Picture",
        description="A picture file of the same face at rest, if there is one",
        options={"SKIP_SAVE"},
    )
    smoothing: FloatProperty(
        name="Smoothing",
        description="Of a film: 0 leaves it as it is; more makes a calmer face",
        default=0.5,
        min=0.0,
        soft_max=3.0,
    )
    tolerance: FloatProperty(
        name="Tolerance",
        description="Of a film: how far a curve may be off, so that it needs fewer keys",
        default=0.01,
        min=0.0,
        max=0.2,
        precision=3,
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the files."""
        self.start = context.scene.frame_current
        return super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Match, write, and tell what there is to know."""
        from ..matching import matcher_for
        from ..models.pictures import is_film, read_picture

        forget_error(context)
        try:
            paths = self._paths()
            matcher = matcher_for(context, chosen_head(context))
            if self.neutral:
                matcher.learn_rest(read_picture(Path(bpy.path.abspath(self.neutral))))
            if len(paths) == 1 and not is_film(paths[0]):
                self._match_picture(context, matcher, paths[0])
            else:
                self._match_frames(context, matcher, paths)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        return {"FINISHED"}

    def _paths(self) -> list[Path]:
        from ..models.pictures import in_sequence, is_film

        named = [Path(self.directory) / file.name for file in self.files if file.name]
        paths = in_sequence(named) or [Path(self.filepath)]
        if len(paths) > 1 and any(is_film(path) for path in paths):
            raise RigError(
                "Several files are chosen, and one of them is a film.",
                "Choose one film, or the pictures of one performance.",
            )
        return paths

    def _match_picture(self, context: bpy.types.Context, matcher: Matcher, path: Path) -> None:
        from ..models.pictures import read_picture

        match = matcher.match(read_picture(path))
        take_over(self, context, match, path.name, self.strength, self.key_at)

    def _match_frames(
        self, context: bpy.types.Context, matcher: Matcher, paths: list[Path]
    ) -> None:
        from ..acting import CaptureOptions, frame_rate, perform
        from ..animation.retarget import even_gains
        from ..matching import frames_of

        rate = float(frame_rate(context.scene))
        frames = frames_of(matcher, paths, rate, first_is_neutral=self.first_is_neutral)
        window_manager = context.window_manager
        window_manager.progress_begin(0, _MOST_SHOWN)
        try:
            capture = matcher.follow(_counted(frames, window_manager), paths[0].stem, rate)
        finally:
            window_manager.progress_end()
        gains = even_gains(self.strength)
        options = CaptureOptions(self.smoothing, self.tolerance, gains=gains)
        done = perform(context, chosen_head(context), capture, self.start, options)
        context.scene.frame_end = max(context.scene.frame_end, round(done.end))
        context.scene.frame_set(self.start)
        said = f"{capture.name}: {done.written.keys} keys were set"
        tell_taken_over(self, capture.notes, done.written, said)


def _counted(frames: Frames, window_manager: bpy.types.WindowManager) -> Frames:
    """The same frames; their number is shown at the mouse pointer."""
    for number, frame in enumerate(frames):
        window_manager.progress_update(number % _MOST_SHOWN)
        yield frame
