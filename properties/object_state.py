# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""What the .blend keeps about a rigged head and what belongs to it."""

from __future__ import annotations

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..vocabulary import MOST_GAIN
from .items import ROLE_ITEMS, STATUS_ITEMS


class OwnedKey(bpy.types.PropertyGroup):
    """A shape key that the rig made, and what its motion was, to notice later sculpting.

    ``recipe``: of a standard's key, the ARKit weights that it was baked from, as JSON; "" of the
    rig's own. ``original``: what a key was called before it got a standard's name; "" of others.
    ``motion`` or ``walked``: the rig's own, see scene.motion_memory; ``correction``: what the
    artist has sculpted on it, see scene.packed.
    """

    count: IntProperty()
    length: FloatProperty()
    moment: FloatProperty()
    recipe: StringProperty()
    original: StringProperty()
    motion: StringProperty()
    walked: StringProperty(subtype="BYTE_STRING")
    correction: StringProperty()
    step: FloatProperty()


class OwnedName(bpy.types.PropertyGroup):
    """The name of a vertex group or bone that the rig made."""

    bone: StringProperty()


class AddedStandard(bpy.types.PropertyGroup):
    """A standard whose keys a head has; its name is the standard's identifier."""


class CertificateLine(bpy.types.PropertyGroup):
    """One figure of the certificate."""

    value: FloatProperty()
    measured: BoolProperty()
    limit: FloatProperty()
    limited: BoolProperty()
    passed: BoolProperty()
    unit: StringProperty()
    place: StringProperty()
    note: StringProperty()


class MessageLine(bpy.types.PropertyGroup):
    """Something that the artist should know about the rig."""

    severity: StringProperty()
    text: StringProperty()


class NamedPose(bpy.types.PropertyGroup):
    """An expression that the artist has named; ``values``: see scene.named_poses."""

    values: StringProperty()


class Thumbnail(bpy.types.PropertyGroup):
    """A small picture of an expression; ``pixels``: see scene.thumbnails."""

    pixels: StringProperty()


class CaptureGain(bpy.types.PropertyGroup):
    """How a shape of the character answers to captures; its name is the ARKit shape."""

    gain: FloatProperty(
        name="Gain",
        description="The shape key gets so many times the actor's weight",
        default=1.0,
        min=-MOST_GAIN,
        max=MOST_GAIN,
        soft_min=0.0,
        soft_max=2.0,
        step=5,
        precision=2,
    )
    offset: FloatProperty(
        name="Offset",
        description="Added to that; the sum stays within 0 to 1",
        default=0.0,
        min=-1.0,
        max=1.0,
        step=1,
    )


class ObjectState(bpy.types.PropertyGroup):
    """What the rig knows about an object: the head, a loose part, the armature or a marker.

    Parts, armature and markers point to their head, and the head to none of them: Blender never
    frees objects that keep each other in use. ``problem``, ``remedy``: what the markers of a head
    are there for, where it was asked about.
    """

    role: EnumProperty(items=ROLE_ITEMS)
    head: PointerProperty(type=bpy.types.Object)

    keys: CollectionProperty(type=OwnedKey)
    standards: CollectionProperty(type=AddedStandard)
    renamed: BoolProperty()
    groups: CollectionProperty(type=OwnedName)
    made_basis: BoolProperty()
    modifier: StringProperty()
    parented: BoolProperty()

    status: EnumProperty(items=STATUS_ITEMS)
    metrics: CollectionProperty(type=CertificateLine)
    messages: CollectionProperty(type=MessageLine)
    landmarks: StringProperty()
    base_landmarks: StringProperty()
    mesh_digest: StringProperty()
    surface: StringProperty()
    sealed_mouth: BoolProperty()
    poses: CollectionProperty(type=NamedPose)
    thumbnails: CollectionProperty(type=Thumbnail)
    gains: CollectionProperty(type=CaptureGain)
    gain: IntProperty(name="Gain", description="The shape that is chosen", min=0)

    problem: StringProperty()
    remedy: StringProperty()

    marker: StringProperty()
    home: FloatVectorProperty(size=3)
    asked: BoolProperty()

    reference: PointerProperty(
        name="Reference Picture",
        description=(
            "A picture of this character's face, from the front as a rule: a drawing, a render or "
            "a photograph. It corrects the landmarks where it is surer of them than the mesh is"
        ),
        type=bpy.types.Image,
    )
