# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the eyes of a listener look: mostly at the other's face, from point to point of it, and now
and then away.

S. Lee, J. Badler and N. Badler, "Eyes Alive" (ACM Transactions on Graphics 21(3), 2002): how long
people who listen look at and away (means of 237.5 and 13 frames at 30 a second), how far saccades
go (-6.9 ln(P / 15.7) degrees, P uniform up to 15 percent), and that they go along the axes twice as
often as between them. How long a saccade takes: A. Bahill, M. Clark and L. Stark, "The main
sequence, a tool for studying human eye movements" (Mathematical Biosciences 24, 1975), about
21 ms and 2.2 ms a degree. The lids need no curve of their own: ARKit defines eyeLookDown as the
lids' motion that goes with a gaze downwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .data import Curve, Floats

# Degrees of a whole eyeLook shape: outwards and inwards, up, down.
_SIDEWAYS: Final = 28.0
_UP: Final = 22.0
_DOWN: Final = 25.0
_AT: Final = (237.5 / 30.0, 47.1 / 30.0)  # seconds: mean and standard deviation
_AWAY: Final = (13.0 / 30.0, 7.1 / 30.0)
_FARTHEST: Final = 22.7  # degrees, of those who listen
# Fixations on a face: eyes and mouth of somebody at a distance of speech are a few degrees apart.
_FIXATION: Final = (0.25, 1.4)  # seconds
_ON_FACE: Final = 1.3  # degrees, standard deviation
_NOTICED: Final = 0.25  # degrees; less isn't worth keys
_FURTHEST_WEIGHT: Final = 0.9  # an eye isn't turned as far as it goes
_SACCADE: Final = (0.021, 0.0022)  # seconds, and seconds a degree
# Percent of saccades towards 0, 45, ... 315 degrees, right, up, left, down.
_DIRECTIONS: Final = np.array([15.54, 6.46, 17.69, 7.44, 16.80, 7.89, 20.38, 7.79])


@dataclass(frozen=True)
class _Fixation:
    """``frame`` at which the eyes leave for it; ``left`` and ``up``: degrees from straight ahead,
    left being the character's own.
    """

    frame: float
    left: float
    up: float


def gaze_curves(
    start: float, end: float, fps: float, amount: float, rng: np.random.Generator
) -> dict[str, Curve]:
    """Curves of the eyeLook shapes from ``start`` to ``end``, straight ahead at both. ``amount``
    scales how far the eyes go.
    """
    frames, left, up = [start], [0.0], [0.0]
    for fixation in [*_fixations(start, end, fps, amount, rng), _Fixation(end, 0.0, 0.0)]:
        distance = float(np.hypot(fixation.left - left[-1], fixation.up - up[-1]))
        takes = max(1.0, float(round((_SACCADE[0] + _SACCADE[1] * distance) * fps)))
        leaves = min(fixation.frame, end - takes)
        if leaves < frames[-1]:
            continue
        if leaves > frames[-1]:
            frames.append(leaves)
            left.append(left[-1])
            up.append(up[-1])
        frames.append(leaves + takes)
        left.append(fixation.left)
        up.append(fixation.up)
    return _shapes(np.array(frames), np.array(left), np.array(up))


def _fixations(
    start: float, end: float, fps: float, amount: float, rng: np.random.Generator
) -> list[_Fixation]:
    """What the eyes look at, one after another, but for the last return."""
    fixations: list[_Fixation] = []
    at, here = start, np.zeros(2)
    until = at + _lasts(_AT, fps, rng) * rng.random()  # the scene begins somewhere in it
    away = False
    while True:
        at += max(2.0, round(rng.uniform(*_FIXATION) * fps)) if not away else until - at
        if at >= until:
            away = not away
            until = at + _lasts(_AWAY if away else _AT, fps, rng)
        if at > end - fps / 2:
            return fixations
        there = _away(rng) if away else rng.normal(0.0, _ON_FACE, 2)
        if away or np.linalg.norm(there - here) * amount >= _NOTICED:
            here = there
            fixations.append(_Fixation(float(at), *(float(x) for x in there * amount)))


def _lasts(seconds: tuple[float, float], fps: float, rng: np.random.Generator) -> float:
    """Whole frames of a glance."""
    return float(round(max(rng.normal(*seconds), 0.2) * fps)) + 1.0


def _away(rng: np.random.Generator) -> Floats:
    """Degrees to the left and up of a glance away."""
    far = min(-6.9 * np.log(rng.uniform(1e-9, 15.0) / 15.7), _FARTHEST)
    eighth = rng.choice(len(_DIRECTIONS), p=_DIRECTIONS / _DIRECTIONS.sum())
    angle = np.deg2rad(45.0 * eighth)
    return np.asarray(far * np.array([-np.cos(angle), np.sin(angle)]))


def _shapes(frames: Floats, left: Floats, up: Floats) -> dict[str, Curve]:
    weights = {
        "eyeLookOutLeft": left / _SIDEWAYS,
        "eyeLookInRight": left / _SIDEWAYS,
        "eyeLookInLeft": -left / _SIDEWAYS,
        "eyeLookOutRight": -left / _SIDEWAYS,
        **{f"eyeLookUp{side}": up / _UP for side in ("Left", "Right")},
        **{f"eyeLookDown{side}": -up / _DOWN for side in ("Left", "Right")},
    }
    return {
        shape: _curve(frames, np.clip(w, 0.0, _FURTHEST_WEIGHT)) for shape, w in weights.items()
    }


def _curve(frames: Floats, values: Floats) -> Curve:
    """With level handles, and without keys in the midst of a level stretch."""
    same = np.abs(np.diff(values)) < 1e-9
    needed = np.ones(len(values), dtype=bool)
    needed[1:-1] = ~(same[:-1] & same[1:])
    return Curve(frames[needed], values[needed], np.zeros(int(needed.sum())))
