# SPDX-License-Identifier: GPL-3.0-or-later
"""What a living face does when it does nothing: it blinks, its eyes jump from point to point, it
breathes, and its brows are never quite still.

Blinks: 17 a minute at rest, their intervals log-normal: A. Bentivoglio et al., "Analysis of blink
rate patterns in normal subjects" (Movement Disorders 12, 1997). Gaze: S. Lee, J. Badler and N.
Badler, "Eyes Alive" (ACM Transactions on Graphics 21(3), 2002), as its people listen. Breath: 12 to
20 a minute at rest: C. Chourpiliadis and A. Bhardwaj, "Physiology, Respiratory Rate" (StatPearls),
the calm end of it here.

All curves are to be added to what the face does anyway: they start and end at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..errors import RigError
from .blinks import HELD, OPENING, SHUTTING, blink_at
from .data import Animation, Curve, Floats
from .gaze import gaze_curves

STRONGEST: Final = 2.0  # amount
SHORTEST: Final = 1.0  # seconds
LONGEST: Final = 3600.0
_BLINK_EVERY: Final = 60.0 / 17.0  # seconds, in the mean
_BLINK_SPREAD: Final = 0.55  # of the logarithm
_BLINK_LASTS: Final = SHUTTING + sum(HELD) / 2 + OPENING
_BLINK_APART: Final = 0.4  # seconds, at least, between two blinks
_BREATHS: Final = (12.0, 16.0)  # a minute
_INHALED: Final = 0.4  # of a breath
# Weights at the top of a breath. The jaw's fall is taken back by the lips, which stay shut.
_BREATH: Final = {
    "noseSneerLeft": 0.045,
    "noseSneerRight": 0.045,
    "jawOpen": 0.02,
    "mouthClose": 0.02,
}
# Shapes that drift together, and how far.
_DRIFTS: Final = (
    (("browInnerUp",), 0.06),
    (("browOuterUpLeft", "browOuterUpRight"), 0.04),
    (("eyeSquintLeft", "eyeSquintRight"), 0.06),
)
_DRIFT_LASTS: Final = (2.5, 6.0)  # seconds from one level to the next


@dataclass(frozen=True)
class Idle:
    """``amount`` 0..2: how far eyes, breath and brows move, and, by its root, how often the lids
    blink (a blink is a whole one at any amount); ``seed``: another number, another life.
    """

    amount: float = 1.0
    seed: int = 0


def idle(start: float, end: float, fps: float, life: Idle) -> Animation:
    """Life from scene frame ``start`` to ``end``, as curves to be added to others; the same for the
    same numbers. Raises RigError for an impossible span or amount.
    """
    _check(start, end, fps, life)
    if life.amount == 0.0:
        return Animation(start, end, {})
    span = _Span(start, end, fps)
    # Streams of their own: another number of blinks doesn't change the gaze.
    blinks, gaze, breath, drift = (
        np.random.default_rng(stream) for stream in np.random.SeedSequence(life.seed).spawn(4)
    )
    curves = _blinks(span, life.amount, blinks)
    curves |= gaze_curves(start, end, fps, life.amount, gaze)
    curves |= _breath(span, life.amount, breath)
    curves |= _drift(span, life.amount, drift)
    return Animation(start, end, curves)


@dataclass(frozen=True)
class _Span:
    start: float
    end: float
    fps: float

    def frames(self, seconds: float) -> float:
        """Whole frames, at least one."""
        return max(1.0, float(round(seconds * self.fps)))


def _check(start: float, end: float, fps: float, life: Idle) -> None:
    if not (np.isfinite(fps) and fps > 0.0):
        raise ValueError("A frame rate is more than 0.")
    seconds = (end - start) / fps
    if not SHORTEST <= seconds <= LONGEST:
        raise RigError(
            f"Idle life from frame {start:g} to {end:g} isn't possible.",
            "Set the scene's frame range to at least a second and at most an hour.",
        )
    if not 0.0 <= life.amount <= STRONGEST:
        raise RigError(
            f"{life.amount:g} isn't possible as the amount of idle life.",
            f"Give a number from 0 to {STRONGEST:g}.",
        )
    if life.seed < 0:
        raise RigError(f"{life.seed} isn't possible as a seed.", "Give 0 or more.")


def _blinks(span: _Span, amount: float, rng: np.random.Generator) -> dict[str, Curve]:
    frames, values = [span.start], [0.0]
    mean = _BLINK_EVERY / np.sqrt(amount) - _BLINK_LASTS
    # The mean of a log-normal distribution is exp(mu + sigma^2 / 2).
    centre = np.log(mean) - _BLINK_SPREAD**2 / 2
    while True:
        wait = rng.lognormal(centre, _BLINK_SPREAD)
        if len(frames) == 1:
            wait *= rng.random()  # the scene begins somewhere between two blinks
        begins = max(frames[-1] + span.frames(wait), frames[-1] + span.frames(_BLINK_APART))
        blink = blink_at(begins, span.fps, float(rng.random())).frames
        if blink[-1] >= span.end:
            break
        frames += blink
        values += (0.0, 1.0, 1.0, 0.0)
    curve = _eased([*frames, span.end], [*values, 0.0])
    return {"eyeBlinkLeft": curve, "eyeBlinkRight": curve}


def _breath(span: _Span, amount: float, rng: np.random.Generator) -> dict[str, Curve]:
    frames, levels = [span.start], [0.0]
    while True:
        lasts = 60.0 / rng.uniform(*_BREATHS)
        top = frames[-1] + span.frames(_INHALED * lasts)
        out = top + span.frames((1.0 - _INHALED) * lasts)
        if out > span.end:
            break
        frames += (top, out)
        levels += (float(rng.uniform(0.7, 1.0)), 0.0)
    if frames[-1] < span.end:
        frames.append(span.end)
        levels.append(0.0)
    return {
        shape: _eased(frames, [min(weight * amount * level, 1.0) for level in levels])
        for shape, weight in _BREATH.items()
    }


def _drift(span: _Span, amount: float, rng: np.random.Generator) -> dict[str, Curve]:
    curves: dict[str, Curve] = {}
    for shapes, most in _DRIFTS:
        frames, levels = [span.start], [0.0]
        while True:
            following = frames[-1] + span.frames(rng.uniform(*_DRIFT_LASTS))
            level = float(rng.random()) ** 2 * most * amount
            if following >= span.end:
                break
            frames.append(following)
            levels.append(level)
        # Back to rest, but not faster than anywhere else.
        levels[-1] = 0.0
        curve = _eased([*frames, span.end], [*levels, 0.0])
        curves |= dict.fromkeys(shapes, curve)
    return curves


def _eased(frames: list[float], values: list[float]) -> Curve:
    """From key to key with level handles."""
    at: Floats = np.array(frames)
    return Curve(at, np.array(values), np.zeros(len(at)))
