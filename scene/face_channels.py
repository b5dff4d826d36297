# SPDX-License-Identifier: GPL-3.0-or-later
"""What an expression is written on: the head's shape keys, or the controls that drive them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, Protocol

import bpy
import numpy as np

from ..animation.control_curves import merged, most_lost, not_negative, to_channels, to_values
from ..animation.control_map import ADDED, HALF_AXES, SHAPES_ON
from ..animation.data import Animation, Curve
from ..vocabulary import ARKIT_SHAPES
from .control_armature import controls_of, fchannel, location, move, unit_of
from .control_drivers import is_controlled
from .fcurves import FChannel, is_driven, value_path
from .key_writer import key_name

_SLOPE: Final = 0.01  # frames before and after one that a slope is measured over

# The F-curve of a channel, if it has one.
Finder = Callable[[FChannel], "bpy.types.FCurve | None"]


class Sorted(NamedTuple):
    """Shapes that can be moved; those that the head has no key for; and the keys that a driver of
    somebody's moves.
    """

    free: tuple[str, ...]
    missing: tuple[str, ...]
    driven: tuple[str, ...]


class Face(Protocol):
    """Where a head's expression lives. ``owner``: the ID that its F-curves move; ``blending``: how
    NLA strips are added to others.
    """

    owner: bpy.types.ID
    name: str
    blending: str

    def channel(self, shape: str) -> FChannel:
        """What moves a shape."""
        ...

    def shown(self, channel: FChannel) -> float:
        """Where a channel stands now."""
        ...

    def curves(self, animation: Animation, find: Finder) -> dict[FChannel, Curve]:
        """An animation as curves of channels; those at rest only where ``find`` has a curve."""
        ...

    def lost(self, animation: Animation, /) -> tuple[float, str]:
        """The most that a shape loses of an animation since its opposite is on; which one does."""
        ...

    def added_curves(self, animation: Animation) -> dict[FChannel, Curve]:
        """An animation that is added to another, as curves of channels."""
        ...

    def stand(self, channel: FChannel, value: float) -> None:
        """Put a channel to a value."""
        ...

    def values(self, along: Callable[[FChannel], float]) -> dict[str, float]:
        """ARKit name -> value of the shapes that the head has; ``along``: value of a channel."""
        ...

    def put(self, values: Mapping[str, float]) -> None:
        """Set shapes that can be moved."""
        ...


def face_of(head: bpy.types.Object) -> Face:
    """What the head's expression is to be written on. The head has shape keys."""
    armature = controls_of(head)
    return KeyFace(head) if armature is None else ControlFace(head, armature)


def sort_out(head: bpy.types.Object, shapes: Iterable[str]) -> Sorted:
    """Which of these shapes can be moved."""
    free, missing, driven = [], set(), set()
    for shape in shapes:
        name = key_name(head, shape)
        if name is None:
            missing.add(shape)
        elif is_driven(head, name) and not is_controlled(head, name):
            driven.add(name)
        else:
            free.append(shape)
    return Sorted(tuple(free), tuple(sorted(missing)), tuple(sorted(driven)))


class KeyFace:
    """An expression on the shape keys themselves."""

    blending = "ADD"

    def __init__(self, head: bpy.types.Object) -> None:
        self._head = head
        self.owner = head.data.shape_keys
        self.name = head.name

    def channel(self, shape: str) -> FChannel:
        """The value of the shape's key."""
        return FChannel(value_path(key_name(self._head, shape) or shape))

    def shown(self, channel: FChannel) -> float:
        """The value of a key."""
        return float(self.owner.path_resolve(channel.path))

    def curves(self, animation: Animation, find: Finder) -> dict[FChannel, Curve]:
        """One curve for each shape."""
        free = sort_out(self._head, animation.curves).free
        curves = {self.channel(shape): animation.curves[shape] for shape in free}
        for shape in sort_out(self._head, animation.at_rest).free:
            if find(self.channel(shape)) is not None:
                curves[self.channel(shape)] = _constant(animation, 0.0)
        return curves

    def lost(self, _animation: Animation) -> tuple[float, str]:
        """Nothing."""
        return (0.0, "")

    def added_curves(self, animation: Animation) -> dict[FChannel, Curve]:
        """One curve for each shape."""
        return self.curves(animation, lambda _channel: None)

    def stand(self, channel: FChannel, value: float) -> None:
        """Set the value of a key."""
        block, _, name = channel.path.rpartition(".")
        setattr(self.owner.path_resolve(block), name, value)

    def values(self, along: Callable[[FChannel], float]) -> dict[str, float]:
        """Values of the keys."""
        names = {shape: key_name(self._head, shape) for shape in ARKIT_SHAPES}
        return {
            shape: along(FChannel(value_path(name)))
            for shape, name in names.items()
            if name is not None
        }

    def put(self, values: Mapping[str, float]) -> None:
        """Set the keys' values."""
        blocks = self.owner.key_blocks
        for shape, value in values.items():
            blocks[key_name(self._head, shape)].value = value


