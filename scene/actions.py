# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of the face as F-curves of a slotted action on the head's shape keys.

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
from .fcurves import GENERATED, curves_by_path, ensure_channelbag, is_driven, value_path
from .key_writer import own_key_name

_NEAR: Final = 1e-3  # frames; two keys nearer than that are at the same frame


@dataclass(frozen=True)
class Written:
    """``keys``: how many were written; ``missing``: ARKit names that the head has no shape key
    for; ``driven``: names of keys with a driver of somebody's, which no F-curve moves.
    """

    keys: int
    missing: tuple[str, ...]
    driven: tuple[str, ...]


def write_animation(head: bpy.types.Object, animations: Iterable[Animation]) -> Written:
    """Write curves on the shape keys of ``head``, in place of the generated keys of their spans.

    The animator's keys stay: where one is at the frame of a new key, the new one is left out.
    """
    return fill(ensure_channelbag(head), head, animations)


def fill(
    bag: bpy.types.ActionChannelbag, head: bpy.types.Object, animations: Iterable[Animation]
) -> Written:
    """The same in ``bag``, which needn't be what moves the head now."""
    count = 0
    missing: set[str] = set()
    driven: set[str] = set()
    for animation in animations:
        for shape, curve in animation.curves.items():
            name = key_name(head, shape)
            if name is None:
                missing.add(shape)
            elif is_driven(head, name):
                driven.add(name)
            else:
                fcurve = bag.fcurves.find(value_path(name)) or bag.fcurves.new(value_path(name))
                _clear(fcurve, animation)
                count += insert_curve(fcurve, curve)
        for shape in animation.at_rest:
            name = key_name(head, shape)
            fcurve = None if name is None else bag.fcurves.find(value_path(name))
            if fcurve is not None:
                _clear(fcurve, animation)
                count += insert_curve(fcurve, _still(animation))
    return Written(count, tuple(sorted(missing)), tuple(sorted(driven)))


def pose_at(head: bpy.types.Object, frame: float) -> NDArray[np.float64]:
    """(52,) values of the head's shape keys at a frame: animated, or as they are set."""
    blocks = head.data.shape_keys.key_blocks
    curves = curves_by_path(head)
    pose = np.zeros(len(ARKIT_SHAPES))
    for index, shape in enumerate(ARKIT_SHAPES):
        name = key_name(head, shape)
        if name is not None:
            fcurve = curves.get(value_path(name))
            value = blocks[name].value if fcurve is None else fcurve.evaluate(frame)
            pose[index] = value
    return np.clip(pose, 0.0, 1.0)


def key_name(head: bpy.types.Object, shape: str) -> str | None:
    """The shape key that shows an ARKit shape: the rig's, else one of the artist's of that name."""
    blocks = head.data.shape_keys.key_blocks
    own = own_key_name(head, shape)
    return next((name for name in (own, shape) if name is not None and name in blocks), None)


def _clear(fcurve: bpy.types.FCurve, animation: Animation) -> None:
    """Remove the generated keys of a span."""
    points = fcurve.keyframe_points
    for index in reversed(range(len(points))):
        frame = points[index].co.x
        inside = animation.start - _NEAR < frame < animation.end + _NEAR
        if inside and points[index].type == GENERATED:
            points.remove(points[index], fast=True)
    fcurve.update()


def _still(animation: Animation) -> Curve:
    """At 0 over the whole span."""
    return Curve(np.array([animation.start, animation.end]), np.zeros(2), np.zeros(2))


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
