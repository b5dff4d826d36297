# SPDX-License-Identifier: GPL-3.0-or-later
"""What the strips and the action of shape keys or an armature come to at frames, without playing
the scene: only numbers whose default is 0 and that NLA strips add up one by one, as values of keys
and places of bones are.

https://docs.blender.org/manual/en/latest/editors/nla/sidebar.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import bpy
import numpy as np
from numpy.typing import NDArray

from .fcurves import FChannel, curves_by_channel, has_keys
from .layers import curves_of

Floats = NDArray[np.float64]


class _Part(NamedTuple):
    """A strip where it has a say: at which of the frames, at which frames of its action, and its
    influence there.
    """

    strip: bpy.types.NlaStrip
    at: NDArray[np.int64]
    times: Floats
    influence: Floats


class Stack:
    """The strips and the action of ``owner`` over (F,) ``frames``."""

    def __init__(self, owner: bpy.types.ID, frames: Floats) -> None:
        self._frames = frames
        self._data = owner.animation_data
        tracks = () if self._data is None or not self._data.use_nla else self._data.nla_tracks
        self._has_strips = len(tracks) > 0
        self._parts = [
            (part, curves_of(part.strip))
            for track in tracks
            if not track.mute
            for part in _parts(track, frames)
        ]
        self._curves = curves_by_channel(owner)

    def values(self, channel: FChannel) -> Floats | None:
        """(F,) values of a channel; None where nothing moves it."""
        total, moved = np.zeros(len(self._frames)), False
        for part, curves in self._parts:
            curve = curves.get(channel)
            if curve is not None and has_keys(curve):
                moved = True
                values = np.array([curve.evaluate(time) for time in part.times])
                total[part.at] = _blended(
                    total[part.at], values, part.influence, part.strip.blend_type
                )
        curve = self._curves.get(channel)
        if curve is None or not has_keys(curve):
            return total if moved else None
        values = np.array([curve.evaluate(frame) for frame in self._frames])
        if not self._has_strips:
            return values
        data = self._data
        influence = np.full(len(values), data.action_influence)
        if data.action_extrapolation == "NOTHING":
            first, last = data.action.curve_frame_range
            influence[(self._frames < first) | (self._frames > last)] = 0.0
        return _blended(total, values, influence, data.action_blend_type)


def _blended(below: Floats, values: Floats, influence: Floats, how: str) -> Floats:
    if how == "REPLACE":
        return below + influence * (values - below)
    if how == "SUBTRACT":
        return below - influence * values
    if how == "MULTIPLY":
        return below * (1.0 + influence * (values - 1.0))
    return below + influence * values  # Add, and Combine of what has no rotation and no scale


def _parts(track: bpy.types.NlaTrack, frames: Floats) -> Iterator[_Part]:
    """Each strip of a track where it is the one that counts."""
    strips = list(track.strips)
    for index, strip in enumerate(strips):
        start, end = strip.frame_start, strip.frame_end
        if strip.mute or strip.action is None:
            continue
        following = strips[index + 1].frame_start if index + 1 < len(strips) else np.inf
        last = following if strip.extrapolation != "NOTHING" else end
        # Where two strips meet, the first one counts, as long as it lasts.
        on = (frames >= start) & ((frames <= end) | (frames < last))
        if index and strips[index - 1].frame_end >= start:
            on &= frames > strips[index - 1].frame_end
        if index == 0 and strip.extrapolation == "HOLD":
            on |= frames < start
        at = np.flatnonzero(on)
        inside = np.clip(frames[at], start, end)
        yield _Part(
            strip,
            at,
            np.array([_time(strip, frame) for frame in inside.tolist()]),
            np.array([_influence(strip, frame) for frame in inside.tolist()]),
        )


def _time(strip: bpy.types.NlaStrip, frame: float) -> float:
    """The frame of a strip's action that it shows at a frame of the scene."""
    first, last = strip.action_frame_start, strip.action_frame_end
    length = (last - first) or 1.0
    if strip.use_animated_time:
        time = float(strip.fcurves.find("strip_time").evaluate(frame))
        return first + (time - first) % length if strip.use_animated_time_cyclic else time
    passed = (frame - strip.frame_start) / (strip.scale or 1.0)
    if frame >= strip.frame_end and float(strip.repeat).is_integer():
        passed = length
    elif passed > length:
        passed %= length
    return last - passed if strip.use_reverse else first + passed


def _influence(strip: bpy.types.NlaStrip, frame: float) -> float:
    if strip.use_animated_influence:
        return float(np.clip(strip.fcurves.find("influence").evaluate(frame), 0.0, 1.0))
    start, end = strip.frame_start, strip.frame_end
    if strip.blend_in > 0.0 and start <= frame <= start + strip.blend_in:
        return (frame - start) / strip.blend_in
    if strip.blend_out > 0.0 and end - strip.blend_out <= frame <= end:
        return (end - frame) / strip.blend_out
    return 1.0
