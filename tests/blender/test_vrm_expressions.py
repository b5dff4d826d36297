# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Expressions of the add-on "VRM format", of which a stand-in with the same properties is here.

Its structure: https://github.com/saturday06/VRM-Addon-for-Blender,
src/io_scene_vrm/editor/vrm1/property_group.py and src/io_scene_vrm/editor/property_group.py.
"""

from __future__ import annotations

import bpy
import pytest
from auto_rig_face.animation.standards import STANDARDS
from auto_rig_face.properties import state_of
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.standards import add_standard, remove_standard
from bpy.props import (
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    PointerProperty,
    StringProperty,
)

ATTRIBUTES = (
    *("happy", "angry", "sad", "relaxed", "surprised", "neutral", "aa", "ih", "ou", "ee", "oh"),
    *("blink", "blink_left", "blink_right", "look_up", "look_down", "look_left", "look_right"),
)


class MeshObject(bpy.types.PropertyGroup):
    def _name(self) -> str:
        return self.bpy_object.name if self.bpy_object else ""

    def _set_name(self, value: str) -> None:
        found = bpy.data.objects.get(value)
        self.bpy_object = found if found is not None and found.type == "MESH" else None

    mesh_object_name: StringProperty(get=_name, set=_set_name)
    bpy_object: PointerProperty(type=bpy.types.Object)


class MorphTargetBind(bpy.types.PropertyGroup):
    node: PointerProperty(type=MeshObject)
    index: StringProperty()
    weight: FloatProperty(min=0, default=1, max=1)


OVERRIDE_ITEMS = [(name, name, "") for name in ("none", "block", "blend")]


class Expression(bpy.types.PropertyGroup):
    morph_target_binds: CollectionProperty(type=MorphTargetBind)
    override_blink: EnumProperty(items=OVERRIDE_ITEMS)
    override_mouth: EnumProperty(items=OVERRIDE_ITEMS)


Preset = type(
    "Preset",
    (bpy.types.PropertyGroup,),
    {"__annotations__": {name: PointerProperty(type=Expression) for name in ATTRIBUTES}},
)


class Expressions(bpy.types.PropertyGroup):
    preset: PointerProperty(type=Preset)


class Vrm1(bpy.types.PropertyGroup):
    expressions: PointerProperty(type=Expressions)


class Extension(bpy.types.PropertyGroup):
    vrm1: PointerProperty(type=Vrm1)


CLASSES = (MeshObject, MorphTargetBind, Expression, Preset, Expressions, Vrm1, Extension)


@pytest.fixture
def vrm_addon():
    """The add-on's properties on every armature."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Armature.vrm_addon_extension = PointerProperty(type=Extension)
    yield
    del bpy.types.Armature.vrm_addon_extension
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)


@pytest.fixture
def rigged(head_with_eyes, write_rig):
    write_rig(head_with_eyes)
    return head_with_eyes


def presets(armature):
    return armature.data.vrm_addon_extension.vrm1.expressions.preset


def binds(armature):
    """Attribute -> (object, key, weight) of each bind."""
    return {
        name: [
            (bind.node.mesh_object_name, bind.index, bind.weight)
            for bind in getattr(presets(armature), name).morph_target_binds
        ]
        for name in ATTRIBUTES
    }


def face_rig():
    return next(obj for obj in bpy.data.objects if state_of(obj).role == "ARMATURE")


def test_without_the_add_on_nothing_is_bound(context, rigged):
    assert add_standard(context, rigged, "vrm").bound == 0


def test_every_preset_shows_its_key(context, rigged, vrm_addon):
    added = add_standard(context, rigged, "vrm")
    assert added.bound == 18
    found = binds(face_rig())
    keys = [rows[0][1] for rows in found.values()]
    assert keys == list(STANDARDS["vrm"].targets)
    assert found["blink_left"] == [("Head", "blinkLeft", 1.0)]
    assert sorted(found["look_up"]) == [
        ("Eye.L", "lookUp", 1.0),
        ("Eye.R", "lookUp", 1.0),
        ("Head", "lookUp", 1.0),
    ]


def test_adding_again_binds_once(context, rigged, vrm_addon):
    add_standard(context, rigged, "vrm")
    before = binds(face_rig())
    add_standard(context, rigged, "vrm")
    assert binds(face_rig()) == before


def test_binds_of_the_artist_stay(context, rigged, vrm_addon):
    rigged.shape_key_add(name="tears", from_mix=False)
    own = presets(face_rig()).sad.morph_target_binds.add()
    own.node.mesh_object_name, own.index, own.weight = "Head", "tears", 0.5
    add_standard(context, rigged, "vrm")
    assert binds(face_rig())["sad"] == [("Head", "tears", 0.5), ("Head", "sad", 1.0)]
    remove_standard(context, rigged, "vrm")
    left = binds(face_rig())
    assert left.pop("sad") == [("Head", "tears", 0.5)]
    assert not any(left.values())


def test_a_body_that_carries_the_head_is_bound(context, rigged, vrm_addon):
    body = bpy.data.objects.new("Body", bpy.data.armatures.new("Body"))
    context.scene.collection.objects.link(body)
    rigged.modifiers.new("Body", "ARMATURE").object = body
    add_standard(context, rigged, "vrm")
    assert binds(body)["happy"] == [("Head", "happy", 1.0)]
    remove_rig(context, rigged)
    assert not any(binds(body).values())


def test_other_standards_bind_nothing(context, rigged, vrm_addon):
    assert add_standard(context, rigged, "oculus").bound == 0
    assert not any(binds(face_rig()).values())


def test_blinks_and_speech_fade_where_an_emotion_moves_lids_and_jaw(context, rigged, vrm_addon):
    group = presets(face_rig())
    group.angry.override_blink = "block"
    add_standard(context, rigged, "vrm")
    assert (group.happy.override_blink, group.happy.override_mouth) == ("blend", "none")
    assert (group.surprised.override_blink, group.surprised.override_mouth) == ("none", "blend")
    assert group.angry.override_blink == "block"
    assert group.aa.override_mouth == "none"
    remove_standard(context, rigged, "vrm")
    assert (group.happy.override_blink, group.surprised.override_mouth) == ("none", "none")
    assert group.angry.override_blink == "block"
