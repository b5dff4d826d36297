# SPDX-License-Identifier: GPL-3.0-or-later
"""The fifteen visemes of Oculus Lipsync as weights of ARKit shapes, and how each of them behaves
among its neighbours.

Names, order and the phonemes of each: Meta, "Viseme Reference"
(https://developers.meta.com/horizon/documentation/unity/audio-ovrlipsync-viseme-reference), which
follows the visual classes of MPEG-4 (ISO/IEC 14496-2, Annex C). What a sound asks of lips and jaw:
P. Edwards et al., "JALI: an animator-centric viseme model for expressive lip synchronization" (ACM
Transactions on Graphics 35(4), 2016): bilabials shut the lips, labiodentals put the lower lip to
the upper teeth, sibilants narrow the jaw, sounds of the tongue alone leave the lips to their
neighbours. The weights are ours, judged on rendered heads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..vocabulary import ARKIT_SHAPES
from .data import Floats
from .recipes import on_both_sides

SILENCE: Final = "sil"
BILABIAL: Final = "PP"
LABIODENTAL: Final = "FF"

# Viseme -> weights; a name without its side stands for both.
_RECIPES: Final[dict[str, dict[str, float]]] = {
    SILENCE: {},
    # put, bat, mat: lips shut and pressed a little, teeth apart behind them.
    BILABIAL: {
        "jawOpen": 0.06,
        "mouthClose": 0.06,
        "mouthPress": 0.35,
        "mouthRollLower": 0.18,
        "mouthRollUpper": 0.18,
    },
    # fat, vat: the lower lip at the edge of the upper teeth.
    LABIODENTAL: {
        "jawOpen": 0.07,
        "mouthRollLower": 0.6,
        "mouthUpperUp": 0.36,
        "mouthShrugLower": 0.25,
    },
    # think, that: the tongue between the teeth.
    "TH": {
        "jawOpen": 0.17,
        "mouthLowerDown": 0.25,
        "mouthUpperUp": 0.2,
        "tongueOut": 0.3,
    },
    # tip, doll.
    "DD": {"jawOpen": 0.13, "mouthLowerDown": 0.3, "mouthUpperUp": 0.18, "mouthStretch": 0.08},
    # call, gas.
    "kk": {"jawOpen": 0.18, "mouthLowerDown": 0.2, "mouthUpperUp": 0.16},
    # chair, join, she: lips out and open, teeth together.
    "CH": {
        "jawOpen": 0.06,
        "mouthFunnel": 0.65,
        "mouthPucker": 0.3,
        "mouthLowerDown": 0.25,
        "mouthUpperUp": 0.2,
    },
    # sit, zeal: teeth together and seen.
    "SS": {
        "jawOpen": 0.02,
        "mouthStretch": 0.35,
        "mouthDimple": 0.15,
        "mouthLowerDown": 0.5,
        "mouthUpperUp": 0.35,
    },
    # lot, not.
    "nn": {"jawOpen": 0.15, "mouthLowerDown": 0.25, "mouthUpperUp": 0.15},
    # red.
    "RR": {"jawOpen": 0.12, "mouthFunnel": 0.35, "mouthPucker": 0.3, "mouthLowerDown": 0.12},
    # car.
    "aa": {"jawOpen": 0.5, "mouthLowerDown": 0.15, "mouthUpperUp": 0.15},
    # bed.
    "E": {
        "jawOpen": 0.28,
        "mouthStretch": 0.3,
        "mouthDimple": 0.15,
        "mouthLowerDown": 0.25,
        "mouthUpperUp": 0.2,
    },
    # tip (the vowel), see.
    "ih": {
        "jawOpen": 0.14,
        "mouthStretch": 0.4,
        "mouthDimple": 0.25,
        "mouthLowerDown": 0.28,
        "mouthUpperUp": 0.2,
    },
    # toe.
    "oh": {"jawOpen": 0.38, "mouthFunnel": 0.6, "mouthPucker": 0.4},
    # book, you.
    "ou": {"jawOpen": 0.14, "mouthFunnel": 0.4, "mouthPucker": 0.9},
}
VISEMES: Final[tuple[str, ...]] = tuple(_RECIPES)


@dataclass(frozen=True)
class VisemeCue:
    """A viseme from ``start`` to ``end``, in seconds of the recording. ``strength`` 0..1: how far
    it opens or shapes the mouth; contacts of the lips are complete at any.
    """

    start: float
    end: float
    viseme: str
    strength: float = 1.0


@dataclass(frozen=True)
class Behaviour:
    """How a viseme asserts itself. ``lips``, ``jaw``: strength 0..1 of its dominance over those;
    ``early``, ``late``: seconds in which that of its lips comes and goes.

    M. Cohen and D. Massaro, "Modeling coarticulation in synthetic visual speech" (1993).
    """

    lips: float
    jaw: float
    early: float = 0.06
    late: float = 0.06


# Rounded lips are there before their sound, by a whole consonant and more, and stay a little.
_ROUND_EARLY: Final = 0.13
_ROUND_LATE: Final = 0.09
BEHAVIOURS: Final[dict[str, Behaviour]] = {
    SILENCE: Behaviour(0.35, 0.35, 0.1, 0.1),
    BILABIAL: Behaviour(1.0, 0.7, 0.04, 0.04),
    LABIODENTAL: Behaviour(1.0, 0.7, 0.045, 0.045),
    "TH": Behaviour(0.4, 0.7),
    "DD": Behaviour(0.2, 0.55),
    "kk": Behaviour(0.15, 0.4),
    "CH": Behaviour(0.9, 0.95, 0.09, 0.07),
    "SS": Behaviour(0.45, 0.95),
    "nn": Behaviour(0.2, 0.5),
    "RR": Behaviour(0.6, 0.5, 0.08, 0.06),
    "aa": Behaviour(0.6, 1.0),
    "E": Behaviour(0.6, 0.9),
    "ih": Behaviour(0.6, 0.8),
    "oh": Behaviour(0.95, 0.9, _ROUND_EARLY, _ROUND_LATE),
    "ou": Behaviour(1.0, 0.8, _ROUND_EARLY, _ROUND_LATE),
}


def shapes_of(viseme: str) -> dict[str, float]:
    """Weights of the ARKit shapes that show a viseme at full strength."""
    return on_both_sides(_RECIPES[viseme])


# All shapes that speech moves, in ARKit order.
SPEECH_SHAPES: Final[tuple[str, ...]] = tuple(
    shape for shape in ARKIT_SHAPES if any(shape in shapes_of(viseme) for viseme in VISEMES)
)
# (15, S) weights of SPEECH_SHAPES, a row for each of VISEMES.
TARGETS: Final[Floats] = np.array(
    [[shapes_of(viseme).get(shape, 0.0) for shape in SPEECH_SHAPES] for viseme in VISEMES]
)
