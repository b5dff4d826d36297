# SPDX-License-Identifier: GPL-3.0-or-later
"""A rigged head speaks with the timings of a recording, and lives while it does nothing; for the
buttons and for the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from .acting import Performance, frame_rate
from .animation.idle import Idle, idle
from .animation.speech import Delivery, spoken
from .animation.visemes import VisemeCue
from .scene.actions import write_animation
from .scene.fcurves import require_shape_keys
from .scene.layers import write_layer

if TYPE_CHECKING:
    import bpy

LAYER: Final = "Idle Life"  # what the animator reads in the NLA Editor


def speak(
    context: bpy.types.Context,
    head: bpy.types.Object,
    cues: Sequence[VisemeCue],
    start: float,
    delivery: Delivery | None = None,
) -> Performance:
    """Write visemes on the mouth of the head, second 0 of the recording at scene frame ``start``.
    The mouth gets ready a little before. Generated keys of the mouth in the span are replaced, all
    others stay. Raises RigError where the head has no shape keys or nothing is said.
    """
    require_shape_keys(head, "animate")
    rate = float(frame_rate(context.scene))
    animation = spoken(cues, rate, start, delivery or Delivery())
    return Performance(write_animation(head, [animation]), animation.end)


def live(
    context: bpy.types.Context,
    head: bpy.types.Object,
    start: float,
    end: float,
    life: Idle | None = None,
) -> Performance:
    """Let the head blink, look about and breathe from frame ``start`` to ``end``, in a layer that
    is added to its action and takes the place of the one before. Raises RigError where the head has
    no shape keys or the layer would change what other strips look like.
    """
    require_shape_keys(head, "animate")
    animation = idle(start, end, float(frame_rate(context.scene)), life or Idle())
    return Performance(write_layer(head, LAYER, animation), end)
