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


def controls_of(head: bpy.types.Object) -> bpy.types.Object | None:
    """The armature that carries the controls of a head; None where it has none."""
    for obj in bpy.data.objects:
        if obj.type == "ARMATURE" and UNIT in obj and state_of(obj).head == head:
            return obj
    return None


def required_controls(head: bpy.types.Object) -> bpy.types.Object:
    """The same; raises RigError where it has none."""
    armature = controls_of(head)
    if armature is None:
        raise RigError(f'"{head.name}" has no controls.', "Press Add Controls first.")
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


def set_limits(armature: bpy.types.Object, most: float) -> None:
    """Let controls go as far as shapes reach ``most``."""
    unit = unit_of(armature)
    for bone in armature.pose.bones:
        limit = bone.constraints.get(LIMIT)
        if limit is not None:
            for axis, (low, high) in zip("xyz", limits(bone.name, most), strict=True):
                setattr(limit, f"min_{axis}", low * unit)
                setattr(limit, f"max_{axis}", high * unit)