class ControlFace:
    """An expression on the controls that drive the shape keys."""

    blending = "COMBINE"  # Add would add whole rotations and scales of the armature's other bones

    def __init__(self, head: bpy.types.Object, armature: bpy.types.Object) -> None:
        self._head = head
        self.owner = armature
        self.name = armature.name
        self._unit = unit_of(armature)
        self._channels = {fchannel(channel): channel for channel in SHAPES_ON}

    def channel(self, shape: str) -> FChannel:
        """The axis of the control that drives the shape."""
        return fchannel(HALF_AXES[shape].channel)

    def shown(self, channel: FChannel) -> float:
        """Where a control stands, in the armature's units."""
        return float(self.owner.path_resolve(channel.path)[channel.array_index])

    def curves(self, animation: Animation, find: Finder) -> dict[FChannel, Curve]:
        """One curve for each axis. A shape on its other half that the animation doesn't speak of
        stays as it is.
        """
        moved = set(sort_out(self._head, animation.curves).free)
        still = set(sort_out(self._head, animation.at_rest).free)
        curves = {}
        for fcurve_channel, channel in self._channels.items():
            shapes = SHAPES_ON[channel]
            if moved.isdisjoint(shapes) and (
                still.isdisjoint(shapes) or find(fcurve_channel) is None
            ):
                continue
            terms = [(1.0, _constant(animation, 0.0))]
            for shape in shapes:
                factor = HALF_AXES[shape].sign * HALF_AXES[shape].size * self._unit
                if shape in moved:
                    curve = animation.curves[shape]
                    terms.append((factor, not_negative(curve) if len(shapes) > 1 else curve))
                elif shape not in still:
                    kept = _half(self._as_it_is(fcurve_channel, animation, find), factor)
                    terms.append((factor, kept))
            if channel in ADDED:
                both = self._as_it_is(fchannel(ADDED[channel]), animation, find)
                terms.append((-1.0, both))
            curves[fcurve_channel] = merged(terms[1:] or terms)
        return curves

    def lost(self, animation: Animation) -> tuple[float, str]:
        """Where smile and frown, or other opposites, are both on."""
        return most_lost(animation.curves)

    def added_curves(self, animation: Animation) -> dict[FChannel, Curve]:
        """One curve for each axis; halves that it doesn't speak of get nothing added."""
        free = sort_out(self._head, animation.curves).free
        curves = {}
        for channel in dict.fromkeys(HALF_AXES[shape].channel for shape in free):
            terms = [
                (half.sign * half.size * self._unit, animation.curves[shape])
                for shape in SHAPES_ON[channel]
                if shape in free and (half := HALF_AXES[shape])
            ]
            curves[fchannel(channel)] = merged(terms)
        return curves

    def stand(self, channel: FChannel, value: float) -> None:
        """Put a control to a place along an axis."""
        self.owner.path_resolve(channel.path)[channel.array_index] = value

    def _as_it_is(self, channel: FChannel, animation: Animation, find: Finder) -> Curve:
        """What an axis does over the span of an animation, in the armature's units."""
        fcurve = find(channel)
        if fcurve is None:
            return _constant(animation, self.shown(channel))
        inside = [
            point.co.x
            for point in fcurve.keyframe_points
            if animation.start < point.co.x < animation.end
        ]
        frames = np.unique([animation.start, *inside, animation.end])
        around = frames[:, None] + np.array([-_SLOPE, 0.0, _SLOPE])
        values = np.array([[fcurve.evaluate(at) for at in row] for row in around])
        return Curve(frames, values[:, 1], (values[:, 2] - values[:, 0]) / (2.0 * _SLOPE))

    def values(self, along: Callable[[FChannel], float]) -> dict[str, float]:
        """Values as the controls stand; of keys that something else drives, what they have."""
        blocks = self._head.data.shape_keys.key_blocks
        by_controls = to_values(
            lambda channel: (
                along(fchannel(channel)) / self._unit
                if channel.control in self.owner.pose.bones
                else 0.0
            )
        )
        values = {}
        for shape, value in by_controls.items():
            name = key_name(self._head, shape)
            if name is not None:
                values[shape] = value if is_controlled(self._head, name) else blocks[name].value
        return values

    def put(self, values: Mapping[str, float]) -> None:
        """Move the controls of single shapes; that of both eyes stays, and is allowed for."""
        changed = {HALF_AXES[shape].channel for shape in values}
        now = to_values(lambda at: location(self.owner, at))
        channels, _ = to_channels({**now, **values})
        for channel in changed:
            if channel in ADDED:
                channels[channel] -= location(self.owner, ADDED[channel])
        move(self.owner, {channel: channels[channel] for channel in changed})


def _half(curve: Curve, factor: float) -> Curve:
    """The half of an axis that a shape is on, as values of the shape."""
    values, slopes = curve.values / factor, curve.slopes / factor
    on = values > 0.0
    return not_negative(Curve(curve.frames, np.where(on, values, 0.0), np.where(on, slopes, 0.0)))


def _constant(animation: Animation, value: float) -> Curve:
    """The same over the whole span."""
    frames = np.unique([animation.start, animation.end])
    return Curve(frames, np.full(len(frames), value), np.zeros(len(frames)))
