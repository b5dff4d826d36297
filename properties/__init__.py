# SPDX-License-Identifier: GPL-3.0-or-later
"""All state that lives in the .blend, and the progress that lives in the window."""

from __future__ import annotations

from typing import Final

import bpy
from bpy.app.handlers import persistent
from bpy.props import PointerProperty

from .access import (
    ATTRIBUTE,
    chosen_shapes,
    copy_settings,
    has_sealed_mouth,
    head_of,
    is_rigged,
    obstacle,
    parts_of,
    progress_of,
    redraw_sidebars,
    settings_of,
    state_of,
)
from .acting import ActingSettings, MannerProperties, SequenceStep, TurnProperties
from .defaults import fill_in_options, options_as_text
from .items import EMOTION_ITEMS, SHAPE_SETS, STANDARD_ITEMS, STANDARD_MODE_ITEMS
from .object_state import (
    AddedStandard,
    CaptureGain,
    CertificateLine,
    MessageLine,
    NamedPose,
    ObjectState,
    OwnedKey,
    OwnedName,
    Thumbnail,
)
from .progress import RigProgress
from .rig_settings import RigSettings
from .sliders import SLIDERS, FaceSliders, connect, sliders_of

__all__ = (
    "ATTRIBUTE",
    "EMOTION_ITEMS",
    "SHAPE_SETS",
    "STANDARD_ITEMS",
    "STANDARD_MODE_ITEMS",
    "ActingSettings",
    "AddedStandard",
    "CaptureGain",
    "CertificateLine",
    "FaceSliders",
    "MannerProperties",
    "MessageLine",
    "NamedPose",
    "ObjectState",
    "OwnedKey",
    "OwnedName",
    "RigProgress",
    "RigSettings",
    "SequenceStep",
    "Thumbnail",
    "TurnProperties",
    "chosen_shapes",
    "connect",
    "copy_settings",
    "fill_in_options",
    "has_sealed_mouth",
    "head_of",
    "is_rigged",
    "obstacle",
    "options_as_text",
    "parts_of",
    "progress_of",
    "redraw_sidebars",
    "settings_of",
    "sliders_of",
    "state_of",
)

_HOLDERS: Final = (
    (bpy.types.Object, ATTRIBUTE, ObjectState),
    (bpy.types.Scene, ATTRIBUTE, RigSettings),
    (bpy.types.WindowManager, ATTRIBUTE, RigProgress),
    (bpy.types.Object, SLIDERS, FaceSliders),
)
_register_classes, _unregister_classes = bpy.utils.register_classes_factory(
    (
        OwnedKey,
        OwnedName,
        CertificateLine,
        MessageLine,
        NamedPose,
        Thumbnail,
        CaptureGain,
        AddedStandard,
        ObjectState,
        SequenceStep,
        ActingSettings,
        RigSettings,
        RigProgress,
        FaceSliders,
    )
)


@persistent
def _forget_jobs(_path: str) -> None:
    """A window is saved with its file: a job that ran at an autosave does not run after loading."""
    for window_manager in bpy.data.window_managers:
        progress = getattr(window_manager, ATTRIBUTE)
        progress.running = False
        progress.problem = progress.remedy = ""


def register() -> None:
    """Add the properties to Object, Scene and WindowManager."""
    _register_classes()
    for holder, attribute, group in _HOLDERS:
        setattr(holder, attribute, PointerProperty(type=group))
    bpy.app.handlers.load_post.append(_forget_jobs)


def unregister() -> None:
    """Take the properties away again."""
    bpy.app.handlers.load_post.remove(_forget_jobs)
    for holder, attribute, _group in _HOLDERS:
        delattr(holder, attribute)
    _unregister_classes()
