# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions as the 52 ARKit coefficients: single units, mixtures, and seven emotions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from auto_rig_face.animation.emotions import (
    EMFACS,
    SHAPE_INDEX,
    SHAPE_MIRROR,
    coefficients_of,
    exclude_opposites,
)
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from numpy.typing import NDArray

LOOKS: Final = tuple(name for name in ARKIT_SHAPES if name.startswith("eyeLook"))
NEUTRAL: Final = "neutral"


@dataclass(frozen=True)
class Expression:
    """``coefficients`` (52,) float32 in 0..1 in ARKit order; ``emotion`` one of EMOTIONS or "" for
    a free mixture; ``intensity`` 0..1.5 of the emotion.
    """

    coefficients: NDArray[np.float32]
    emotion: str
    intensity: float

    def __getitem__(self, shape: str) -> float:
        return float(self.coefficients[SHAPE_INDEX[shape]])


def neutral() -> Expression:
    """The face at rest."""
    return Expression(np.zeros(len(ARKIT_SHAPES), np.float32), NEUTRAL, 0.0)


def emotion(name: str, intensity: float, variant: int = 0) -> Expression:
    """One EMFACS prototype of an emotion. Above intensity 1 strong units saturate at 1."""
    prototypes = EMFACS[name]
    units = prototypes[variant % len(prototypes)]
    coefficients = coefficients_of({unit: units[unit] * intensity for unit in units})
    return Expression(coefficients, name, intensity)


def sample(rng: np.random.Generator) -> Expression:
    """An expression as training sees them: neutral, one unit, a mixture, or an emotion."""
    kind = rng.choice(("neutral", "unit", "mixture", "emotion"), p=(0.12, 0.13, 0.35, 0.40))
    if kind == "emotion":
        name = str(rng.choice(EMOTIONS[1:]))
        felt = emotion(name, float(rng.uniform(0.0, 1.5)), int(rng.integers(3)))
        coefficients = felt.coefficients.copy()
        # Nobody is exactly symmetric, and other muscles move a little.
        coefficients *= rng.uniform(0.75, 1.0, len(coefficients))
        coefficients = np.maximum(coefficients, _mixture(rng, 0.04, 0.3))
        result = Expression(coefficients, felt.emotion, felt.intensity)
    elif kind == "unit":
        coefficients = np.zeros(len(ARKIT_SHAPES), np.float32)
        index = int(rng.integers(len(ARKIT_SHAPES)))
        coefficients[index] = rng.uniform(0.3, 1.0)
        if rng.random() < 0.5:
            coefficients[SHAPE_MIRROR[index]] = coefficients[index]
        result = Expression(coefficients, "", 0.0)
    elif kind == "mixture":
        result = Expression(_mixture(rng, float(rng.uniform(0.03, 0.2)), 1.0), "", 0.0)
    else:
        result = neutral()
    coefficients = result.coefficients.astype(np.float32)
    _look_around(coefficients, rng)
    if rng.random() < 0.08:
        for shape in ("eyeBlinkLeft", "eyeBlinkRight"):
            coefficients[SHAPE_INDEX[shape]] = rng.uniform(0.4, 1.0)
    exclude_opposites(coefficients)
    return Expression(coefficients, result.emotion, result.intensity)


def _mixture(rng: np.random.Generator, share: float, strength: float) -> NDArray[np.float32]:
    count = len(ARKIT_SHAPES)
    values = np.where(rng.random(count) < share, rng.random(count) * strength, 0.0)
    if rng.random() < 0.7:
        values = (values + values[SHAPE_MIRROR]) / 2
    values[[SHAPE_INDEX[name] for name in LOOKS]] = 0.0
    # mouthClose means nothing without an open jaw.
    values[SHAPE_INDEX["mouthClose"]] = min(
        values[SHAPE_INDEX["mouthClose"]], values[SHAPE_INDEX["jawOpen"]]
    )
    return values.astype(np.float32)


