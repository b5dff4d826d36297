# SPDX-License-Identifier: GPL-3.0-or-later
"""Every name that the product speaks, as immutable data with the address of its standard.

Left and right are always the character's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

# https://developer.apple.com/documentation/arkit/arfaceanchor/blendshapelocation
# A mesh of fewer has no face that could move.
MIN_VERTICES: Final = 200

ARKIT_SHAPES: Final[tuple[str, ...]] = (
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "eyeBlinkLeft",
    "eyeBlinkRight",
    "eyeLookDownLeft",
    "eyeLookDownRight",
    "eyeLookInLeft",
    "eyeLookInRight",
    "eyeLookOutLeft",
    "eyeLookOutRight",
    "eyeLookUpLeft",
    "eyeLookUpRight",
    "eyeSquintLeft",
    "eyeSquintRight",
    "eyeWideLeft",
    "eyeWideRight",
    "jawForward",
    "jawLeft",
    "jawOpen",
    "jawRight",
    "mouthClose",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthFunnel",
    "mouthLeft",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthPucker",
    "mouthRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "noseSneerLeft",
    "noseSneerRight",
    "tongueOut",
)

# The seven classes of most facial expression databases, in a fixed order.
EMOTIONS: Final[tuple[str, ...]] = (
    "neutral",
    "joy",
    "sadness",
    "surprise",
    "fear",
    "anger",
    "disgust",
)

STRONGEST_EMOTION: Final[float] = 2.0  # an exaggerated one; 1 is as people show it
MOST_GAIN: Final[float] = 10.0  # how strongly a shape can answer to a capture, either way

# Region -> its shapes, as sliders are grouped.
SLIDER_REGIONS: Final[dict[str, tuple[str, ...]]] = {
    region: tuple(shape for shape in ARKIT_SHAPES if shape.startswith(starts))
    for region, starts in {
        "Brows": ("brow",),
        "Eyes": ("eye",),
        "Cheeks and Nose": ("cheek", "nose"),
        "Jaw": ("jaw",),
        "Mouth": ("mouth",),
        "Tongue": ("tongue",),
    }.items()
}


def name_in_region(shape: str) -> str:
    """What is left of a shape's name where the region stands above and the side beside: "Smile"."""
    name = shape.removesuffix("Left")
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in name)
    _, _, rest = spaced.partition(" ")
    return rest or "Sideways"


# The parts of a face that an animator keys apart, in the order in which they act.
FACE_REGIONS: Final[tuple[str, ...]] = ("brows", "cheeks", "mouth", "eyes")

# How far an artist may ask shapes to move; 1 is as far as on a realistic face.
LEAST_EXAGGERATION: Final[float] = 0.5
MOST_EXAGGERATION: Final[float] = 1.5

SIDES: Final[tuple[str, str]] = ("L", "R")

# The face points that every rig reports; METRICS of each point are in docs/evaluation.md.
PAIRED_LANDMARKS: Final[tuple[str, ...]] = (
    "eye_outer",
    "eye_inner",
    "lid_upper",
    "lid_lower",
    "pupil",
    "brow_inner",
    "brow_mid",
    "brow_outer",
    "ala",
    "mouth_corner",
)
MIDLINE_LANDMARKS: Final[tuple[str, ...]] = (
    "nose_bridge",
    "nose_tip",
    "nose_base",
    "lip_upper_top",
    "lip_upper_inner",
    "lip_lower_inner",
    "lip_lower_bottom",
    "chin",
)
LANDMARKS: Final[tuple[str, ...]] = (
    tuple(f"{name}_{side}" for name in PAIRED_LANDMARKS for side in SIDES) + MIDLINE_LANDMARKS
)

# The landmarks that an artist can drag; all others are inferred from them.
MARKERS: Final[tuple[str, ...]] = (
    "eye_outer_L",
    "eye_outer_R",
    "eye_inner_L",
    "eye_inner_R",
    "brow_mid_L",
    "brow_mid_R",
    "nose_bridge",
    "nose_tip",
    "mouth_corner_L",
    "mouth_corner_R",
    "lip_upper_inner",
    "lip_lower_inner",
    "chin",
)

# Shape keys that must be rebuilt when a marker moves, by the start of their names.
MARKER_DEPENDENTS: Final[dict[str, tuple[str, ...]]] = {
    "eye": ("eye", "cheekSquint"),
    "brow": ("brow",),
    "nose": ("nose",),
    "mouth": ("mouth", "jaw", "cheek", "tongue"),
    "lip": ("mouth", "jaw", "tongue"),
    "chin": ("mouth", "jaw", "tongue"),
}

