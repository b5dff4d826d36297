# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene's frame rate and range, as a script needs them."""

from __future__ import annotations

from fractions import Fraction

import bpy

from ..acting import frame_rate
from ..rigging.data import Message
from .frame_rates import split_rate


def set_frame_rate(scene: bpy.types.Scene, rate: Fraction | None) -> list[Message]:
    """Let the scene show ``rate`` frames a second; None leaves it as it is. What there is to tell.

    Keys stay at their frames, so what was animated before plays faster or slower.
    """
    before = frame_rate(scene)
    if rate is None or rate == before:
        return []
    scene.render.fps, base = split_rate(rate)
    scene.render.fps_base = float(base)
    if not len(bpy.data.actions):
        return []
    text = (
        f"The frame rate was {float(before):g} and is {float(rate):g} now: what the file had "
        "animated before stays at its frames and takes another time."
    )
    return [Message("warning", text)]


def set_range(scene: bpy.types.Scene, first: int, last: int, *, keep: bool) -> None:
    """Let the scene's range cover frames ``first`` to ``last``, and go to its beginning.

    It never begins later than before, so that time 0 of sound and picture stays. ``keep``: nor does
    it end earlier, since the file holds animation of somebody's.
    """
    start = min(first, scene.frame_start)
    end = max(last, scene.frame_end) if keep else last
    # Blender pushes the one along with the other, so the end comes first.
    scene.frame_end = max(end, start + 1)
    scene.frame_start = start
    scene.frame_set(start)
