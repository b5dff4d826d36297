# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the state is, and what it says."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import bpy

from ..vocabulary import ARKIT_SHAPES
from .items import SHAPE_SETS
from .object_state import ObjectState
from .progress import RigProgress
from .rig_settings import RigSettings

ATTRIBUTE: Final = "auto_rig_face"


def state_of(obj: bpy.types.Object) -> ObjectState:
    """The rig's state on an object."""
    return getattr(obj, ATTRIBUTE)


def settings_of(context: bpy.types.Context) -> RigSettings:
    """The options in the scene."""
    return getattr(context.scene, ATTRIBUTE)


def progress_of(context: bpy.types.Context) -> RigProgress:
    """The progress in the window."""
    return getattr(context.window_manager, ATTRIBUTE)


def redraw_sidebars(context: bpy.types.Context) -> None:
    """Let the window show what has changed in the state."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


def copy_settings(source: object, target: object, *groups: type) -> None:
    """Copy the properties that ``groups`` declare from one holder of them to another."""
    for group in groups:
        for name in group.__annotations__:
            setattr(target, name, getattr(source, name))


def head_of(obj: bpy.types.Object | None) -> bpy.types.Object | None:
    """The head that an object belongs to: itself, or where it is a part, armature or marker."""
    if obj is None:
        return None
    state = state_of(obj)
    if state.role in {"PART", "ARMATURE", "MARKER"} and state.head is not None:
        return state.head
    return obj


def parts_of(head: bpy.types.Object) -> list[bpy.types.Object]:
    """The objects that the rig counts among the head's parts, by name."""
    found = [
        obj
        for obj in bpy.data.objects
        if obj.type == "MESH" and state_of(obj).role == "PART" and state_of(obj).head == head
    ]
    return sorted(found, key=lambda obj: obj.name)


def obstacle(context: bpy.types.Context, modes: Collection[str] = ("OBJECT", "POSE")) -> str:
    """Why nothing can be done to the active head in one of ``modes``; empty where it can."""
    if progress_of(context).running:
        return "A face is being rigged; press Esc to cancel it"
    head = head_of(context.active_object)
    if head is None:
        return "Click the head first, so that it is the active object"
    if head.library is not None:
        return (
            f'"{head.name}" is linked: make it local, or a library override to animate it '
            "(Object > Library Override > Make)"
        )
    if head.type != "MESH":
        return f'"{head.name}" is not a mesh: click the head\'s mesh'
    if context.mode not in modes:
        return "Switch to Object Mode first"
    return ""


def is_rigged(obj: bpy.types.Object) -> bool:
    """Whether the object is a head that carries a rig of ours."""
    state = state_of(obj)
    return state.role == "HEAD" and state.status != "NONE"


def has_sealed_mouth(obj: bpy.types.Object) -> bool:
    """Whether the object is a rigged head whose mouth the mesh keeps shut."""
    return is_rigged(obj) and state_of(obj).sealed_mouth


def chosen_shapes(settings: RigSettings) -> tuple[str, ...]:
    """The ARKit names that the options ask for; empty means all of them."""
    if all(getattr(settings, name) for name in SHAPE_SETS):
        return ()
    prefixes = tuple(
        prefix for name, group in SHAPE_SETS.items() if getattr(settings, name) for prefix in group
    )
    return tuple(shape for shape in ARKIT_SHAPES if prefixes and shape.startswith(prefixes))