# Bones in parent-before-child order: name -> parent. Blender mirrors the suffixes .L and .R:
# https://docs.blender.org/manual/en/latest/animation/armatures/bones/editing/naming.html
BONE_PARENTS: Final[dict[str, str | None]] = {
    "root": None,
    "head": "root",
    "jaw": "head",
    "tongue": "jaw",
    "tongue_tip": "tongue",
    "eye.L": "head",
    "eye.R": "head",
    "lid_upper.L": "head",
    "lid_upper.R": "head",
    "lid_lower.L": "head",
    "lid_lower.R": "head",
    "brow_inner.L": "head",
    "brow_inner.R": "head",
    "brow_mid.L": "head",
    "brow_mid.R": "head",
    "brow_outer.L": "head",
    "brow_outer.R": "head",
    "cheek.L": "head",
    "cheek.R": "head",
    "nose": "head",
    "lip_upper": "head",
    "lip_lower": "jaw",
    "lip_corner.L": "head",
    "lip_corner.R": "head",
}
BONES: Final[tuple[str, ...]] = tuple(BONE_PARENTS)

BONE_COLLECTIONS: Final[dict[str, tuple[str, ...]]] = {
    "Head": ("root", "head"),
    "Eyes": ("eye.L", "eye.R", "lid_upper.L", "lid_upper.R", "lid_lower.L", "lid_lower.R"),
    "Brows": tuple(name for name in BONES if name.startswith("brow")),
    "Mouth": ("jaw", "lip_upper", "lip_lower", "lip_corner.L", "lip_corner.R"),
    "Tongue": ("tongue", "tongue_tip"),
    "Cheeks and Nose": ("cheek.L", "cheek.R", "nose"),
}

# Poses of a contact sheet: title -> shape key values.
CONTACT_SHEET_POSES: Final[dict[str, dict[str, float]]] = {
    "neutral": {},
    "blink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
    "jaw open": {"jawOpen": 1.0},
    "smile": {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
    "frown": {"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0},
    "pucker": {"mouthPucker": 1.0},
    "brows up": {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0},
    "brows down": {"browDownLeft": 1.0, "browDownRight": 1.0},
}


# How ARKit's names tell sides.
SIDE_NAMES: Final[dict[str, str]] = {"L": "Left", "R": "Right"}


def mirror_shape(name: str) -> str:
    """The shape key on the other side of the face; a midline key is its own mirror image."""
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


def corrective_name(first: str, second: str) -> str:
    """The shape key that corrects the sum of two others."""
    return f"{first}_{second}"


# The shape key that keeps the corners of the mouth shut as the jaw opens, and the head's own
# property that turns it up.
STICKY_LIPS: Final = "jawOpen_stickyLips"
STICKY_PROPERTY: Final = "auto_rig_face_sticky_lips"


def corrective_pair(name: str) -> tuple[str, str] | None:
    """The two shape keys whose sum a key of this name corrects; None for any other name."""
    first, _, second = name.partition("_")
    return (first, second) if {first, second} <= set(ARKIT_SHAPES) else None


# What one calls a landmark; of a pair, with its side before it.
_WORDS: Final[dict[str, str]] = {
    "eye_outer": "outer eye corner",
    "eye_inner": "inner eye corner",
    "lid_upper": "upper lid",
    "lid_lower": "lower lid",
    "pupil": "pupil",
    "brow_inner": "inner end of the brow",
    "brow_mid": "middle of the brow",
    "brow_outer": "outer end of the brow",
    "ala": "wing of the nose",
    "mouth_corner": "corner of the mouth",
    "nose_bridge": "bridge of the nose",
    "nose_tip": "tip of the nose",
    "nose_base": "base of the nose",
    "lip_upper_top": "upper edge of the upper lip",
    "lip_upper_inner": "lower edge of the upper lip",
    "lip_lower_inner": "upper edge of the lower lip",
    "lip_lower_bottom": "lower edge of the lower lip",
    "chin": "chin",
}


def in_words(landmark: str) -> str:
    """A landmark's name as one would say it: "left corner of the mouth"."""
    for suffix, side in (("_L", "left "), ("_R", "right ")):
        if landmark.endswith(suffix):
            return side + _WORDS[landmark.removesuffix(suffix)]
    return _WORDS[landmark]


def listed(words: Sequence[str]) -> str:
    """Words as one would say them: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def mirror_bone(name: str) -> str:
    """The bone on the other side of the face; a midline bone is its own mirror image."""
    for side, other in ((".L", ".R"), (".R", ".L")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


def mirror_landmark(name: str) -> str:
    """The landmark on the other side of the face; a midline landmark is its own mirror image."""
    for side, other in (("_L", "_R"), ("_R", "_L")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


def shapes_of_marker(marker: str) -> tuple[str, ...]:
    """Shape keys that depend on where ``marker`` is, in ARKit order."""
    prefixes = MARKER_DEPENDENTS[marker.split("_", maxsplit=1)[0]]
    return tuple(name for name in ARKIT_SHAPES if name.startswith(prefixes))
