# SPDX-License-Identifier: GPL-3.0-or-later
"""The button: rig the active head, with progress, stoppable between stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import bpy

from ..errors import RigError
from ..preferences import marker_size
from ..properties import progress_of, redraw_sidebars
from ..translations import translated
from .common import (
    WorksOnMesh,
    chosen_head,
    forget_error,
    leave_pose_mode,
    reference_picture,
    rig_options,
    tell,
    tell_error,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..pipeline import Progress, RigOutcome

# Long enough for the window to show the next stage's name before it begins.
_TICK_SECONDS: Final = 0.02

# What the artist may do in the viewport while the job runs: look around.
_NAVIGATION: Final = ("WHEEL", "MIDDLEMOUSE", "NDOF", "TRACKPAD", "MOUSEROTATE", "MOUSESMARTZOOM")

_CANCELLED: Final = "Auto-Rig Face was cancelled; nothing was changed"
_REPORTS: Final = {
    "green": ("INFO", "The face rig is certified"),
    "amber": ("WARNING", "The face rig is certified, with remarks in the Auto-Rig Face tab"),
    "red": ("WARNING", "The face is rigged but misses limits; see the Auto-Rig Face tab"),
}


class AUTORIGFACE_OT_rig_face(WorksOnMesh, bpy.types.Operator):
    """Rig the active head: shape keys, bones, skin weights, and a certificate."""

    bl_idname = "auto_rig_face.rig_face"
    bl_label = "Auto-Rig Face"
    bl_description = "Rig the active head: shape keys, bones, skin weights, and a certificate"
    bl_options = {"REGISTER", "UNDO"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start the job; a timer carries it from stage to stage."""
        if context.window is None:
            return self.execute(context)
        try:
            self._stages = self._start(context)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        window_manager = context.window_manager
        window_manager.progress_begin(0.0, 1.0)
        self._timer = window_manager.event_timer_add(_TICK_SECONDS, window=context.window)
        progress = progress_of(context)
        progress.running, progress.object_name = True, chosen_head(context).name
        self._show(context, "Starting", 0.0)
        window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Do one stage on each tick of the timer."""
        if event.type == "ESC" and event.value == "PRESS":
            self.cancel(context)
            progress_of(context).note = _CANCELLED
            tell(self, {"INFO"}, _CANCELLED)
            return {"CANCELLED"}
        if event.type != "TIMER":
            may_pass = event.type.startswith(_NAVIGATION)
            return {"PASS_THROUGH"} if may_pass else {"RUNNING_MODAL"}
        try:
            progress = next(self._stages)
        except StopIteration as finished:
            self._stop(context)
            return self._finish(finished.value)
        except RigError as error:
            self._stop(context)
            # Markers let the work go on: no error box over the face then.
            return self._fail(context, error, "WARNING" if error.wants_markers else "ERROR")
        except BaseException:
            self._stop(context)
            raise
        self._show(context, progress.stage, progress.fraction)
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Take back what was done so far: Esc, or Blender closes the window."""
        self._stages.close()
        self._stop(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Rig in one go, for scripts."""
        try:
            stages = self._start(context)
            while True:
                next(stages)
        except StopIteration as finished:
            return self._finish(finished.value)
        except RigError as error:
            return self._fail(context, error, "ERROR")

    def _start(self, context: bpy.types.Context) -> Generator[Progress, None, RigOutcome]:
        from ..pipeline import rig_stages
        from ..scene.validate import validate_object

        forget_error(context)
        leave_pose_mode(context)
        options, scene_options = rig_options(context)
        head = chosen_head(context)
        validate_object(context, head)
        picture = reference_picture(head)
        return rig_stages(context, head, options, picture, scene_options=scene_options)

    def _finish(self, outcome: RigOutcome) -> set[str]:
        level, text = _REPORTS[outcome.status]
        tell(self, {level}, f"{text} ({sum(outcome.seconds.values()):.1f} s)")
        return {"FINISHED"}

    def _fail(self, context: bpy.types.Context, error: RigError, level: str) -> set[str]:
        """Tell what is wrong; where markers help, put them on the head."""
        tell_error(self, context, error, level)
        if not error.wants_markers:
            return {"CANCELLED"}
        from ..pipeline import offer_markers

        _, scene_options = rig_options(context)
        try:
            offer_markers(
                context,
                chosen_head(context),
                marker_size(context),
                scene_options=scene_options,
                error=error,
            )
        except RigError as second:
            tell_error(self, context, second)
            return {"CANCELLED"}
        return {"FINISHED"}

    def _show(self, context: bpy.types.Context, stage: str, fraction: float) -> None:
        progress = progress_of(context)
        progress.stage, progress.fraction = stage, fraction
        context.window_manager.progress_update(fraction)
        context.workspace.status_text_set(translated(f"Auto-Rig Face: {stage}   (Esc: cancel)"))
        redraw_sidebars(context)

    def _stop(self, context: bpy.types.Context) -> None:
        progress_of(context).running = False
        context.window_manager.event_timer_remove(self._timer)
        context.window_manager.progress_end()
        context.workspace.status_text_set(None)
        redraw_sidebars(context)
