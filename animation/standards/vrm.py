# SPDX-License-Identifier: GPL-3.0-or-later
"""The preset expressions of VRM 1.0.

Names: VRM Consortium, "VRMC_vrm.expressions"
(https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/expressions.md).
The specification leaves to the artist how each deforms the face. Left and right are the avatar's
own, of ``lookLeft`` as well: it is the gaze to the avatar's left
(specification/VRMC_vrm-1.0/lookAt.md).

Emotions keep the lips shut where they can, since lip sync comes on top of them. The specification
names the vowels aa, i, u, eh and oh.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ..visemes import shapes_of
from .emotion_keys import shown
from .standard import Standard, recipes

# Preset -> what the "VRM format" add-on for Blender calls it in Python, where that differs.
ADDON_NAMES: Final = MappingProxyType(
    {
        "blinkLeft": "blink_left",
        "blinkRight": "blink_right",
        "lookUp": "look_up",
        "lookDown": "look_down",
        "lookLeft": "look_left",
        "lookRight": "look_right",
    }
)

VRM: Final = Standard(
    "vrm",
    "VRM 1.0",
    "https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/expressions.md",
    recipes(
        {
            "happy": {
                "mouthSmile": 1.0,
                "cheekSquint": 0.9,
                "eyeSquint": 0.5,
                "eyeBlink": 0.25,
            },
            "angry": {
                "browDown": 1.0,
                "noseSneer": 0.5,
                "eyeSquint": 0.6,
                "eyeBlink": 0.2,
                "mouthFrown": 0.8,
                "mouthPress": 0.5,
                "mouthShrugLower": 0.3,
            },
            "sad": {
                "browInnerUp": 1.0,
                "browDown": 0.2,
                "mouthFrown": 1.0,
                "mouthShrugLower": 0.5,
                "eyeBlink": 0.2,
                "eyeLookDown": 0.25,
            },
            "relaxed": {
                "mouthSmile": 0.5,
                "cheekSquint": 0.4,
                "eyeBlink": 0.35,
                "browInnerUp": 0.15,
            },
            "surprised": shown("surprise", 1),
            "neutral": {},
            "aa": shapes_of("aa"),
            "ih": shapes_of("ih"),
            "ou": shapes_of("ou"),
            "ee": shapes_of("E"),
            "oh": shapes_of("oh"),
            "blink": {"eyeBlink": 1.0},
            "blinkLeft": {"eyeBlinkLeft": 1.0},
            "blinkRight": {"eyeBlinkRight": 1.0},
            "lookUp": {"eyeLookUp": 1.0},
            "lookDown": {"eyeLookDown": 1.0},
            "lookLeft": {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0},
            "lookRight": {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0},
        }
    ),
)


def _procedural(preset: str) -> tuple[str, ...]:
    """What of the system's own motion an emotion meets: a blink or lip sync on top of it."""
    moved = set(VRM.recipes[preset])
    lids = not moved.isdisjoint(("eyeBlinkLeft", "eyeSquintLeft"))
    return (
        *(("override_blink",) if lids else ()),
        *(("override_mouth",) if "jawOpen" in moved else ()),
    )


# Emotion -> the add-on's names of what fades as it comes ("Procedural override" of the
# specification), since keys add up: eyes half shut and a blink would shut them too far.
OVERRIDES: Final = MappingProxyType(
    {preset: _procedural(preset) for preset in ("happy", "angry", "sad", "relaxed", "surprised")}
)
