# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""What the artist asks of a rig."""

from __future__ import annotations

import bpy
from bpy.props import (
    BoolProperty,
    EnumProperty,
    FloatProperty,
    PointerProperty,
)

from ..vocabulary import LEAST_EXAGGERATION, MOST_EXAGGERATION
from .acting import ActingSettings
from .items import EXISTING_KEYS_ITEMS, PARTS_ITEMS, SCULPTED_KEYS_ITEMS


class RigSettings(bpy.types.PropertyGroup):
    """What the artist asks for."""

    eyes: BoolProperty(name="Eyes and Lids", default=True)
    brows: BoolProperty(name="Brows", default=True)
    jaw: BoolProperty(name="Jaw", default=True)
    mouth: BoolProperty(name="Mouth", default=True)
    cheeks: BoolProperty(name="Cheeks", default=True)
    nose: BoolProperty(name="Nose", default=True)
    tongue: BoolProperty(name="Tongue", default=True)
    shape_keys: BoolProperty(
        name="Shape Keys", description="Make the ARKit shape keys", default=True
    )
    exaggeration: FloatProperty(
        name="Exaggeration",
        description=(
            "How far the shapes move: 1 as on a realistic face, more for a cartoon. "
            "Blinks shut and lids follow the eyes at any setting"
        ),
        default=1.0,
        min=LEAST_EXAGGERATION,
        max=MOST_EXAGGERATION,
        step=5,
    )
    bones: BoolProperty(
        name="Bones", description="Make an armature and its skin weights", default=True
    )
    parts: EnumProperty(
        name="Parts",
        description="Which other objects belong to the head: eyes, teeth, brows, hair",
        items=PARTS_ITEMS,
    )
    existing_keys: EnumProperty(
        name="Same Name",
        description="What to do where a shape key of yours has the name of one of the rig's",
        items=EXISTING_KEYS_ITEMS,
    )
    sculpted_keys: EnumProperty(
        name="Sculpted Keys",
        description="What becomes of your sculpting on the rig's keys when it is made again",
        items=SCULPTED_KEYS_ITEMS,
    )
    deleted_keys: BoolProperty(
        name="Make Deleted Keys Again",
        description="Bring back those of the rig's keys that you have deleted or renamed",
        default=False,
    )
    acting: PointerProperty(type=ActingSettings)
