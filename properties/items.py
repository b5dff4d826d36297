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
