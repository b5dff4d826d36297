# SPDX-License-Identifier: GPL-3.0-or-later
"""Animation of shape keys to animation of the controls that drive them, and back: the action, and
the strips in the NLA Editor.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animation.control_map import ADDED, HALF_AXES, SHAPES_ON, Channel
from ..errors import RigError
from .control_armature import fchannel, location, move, unit_of
from .control_bake import (
    Curves,
    control_channels,
    controlled_shapes,
    key_channels,
    write_controls,
    write_shapes,
)
from .face_channels import ControlFace, KeyFace
from .fcurves import (
    FChannel,
    channelbags,
    curves_by_channel,
    ensure_channelbag,
    has_keys,
    remove_curves,
)
from .layers import channels_of, curves_of, hand_over_layer
from .nla_values import Stack
from .strip_copies import Moved, move_strips, require_movable, tracks_with

Floats = NDArray[np.float64]

_STEP: Final = 0.5  # frames at which the face is compared
_ADDING: Final = ("ADD", "COMBINE")
_WHOLE: Final = (1.0, "HOLD")  # influence and extrapolation of an action, as they are at first


@dataclass(frozen=True)
class Baked:
    """``curves``, ``keys``: how many were written; ``residual``: the most that a shape differs at
    any frame; ``shape``: which one; ``strips``: how many strips there are among it; ``shared``:
    actions of strips that something else uses as well, where they stayed as they were.
    """

    curves: int
    keys: int
    residual: float = 0.0
    shape: str = ""
    strips: int = 0
    shared: tuple[str, ...] = ()


class Way(NamedTuple):
    """From what to what animation is carried: IDs, what they are called, and their F-curves."""

    source: bpy.types.ID
    source_name: str
    channels: tuple[FChannel, ...]
    target: bpy.types.ID
    target_name: str
    target_channels: tuple[FChannel, ...]


def to_controls(head: bpy.types.Object, armature: bpy.types.Object) -> Way:
    """From a head's keys to the controls on an armature."""
    keys, controls = tuple(key_channels(head)), tuple(control_channels())
    return Way(head.data.shape_keys, head.name, keys, armature, armature.name, controls)


def to_keys(head: bpy.types.Object, armature: bpy.types.Object) -> Way:
    """The other way round."""
    keys, controls = tuple(key_channels(head)), tuple(control_channels())
    return Way(armature, armature.name, controls, head.data.shape_keys, head.name, keys)


def require_bakeable(way: Way) -> None:
    """RigError where something can't be carried over."""
    require_movable(way.source, way.source_name, way.channels)
    curves = curves_by_channel(way.source)
    moved = [curves[channel] for channel in way.channels if channel in curves]
    if any(len(curve.modifiers) for curve in moved):
        raise RigError(
            f'F-curves of "{way.source_name}" have modifiers, which can\'t be carried over.',
            "Bake those curves in the Graph Editor (Key, Bake to Keyframes), then try again.",
        )
    if not tracks_with(way.source, way.channels):
        return
    if tracks_with(way.target, way.target_channels):
        raise RigError(
            f'Strips of "{way.target_name}" move the face already, so those of '
            f'"{way.source_name}" would come on top of them.',
            "Remove the ones or the others in the NLA Editor, or bake them into one action (Edit, "
            "Bake Action), then try again.",
        )
    _require_same_blending(way)


def bake_to_controls(
    head: bpy.types.Object,
    armature: bpy.types.Object,
    standing: Mapping[str, float] | None = None,
) -> Baked:
    """Move the animation of the shape keys that the controls drive to the controls, in place of
    what their action does. ``standing``: ARKit name -> what sliders without animation show.

    Raises RigError, and changes nothing, where it can't be carried over.
    """
    way, shapes = to_controls(head, armature), controlled_shapes(head)
    require_bakeable(way)
    face = _Animated(way.source, {shape: (channel,) for shape, channel in shapes.items()})
    if not face.shapes:
        return Baked(0, 0)
    frames = _frames(way)
    before = {
        shape: np.full(len(frames), min(value, 1.0))
        for shape, value in (standing or {}).items()
        if shape in shapes
    }
    before.update(_on_keys(way.source, {shape: shapes[shape] for shape in face.shapes}, frames))
    _clear_both_eyes(armature, face.shapes)

    def translate(
        strip: bpy.types.NlaStrip, curves: Curves, bag: bpy.types.ActionChannelbag
    ) -> Sequence[bpy.types.FCurve]:
        return write_controls(
            *(bag, _with_keys(shapes, curves), unit_of(armature)),
            mixed=face.mixed,
            factors=strip.blend_type == "MULTIPLY",
        )

    moved = move_strips(
        way.source,
        ControlFace(head, armature),
        lambda strip: {shapes[shape] for shape in _with_keys(shapes, curves_of(strip))},
        translate,
    )
    _take_blending_along(way, moved)
    sources = _with_keys(shapes, curves_by_channel(way.source))
    written: list[bpy.types.FCurve] = []
    if sources:
        bag = ensure_channelbag(armature, armature.name)
        written = write_controls(bag, sources, unit_of(armature), mixed=face.mixed)
        paths = {curve.data_path for curve in sources.values()}
        after = _on_controls(armature, frames)
        baked = _baked(moved, written, before, after)
        remove_curves(way.source, lambda curve: curve.data_path in paths)
        return baked
    return _baked(moved, written, before, _on_controls(armature, frames))


