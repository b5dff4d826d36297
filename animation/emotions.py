# SPDX-License-Identifier: GPL-3.0-or-later
"""Seven emotions as the 52 ARKit coefficients, in the variants and strengths that people show them.

Prototypes follow EMFACS: P. Ekman, W. V. Friesen, J. C. Hager, "Facial Action Coding System, The
Manual" and "Investigator's Guide" (2002), table of emotion predictions; W. V. Friesen and
P. Ekman, "EMFACS-7" (1983). Action units are written as ARKit shapes. How strong each unit is, what
a wrinkled nose takes along (the manual's AU 9 also lowers the brows and narrows the eyes), and what
an exaggerated emotion adds, is this project's own choice: at intensity 1 an emotion must be read at
a glance on a cartoon, whose brows and lids are all that a viewer sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..vocabulary import ARKIT_SHAPES, EMOTIONS, mirror_shape

SHAPE_INDEX: Final[dict[str, int]] = {name: index for index, name in enumerate(ARKIT_SHAPES)}
SHAPE_MIRROR: Final[NDArray[np.int64]] = np.array(
    [SHAPE_INDEX[mirror_shape(name)] for name in ARKIT_SHAPES]
)

# FACS action unit -> ARKit shapes.
ACTION_UNITS: Final[dict[int, tuple[str, ...]]] = {
    1: ("browInnerUp",),
    2: ("browOuterUpLeft", "browOuterUpRight"),
    4: ("browDownLeft", "browDownRight"),
    5: ("eyeWideLeft", "eyeWideRight"),
    6: ("cheekSquintLeft", "cheekSquintRight"),
    7: ("eyeSquintLeft", "eyeSquintRight"),
    9: ("noseSneerLeft", "noseSneerRight"),
    10: ("mouthUpperUpLeft", "mouthUpperUpRight"),
    12: ("mouthSmileLeft", "mouthSmileRight"),
    15: ("mouthFrownLeft", "mouthFrownRight"),
    16: ("mouthLowerDownLeft", "mouthLowerDownRight"),
    17: ("mouthShrugLower",),
    20: ("mouthStretchLeft", "mouthStretchRight"),
    22: ("mouthFunnel",),
    23: ("mouthRollUpper", "mouthRollLower"),
    24: ("mouthPressLeft", "mouthPressRight"),
    25: ("mouthLowerDownLeft", "mouthLowerDownRight"),
    26: ("jawOpen",),
    64: ("eyeLookDownLeft", "eyeLookDownRight"),
}
# Emotion -> prototypes, each action unit with its strength at intensity 1.
EMFACS: Final[dict[str, tuple[dict[int, float], ...]]] = {
    "neutral": ({},),
    "joy": (
        {6: 0.8, 12: 1.0},
        {6: 0.8, 12: 1.0, 10: 0.25, 25: 0.35, 26: 0.2},
        {6: 0.4, 12: 0.9, 25: 0.25},
    ),
    "sadness": (
        {1: 1.0, 4: 0.2, 15: 1.0, 17: 0.5},
        {1: 1.0, 7: 0.3, 15: 0.9, 17: 0.8, 64: 0.3},
        {1: 1.0, 4: 0.2, 7: 0.5, 15: 0.9, 64: 0.3},
    ),
    "surprise": ({1: 1.0, 2: 1.0, 5: 0.9, 26: 0.8}, {1: 0.9, 2: 1.0, 5: 0.8, 26: 0.6}),
    "fear": (
        {1: 1.0, 2: 0.3, 4: 0.3, 5: 1.0, 20: 1.0, 25: 0.6, 26: 0.3},
        {1: 1.0, 2: 0.3, 4: 0.3, 5: 1.0, 20: 0.9, 25: 0.9},
    ),
    "anger": (
        {4: 1.0, 7: 0.9, 10: 0.7, 25: 0.8, 26: 0.3},
        {4: 1.0, 7: 0.8, 17: 0.8, 23: 0.6},
        {4: 1.0, 7: 0.9, 10: 0.4, 17: 0.7, 23: 0.5},
    ),
    "disgust": (
        {4: 0.3, 6: 0.4, 7: 0.7, 9: 1.0, 10: 0.9, 15: 0.6},
        {4: 0.3, 6: 0.4, 7: 0.7, 9: 1.0, 10: 1.0, 17: 0.7},
        {4: 0.3, 6: 0.4, 7: 0.8, 9: 1.0, 15: 0.8, 16: 0.5},
    ),
}
# What comes on top as the intensity goes from 1 to 2: more muscles, since the first ones are at
# their ends by then.
EXAGGERATED: Final[dict[str, dict[int, float]]] = {
    "neutral": {},
    "joy": {6: 0.3, 10: 0.4, 25: 0.5, 26: 0.6, 2: 0.3},
    "sadness": {1: 0.1, 7: 0.5, 17: 0.6, 20: 0.4, 15: 0.2, 64: 0.3},
    "surprise": {1: 0.1, 2: 0.1, 5: 0.2, 22: 0.5, 25: 0.5, 26: 0.4},
    "fear": {2: 0.5, 20: 0.3, 25: 0.6, 26: 0.7},
    "anger": {4: 0.1, 7: 0.3, 9: 0.6, 10: 0.5, 25: 0.5, 26: 0.4},
    "disgust": {4: 0.5, 7: 0.6, 9: 0.1, 10: 0.4, 25: 0.3, 26: 0.25},
}
# Muscles that can't pull at once: the stronger one wins.
OPPOSITES: Final = (
    ("eyeWideLeft", "eyeBlinkLeft"),
    ("eyeWideRight", "eyeBlinkRight"),
    ("eyeSquintLeft", "eyeWideLeft"),
    ("eyeSquintRight", "eyeWideRight"),
    ("mouthLeft", "mouthRight"),
    ("jawLeft", "jawRight"),
    ("mouthPucker", "mouthStretchLeft"),
    ("mouthPucker", "mouthStretchRight"),
)


def coefficients_of(units: Mapping[int, float]) -> NDArray[np.float32]:
    """(52,) in 0..1 of action units with their strengths."""
    coefficients = np.zeros(len(ARKIT_SHAPES), np.float32)
    for unit, strength in units.items():
        for shape in ACTION_UNITS[unit]:
            index = SHAPE_INDEX[shape]
            coefficients[index] = max(coefficients[index], strength)
    return np.clip(coefficients, 0.0, 1.0)


def exclude_opposites(coefficients: NDArray[np.float32]) -> None:
    """Let go, in place, the weaker of each two muscles that can't pull at once."""
    for first, second in OPPOSITES:
        a, b = SHAPE_INDEX[first], SHAPE_INDEX[second]
        weaker = a if coefficients[a] < coefficients[b] else b
        coefficients[weaker] = 0.0


def units_of(emotion: str, variant: int, intensity: float) -> dict[int, float]:
    """Strengths 0..1 of the action units of one prototype of an emotion at an intensity of 0..2."""
    prototypes = EMFACS[emotion]
    units = {
        unit: strength * min(intensity, 1.0)
        for unit, strength in prototypes[variant % len(prototypes)].items()
    }
    if intensity > 1.0:
        for unit, strength in EXAGGERATED[emotion].items():
            units[unit] = units.get(unit, 0.0) + strength * (intensity - 1.0)
    return {unit: min(strength, 1.0) for unit, strength in units.items()}


def pose(emotion: str, intensity: float, variant: int = 0) -> NDArray[np.float32]:
    """(52,) coefficients of one prototype of an emotion."""
    return coefficients_of(units_of(emotion, variant, intensity))


if set(EMFACS) != set(EMOTIONS) or set(EXAGGERATED) != set(EMOTIONS):
    raise ValueError("Every emotion of the vocabulary needs prototypes, and no other has any.")
