# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of Unreal's MetaHumans that an ARKit shape stands behind.

Names: Epic Games, MetaHuman Animator, ``MetaHumanRealtimeCalibration.cpp``, the list of solved
controls (part of Unreal Engine from 5.6). Which ARKit shape drives which curves: Epic's pose asset
``PA_MetaHuman_ARKit_Mapping``, as read out in
https://github.com/Dylanyz/ARKitRemap/tree/main/dev/pose-asset. L and R are the character's own; in
``eyeLookLeft`` and ``eyeLookRight`` the direction is, too, and the last letter says which eye.

Of about 250 curves these are the ones with a counterpart. Where several curves make up one shape,
such as the quarters of the lips in a funnel, each has its share of it: together, which is how they
come from ARKit, they show the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .standard import Standard, recipes

_PREFIX: Final = "CTRL_expressions_"
_SIDES: Final = (("L", "Left"), ("R", "Right"))

# Curve without its side -> ARKit shape without its side.
_PAIRS: Final = {
    "browDown": "browDown",
    "browRaiseOuter": "browOuterUp",
    "eyeBlink": "eyeBlink",
    "eyeCheekRaise": "cheekSquint",
    "eyeLookDown": "eyeLookDown",
    "eyeLookUp": "eyeLookUp",
    "eyeSquintInner": "eyeSquint",
    "eyeWiden": "eyeWide",
    "mouthCornerDepress": "mouthFrown",
    "mouthCornerPull": "mouthSmile",
    "mouthDimple": "mouthDimple",
    "mouthLowerLipDepress": "mouthLowerDown",
    "mouthStretch": "mouthStretch",
    "mouthUpperLipRaise": "mouthUpperUp",
    "noseWrinkle": "noseSneer",
}
_SINGLE: Final = {
    "eyeLookLeftL": "eyeLookOutLeft",
    "eyeLookLeftR": "eyeLookInRight",
    "eyeLookRightL": "eyeLookInLeft",
    "eyeLookRightR": "eyeLookOutRight",
    "jawFwd": "jawForward",
    "jawLeft": "jawLeft",
    "jawOpen": "jawOpen",
    "jawRight": "jawRight",
    "mouthLeft": "mouthLeft",
    "mouthRight": "mouthRight",
    "tongueOut": "tongueOut",
}
# ARKit shape -> the curves that together make it up: what they share of a name, and its endings.
_SHARED: Final = {
    "browInnerUp": ("browRaiseIn", ("L", "R")),
    "mouthShrugLower": ("jawChinRaiseD", ("L", "R")),
    "mouthShrugUpper": ("jawChinRaiseU", ("L", "R")),
    "cheekPuff": ("mouthCheekBlow", ("L", "R")),
    "mouthFunnel": ("mouthFunnel", ("UL", "UR", "DL", "DR")),
    "mouthPucker": ("mouthLipsPurse", ("UL", "UR", "DL", "DR")),
    "mouthPressLeft": ("mouthPress", ("UL", "DL")),
    "mouthPressRight": ("mouthPress", ("UR", "DR")),
    "mouthRollLower": ("mouthLowerLipRollIn", ("L", "R")),
    "mouthRollUpper": ("mouthUpperLipRollIn", ("L", "R")),
}


def _renames() -> Mapping[str, str]:
    names = {
        f"{_PREFIX}{curve}{letter}": f"{shape}{side}"
        for curve, shape in _PAIRS.items()
        for letter, side in _SIDES
    }
    single = {f"{_PREFIX}{curve}": shape for curve, shape in _SINGLE.items()}
    return MappingProxyType({**names, **single})


def _shares() -> dict[str, dict[str, float]]:
    return {
        f"{_PREFIX}{curve}{ending}": {shape: 1.0 / len(endings)}
        for shape, (curve, endings) in _SHARED.items()
        for ending in endings
    }


METAHUMAN: Final = Standard(
    "metahuman",
    "MetaHuman",
    "https://github.com/Dylanyz/ARKitRemap/tree/main/dev/pose-asset",
    recipes(_shares()),
    _renames(),
)
