# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers that let on-face controls move the head's shape keys.

Each reads one axis of one control (of a gaze two, which are added) and has no expression, so that
Blender calls no Python. Modifiers of the driver's curve scale and clamp: 0 at rest, 1 at the
control's whole way.
"""

from __future__ import annotations

from typing import Final

import bpy

from ..animation.control_map import ADDED, HALF_AXES, LOOSE, Channel, HalfAxis
from ..vocabulary import ARKIT_SHAPES
from .control_armature import unit_of
from .fcurves import is_driven, value_path
from .key_writer import key_name

# Names of the variables; a driver that has others is somebody else's.
_CONTROL: Final = "control"
_BOTH: Final = "both"


def is_controlled(head: bpy.types.Object, name: str) -> bool:
    """Whether a control moves a shape key of the head."""
    animation = head.data.shape_keys.animation_data
    curve = None if animation is None else animation.drivers.find(value_path(name))
    return curve is not None and curve.driver.variables.get(_CONTROL) is not None


def drive_keys(head: bpy.types.Object, armature: bpy.types.Object) -> list[str]:
    """Let the controls move the head's keys; the ARKit shapes that got a driver. Keys with a driver
    of somebody's are left alone.
    """
    driven = []
    for shape in ARKIT_SHAPES:
        name = key_name(head, shape)
        if name is not None and not is_driven(head, name):
            _drive(head, name, armature, HALF_AXES[shape])
            driven.append(shape)
    return driven


def release_keys(head: bpy.types.Object) -> None:
    """Take the controls' drivers off the head's keys, which keep their values."""
    blocks = head.data.shape_keys.key_blocks
    for block in blocks:
        if is_controlled(head, block.name):
            value = block.value
            head.data.shape_keys.driver_remove(value_path(block.name))
            block.value = value


def loosen_keys(head: bpy.types.Object, most: float) -> None:
    """Let the keys that controls move reach ``most``: LOOSE, or 1 again."""
    before = 1.0 if most > 1.0 else LOOSE
    for block in head.data.shape_keys.key_blocks:
        if is_controlled(head, block.name) and block.slider_max == before:
            block.slider_max = most


def _drive(head: bpy.types.Object, name: str, armature: bpy.types.Object, half: HalfAxis) -> None:
    curve = head.data.shape_keys.driver_add(value_path(name))
    for modifier in list(curve.modifiers):  # 4.5 gives it one
        curve.modifiers.remove(modifier)
    curve.driver.type = "SUM"
    _add_variable(curve.driver, _CONTROL, armature, half.channel)
    if half.channel in ADDED:
        _add_variable(curve.driver, _BOTH, armature, ADDED[half.channel])
    # Keys of the driver's curve won't do: Blender takes those nearer than 0.01 for one.
    while len(curve.keyframe_points):
        curve.keyframe_points.remove(curve.keyframe_points[0])
    slope = curve.modifiers.new("GENERATOR")
    slope.poly_order = 1
    slope.coefficients = (0.0, half.sign / (half.size * unit_of(armature)))
    clamp = curve.modifiers.new("LIMITS")
    clamp.use_min_y, clamp.min_y = True, 0.0
    clamp.use_max_y, clamp.max_y = True, LOOSE


def _add_variable(
    driver: bpy.types.Driver, name: str, armature: bpy.types.Object, channel: Channel
) -> None:
    variable = driver.variables.new()
    variable.name, variable.type = name, "TRANSFORMS"
    target = variable.targets[0]
    target.id, target.bone_target = armature, channel.control
    target.transform_type = f"LOC_{'XYZ'[channel.axis]}"
    # As it is keyed, before constraints: what limits a key is the driver's curve.
    target.transform_space = "TRANSFORM_SPACE"
