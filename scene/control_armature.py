# SPDX-License-Identifier: GPL-3.0-or-later
"""Which armature carries a head's on-face controls, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import bpy

from ..animation.control_map import Channel, limits
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


def unit_of(armature: bpy.types.Object) -> float:
    """The armature's units per IOD of a control's travel."""
    return float(armature[UNIT])


def fchannel(channel: Channel) -> FChannel:
    """The F-curve that moves a control along an axis."""
    name = bpy.utils.escape_identifier(channel.control)
    return FChannel(f'pose.bones["{name}"].location', channel.axis)


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
