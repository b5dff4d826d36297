# SPDX-License-Identifier: GPL-3.0-or-later
"""One shape of a head at a time: shown, set and keyed, wherever its expression lives."""

from __future__ import annotations

from collections.abc import Iterable

import bpy

from ..animation.control_map import ADDED, HALF_AXES, SHAPES_ON
from ..vocabulary import mirror_shape
from .control_armature import controls_of, location, move
from .control_drivers import is_controlled
from .face_channels import face_of, sort_out
from .fcurves import is_driven
from .key_writer import key_name


def shape_value(head: bpy.types.Object, shape: str) -> float:
    """What the head shows of an ARKit shape; 0 where it has no key for it."""
    if head.type != "MESH" or head.data.shape_keys is None:
        return 0.0
    name = key_name(head, shape)
    if name is None:
        return 0.0
    armature = controls_of(head) if is_driven(head, name) else None
    if armature is None or not is_controlled(head, name):
        return float(head.data.shape_keys.key_blocks[name].value)
    half = HALF_AXES[shape]
    along = location(armature, half.channel)
    if half.channel in ADDED:
        along += location(armature, ADDED[half.channel])
    return max(half.sign * along / half.size, 0.0)


def set_shapes(head: bpy.types.Object, values: dict[str, float], *, key: bool) -> None:
    """Set ARKit shapes that can be moved; what shares an axis with one that is on goes off.
    ``key``: set a key at the current frame as well.
    """
    if head.type != "MESH" or head.data.shape_keys is None:
        return
    face = face_of(head)
    wanted = dict(values)
    if controls_of(head) is not None:
        for shape, value in values.items():
            for other in SHAPES_ON[HALF_AXES[shape].channel] if value > 0.0 else ():
                wanted.setdefault(other, 0.0)
    free = sort_out(head, wanted).free
    face.put({shape: wanted[shape] for shape in free})
    if key:
        key_shapes(head, free)


def set_shape(
    head: bpy.types.Object, shape: str, value: float, *, symmetric: bool, key: bool
) -> None:
    """Set one shape, and with ``symmetric`` that on the other side as well."""
    names = {shape, mirror_shape(shape)} if symmetric else {shape}
    if mirror_shape(shape) in names and _share_an_axis(shape, mirror_shape(shape)):
        names = {shape}  # a jaw can't go to both sides
    set_shapes(head, dict.fromkeys(sorted(names), value), key=key)


def reset_shapes(head: bpy.types.Object, shapes: Iterable[str], *, key: bool) -> None:
    """Put shapes to 0, and the control of both eyes with theirs."""
    shapes = tuple(shapes)
    armature = controls_of(head)
    if armature is not None:
        both = {ADDED[c] for c in (HALF_AXES[s].channel for s in shapes) if c in ADDED}
        move(armature, dict.fromkeys(both, 0.0))
    set_shapes(head, dict.fromkeys(shapes, 0.0), key=key)


def key_shapes(head: bpy.types.Object, shapes: Iterable[str]) -> int:
    """Key shapes at the current frame as they are; how many channels that were."""
    if head.type != "MESH" or head.data.shape_keys is None:
        return 0
    face = face_of(head)
    channels = dict.fromkeys(face.channel(shape) for shape in sort_out(head, shapes).free)
    for channel in channels:
        is_key = isinstance(face.owner, bpy.types.Key)
        group = "" if is_key else channel.path.split('"')[1]
        index = -1 if is_key else channel.array_index
        face.owner.keyframe_insert(channel.path, index=index, group=group)
    return len(channels)


def _share_an_axis(first: str, second: str) -> bool:
    return first != second and HALF_AXES[first].channel == HALF_AXES[second].channel
