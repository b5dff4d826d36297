# SPDX-License-Identifier: GPL-3.0-or-later
"""F-curves of shape keys as F-curves of the controls that drive them, and back: key by key.

Two opposite shapes share an axis of a control. Where one curve alone moves the axis, each shape is
the half of it above 0. Where curves are blended on it, halves of them don't come to the half of
their sum, but the curves as a whole do, below 0 as well: those axes are called mixed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

import bpy

from ..animation.bezier import Key, Keyed, added
from ..animation.control_map import ADDED, HALF_AXES, SHAPES_ON, Channel
from .actions import find
from .control_armature import fchannel
from .control_drivers import is_controlled
from .fcurves import FChannel, has_keys, value_path
from .key_writer import key_name

Curves = Mapping[FChannel, bpy.types.FCurve]

_EQUAL: Final = 1e-4  # of a shape

# What a key has beside its place, its handles and its type.
_EASING: Final = ("interpolation", "easing", "amplitude", "back", "period")


def key_channels(head: bpy.types.Object) -> list[FChannel]:
    """The F-curves of all shape keys of the head."""
    return [FChannel(value_path(block.name)) for block in head.data.shape_keys.key_blocks]


def control_channels() -> list[FChannel]:
    """The F-curves of all controls."""
    return [fchannel(channel) for channel in (*SHAPES_ON, *dict.fromkeys(ADDED.values()))]


def controlled_shapes(head: bpy.types.Object) -> dict[str, FChannel]:
    """ARKit name -> F-curve of its key, of those that a control drives."""
    names = {shape: key_name(head, shape) for shape in HALF_AXES}
    return {
        shape: FChannel(value_path(name))
        for shape, name in names.items()
        if name is not None and is_controlled(head, name)
    }


def write_controls(
    bag: bpy.types.ActionChannelbag,
    sources: Mapping[str, bpy.types.FCurve],
    unit: float,
    *,
    mixed: Collection[Channel] = (),
    factors: bool = False,
) -> list[bpy.types.FCurve]:
    """Write curves of shapes on the axes that they are on, in place of what is there.

    ``sources``: ARKit name -> curve; ``unit``: the armature's units per IOD; ``factors``: they
    multiply what lies below, and so are the same on any axis.
    """
    written = []
    for channel, shapes in SHAPES_ON.items():
        moved = {shape: sources[shape] for shape in shapes if shape in sources}
        if moved:
            target = _fresh(bag, fchannel(channel))
            if factors:
                copy_curve(next(iter(moved.values())), target, 1.0)
            else:
                whole = channel in mixed
                _write_axis(target, moved, unit, shared=len(shapes) > 1, whole=whole)
            written.append(target)
    return written


def write_shapes(
    bag: Callable[[], bpy.types.ActionChannelbag],
    wanted: Mapping[str, FChannel],
    moving: Curves,
    unit: float,
    *,
    rest: Callable[[Channel], float],
    alone: Callable[[Channel], bool],
    mixed: Collection[Channel] = (),
    factors: bool = False,
) -> list[bpy.types.FCurve]:
    """Write curves of controls on the shapes that they move, in place of what is there.

    ``bag``: gives the place for F-curves, once there are any; ``wanted``: ARKit name -> F-curve;
    ``rest``: where an axis stands, in IOD, that ``moving`` says nothing of; ``alone``: whether
    nothing else moves an axis, so that a half of it that rests needs no curve.
    """
    written = []
    for shape, target_channel in wanted.items():
        half = HALF_AXES[shape]
        places = [half.channel, *([ADDED[half.channel]] if half.channel in ADDED else [])]
        curves = [moving.get(fchannel(place)) for place in places]
        if not any(map(has_keys, curves)):
            continue
        factor = 1.0 if factors else half.sign / (half.size * unit)
        keyed = _sum(places, curves, unit, rest).scaled(factor)
        whole = factors or half.channel in mixed
        shown = keyed.positive() if _dips(keyed) and not whole else keyed
        opposed = len(SHAPES_ON[half.channel]) > 1
        if shown.is_still() and opposed and not factors and alone(half.channel):
            continue
        target = _fresh(bag(), target_channel)
        if shown is keyed and len(places) == 1 and curves[0] is not None:
            copy_curve(curves[0], target, factor)
        else:
            write_keyed(target, shown)
        written.append(target)
    return written


def read_keyed(curve: bpy.types.FCurve) -> Keyed:
    """The keys of an F-curve, which has some."""
    return Keyed(
        tuple(
            Key(
                (point.co.x, point.co.y),
                (point.handle_left.x, point.handle_left.y),
                (point.handle_right.x, point.handle_right.y),
                point.interpolation,
                point.type,
            )
            for point in curve.keyframe_points
        )
    )


def write_keyed(curve: bpy.types.FCurve, keyed: Keyed) -> None:
    """Put keys on an F-curve that has none."""
    curve.keyframe_points.add(len(keyed.keys))
    for point, key in zip(curve.keyframe_points, keyed.keys, strict=True):
        point.co = key.at
        point.interpolation, point.type = key.interpolation, key.kind
        point.handle_left_type = point.handle_right_type = "FREE"
        point.handle_left, point.handle_right = key.left, key.right
    curve.update()


def _write_axis(
    target: bpy.types.FCurve,
    moved: dict[str, bpy.types.FCurve],
    unit: float,
    *,
    shared: bool,
    whole: bool,
) -> None:
    """The curves of one or two shapes on the axis that they are on."""
    factors = {shape: HALF_AXES[shape].sign * HALF_AXES[shape].size * unit for shape in moved}
    keyed = {shape: read_keyed(curve) for shape, curve in moved.items()}
    on = [shape for shape in moved if not keyed[shape].is_still()] or [*moved][:1]
    if len(on) == 2 and whole and _same(*(keyed[shape].scaled(factors[shape]) for shape in on)):
        on = on[:1]  # both are the whole axis
    if len(on) == 1 and not (shared and not whole and _dips(keyed[on[0]])):
        copy_curve(moved[on[0]], target, factors[on[0]])
        return
    terms = [
        (keyed[shape] if whole else keyed[shape].positive()).scaled(factors[shape]) for shape in on
    ]
    write_keyed(target, terms[0] if len(terms) == 1 else added(*terms))


def _same(one: Keyed, other: Keyed) -> bool:
    """Whether two curves have the same keys."""
    if len(one.keys) != len(other.keys):
        return False
    most = max(abs(key.at[1]) for key in one.keys)
    return all(
        abs(a.at[0] - b.at[0]) < _EQUAL and abs(a.at[1] - b.at[1]) <= _EQUAL * most
        for a, b in zip(one.keys, other.keys, strict=True)
    )


def _sum(
    places: list[Channel],
    curves: list[bpy.types.FCurve | None],
    unit: float,
    rest: Callable[[Channel], float],
) -> Keyed:
    """What a control and that of both eyes do together, in the armature's units."""
    terms = []
    for place, curve in zip(places, curves, strict=True):
        if curve is not None and has_keys(curve):
            terms.append(read_keyed(curve))
        else:
            value = rest(place) * unit
            terms.append(Keyed((Key((0.0, value), (-1.0, value), (1.0, value)),)))
    if len(terms) == 1:
        return terms[0]
    single = [term for term in terms if not term.is_still()]
    return single[0] if len(single) == 1 else added(*terms)


def _dips(keyed: Keyed) -> bool:
    """Whether keys or handles go below 0."""
    return any(value < -1e-9 for key in keyed.keys for _, value in (key.at, key.left, key.right))


def _fresh(bag: bpy.types.ActionChannelbag, channel: FChannel) -> bpy.types.FCurve:
    """An F-curve without keys."""
    curve = find(bag, channel)
    if curve is not None:
        bag.fcurves.remove(curve)
    return bag.fcurves.new(channel.path, index=channel.array_index)


def copy_curve(source: bpy.types.FCurve, target: bpy.types.FCurve, factor: float) -> None:
    """The same keys with their values times ``factor``: handles, easing and all."""
    target.keyframe_points.add(len(source.keyframe_points))
    for old, new in zip(source.keyframe_points, target.keyframe_points, strict=True):
        new.co = old.co.x, old.co.y * factor
        new.type = old.type
        for name in _EASING:
            setattr(new, name, getattr(old, name))
        new.handle_left_type, new.handle_right_type = old.handle_left_type, old.handle_right_type
        new.handle_left = old.handle_left.x, old.handle_left.y * factor
        new.handle_right = old.handle_right.x, old.handle_right.y * factor
    target.extrapolation = source.extrapolation
