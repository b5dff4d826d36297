# SPDX-License-Identifier: GPL-3.0-or-later
"""Animation of shape keys to animation of the controls that drive them, and back: key by key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np

from ..animation.bezier import Key, Keyed, added
from ..animation.control_curves import to_values
from ..animation.control_map import ADDED, HALF_AXES, SHAPES_ON, Channel
from ..errors import RigError
from .actions import find
from .control_armature import fchannel, location, move, unit_of
from .control_drivers import is_controlled
from .fcurves import (
    FChannel,
    curves_by_channel,
    curves_by_path,
    ensure_channelbag,
    remove_curves,
    value_path,
)
from .key_writer import key_name
from .layers import channels_of

# What a key has beside its place, its handles and its type.
_EASING: Final = ("interpolation", "easing", "amplitude", "back", "period")


@dataclass(frozen=True)
class Baked:
    """``curves``, ``keys``: how many were written; ``residual``: the most that a shape differs at
    any frame, since its opposite was on; ``shape``: which one.
    """

    curves: int
    keys: int
    residual: float = 0.0
    shape: str = ""


def require_bakeable(owner: bpy.types.ID, name: str, channels: Iterable[FChannel]) -> None:
    """RigError where strips, or modifiers of F-curves, move one of the channels."""
    wanted = set(channels)
    data = owner.animation_data
    tracks = data.nla_tracks if data is not None else ()
    if any(channels_of(strip) & wanted for track in tracks for strip in track.strips):
        raise RigError(
            f'Strips in the NLA Editor move the face of "{name}".',
            "Remove Idle Life, or bake the strips there into one action (Edit, Bake Action), "
            "then try again.",
        )
    curves = curves_by_channel(owner)
    if any(len(curves[channel].modifiers) for channel in wanted & set(curves)):
        raise RigError(
            f'F-curves of "{name}" have modifiers, which can\'t be carried over.',
            "Bake those curves in the Graph Editor (Key, Bake to Keyframes), then try again.",
        )


def key_channels(head: bpy.types.Object) -> list[FChannel]:
    """The F-curves of all shape keys of the head."""
    return [FChannel(value_path(block.name)) for block in head.data.shape_keys.key_blocks]


def control_channels() -> list[FChannel]:
    """The F-curves of all controls."""
    return [fchannel(channel) for channel in (*SHAPES_ON, *dict.fromkeys(ADDED.values()))]


def bake_to_controls(head: bpy.types.Object, armature: bpy.types.Object) -> Baked:
    """Move the animation of the shape keys that the controls drive to the controls, in place of
    what is there. Raises RigError, and changes nothing, where it can't be carried over.
    """
    keys = head.data.shape_keys
    require_bakeable(keys, head.name, key_channels(head))
    sources = {
        shape: curve
        for shape, curve in _curves_of_shapes(head).items()
        if len(curve.keyframe_points) and not curve.mute
    }
    if not sources:
        return Baked(0, 0)
    bag = ensure_channelbag(armature, armature.name)
    _clear_both_eyes(armature, bag, sources)
    for channel, shapes in SHAPES_ON.items():
        moved = {shape: sources[shape] for shape in shapes if shape in sources}
        if moved:
            target = _fresh(bag, fchannel(channel))
            _write_axis(target, moved, unit_of(armature), shared=len(shapes) > 1)
    written = [find(bag, fchannel(HALF_AXES[shape].channel)) for shape in sources]
    curves = {(c.data_path, c.array_index): c for c in written if c is not None}
    residual, worst = _residual(sources, bag, armature)
    paths = {curve.data_path for curve in sources.values()}
    remove_curves(keys, lambda curve: curve.data_path in paths)
    return Baked(len(curves), sum(len(c.keyframe_points) for c in curves.values()), residual, worst)


def bake_to_keys(head: bpy.types.Object, armature: bpy.types.Object) -> Baked:
    """Copy the animation of the controls to the shape keys that they drive, in place of what is
    there. Raises RigError, and changes nothing, where it can't be carried over.
    """
    require_bakeable(armature, armature.name, control_channels())
    moving = curves_by_channel(armature)
    unit = unit_of(armature)
    bag, count, total = None, 0, 0
    for shape, half in HALF_AXES.items():
        name = key_name(head, shape)
        places = [half.channel, *([ADDED[half.channel]] if half.channel in ADDED else [])]
        curves = [moving.get(fchannel(place)) for place in places]
        if name is None or not is_controlled(head, name) or not any(map(_has_keys, curves)):
            continue
        factor = half.sign / (half.size * unit)
        keyed = _sum(armature, places, curves).scaled(factor)
        shown = keyed.positive() if _dips(keyed) else keyed
        if shown.is_still() and len(SHAPES_ON[half.channel]) > 1:
            continue
        bag = bag or ensure_channelbag(head.data.shape_keys, head.name)
        target = _fresh(bag, FChannel(value_path(name)))
        if shown is keyed and len(places) == 1 and curves[0] is not None:
            _copy(curves[0], target, factor)
        else:
            write_keyed(target, shown)
        count, total = count + 1, total + len(target.keyframe_points)
    return Baked(count, total)


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


def _curves_of_shapes(head: bpy.types.Object) -> dict[str, bpy.types.FCurve]:
    """ARKit name -> F-curve of its key, of those that a control drives."""
    curves = curves_by_path(head)
    found = {}
    for shape in HALF_AXES:
        name = key_name(head, shape)
        if name is not None and is_controlled(head, name):
            curve = curves.get(value_path(name))
            if curve is not None:
                found[shape] = curve
    return found


def _write_axis(
    target: bpy.types.FCurve,
    moved: dict[str, bpy.types.FCurve],
    unit: float,
    *,
    shared: bool,
) -> None:
    """The curves of one or two shapes on the axis that they are on."""
    factors = {shape: HALF_AXES[shape].sign * HALF_AXES[shape].size * unit for shape in moved}
    keyed = {shape: read_keyed(curve) for shape, curve in moved.items()}
    on = [shape for shape in moved if not keyed[shape].is_still()] or [*moved][:1]
    if len(on) == 1 and not (shared and _dips(keyed[on[0]])):
        _copy(moved[on[0]], target, factors[on[0]])
        return
    terms = [keyed[shape].positive().scaled(factors[shape]) for shape in on]
    write_keyed(target, terms[0] if len(terms) == 1 else added(*terms))


def _sum(
    armature: bpy.types.Object,
    places: list[Channel],
    curves: list[bpy.types.FCurve | None],
) -> Keyed:
    """What a control and that of both eyes do together, in the armature's units."""
    terms = []
    for place, curve in zip(places, curves, strict=True):
        if curve is not None and _has_keys(curve):
            terms.append(read_keyed(curve))
        else:
            value = location(armature, place) * unit_of(armature)
            terms.append(Keyed((Key((0.0, value), (-1.0, value), (1.0, value)),)))
    if len(terms) == 1:
        return terms[0]
    single = [term for term in terms if not term.is_still()]
    return single[0] if len(single) == 1 else added(*terms)


