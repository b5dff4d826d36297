# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the mesh of a rigged head or of one of its parts was edited after it was rigged.

Comparing a mesh takes milliseconds, too long for a panel that is drawn at every move of the mouse.
So Blender's change notices only mark meshes, and the marked ones are looked at once it is quiet.
"""

from __future__ import annotations

from typing import Final

import bpy
from bpy.app.handlers import persistent

from ..properties import is_rigged, parts_of, redraw_sidebars, state_of

_QUIET: Final = 0.4  # seconds after the last change

# By the session_uid of a rigged head or part: whether its mesh was edited.
_edited: dict[int, bool] = {}
# Meshes to look at, by session_uid; None stands for all of them.
_marked: set[int | None] = set()


def is_edited(head: bpy.types.Object) -> bool:
    """Whether the mesh isn't the one that was rigged, as far as it has been looked at."""
    return _edited.get(head.session_uid, False)


def edited_parts(head: bpy.types.Object) -> list[str]:
    """Names of the head's parts, such as its eyeballs, whose mesh isn't the one that was rigged."""
    if not any(_edited.values()):
        return []
    return [part.name for part in parts_of(head) if is_edited(part)]


def look_at_changes() -> None:
    """Compare the marked meshes of rigged heads and their parts; those in Edit or Sculpt Mode have
    to wait.
    """
    from .storage import mesh_digest

    marked = set(_marked)
    _marked.clear()
    before = dict(_edited)
    for obj in bpy.data.objects:
        if obj.type != "MESH" or not (is_rigged(obj) or state_of(obj).role == "PART"):
            _edited.pop(obj.session_uid, None)
        elif None in marked or obj.data.session_uid in marked:
            if obj.mode in {"EDIT", "SCULPT"}:
                _marked.add(obj.data.session_uid)
                continue
            known = state_of(obj).mesh_digest
            _edited[obj.session_uid] = bool(known) and known != mesh_digest(obj)
    if _edited != before:
        redraw_sidebars(bpy.context)


def _look_later() -> None:
    if bpy.app.background:
        return
    if bpy.app.timers.is_registered(look_at_changes):
        bpy.app.timers.unregister(look_at_changes)
    bpy.app.timers.register(look_at_changes, first_interval=_QUIET)


@persistent
def _mark_changed(_scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    changed = {
        update.id.original.session_uid
        for update in depsgraph.updates
        if isinstance(update.id, bpy.types.Mesh) and update.is_updated_geometry
    }
    if changed:
        _marked.update(changed)
        _look_later()


@persistent
def _mark_all(*_: object) -> None:
    _edited.clear()
    _marked.add(None)
    _look_later()


_HANDLERS: Final = {
    "depsgraph_update_post": _mark_changed,
    "load_post": _mark_all,
    "undo_post": _mark_all,
    "redo_post": _mark_all,
}


def register() -> None:
    """Listen to Blender's notices."""
    for name, handler in _HANDLERS.items():
        getattr(bpy.app.handlers, name).append(handler)
    _mark_all()


def unregister() -> None:
    """Stop listening."""
    for name, handler in _HANDLERS.items():
        getattr(bpy.app.handlers, name).remove(handler)
    if bpy.app.timers.is_registered(look_at_changes):
        bpy.app.timers.unregister(look_at_changes)
    _edited.clear()
    _marked.clear()
