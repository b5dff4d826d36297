# SPDX-License-Identifier: GPL-3.0-or-later
"""A rigged head acts: emotions one after another, and recorded performances, as F-curves; for the
buttons and for the batch.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from .animation.blinks import LIDS, add_blink, blink_at
from .animation.captures import Capture, calibrated
from .animation.data import Animation
from .animation.keys import keys_together
from .animation.one_euro import smooth
from .animation.reduction import TOLERANCE, reduced
from .animation.resample import resample
from .animation.retarget import Gain, retarget
from .animation.transition import STILL, Acting, Timing, one_sided, strength_of, transition
from .models.expression_networks import ExpressionModels, Pose
from .properties import state_of
from .scene.actions import Written, pose_at, write_animation
from .scene.fcurves import require_shape_keys
from .scene.layers import strips_of
from .scene.strips import write_strip
from .vocabulary import ARKIT_SHAPES

if TYPE_CHECKING:
    import bpy

Floats = NDArray[np.float64]

CURRENT: Final = "current"  # the expression that the face has at the first frame
# Poses along the way from one expression to the next.
_STEPS: Final = 17
_WHOLE: Final = 1e-6  # frames
_NEAR: Final = 0.05  # frames before and after one that a slope is measured over


@dataclass(frozen=True)
class Turn:
    """The face turns to ``emotion`` at ``intensity`` 0..2 within ``length`` frames, and keeps it
    for ``hold`` frames.
    """

    emotion: str
    intensity: float
    length: int
    hold: int = 0


@dataclass(frozen=True)
class CaptureOptions:
    """``smoothing``: strength of the 1-Euro filter, 0 for none; ``tolerance``: how far a curve may
    be off the recording, 0 for a key on every frame; ``calibrate``: take out the rest pose that
    lies beside the recording; ``gains``: ARKit name -> gain and offset, None for what the head
    keeps for captures.
    """

    smoothing: float = 0.5
    tolerance: float = TOLERANCE
    calibrate: bool = True
    gains: Mapping[str, Gain] | None = None


@dataclass(frozen=True)
class Performance:
    """``written``: what became of it; ``end``: the frame at which the last hold is over."""

    written: Written
    end: float


def act(
    context: bpy.types.Context,
    head: bpy.types.Object,
    turns: Sequence[Turn],
    start: float,
    acting: Acting,
    first: tuple[str, float] = (CURRENT, 1.0),
    *,
    back: bool = False,
    as_strip: bool = False,
) -> Performance:
    """Write ``turns`` on the head from frame ``start`` on, beginning with the emotion and intensity
    of ``first``. ``back``: return to that in the end, as fast as in the last turn. ``as_strip``:
    as an NLA strip of its own instead of keys in the head's action. Raises RigError where the head
    has no shape keys, a turn is too short, or nobody would see the strip.
    """
    require_shape_keys(head, "animate")
    timing = Timing(start, 0, float(frame_rate(context.scene)))
    if first[0] == CURRENT:
        pose = Pose(_shown_at(context.scene, head, start))
    else:
        pose = _pose(*first, acting)
    targets = [(turn, _pose(turn.emotion, turn.intensity, acting)) for turn in turns]
    if back and turns:
        targets.append((replace(turns[-1], hold=0), pose))
    animations: list[Animation] = []
    for turn, following in targets:
        timing = replace(timing, length=turn.length)
        path = expression_models().path(pose, following, _STEPS)
        animations.append(transition(path, timing, acting))
        pose, timing = following, replace(timing, start=timing.start + turn.length + turn.hold)
    if as_strip and animations:
        name = " ".join(turn.emotion.capitalize() for turn in turns)
        return Performance(write_strip(head, name, animations, keep=not back), timing.start)
    return Performance(write_animation(head, animations), timing.start)


def turn_to(
    context: bpy.types.Context,
    head: bpy.types.Object,
    coefficients: Floats,
    start: float,
    length: int,
    hold: int,
) -> Performance:
    """Let the face turn from what it shows at frame ``start`` to an expression (52,) within
    ``length`` frames, and keep that for ``hold`` frames. Raises RigError where the head has no
    shape keys or the turn is too short.
    """
    require_shape_keys(head, "animate")
    pose = Pose(_shown_at(context.scene, head, start))
    path = expression_models().path(pose, Pose(coefficients), _STEPS)
    timing = Timing(start, length, float(frame_rate(context.scene)))
    animation = transition(path, timing, Acting())
    return Performance(write_animation(head, [animation]), start + length + hold)


def perform(
    context: bpy.types.Context,
    head: bpy.types.Object,
    capture: Capture,
    start: float,
    options: CaptureOptions,
) -> Performance:
    """Write a recorded performance on the head, its first frame at scene frame ``start``.

    Raises RigError where the head has no shape keys or the rest pose is none.
    """
    require_shape_keys(head, "animate")
    if options.calibrate and capture.neutral is not None:
        capture = calibrated(capture, capture.neutral)
    values = smooth(capture.times, capture.values, strength=options.smoothing)
    values = retarget(values, kept_gains(head) if options.gains is None else options.gains)
    frames, values = resample(capture.times, values, frame_rate(context.scene), start)
    if len(frames) > 2 and frames[-1] - frames[-2] < 1.0 - _WHOLE:
        frames, values = frames[:-1], values[:-1]  # it ends between two frames
    moving = np.abs(values).max(axis=0) > STILL
    curves = {
        shape: reduced(frames, values[:, index], options.tolerance)
        for index, shape in enumerate(ARKIT_SHAPES)
        if moving[index]
    }
    at_rest = tuple(shape for shape, moves in zip(ARKIT_SHAPES, moving, strict=True) if not moves)
    animation = Animation(float(frames[0]), float(frames[-1]), curves, at_rest)
    return Performance(write_animation(head, [animation]), float(frames[-1]))


def kept_gains(head: bpy.types.Object) -> dict[str, Gain]:
    """ARKit name -> gain and offset that the head keeps for captures."""
    return {kept.name: Gain(kept.gain, kept.offset) for kept in state_of(head).gains}


def blink(
    context: bpy.types.Context, head: bpy.types.Object, frame: float, seed: int = 0
) -> Performance:
    """Shut the lids from ``frame`` on and open them again, on top of what they do there already.
    ``seed``: how long they stay shut. Raises RigError where the head has no shape keys.
    """
    require_shape_keys(head, "animate")
    held = float(np.random.default_rng((seed, round(frame) % 2**32)).random())
    lids = blink_at(0.0, float(frame_rate(context.scene)), held)
    frames = frame + np.arange(lids.frames[-1] + 1.0)
    values = np.array([pose_at(head, at) for at in frames])
    # How the lids come in and go on: only then do the curves beside the blink stay as they are.
    ends = [
        (pose_at(head, at + _NEAR) - pose_at(head, at - _NEAR)) / (2 * _NEAR)
        for at in (frames[0], frames[-1])
    ]
    add_blink(values, lids)
    moving = [index for index in LIDS if np.ptp(values[:, index]) > STILL]
    keyed = keys_together(frames, values[:, moving], tuple(int(at) for at in lids.frames))
    for index, curve in zip(moving, keyed, strict=True):
        curve.slopes[[0, -1]] = [slopes[index] for slopes in ends]
    curves = {ARKIT_SHAPES[index]: curve for index, curve in zip(moving, keyed, strict=True)}
    span = Animation(float(frames[0]), float(frames[-1]), curves)
    return Performance(write_animation(head, [span]), span.end)


def frame_rate(scene: bpy.types.Scene) -> Fraction:
    """Frames a second, exact: 30 over a base of 1.001 is 30000/1001, though Blender keeps the base
    in single precision.
    """
    base = Fraction(scene.render.fps_base).limit_denominator(1001)
    return Fraction(scene.render.fps) / base


def _shown_at(scene: bpy.types.Scene, head: bpy.types.Object, frame: float) -> Floats:
    """(52,) values of the head's shape keys at a frame. What NLA strips make of them is only known
    when the scene stands there.
    """
    now = scene.frame_current_final
    if abs(now - frame) < _WHOLE or not any(True for _strip in strips_of(head)):
        return pose_at(head, frame)
    _go_to(scene, frame)
    try:
        return pose_at(head, frame)
    finally:
        _go_to(scene, now)


def _go_to(scene: bpy.types.Scene, frame: float) -> None:
    whole = math.floor(frame)
    scene.frame_set(whole, subframe=frame - whole)


@functools.cache
def expression_models() -> ExpressionModels:
    """The networks, loaded on first use."""
    return ExpressionModels()


def _pose(emotion: str, intensity: float, acting: Acting) -> Pose:
    strength = strength_of(acting.style)
    pose = expression_models().generate(emotion, intensity * strength, acting.seed)
    return replace(pose, coefficients=one_sided(pose.coefficients, acting))