def _clear_both_eyes(
    armature: bpy.types.Object,
    bag: bpy.types.ActionChannelbag,
    sources: dict[str, bpy.types.FCurve],
) -> None:
    """Let the control of both eyes rest: what each eye does is on its own."""
    for channel in {ADDED[c] for c in (HALF_AXES[s].channel for s in sources) if c in ADDED}:
        curve = find(bag, fchannel(channel))
        if curve is not None:
            bag.fcurves.remove(curve)
        move(armature, {channel: 0.0})


def _residual(
    sources: dict[str, bpy.types.FCurve],
    bag: bpy.types.ActionChannelbag,
    armature: bpy.types.Object,
) -> tuple[float, str]:
    """How far the controls are off the shapes, at most, at half frames; and which shape is."""
    frames = [key.co.x for curve in sources.values() for key in curve.keyframe_points]
    worst, unit = (0.0, ""), unit_of(armature)
    for frame in np.arange(np.floor(min(frames)), max(frames) + 0.5, 0.5).tolist():
        shown = to_values(_along(bag, armature, frame, unit))
        for shape, curve in sources.items():
            off = abs(np.clip(curve.evaluate(frame), 0.0, 1.0) - min(shown[shape], 1.0))
            worst = max(worst, (float(off), shape))
    return worst


def _along(
    bag: bpy.types.ActionChannelbag, armature: bpy.types.Object, frame: float, unit: float
) -> Callable[[Channel], float]:
    def along(channel: Channel) -> float:
        curve = find(bag, fchannel(channel))
        return location(armature, channel) if curve is None else curve.evaluate(frame) / unit

    return along


def _has_keys(curve: bpy.types.FCurve | None) -> bool:
    return curve is not None and len(curve.keyframe_points) > 0 and not curve.mute


def _dips(keyed: Keyed) -> bool:
    """Whether keys or handles go below 0."""
    return any(value < -1e-9 for key in keyed.keys for _, value in (key.at, key.left, key.right))


def _fresh(bag: bpy.types.ActionChannelbag, channel: FChannel) -> bpy.types.FCurve:
    """An F-curve without keys."""
    curve = find(bag, channel)
    if curve is not None:
        bag.fcurves.remove(curve)
    return bag.fcurves.new(channel.path, index=channel.array_index)


def _copy(source: bpy.types.FCurve, target: bpy.types.FCurve, factor: float) -> None:
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
