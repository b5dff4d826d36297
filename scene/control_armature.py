# SPDX-License-Identifier: GPL-3.0-or-later
"""Which armature carries a head's on-face controls, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import bpy

from ..animation.control_map import Channel, limits
from ..errors import RigError
from ..properties import state_of
from .fcurves import FChannel

# On an armature with controls: its units per IOD, as they were when the controls were added.
UNIT: Final = "auto_rig_face_control_unit"
LIMIT: Final = "Face Limits"
LOOSENED: Final = "auto_rig_face_loose_controls"


def controls_of(head: bpy.types.Object) -> bpy.types.Object | None:
    """The armature that carries the controls of a head; None where it has none."""
    for obj in bpy.data.objects:
        if obj.type == "ARMATURE" and UNIT in obj and state_of(obj).head == head:
            return obj
    return None


def required_controls(head: bpy.types.Object, control: str = "") -> bpy.types.Object:
    """The same; raises RigError where it has none, or not this one."""
    armature = controls_of(head)
    if armature is None:
        raise RigError(f'"{head.name}" has no controls.', "Press Add Controls first.")
    if control and control not in armature.pose.bones:
        raise RigError(
            f'The control "{control}" has been removed.',
            "Remove Controls, then Add Controls brings it back.",
        )
    return armature


def unit_of(armature: bpy.types.Object) -> float:
    """The armature's units per IOD of a control's travel."""
    return float(armature[UNIT])


def fchannel(channel: Channel) -> FChannel:
    """The F-curve that moves a control along an axis."""
    return FChannel(f"{bone_path(channel.control)}location", channel.axis)


def bone_path(control: str) -> str:
    """What the data paths of a control's F-curves begin with."""
    return f'pose.bones["{bpy.utils.escape_identifier(control)}"].'


def location(armature: bpy.types.Object, channel: Channel) -> float:
    """Where a control stands along an axis, in IOD; 0 where somebody has removed it."""
    bone = armature.pose.bones.get(channel.control)
    return 0.0 if bone is None else bone.location[channel.axis] / unit_of(armature)


def move(armature: bpy.types.Object, channels: Mapping[Channel, float]) -> None:
    """Put controls to places in IOD, along these axes only."""
    unit = unit_of(armature)
    for channel, value in channels.items():
        bone = armature.pose.bones.get(channel.control)
        if bone is not None:
            bone.location[channel.axis] = value * unit


def is_loose(armature: bpy.types.Object) -> bool:
    """Whether its controls may go beyond what was certified."""
    return bool(armature.get(LOOSENED, False))


def set_limits(armature: bpy.types.Object, most: float) -> None:
    """Let controls go as far as shapes reach ``most``."""
    unit = unit_of(armature)
    for bone in armature.pose.bones:
        limit = bone.constraints.get(LIMIT)
        if limit is not None:
            for axis, (low, high) in zip("xyz", limits(bone.name, most), strict=True):
                setattr(limit, f"min_{axis}", low * unit)
                setattr(limit, f"max_{axis}", high * unit)


def is_selected(armature: bpy.types.Object, control: str) -> bool:
    """Whether a control is selected."""
    bone = armature.pose.bones.get(control)
    return bone is not None and bool(_selectable(bone).select)


def select(armature: bpy.types.Object, control: str, *, extend: bool) -> None:
    """Select a control and make it active; or with ``extend`` add it to, or take it off, those that
    are selected.
    """
    chosen = armature.pose.bones[control]
    wanted = not (extend and is_selected(armature, control))
    for bone in () if extend else armature.pose.bones:
        _selectable(bone).select = False
    _selectable(chosen).select = wanted
    if wanted:
        armature.data.bones.active = armature.data.bones[control]


def _selectable(bone: bpy.types.PoseBone) -> bpy.types.PoseBone | bpy.types.Bone:
    """What holds a bone's selection: the pose since Blender 5.0, the armature before."""
    return bone if "select" in bone.bl_rna.properties else bone.bone
