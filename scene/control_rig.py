# SPDX-License-Identifier: GPL-3.0-or-later
"""On-face controls: bones beside the rig's own that an animator drags, and that drive the head's
shape keys. They hold no skin.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..animation.control_map import (
    COLLECTION,
    CONTROL,
    CONTROLS,
    HALF_AXES,
    LOOSE,
    Control,
    limits,
)
from ..errors import RigError
from ..rigging.data import Bone, FaceLandmarks
from .armature import existing_armature, rest_matrix, set_bones
from .bone_names import bone_names
from .control_animation import (
    Baked,
    bake_to_controls,
    bake_to_keys,
    require_bakeable,
    to_controls,
)
from .control_armature import (
    LIMIT,
    LOOSENED,
    UNIT,
    bone_path,
    controls_of,
    is_loose,
    required_controls,
    set_limits,
)
from .control_drivers import drive_keys, loosen_keys, release_keys
from .control_widgets import make_widgets, remove_widgets
from .face_channels import face_of, sort_out
from .fcurves import remove_curves, require_shape_keys
from .head import SceneHead, SceneOptions
from .host import carrier_of
from .reader import read
from .storage import required_landmarks
from .transaction import Transaction

# On bone collections: that they were shown before the controls came.
_HIDDEN: Final = "auto_rig_face_hidden"
_IN_FRONT: Final = 0.08  # IOD from the skin

# Side -> colour: at rest, selected, active. Eyes have their own, since they lie close together.
_COLOURS: Final = {
    ("L", False): (0.16, 0.45, 1.0),
    ("R", False): (1.0, 0.22, 0.16),
    ("", False): (1.0, 0.72, 0.1),
    ("L", True): (0.1, 0.85, 0.9),
    ("R", True): (1.0, 0.4, 0.75),
    ("", True): (0.45, 0.95, 0.3),
}


def add_controls(context: bpy.types.Context, head: bpy.types.Object) -> Baked:
    """Add controls to the head's armature, let them drive its shape keys, and carry the keys'
    animation over.

    Controls stand where the shape keys' values are. Raises RigError, and changes nothing, where the
    head has no shape keys or no armature, its mesh has changed, it has controls already, or its
    animation can't be carried over.
    """
    require_shape_keys(head, "control")
    if controls_of(head) is not None:
        raise RigError(f'"{head.name}" has controls already.', "Remove them first to start anew.")
    armature = existing_armature(context, head)
    if armature is None:
        raise RigError(
            f'"{head.name}" was rigged without bones, so there is no armature for controls.',
            "Turn on Bones in the options, press Auto-Rig Face, then add the controls.",
        )
    landmarks = required_landmarks(head)
    require_bakeable(to_controls(head, armature))
    _, scene_head = read(context, head, options=SceneOptions(parts="NONE"))
    face = face_of(head)
    free = sort_out(head, HALF_AXES).free
    values = {shape: value for shape, value in face.values(face.shown).items() if shape in free}
    with Transaction() as transaction:
        transaction.on_rollback(lambda: remove_controls(context, head))
        matrix = rest_matrix(armature, carrier_of(scene_head, landmarks.frame))
        axis = matrix.inverted().to_3x3() @ Vector(landmarks.frame.axes[0])
        armature[UNIT] = float(axis.length * landmarks.frame.scale)
        _place(context, scene_head, armature, landmarks, matrix)
        _dress(head, armature)
        drive_keys(head, armature)
        face_of(head).put(values)
    baked = bake_to_controls(head, armature, values)
    context.view_layer.update()
    return baked


def update_controls(
    context: bpy.types.Context,
    scene_head: SceneHead,
    landmarks: FaceLandmarks,
    armature: bpy.types.Object,
) -> None:
    """Bring the controls, if there are any, to where the face is now, and let them drive keys that
    have come to be. Their poses, animation and travel stay.
    """
    if UNIT not in armature:
        return
    matrix = rest_matrix(armature, carrier_of(scene_head, landmarks.frame))
    _place(context, scene_head, armature, landmarks, matrix)
    if scene_head.obj.data.shape_keys is not None:
        drive_keys(scene_head.obj, armature)


def give_up_controls(context: bpy.types.Context, head: bpy.types.Object) -> Baked:
    """Carry the animation of the controls over to the shape keys, then remove the controls. Raises
    RigError, and changes nothing, where it can't be carried over.
    """
    baked = bake_to_keys(head, required_controls(head))
    remove_controls(context, head)
    return baked


def remove_controls(context: bpy.types.Context, head: bpy.types.Object) -> None:
    """Take the controls, their widgets, drivers and F-curves off; the shape keys keep what they
    show. Does nothing where there are none.
    """
    armature = controls_of(head)
    if armature is None:
        return
    if is_loose(armature):
        loosen(head, loose=False)
    if head.data.shape_keys is not None:
        release_keys(head)
    starts = tuple(bone_path(name) for name in CONTROL)
    remove_curves(armature, lambda curve: curve.data_path.startswith(starts))
    bones = [bone for bone in armature.pose.bones if bone.name in CONTROL]
    widgets = [bone.custom_shape for bone in bones if bone.custom_shape is not None]
    set_bones(context, armature, (), Matrix.Identity(4), gone=[bone.name for bone in bones])
    remove_widgets(widgets)
    collection = armature.data.collections.get(COLLECTION)
    if collection is not None:
        armature.data.collections.remove(collection)
    _show_others(armature)
    del armature[UNIT]
    armature.pop(LOOSENED, None)


def loosen(head: bpy.types.Object, *, loose: bool) -> None:
    """Let the controls go to LOOSE times their way, or no farther than the whole way again."""
    armature = controls_of(head)
    if armature is not None:
        most = LOOSE if loose else 1.0
        armature[LOOSENED] = loose
        set_limits(armature, most)
        loosen_keys(head, most)


def _place(
    context: bpy.types.Context,
    scene_head: SceneHead,
    armature: bpy.types.Object,
    landmarks: FaceLandmarks,
    matrix: Matrix,
) -> None:
    names = bone_names(scene_head)
    bones = [_bone(control, landmarks, names["head"]) for control in CONTROLS]
    set_bones(context, armature, bones, matrix)


def _bone(control: Control, landmarks: FaceLandmarks, carrier: str) -> Bone:
    frame = landmarks.frame
    anchors = np.array([frame.to_head(landmarks.named[name]) for name in control.anchors])
    place = anchors.mean(axis=0) + control.offset + np.array([0.0, 0.0, _IN_FRONT])
    if not control.side:
        place[0] = control.offset[0]  # in the middle, however crooked a landmark is
    start, end = frame.to_world(place + np.array([[0.0], [control.radius]]) * [0.0, 1.0, 0.0])
    return Bone(control.name, control.parent or carrier, start, end, z_axis=frame.axes[2])


def _dress(head: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Widgets, colours, locks, limits and the bone collection."""
    _hide_others(armature)
    widgets = make_widgets(head)
    collection = armature.data.collections.new(COLLECTION)
    for control in CONTROLS:
        posed, bone = armature.pose.bones[control.name], armature.data.bones[control.name]
        bone.use_deform = False
        collection.assign(bone)
        posed.custom_shape = widgets[control.widget]
        posed.custom_shape_wire_width = 2.0
        bone.show_wire = True
        posed.rotation_mode = "XYZ"
        posed.lock_rotation = posed.lock_scale = (True, True, True)
        posed.lock_location = [low == high for low, high in limits(control.name)]
        _colour(posed, control)
        limit = posed.constraints.new("LIMIT_LOCATION")
        limit.name, limit.owner_space, limit.use_transform_limit = LIMIT, "LOCAL", True
        for axis in "xyz":
            setattr(limit, f"use_min_{axis}", True)
            setattr(limit, f"use_max_{axis}", True)
    set_limits(armature, 1.0)


def _hide_others(armature: bpy.types.Object) -> None:
    """The rig's own bones would lie over the controls."""
    for collection in armature.data.collections_all:
        if collection.is_visible:
            collection.is_visible = False
            collection[_HIDDEN] = True


def _show_others(armature: bpy.types.Object) -> None:
    for collection in armature.data.collections_all:
        if collection.pop(_HIDDEN, False):
            collection.is_visible = True


def _colour(posed: bpy.types.PoseBone, control: Control) -> None:
    normal = np.array(_COLOURS[control.side, control.region == "eyes"])
    posed.color.palette = "CUSTOM"
    posed.color.custom.normal = normal
    posed.color.custom.select = normal + 0.5 * (1.0 - normal)
    posed.color.custom.active = normal + 0.8 * (1.0 - normal)
