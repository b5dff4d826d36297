# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sidebar says below the button: what is in the way, what became of the last press, and
what is no longer true.
"""

from __future__ import annotations

from typing import NamedTuple

import bpy

from ..properties import head_of, is_rigged, obstacle, progress_of, settings_of, state_of
from ..scene.edits import edited_parts, is_edited
from ..vocabulary import MIN_VERTICES


class Advice(NamedTuple):
    """A sentence and the icon before it."""

    text: str
    icon: str


def advice(context: bpy.types.Context) -> list[Advice]:
    """All that there is to say at the moment; nothing while a face is being rigged."""
    progress = progress_of(context)
    if progress.running:
        return []
    head = head_of(context.active_object)
    reason = obstacle(context)
    if reason or head is None:
        return [Advice(reason, "INFO")]
    lines = []
    if progress.object_name in {"", head.name}:
        if progress.problem:
            lines += [Advice(progress.problem, "CANCEL"), Advice(progress.remedy, "BLANK1")]
        if progress.note:
            lines.append(Advice(progress.note, "INFO"))
    if is_rigged(head):
        return lines + _of_a_rig(context, head)
    state = state_of(head)
    if not lines and state.problem:  # asked before the file was opened
        lines += [Advice(state.problem, "QUESTION"), Advice(state.remedy, "BLANK1")]
    # A Mirror or Subdivision modifier may add what is missing: then the button will see.
    count = len(head.data.vertices)
    if not lines and count < MIN_VERTICES and not head.modifiers:
        text = f'"{head.name}" has {count} vertices, too few for a face: click the head\'s mesh'
        lines.append(Advice(text, "INFO"))
    return lines


def _of_a_rig(context: bpy.types.Context, head: bpy.types.Object) -> list[Advice]:
    parts = edited_parts(head)
    if is_edited(head):
        what = "The mesh was edited after it was rigged."
    elif len(parts) > 1:
        what = f'"{parts[0]}" and other parts were edited after the head was rigged.'
    elif parts:
        what = f'"{parts[0]}" was edited after the head was rigged.'
    else:
        return []
    if settings_of(context).sculpted_keys == "KEEP":
        kept = "Press the button again: markers, corrections and sculpted keys are kept."
    else:
        kept = "Press the button again: markers and corrections are kept, sculpted keys aren't."
    return [Advice(what, "ERROR"), Advice(kept, "BLANK1")]