def bake_to_keys(head: bpy.types.Object, armature: bpy.types.Object) -> Baked:
    """Move the strips of the controls to the shape keys that they drive, and copy their action, in
    place of what is there. Raises RigError, and changes nothing, where it can't be carried over.
    """
    way, shapes = to_keys(head, armature), controlled_shapes(head)
    require_bakeable(way)
    face = _Animated(armature, {shape: _places(shape) for shape in shapes})
    if not face.shapes:
        return Baked(0, 0)
    frames = _frames(way)
    on_controls = _on_controls(armature, frames)
    before = {shape: on_controls[shape] for shape in face.shapes}

    def rest(channel: Channel) -> float:
        return 0.0 if fchannel(channel) in face.channels else location(armature, channel)

    def written_on(
        bag: Callable[[], bpy.types.ActionChannelbag], curves: Curves, *, factors: bool
    ) -> Sequence[bpy.types.FCurve]:
        return write_shapes(
            *(bag, shapes, curves, unit_of(armature)),
            rest=rest,
            alone=lambda channel: face.counts[channel] <= 1,
            mixed=face.mixed,
            factors=factors,
        )

    moving, controls = curves_by_channel(armature), set(way.channels)
    moved = move_strips(
        armature,
        KeyFace(head),
        lambda strip: channels_of(strip) & controls,
        lambda strip, curves, bag: written_on(
            lambda: bag, curves, factors=strip.blend_type == "MULTIPLY"
        ),
    )
    _take_blending_along(way, moved)
    written = written_on(
        lambda: ensure_channelbag(way.target, way.target_name), moving, factors=False
    )
    return _baked(moved, written, before, _on_keys(way.target, shapes, frames))


class _Animated:
    """What moves the face. ``shapes``: those that keys move; ``channels``: F-curves likewise;
    ``counts``: axis -> how many strips and actions move it; ``mixed``: axes on which several are
    blended otherwise than that one takes the place of the others.
    """

    def __init__(self, owner: bpy.types.ID, places: Mapping[str, Collection[FChannel]]) -> None:
        data = owner.animation_data
        tracks = () if data is None else data.nla_tracks
        playing = [(_replaces(s), curves_of(s)) for track in tracks for s in track.strips]
        if data is not None:
            plain = data.action_blend_type == "REPLACE" and data.action_influence == 1.0
            playing.append((plain, curves_by_channel(owner)))
        self.shapes: list[str] = []
        self.channels: set[FChannel] = set()
        on: dict[Channel, dict[int, bool]] = {HALF_AXES[s].channel: {} for s in HALF_AXES}
        for shape, channels in places.items():
            for index, (plain, curves) in enumerate(playing):
                keyed = {channel for channel in channels if has_keys(curves.get(channel))}
                if keyed:
                    on[HALF_AXES[shape].channel][index] = plain
                    self.channels |= keyed
            if self.channels.intersection(channels):
                self.shapes.append(shape)
        self.counts = {axis: len(by) for axis, by in on.items()}
        self.mixed = {axis for axis, by in on.items() if len(by) > 1 and not all(by.values())}


def _replaces(strip: bpy.types.NlaStrip) -> bool:
    """Whether nothing of what lies below is seen where a strip is."""
    fades = strip.blend_in > 0.0 or strip.blend_out > 0.0 or strip.use_animated_influence
    return strip.blend_type == "REPLACE" and not fades


def _places(shape: str) -> tuple[FChannel, ...]:
    """What moves a shape: the axis of its control, and that of both eyes' control."""
    channel = HALF_AXES[shape].channel
    both = (fchannel(ADDED[channel]),) if channel in ADDED else ()
    return (fchannel(channel), *both)


def _with_keys(shapes: Mapping[str, FChannel], curves: Curves) -> dict[str, bpy.types.FCurve]:
    """ARKit name -> curve, of those that have keys."""
    return {
        shape: curves[channel] for shape, channel in shapes.items() if has_keys(curves.get(channel))
    }


def _frames(way: Way) -> Floats:
    """Where the face is compared: from a frame before the first key or strip to one after."""
    curves = curves_by_channel(way.source)
    points = [
        point.co.x
        for channel in way.channels
        if channel in curves
        for point in curves[channel].keyframe_points
    ]
    strips = [s for track in tracks_with(way.source, way.channels) for s in track.strips]
    points += [end for strip in strips for end in (strip.frame_start, strip.frame_end)]
    return np.arange(np.floor(min(points)) - 1.0, np.ceil(max(points)) + 1.0 + _STEP, _STEP)


