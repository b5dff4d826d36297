# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions with labels, made from published tables of action units.

Nobody was recorded: each vector is a prototype of animation.emotions, or a blend of two, at some
intensity, as one made-up person would show it. The models can know no more than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from auto_rig_face.animation.emotions import (
    ACTION_UNITS,
    EMFACS,
    SHAPE_INDEX,
    coefficients_of,
    exclude_opposites,
    units_of,
)
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS, STRONGEST_EMOTION
from numpy.typing import NDArray

NEUTRAL: Final = EMOTIONS.index("neutral")
SPLITS: Final = {"test": (0,), "validation": (1,), "train": tuple(range(2, 10))}
MODULUS: Final = 10
PER_PERSON: Final = 8
# Other muscles move at most so much: more would be another expression than the label says.
_IDLE: Final = 0.08
_SIDES: Final = np.array(
    [name.endswith("Left") - name.endswith("Right") for name in ARKIT_SHAPES], np.float32
)
_GAZE: Final = [i for i, name in enumerate(ARKIT_SHAPES) if name.startswith("eyeLook")]


@dataclass(frozen=True)
class Labelled:
    """N expressions. ``coefficients`` (N, 52) 0..1; ``emotion`` (N,) of vocabulary.EMOTIONS;
    ``intensity`` (N,) 0..2, 0 for neutral; ``person`` (N,) who shows them.
    """

    coefficients: NDArray[np.float32]
    emotion: NDArray[np.int64]
    intensity: NDArray[np.float32]
    person: NDArray[np.int64]


@dataclass(frozen=True)
class Person:
    """How one made-up person shows emotions. ``gains`` of action units; ``lopsided`` -1..1: how
    much more the left side does; ``favourite``: the variant of each emotion that is shown most.
    """

    gains: dict[int, float]
    lopsided: float
    favourite: dict[str, int]


def expressions(split: str, count: int, seed: int = 1) -> Labelled:
    """The first ``count`` expressions of a split. No person belongs to two splits."""
    numbers = SPLITS[split]
    rows, people = [], []
    for n in range(-(-count // PER_PERSON)):
        number = n // len(numbers) * MODULUS + numbers[n % len(numbers)]
        rng = np.random.default_rng((seed, number))
        person = person_of(rng)
        rows += [sample(rng, person) for _ in range(PER_PERSON)]
        people += [number] * PER_PERSON
    coefficients, emotion, intensity = zip(*rows[:count], strict=True)
    return Labelled(
        np.stack(coefficients),
        np.array(emotion),
        np.array(intensity, np.float32),
        np.array(people[:count]),
    )


def person_of(rng: np.random.Generator) -> Person:
    """Somebody, at random."""
    return Person(
        {unit: float(np.exp(rng.normal(0.0, 0.2))) for unit in ACTION_UNITS},
        float(np.clip(rng.normal(0.0, 0.35), -1.0, 1.0)),
        {name: int(rng.integers(len(prototypes))) for name, prototypes in EMFACS.items()},
    )


def sample(rng: np.random.Generator, person: Person) -> tuple[NDArray[np.float32], int, float]:
    """Coefficients, emotion and intensity of one expression of a person."""
    emotion = int(rng.integers(len(EMOTIONS)))
    name = EMOTIONS[emotion]
    intensity = 0.0 if emotion == NEUTRAL else float(rng.uniform(0.0, STRONGEST_EMOTION))
    units = _blend(rng, person, name, intensity)
    values = coefficients_of(
        {unit: strength * person.gains[unit] for unit, strength in units.items()}
    )
    values *= 1.0 + 0.25 * person.lopsided * _SIDES * rng.random()
    values *= np.exp(rng.normal(0.0, 0.06, len(values))).astype(np.float32)
    idle = rng.random(len(values)) ** 3 * _IDLE * (rng.random(len(values)) < 0.25)
    idle[[*_GAZE, SHAPE_INDEX["mouthClose"]]] = 0.0
    values = np.clip(np.maximum(values, idle), 0.0, 1.0).astype(np.float32)
    _look(rng, values)
    exclude_opposites(values)
    return values, emotion, intensity


def _blend(
    rng: np.random.Generator, person: Person, name: str, intensity: float
) -> dict[int, float]:
    """Action units: those of the person's own variant as a rule, with some of another's on top."""
    own = person.favourite[name] if rng.random() < 0.7 else int(rng.integers(len(EMFACS[name])))
    other = int(rng.integers(len(EMFACS[name])))
    share = float(rng.random() * 0.5)
    first, second = units_of(name, own, intensity), units_of(name, other, intensity)
    # Averaged, both would be shown by half.
    return {
        unit: max(first.get(unit, 0.0), share * second.get(unit, 0.0))
        for unit in {**first, **second}
    }


def _look(rng: np.random.Generator, values: NDArray[np.float32]) -> None:
    """Both eyes look the same way, a little off the front."""
    across, upwards = np.clip(rng.normal(0.0, 0.08, 2), -0.3, 0.3)
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        values[SHAPE_INDEX[f"eyeLookOut{side}"]] = max(sign * across, 0.0)
        values[SHAPE_INDEX[f"eyeLookIn{side}"]] = max(-sign * across, 0.0)
        values[SHAPE_INDEX[f"eyeLookUp{side}"]] = max(upwards, 0.0)
        down = SHAPE_INDEX[f"eyeLookDown{side}"]
        values[down] = max(float(values[down]), -upwards)
        if values[down] > 0.0:
            values[SHAPE_INDEX[f"eyeLookUp{side}"]] = 0.0