def _look_around(coefficients: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Both eyes look the same way, as a rule a little off the front."""
    across, upwards = np.clip(rng.normal(0.0, 0.3, 2), -1.0, 1.0)
    values = {
        "eyeLookOutLeft": across,
        "eyeLookInRight": across,
        "eyeLookInLeft": -across,
        "eyeLookOutRight": -across,
        "eyeLookUpLeft": upwards,
        "eyeLookUpRight": upwards,
        "eyeLookDownLeft": -upwards,
        "eyeLookDownRight": -upwards,
    }
    for name, value in values.items():
        coefficients[SHAPE_INDEX[name]] = max(value, 0.0)


@dataclass(frozen=True)
class SideControls:
    """What one half of a face does. ``blink``, ``wide``, ``squint`` 0..1; ``gaze`` (2,) turn of
    the eye to the character's left and up, -1..1; ``brow`` (3,) lift of its inner end, middle and
    outer end; ``corner`` (2,) motion of the mouth corner outwards and up; ``upper_lip`` and
    ``lower_lip``: how far that lip is drawn off its fellow.
    """

    blink: float
    wide: float
    squint: float
    gaze: tuple[float, float]
    brow: tuple[float, float, float]
    corner: tuple[float, float]
    upper_lip: float
    lower_lip: float


@dataclass(frozen=True)
class Controls:
    """An expression in the terms of a simple built face; all values about -1..1.

    ``jaw``: open; ``jaw_shift`` and ``mouth_shift``: to the character's left; ``round``: pucker
    or funnel; ``funnel``: open roundness; ``roll``: lips rolled in; ``puff``: cheeks; ``tongue``.
    """

    sides: dict[str, SideControls]
    jaw: float
    jaw_shift: float
    mouth_shift: float
    round: float
    funnel: float
    roll: float
    puff: float
    tongue: float


def controls_of(expression: Expression) -> Controls:
    """The controls of a simple face that show ``expression``."""
    e = expression

    def side(name: str) -> SideControls:
        down, inner, outer = e[f"browDown{name}"], e["browInnerUp"], e[f"browOuterUp{name}"]
        turn = e[f"eyeLookOut{name}"] - e[f"eyeLookIn{name}"]
        smile, frown = e[f"mouthSmile{name}"], e[f"mouthFrown{name}"]
        stretch, dimple = e[f"mouthStretch{name}"], e[f"mouthDimple{name}"]
        return SideControls(
            blink=e[f"eyeBlink{name}"],
            wide=e[f"eyeWide{name}"],
            squint=max(e[f"eyeSquint{name}"], 0.6 * e[f"cheekSquint{name}"]),
            gaze=(
                turn if name == "Left" else -turn,
                e[f"eyeLookUp{name}"] - e[f"eyeLookDown{name}"],
            ),
            brow=(inner - down, 0.4 * inner + 0.5 * outer - 0.7 * down, outer - 0.3 * down),
            corner=(
                0.6 * smile + stretch + 0.4 * dimple - 0.2 * frown,
                smile - frown - 0.25 * stretch + 0.1 * dimple,
            ),
            upper_lip=e[f"mouthUpperUp{name}"] + 0.3 * e[f"noseSneer{name}"],
            lower_lip=e[f"mouthLowerDown{name}"],
        )

    pressed = 0.3 * (e["mouthPressLeft"] + e["mouthPressRight"])
    return Controls(
        sides={"L": side("Left"), "R": side("Right")},
        jaw=max(e["jawOpen"] - e["mouthClose"], 0.0),
        jaw_shift=e["jawLeft"] - e["jawRight"],
        mouth_shift=e["mouthLeft"] - e["mouthRight"],
        round=max(e["mouthPucker"], e["mouthFunnel"]),
        funnel=e["mouthFunnel"],
        roll=max((e["mouthRollUpper"] + e["mouthRollLower"]) / 2, pressed),
        puff=e["cheekPuff"],
        tongue=e["tongueOut"],
    )