def _on_keys(
    keys: bpy.types.Key, shapes: Mapping[str, FChannel], frames: Floats
) -> dict[str, Floats]:
    """ARKit name -> (F,) what each shape's key is set to; 0 where nothing moves it."""
    stack, found = Stack(keys, frames), {}
    for shape, channel in shapes.items():
        values = stack.values(channel)
        found[shape] = np.zeros(len(frames)) if values is None else np.clip(values, 0.0, 1.0)
    return found


def _on_controls(armature: bpy.types.Object, frames: Floats) -> dict[str, Floats]:
    """ARKit name -> (F,) what the controls make of each shape."""
    stack, unit = Stack(armature, frames), unit_of(armature)

    def along(channel: Channel) -> Floats:
        values = stack.values(fchannel(channel))
        if values is None:
            return np.full(len(frames), location(armature, channel))
        return values / unit

    axes = {channel: along(channel) for channel in (*SHAPES_ON, *dict.fromkeys(ADDED.values()))}
    found = {}
    for shape, half in HALF_AXES.items():
        total = axes[half.channel]
        if half.channel in ADDED:
            total = total + axes[ADDED[half.channel]]
        found[shape] = np.clip(half.sign * total / half.size, 0.0, 1.0)
    return found


def _clear_both_eyes(armature: bpy.types.Object, shapes: Iterable[str]) -> None:
    """Let the control of both eyes rest: what each eye does is on its own."""
    axes = (HALF_AXES[shape].channel for shape in shapes)
    both = {ADDED[channel] for channel in axes if channel in ADDED}
    places = {fchannel(channel) for channel in both}
    for bag in channelbags(armature):
        for curve in list(bag.fcurves):
            if FChannel(curve.data_path, curve.array_index) in places:
                bag.fcurves.remove(curve)
    move(armature, dict.fromkeys(both, 0.0))


def _baked(
    moved: Moved,
    written: Sequence[bpy.types.FCurve],
    before: Mapping[str, Floats],
    after: Mapping[str, Floats],
) -> Baked:
    off = {shape: float(np.abs(after[shape] - values).max()) for shape, values in before.items()}
    worst = max(off, key=off.__getitem__)
    return Baked(
        moved.curves + len(written),
        moved.keys + sum(len(curve.keyframe_points) for curve in written),
        off[worst],
        worst,
        moved.strips,
        tuple(moved.shared),
    )


def _others(way: Way) -> set[FChannel]:
    """What the target's own action moves beside the face."""
    return set(curves_by_channel(way.target)) - set(way.target_channels)


def _require_same_blending(way: Way) -> None:
    """RigError where the target's action can't be blended with strips as the source's is: it moves
    other bones, too, and these must go on as they do.
    """
    source, target = way.source.animation_data, way.target.animation_data
    if target is None:
        return
    if len(target.nla_tracks) and target.use_nla != source.use_nla:
        raise RigError(
            f'Strips are turned off in the NLA Editor for one of "{way.source_name}" and '
            f'"{way.target_name}", and on for the other.',
            "Turn them on for both (the checkbox beside the name there), then try again.",
        )
    others = _others(way)
    if not others or _blending(source) == _blending(target):
        return
    whole = _blending(source)[1:] == _blending(target)[1:] == _WHOLE
    adds = source.action_blend_type in _ADDING and target.action_blend_type == "REPLACE"
    below = {at for track in target.nla_tracks for s in track.strips for at in channels_of(s)}
    if not (whole and adds and below.isdisjoint(others)):
        raise RigError(
            f'The action of "{way.source_name}" is blended with its strips in another way than '
            f'that of "{way.target_name}", which moves more than the face.',
            "Give both actions the same blending and influence in the NLA Editor, then try again.",
        )


def _blending(data: bpy.types.AnimData) -> tuple[str, float, str]:
    how = "ADD" if data.action_blend_type in _ADDING else data.action_blend_type
    return (how, data.action_influence, data.action_extrapolation)


def _take_blending_along(way: Way, moved: Moved) -> None:
    """Let the target's action be blended with the strips that came as the source's was."""
    if not moved.strips:
        return
    source, target = way.source.animation_data, way.target.animation_data
    before = target.action_blend_type
    if source.action_blend_type in _ADDING:
        adding = "ADD" if isinstance(way.target, bpy.types.Key) else ControlFace.blending
        target.action_blend_type = before if before in _ADDING else adding
    elif not _others(way):
        target.action_blend_type = source.action_blend_type
    if not _others(way):
        target.action_influence = source.action_influence
        target.action_extrapolation = source.action_extrapolation
    target.use_nla = source.use_nla
    hand_over_layer(source, target, before)
