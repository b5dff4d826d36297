# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Take over the expression of a picture, or the performance of a film or of several pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    StringProperty,
)
from bpy_extras.io_utils import ImportHelper

from ..errors import RigError
from .common import AnimatesRig, chosen_head, forget_error, tell, tell_driven, tell_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..matching import Match, Matcher
    from ..scene.actions import Written

    Frames = Iterator[tuple[float, NDArray[np.uint8]]]

_PICTURES = "*.png;*.jpg;*.jpeg;*.webp;*.bmp;*.tif;*.tiff"
_MOST_SHOWN = 9999  # digits that the pointer has room for
_FILMS = "*.mp4;*.mov;*.m4v;*.mkv;*.webm;*.avi"


class AUTORIGFACE_OT_match_expression(AnimatesRig, ImportHelper, bpy.types.Operator):
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
    result: EnumProperty(
        name="Result",
        description="What a single picture becomes",
        items=(
            ("POSE", "Pose", "Set the shape keys; keyed only where Auto Keying is on"),
            ("KEYS", "Keyframes", "Key the expression at the start frame"),
        ),
    )
    start: IntProperty(
        name="Start",
        description="Frame of the keys, or at which they begin",
        options={"SKIP_PRESET"},
    )
    strength: FloatProperty(
        name="Strength",
        description="1 as the picture shows it, more for an exaggerated face",
        default=1.0,
        min=0.0,
        soft_max=2.0,
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
        key_at = self.start if self.result == "KEYS" else None
        take_over(self, context, match, path.name, self.strength, key_at)

    def _match_frames(
        self, context: bpy.types.Context, matcher: Matcher, paths: list[Path]
    ) -> None:
        from ..acting import CaptureOptions, frame_rate, perform
        from ..animation.retarget import Gain
        from ..models.pictures import is_film, read_film
        from ..vocabulary import ARKIT_SHAPES

        rate = float(frame_rate(context.scene))
        film = is_film(paths[0])
        frames = read_film(paths[0]) if film else _pictures(paths, rate)
        if self.first_is_neutral and matcher.rest is None:
            frames = _learning_rest(matcher, frames)
        window_manager = context.window_manager
        window_manager.progress_begin(0, _MOST_SHOWN)
        try:
            capture = matcher.follow(_counted(frames, window_manager), paths[0].stem, rate)
        finally:
            window_manager.progress_end()
        gains = dict.fromkeys(ARKIT_SHAPES, Gain(self.strength))
        options = CaptureOptions(self.smoothing, self.tolerance, gains=gains)
        done = perform(context, chosen_head(context), capture, self.start, options)
        context.scene.frame_end = max(context.scene.frame_end, round(done.end))
        context.scene.frame_set(self.start)
        said = f"{capture.name}: {done.written.keys} keys were set"
        _tell(self, capture.notes, done.written, said)


def take_over(
    operator: bpy.types.Operator,
    context: bpy.types.Context,
    match: Match,
    name: str,
    strength: float,
    key_at: int | None = None,
) -> None:
    """Put a matched expression on the chosen head, keyed at a frame if there is one, or where Auto
    Keying is on; and tell what there is to know. ``name``: what was matched.
    """
    from ..scene.poses import key_pose, set_pose

    coefficients = (match.coefficients * strength).clip(0.0, 1.0)
    head = chosen_head(context)
    if key_at is None and context.scene.tool_settings.use_keyframe_insert_auto:
        key_at = context.scene.frame_current
    if key_at is None:
        written = set_pose(head, coefficients)
    else:
        written = key_pose(head, coefficients, key_at)
    said = f"{name} matched to {100.0 * match.residual:.1f} % of the eye distance"
    _tell(operator, match.notes, written, said)


def _tell(
    operator: bpy.types.Operator, notes: tuple[str, ...], written: Written, said: str
) -> None:
    for note in notes:
        tell(operator, {"WARNING"}, note)
    tell_driven(operator, written.driven, "these were left as they are")
    tell(operator, {"INFO"}, said)


def _counted(frames: Frames, window_manager: bpy.types.WindowManager) -> Frames:
    """The same frames; their number is shown at the mouse pointer."""
    for number, frame in enumerate(frames):
        window_manager.progress_update(number % _MOST_SHOWN)
        yield frame


def _pictures(paths: list[Path], rate: float) -> Frames:
    """One picture a frame of the scene."""
    from ..models.pictures import read_picture

    for number, path in enumerate(paths):
        yield number / rate, read_picture(path)


def _learning_rest(matcher: Matcher, frames: Frames) -> Frames:
    """The same frames; the face of the first one is at rest."""
    for number, (instant, picture) in enumerate(frames):
        if number == 0:
            matcher.learn_rest(picture)
        yield instant, picture
