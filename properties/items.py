# SPDX-License-Identifier: GPL-3.0-or-later
"""What the choices are."""

from __future__ import annotations

from typing import Final

from ..vocabulary import EMOTIONS, FACE_REGIONS

# Option of the panel -> beginnings of the ARKit names that it stands for.
SHAPE_SETS: Final[dict[str, tuple[str, ...]]] = {
    "eyes": ("eye",),
    "brows": ("brow",),
    "jaw": ("jaw",),
    "mouth": ("mouth",),
    "cheeks": ("cheek",),
    "nose": ("nose",),
    "tongue": ("tongue",),
}

PARTS_ITEMS: Final = (
    ("NEAR", "Automatic", "Selected objects, children, siblings and whatever lies in the head"),
    ("SELECTED", "Selected", "Only the selected objects near the head"),
    ("NONE", "None", "Only the active object"),
)
EXISTING_KEYS_ITEMS: Final = (
    ("KEEP_BOTH", "Keep Both", "Keep your key; the rig's is added with .rig after its name"),
    ("KEEP", "Keep Mine", "Keep your key and leave out the rig's"),
    ("REPLACE", "Replace", "Overwrite your key with the rig's"),
)
SCULPTED_KEYS_ITEMS: Final = (
    ("KEEP", "Keep", "What you have sculpted on the rig's keys is added to the new ones"),
    ("DISCARD", "Discard", "The rig's keys are made anew, without what you have sculpted on them"),
)
STATUS_ITEMS: Final = (
    ("NONE", "Not Rigged", ""),
    ("GREEN", "Certified", ""),
    ("AMBER", "Certified with Warnings", ""),
    ("RED", "Not Certified", ""),
)
ROLE_ITEMS: Final = (
    ("NONE", "None", ""),
    ("HEAD", "Head", ""),
    ("PART", "Part", ""),
    ("ARMATURE", "Armature", ""),
    ("MARKER", "Marker", ""),
)

EMOTION_ITEMS: Final = tuple((name, name.capitalize(), "") for name in EMOTIONS)
STYLE_ITEMS: Final = (
    ("natural", "Natural", "As people move"),
    ("snappy", "Snappy", "Quick, a little too far, and back"),
    ("cartoon", "Cartoon", "With anticipation and overshoot"),
    ("subtle", "Subtle", "Held back, and one part of the face after another"),
)
REGION_ITEMS: Final = tuple((name, name.capitalize(), "") for name in FACE_REGIONS)

# The standards of animation.standards by identifier, in the order in which artists are offered
# them; a test keeps the two alike.
STANDARD_ITEMS: Final = (
    ("vrm", "VRM 1.0", "18 preset expressions: emotions, vowels, blinks, gaze"),
    ("rpm", "Ready Player Me", "15 visemes and 5 more, beside the 52 ARKit shapes"),
    ("metahuman", "MetaHuman", "Curves of Unreal's MetaHumans that an ARKit shape stands behind"),
    ("unity", "Unity", "The 52 ARKit shapes with a capital first letter, as Live Capture has them"),
    ("mmd", "MMD", "Morphs that motions of MikuMikuDance expect, by their Japanese names"),
    ("oculus", "Oculus Visemes", "The 15 visemes of Oculus Lipsync"),
    ("emotions", "Emotions", "The seven emotions of the palette"),
)
STANDARD_MODE_ITEMS: Final = (
    ("ADD", "Add", "Bake every name as a key of its own; the rig's keys stay as they are"),
    (
        "RENAME",
        "Rename",
        "Give the rig's keys the standard's names where it only has others; bake the rest",
    ),
)
