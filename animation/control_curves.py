# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes to the channels of on-face controls and back: of one expression, and of curves.

Channels are in IOD. Two shapes on one axis that are both on can't both be shown: what the axis
shows is their difference, and what is lost is the residual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from ..vocabulary import ARKIT_SHAPES
from .control_map import ADDED, HALF_AXES, SHAPES_ON, Channel
from .data import Curve, Floats
from .keys import evaluate

_INNER: Final = np.linspace(0.0, 1.0, 18)[1:-1]  # where between two keys a curve is looked at
_SHARES: Final = np.linspace(0.0, 1.0, 11)  # of the way to a curve that can't dip
_SEEN: Final = 0.004  # of a shape; less isn't seen


def to_channels(values: Mapping[str, float]) -> tuple[dict[Channel, float], float]:
    """ARKit name -> value 0..1 as channel -> IOD, of every channel with one of these shapes; and
    the residual: the most that a shape shows less than it was asked to, since its opposite was on.
    """
    channels: dict[Channel, float] = {}
    residual = 0.0
    for channel, shapes in SHAPES_ON.items():
        present = [shape for shape in shapes if shape in values]
        if present:
            channels[channel] = sum(
                HALF_AXES[shape].sign * HALF_AXES[shape].size * values[shape] for shape in present
            )
            shown = {shape: _on_half(shape, channels[channel]) for shape in present}
            residual = max(residual, *(values[shape] - shown[shape] for shape in present))
    return channels, residual


def to_values(channel_value: Callable[[Channel], float]) -> dict[str, float]:
    """ARKit name -> value, at least 0, of all 52 as the controls stand; what moves both eyes is
    added to each. ``channel_value``: IOD of a channel.
    """
    values = {}
    for shape, half in HALF_AXES.items():
        along = channel_value(half.channel)
        if half.channel in ADDED:
            along += channel_value(ADDED[half.channel])
        values[shape] = _on_half(shape, along)
    return {shape: values[shape] for shape in ARKIT_SHAPES}


def _on_half(shape: str, along: float) -> float:
    half = HALF_AXES[shape]
    return max(half.sign * along / half.size, 0.0)


def most_lost(curves: Mapping[str, Curve]) -> tuple[float, str]:
    """The most that any shape loses at a frame since its opposite is on, and which one does.
    ``curves``: ARKit name -> curve.
    """
    worst = (0.0, "")
    for shapes in SHAPES_ON.values():
        if len(shapes) == 2 and set(shapes) <= set(curves):
            pair = [curves[shape] for shape in shapes]
            start = min(curve.frames[0] for curve in pair)
            frames = np.arange(start, max(curve.frames[-1] for curve in pair) + 0.5, 0.5)
            both = np.minimum(*(evaluate(curve, frames) for curve in pair))
            worst = max(worst, (float(both.max()), shapes[0]))
    return worst


def merged(terms: Sequence[tuple[float, Curve]]) -> Curve:
    """The sum of curves times factors, with keys wherever one of them has one. Between two keys
    each is a cubic polynomial of time, and so the sum is exact.
    """
    frames = np.unique(np.concatenate([curve.frames for _, curve in terms]))
    values, slopes = np.zeros((2, len(frames)))
    for factor, curve in terms:
        values += factor * evaluate(curve, frames)
        slopes += factor * _slopes(curve, frames)
    return Curve(frames, values, slopes)


def not_negative(curve: Curve) -> Curve:
    """The curve, flattened as little as will do where it dips below 0 by more than can be seen: on
    an axis that two shapes share, that would show the other one.
    """
    values, slopes = np.maximum(curve.values, 0.0), curve.slopes.copy()
    for k, span in enumerate(np.diff(curve.frames)):
        low, high = -3.0 * values[k] / span, 3.0 * values[k + 1] / span
        safe = np.array([max(slopes[k], low), min(slopes[k + 1], high)])
        wanted = slopes[k : k + 2].copy()
        for share in _SHARES:
            slopes[k : k + 2] = wanted + share * (safe - wanted)
            tried = Curve(curve.frames, values, slopes)
            if evaluate(tried, curve.frames[k] + span * _INNER).min() >= -_SEEN:
                break
    return Curve(curve.frames, values, slopes)


def _slopes(curve: Curve, frames: Floats) -> Floats:
    """Slopes of a curve at frames, 0 before its first key and after its last one."""
    if len(curve.frames) == 1:
        return np.where(frames == curve.frames[0], curve.slopes[0], 0.0)
    at = curve.frames
    piece = np.clip(np.searchsorted(at, frames, side="right") - 1, 0, len(at) - 2)
    span = at[piece + 1] - at[piece]
    t = np.clip((frames - at[piece]) / span, 0.0, 1.0)
    rise = (curve.values[piece + 1] - curve.values[piece]) / span
    slopes = (
        6.0 * t * (1.0 - t) * rise
        + (1.0 - t) * (1.0 - 3.0 * t) * curve.slopes[piece]
        + t * (3.0 * t - 2.0) * curve.slopes[piece + 1]
    )
    inside: Floats = np.where((frames >= at[0]) & (frames <= at[-1]), slopes, 0.0)
    return inside
