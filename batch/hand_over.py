# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one event of a script takes a shape over from another: keys that must go or be added.

Only keys of Blender's type "Generated" are removed; the animator's stay.
"""

from __future__ import annotations

from typing import Final

import bpy

from ..scene.face_channels import face_of
from ..scene.fcurves import GENERATED, curves_by_channel
from ..scene.key_writer import key_name

_NEAR: Final = 1e-3  # frames; two keys nearer than that are at the same frame


def drop_after(head: bpy.types.Object, shape: str, frame: float, end: float) -> None:
    """Remove the generated keys of a shape after ``frame`` up to ``end``; at ``frame`` it has the
    value that it had, and stays there.
    """
    fcurve = _curve(head, shape)
    if fcurve is None:
        return
    value = fcurve.evaluate(frame)
    points = fcurve.keyframe_points
    for index in reversed(range(len(points))):
        late = frame + _NEAR < points[index].co.x < end + _NEAR
        if late and points[index].type == GENERATED:
            points.remove(points[index], fast=True)
    _add(fcurve, frame, value)


def keep_until(head: bpy.types.Object, shape: str, frame: float) -> None:
    """Give a shape a key at ``frame`` with the value of its last key before, so that it rests until
    then whatever is keyed later.
    """
    fcurve = _curve(head, shape)
    if fcurve is None:
        return
    before = [point.co.y for point in fcurve.keyframe_points if point.co.x < frame - _NEAR]
    if before:
        _add(fcurve, frame, before[-1])


def _curve(head: bpy.types.Object, shape: str) -> bpy.types.FCurve | None:
    if key_name(head, shape) is None:
        return None
    face = face_of(head)
    return curves_by_channel(face.owner).get(face.channel(shape))


def _add(fcurve: bpy.types.FCurve, frame: float, value: float) -> None:
    """Add a generated key at which the curve rests, unless there is a key."""
    points = fcurve.keyframe_points
    if any(abs(point.co.x - frame) < _NEAR for point in points):
        fcurve.update()
        return
    points.add(1)
    point = points[-1]
    point.co = frame, value
    point.interpolation = "BEZIER"
    point.type = GENERATED
    point.handle_left_type = point.handle_right_type = "ALIGNED"
    point.handle_left, point.handle_right = (frame - 1.0, value), (frame + 1.0, value)
    points.sort()
    fcurve.update()
