# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""All state that lives in the .blend, and the progress that lives in the window."""

from __future__ import annotations

from typing import Final

import bpy
from bpy.app.handlers import persistent
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

from .vocabulary import (
    ARKIT_SHAPES,
    EMOTIONS,
    FACE_REGIONS,
    LEAST_EXAGGERATION,
    MOST_EXAGGERATION,
    MOST_GAIN,
    STRONGEST_EMOTION,
)

ATTRIBUTE: Final = "auto_rig_face"

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


class OwnedKey(bpy.types.PropertyGroup):
    """A shape key that the rig made, and what its motion was, to notice later sculpting."""

    count: IntProperty()
    length: FloatProperty()
    moment: FloatProperty()


class OwnedName(bpy.types.PropertyGroup):
    """The name of a vertex group or bone that the rig made."""

    bone: StringProperty()


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
    frees objects that keep each other in use.
    """

    role: EnumProperty(items=ROLE_ITEMS)
    head: PointerProperty(type=bpy.types.Object)

    keys: CollectionProperty(type=OwnedKey)
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
    sealed_mouth: BoolProperty()
    poses: CollectionProperty(type=NamedPose)
    thumbnails: CollectionProperty(type=Thumbnail)
    gains: CollectionProperty(type=CaptureGain)
    gain: IntProperty(name="Gain", description="The shape that is chosen", min=0)

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
    acting: PointerProperty(type=ActingSettings)


class RigProgress(bpy.types.PropertyGroup):
    """What the running job shows in the window, and why the last one stopped."""

    running: BoolProperty()
    stage: StringProperty()
    fraction: FloatProperty()
    object_name: StringProperty()
    problem: StringProperty()
    remedy: StringProperty()


def state_of(obj: bpy.types.Object) -> ObjectState:
    """The rig's state on an object."""
    return getattr(obj, ATTRIBUTE)


def settings_of(context: bpy.types.Context) -> RigSettings:
    """The options in the scene."""
    return getattr(context.scene, ATTRIBUTE)


def progress_of(context: bpy.types.Context) -> RigProgress:
    """The progress in the window."""
    return getattr(context.window_manager, ATTRIBUTE)


def copy_settings(source: object, target: object, *groups: type) -> None:
    """Copy the properties that ``groups`` declare from one holder of them to another."""
    for group in groups:
        for name in group.__annotations__:
            setattr(target, name, getattr(source, name))


def head_of(obj: bpy.types.Object | None) -> bpy.types.Object | None:
    """The head that an object belongs to: itself, or where it is a part, armature or marker."""
    if obj is None:
        return None
    state = state_of(obj)
    if state.role in {"PART", "ARMATURE", "MARKER"} and state.head is not None:
        return state.head
    return obj


def is_rigged(obj: bpy.types.Object) -> bool:
    """Whether the object is a head that carries a rig of ours."""
    state = state_of(obj)
    return state.role == "HEAD" and state.status != "NONE"


def has_sealed_mouth(obj: bpy.types.Object) -> bool:
    """Whether the object is a rigged head whose mouth the mesh keeps shut."""
    return is_rigged(obj) and state_of(obj).sealed_mouth


def chosen_shapes(settings: RigSettings) -> tuple[str, ...]:
    """The ARKit names that the options ask for; empty means all of them."""
    if all(getattr(settings, name) for name in SHAPE_SETS):
        return ()
    prefixes = tuple(
        prefix for name, group in SHAPE_SETS.items() if getattr(settings, name) for prefix in group
    )
    return tuple(shape for shape in ARKIT_SHAPES if prefixes and shape.startswith(prefixes))


_HOLDERS: Final = (
    (bpy.types.Object, ObjectState),
    (bpy.types.Scene, RigSettings),
    (bpy.types.WindowManager, RigProgress),
)
_register_classes, _unregister_classes = bpy.utils.register_classes_factory(
    (
        OwnedKey,
        OwnedName,
        CertificateLine,
        MessageLine,
        NamedPose,
        Thumbnail,
        CaptureGain,
        ObjectState,
        SequenceStep,
        ActingSettings,
        RigSettings,
        RigProgress,
    )
)


@persistent
def _forget_jobs(_path: str) -> None:
    """A window is saved with its file: a job that ran at an autosave does not run after loading."""
    for window_manager in bpy.data.window_managers:
        progress = getattr(window_manager, ATTRIBUTE)
        progress.running = False
        progress.problem = progress.remedy = ""


def register() -> None:
    """Add the properties to Object, Scene and WindowManager."""
    _register_classes()
    for holder, group in _HOLDERS:
        setattr(holder, ATTRIBUTE, PointerProperty(type=group))
    bpy.app.handlers.load_post.append(_forget_jobs)


def unregister() -> None:
    """Take the properties away again."""
    bpy.app.handlers.load_post.remove(_forget_jobs)
    for holder, _group in _HOLDERS:
        delattr(holder, ATTRIBUTE)
    _unregister_classes()
