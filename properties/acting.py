# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""How emotions are acted."""

from __future__ import annotations

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
)

from ..vocabulary import FACE_REGIONS, STRONGEST_EMOTION
from .items import EMOTION_ITEMS, REGION_ITEMS, STYLE_ITEMS


class TurnProperties:
    """One turn to an emotion: of the panel, of a sequence's steps and of the operator."""

    length: IntProperty(
        name="Length", description="Frames that the face moves", default=24, min=2, soft_max=240
    )
    hold: IntProperty(
        name="Hold",
        description="Frames that the emotion is kept before the next one may begin",
        default=24,
        min=0,
        soft_max=240,
    )
    intensity: FloatProperty(
        name="Intensity",
        description="1 as people show it, up to 2 for an exaggerated face",
        default=1.0,
        min=0.0,
        max=STRONGEST_EMOTION,
        step=5,
    )


class MannerProperties:
    """How emotions are acted: of the panel and, to be changed afterwards, of the operators."""

    back: BoolProperty(
        name="And Back",
        description="Return after the last hold to what the face began with",
        default=False,
    )
    style: EnumProperty(name="Style", description="How the face moves", items=STYLE_ITEMS)
    asymmetry: FloatProperty(
        name="Asymmetry",
        description="How far one side of the face does less, and later",
        default=0.15,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    seed: IntProperty(
        name="Seed",
        description="Another number, another way to show the same emotion",
        default=0,
        min=0,
    )
    blink: BoolProperty(
        name="Blink", description="Blink as the emotion turns, if there is time", default=True
    )
    regions: EnumProperty(
        name="Regions",
        description="The parts of the face that are keyed",
        items=REGION_ITEMS,
        options={"ENUM_FLAG"},
        default=set(FACE_REGIONS),
    )
    as_strip: BoolProperty(
        name="NLA Strip",
        description=(
            "Write a strip of its own in the NLA Editor, to be moved and blended there, instead of "
            "keys in the head's action"
        ),
        default=False,
    )


class SequenceStep(TurnProperties, bpy.types.PropertyGroup):
    """One of several emotions that are acted one after another."""

    emotion: EnumProperty(name="Emotion", items=EMOTION_ITEMS, default="joy")


class ActingSettings(MannerProperties, TurnProperties, bpy.types.PropertyGroup):
    """How the panel's emotions are acted, and which follow each other."""

    sequence: CollectionProperty(type=SequenceStep)
    step: IntProperty(name="Step", description="The step that is chosen", min=0)
