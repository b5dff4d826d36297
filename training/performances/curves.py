# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances of made-up people: 52 coefficients over time.

A face goes from pose to pose, part by part, speaks at times, blinks, looks about and breathes.
Poses are those that pictures are trained on, visemes and idle life are the product's. Nobody was
recorded.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from auto_rig_face.animation.emotions import exclude_opposites
from auto_rig_face.animation.idle import Idle, idle
from auto_rig_face.animation.keys import evaluate
from auto_rig_face.animation.regions import MEMBERS
from auto_rig_face.animation.visemes import VISEMES, shapes_of
from auto_rig_face.vocabulary import ARKIT_SHAPES
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from ..emotions import data as acted
from ..expressions.groups import shown

Floats = NDArray[np.float64]
RATES: Final = (24.0, 25.0, 30.0, 60.0)
_HOLD: Final = (0.1, 1.4)  # seconds
_MOVE: Final = (0.15, 0.8)  # seconds, of one part of the face
_LATER: Final = 0.2  # seconds that parts may begin after each other
_AT_REST: Final = 0.25  # share of poses
_SPEAKS: Final = 0.5  # share of performances
_VISEME: Final = (0.06, 0.22)  # seconds
_COARTICULATION: Final = 0.035  # seconds, deviation of the filter
_PAUSE: Final = 0.25  # share of visemes that are silence
_GAZE: Final = [i for i, name in enumerate(ARKIT_SHAPES) if name.startswith("eyeLook")]
_SOUNDS: Final = np.array(
    [[shapes_of(name).get(shape, 0.0) for shape in ARKIT_SHAPES] for name in VISEMES]
)
_CLOSE, _JAW = ARKIT_SHAPES.index("mouthClose"), ARKIT_SHAPES.index("jawOpen")
# Seconds over which a head turns, and degrees of yaw, pitch and roll.
_TURNS: Final = 0.5
_TURNED: Final = (16.0, 8.0, 5.0)


def performance(rng: np.random.Generator, frames: int, rate: float) -> Floats:
    """(frames, 52) at ``rate`` frames a second, at least one second long."""
    values = _poses(rng, frames, rate)
    if rng.random() < _SPEAKS:
        values = np.maximum(values, _speech(rng, frames, rate))
    life = idle(0.0, float(frames - 1), rate, Idle(rng.uniform(0.5, 2.0), int(rng.integers(2**31))))
    at = np.arange(frames, dtype=np.float64)
    for shape, curve in life.curves.items():
        values[:, ARKIT_SHAPES.index(shape)] += evaluate(curve, at)
    values = values.clip(0.0, 1.0)
    values[:, _CLOSE] = np.minimum(values[:, _CLOSE], values[:, _JAW])
    for row in values:
        exclude_opposites(row)
    return values


def _poses(rng: np.random.Generator, frames: int, rate: float) -> Floats:
    """From pose to pose with holds between them; each part of the face at its own time."""
    person = acted.person_of(rng)
    values = np.empty((frames, len(ARKIT_SHAPES)))
    values[:] = _pose(rng, person)
    at = rng.uniform(-0.5, _HOLD[1]) * rate
    while at < frames:
        pose = _pose(rng, person)
        for members in MEMBERS.values():
            first = at + rng.uniform(0.0, _LATER) * rate
            share = ((np.arange(frames) - first) / (rng.uniform(*_MOVE) * rate)).clip(0.0, 1.0)
            way = (share**2 * (3.0 - 2.0 * share))[:, None]
            values[:, members] += way * (pose[members] - values[-1, members])
        at += (_MOVE[1] + _LATER + rng.uniform(*_HOLD)) * rate
    return values


def _pose(rng: np.random.Generator, person: acted.Person) -> Floats:
    if rng.random() < _AT_REST:
        return np.zeros(len(ARKIT_SHAPES))
    pose = shown(rng, person).coefficients.astype(np.float64)
    pose[_GAZE] *= rng.random() < 0.5  # idle life looks about, too
    return pose


def _speech(rng: np.random.Generator, frames: int, rate: float) -> Floats:
    """Visemes one after another, blended over about the length of a sound."""
    values = np.zeros((frames, len(ARKIT_SHAPES)))
    at, loudness = 0, rng.uniform(0.5, 1.3)
    while at < frames:
        lasts = max(1, round(rng.uniform(*_VISEME) * rate))
        if rng.random() > _PAUSE:
            values[at : at + lasts] = loudness * _SOUNDS[int(rng.integers(len(_SOUNDS)))]
        at += lasts
    return gaussian_filter1d(values, _COARTICULATION * rate, axis=0).clip(0.0, 1.0)


def turns(rng: np.random.Generator, frames: int, rate: float) -> Floats:
    """(frames, 3) yaw, pitch and roll of a head in degrees, mostly seen from the front."""
    start = rng.normal(0.0, (15.0, 7.0, 5.0))
    moved = gaussian_filter1d(rng.normal(size=(frames, 3)), _TURNS * rate, axis=0, mode="wrap")
    moved -= moved.mean(axis=0)
    moved *= rng.random() * np.array(_TURNED) / np.maximum(moved.std(axis=0), 1e-6) / 2.0
    return start + moved
