# SPDX-License-Identifier: GPL-3.0-or-later
"""The seven emotions of the palette as keys: the first prototype of each at intensity 1.

Prototypes: EMFACS, see ``animation.emotions``.
"""

from __future__ import annotations

from typing import Final

from ...vocabulary import ARKIT_SHAPES, EMOTIONS
from ..emotions import pose
from .standard import Standard, recipes


def shown(emotion: str, variant: int = 0) -> dict[str, float]:
    """Weights of the shapes that one prototype of an emotion moves, rounded as the tables are."""
    coefficients = pose(emotion, 1.0, variant).tolist()
    pairs = zip(ARKIT_SHAPES, coefficients, strict=True)
    return {shape: round(value, 3) for shape, value in pairs if value > 0.0}


EMOTION_KEYS: Final = Standard(
    "emotions",
    "Emotions",
    "P. Ekman, W. V. Friesen, J. C. Hager, Facial Action Coding System (2002)",
    recipes({emotion: shown(emotion) for emotion in EMOTIONS}),
)
