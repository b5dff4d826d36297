# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of the face as F-curves of a slotted action on the head's shape keys, or on its controls.

Keys that are written are of Blender's type "Generated": writing again over the same frames replaces
those and leaves the animator's. Parts of the head follow its sliders by drivers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animation.data import Animation, Curve
from ..vocabulary import ARKIT_SHAPES
from .face_channels import face_of, sort_out
from .fcurves import GENERATED, FChannel, curves_by_channel, ensure_channelbag

_NEAR: Final = 1e-3  # frames; two keys nearer than that are at the same frame


@dataclass(frozen=True)
class Written:
    """``keys``: how many were written; ``missing``: ARKit names that the head has no shape key
    for; ``driven``: names of keys with a driver of somebody's, which no F-curve moves; ``lost``:
    the most that a shape shows less than it should on controls, since its opposite is on, and its
    name.
    """

    keys: int
    missing: tuple[str, ...]
    driven: tuple[str, ...]
    lost: tuple[float, str] = (0.0, "")


def write_animation(head: bpy.types.Object, animations: Iterable[Animation]) -> Written:
    """Write curves on the face of ``head``, in place of the generated keys of their spans.

    The animator's keys stay: where one is at the frame of a new key, the new one is left out.
    """
    face = face_of(head)
    return fill(ensure_channelbag(face.owner, face.name), head, animations)


def fill(
    bag: bpy.types.ActionChannelbag, head: bpy.types.Object, animations: Iterable[Animation]
) -> Written:
    """The same in ``bag``, which needn't be what moves the head now."""
    face = face_of(head)
    count, lost = 0, (0.0, "")
    missing: set[str] = set()
    driven: set[str] = set()
    for animation in animations:
        shapes = sort_out(head, animation.curves)
        missing.update(shapes.missing)
        driven.update(shapes.driven)
        lost = max(lost, face.lost(animation))
        for channel, curve in face.curves(animation, lambda at: find(bag, at)).items():
            fcurve = find(bag, channel)
            if fcurve is None:
                fcurve = bag.fcurves.new(channel.path, index=channel.array_index)
            _clear(fcurve, animation)
            count += insert_curve(fcurve, curve)
    return Written(count, tuple(sorted(missing)), tuple(sorted(driven)), lost)


def find(bag: bpy.types.ActionChannelbag, channel: FChannel) -> bpy.types.FCurve | None:
    """The F-curve of a channel, if it has one."""
    return bag.fcurves.find(channel.path, index=channel.array_index)


def pose_at(head: bpy.types.Object, frame: float) -> NDArray[np.float64]:
    """(52,) values of the head's shapes at a frame: animated, or as they are set."""
    face = face_of(head)
    curves = curves_by_channel(face.owner)

    def along(channel: FChannel) -> float:
        fcurve = curves.get(channel)
        return face.shown(channel) if fcurve is None else fcurve.evaluate(frame)

    values = face.values(along)
    return np.clip([values.get(shape, 0.0) for shape in ARKIT_SHAPES], 0.0, 1.0)


def _clear(fcurve: bpy.types.FCurve, animation: Animation) -> None:
    """Remove the generated keys of a span."""
    points = fcurve.keyframe_points
    for index in reversed(range(len(points))):
        frame = points[index].co.x
        inside = animation.start - _NEAR < frame < animation.end + _NEAR
        if inside and points[index].type == GENERATED:
            points.remove(points[index], fast=True)
    fcurve.update()


def insert_curve(fcurve: bpy.types.FCurve, curve: Curve) -> int:
    """Add the keys of a curve where the animator has none; how many."""
    points = fcurve.keyframe_points
    taken = np.sort([point.co.x for point in points])
    nearest = np.searchsorted(taken, curve.frames - _NEAR)
    after = np.append(taken, np.inf)[nearest]
    free = np.flatnonzero(after > curve.frames + _NEAR)
    first = len(points)
    points.add(len(free))
    spans = np.diff(curve.frames, prepend=curve.frames[0] - 3.0, append=curve.frames[-1] + 3.0) / 3
    for point, k in zip(points[first:], free, strict=True):
        frame, value, slope = curve.frames[k], curve.values[k], curve.slopes[k]
        point.co = frame, value
        point.interpolation = "BEZIER"
        point.type = GENERATED
        point.handle_left_type = point.handle_right_type = "ALIGNED"
        point.handle_left = frame - spans[k], value - slope * spans[k]
        point.handle_right = frame + spans[k + 1], value + slope * spans[k + 1]
    points.sort()
    return len(free)
