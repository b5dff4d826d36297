# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sidebar says below the button: what is in the way, what became of the last press, and
what is no longer true.
"""

from __future__ import annotations

from typing import NamedTuple

import bpy

from ..properties import head_of, is_rigged, obstacle, progress_of
from ..scene.edits import is_edited


class Advice(NamedTuple):
    """A sentence and the icon before it."""

    text: str
    icon: str


def advice(context: bpy.types.Context) -> list[Advice]:
    """All that there is to say at the moment; nothing while a face is being rigged."""
    progress = progress_of(context)
    if progress.running:
        return []
    lines = []
    in_the_way = obstacle(context)
    if in_the_way:
        lines.append(Advice(in_the_way, "INFO"))
    if progress.problem:
        lines += [Advice(progress.problem, "CANCEL"), Advice(progress.remedy, "BLANK1")]
    if progress.note:
        lines.append(Advice(progress.note, "INFO"))
    head = head_of(context.active_object)
    if head is not None and is_rigged(head) and is_edited(head):
        lines += [
            Advice("The mesh was edited after it was rigged.", "ERROR"),
            Advice(
                "Press the button again: markers, corrections and sculpted keys are kept.",
                "BLANK1",
            ),
        ]
    return lines
