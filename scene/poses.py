# SPDX-License-Identifier: GPL-3.0-or-later
"""One expression on the head's shape keys: as values, or as keys at one frame."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animation.data import Animation, Curve
from ..vocabulary import ARKIT_SHAPES
from .actions import Written, key_name, write_animation
from .fcurves import is_driven, require_shape_keys

Floats = NDArray[np.float64]


def shown_pose(head: bpy.types.Object) -> Floats:
    """(52,) values that the head's shape keys have now, 0 where it has none. Raises RigError where
    it has no shape keys at all.
    """
    blocks = _blocks_of(head)
    names = [key_name(head, shape) for shape in ARKIT_SHAPES]
    return np.clip([0.0 if name is None else blocks[name].value for name in names], 0.0, 1.0)


def set_pose(head: bpy.types.Object, coefficients: Floats) -> Written:
    """Set the values of the head's shape keys to (52,) in ARKit order, without a key. Raises
    RigError where it has no shape keys.
    """
    blocks = _blocks_of(head)
    missing, driven = [], []
    for shape, value in zip(ARKIT_SHAPES, coefficients, strict=True):
        name = key_name(head, shape)
        if name is None:
            missing.append(shape)
        elif is_driven(head, name):
            driven.append(name)
        else:
            blocks[name].value = float(value)
    return Written(0, tuple(missing), tuple(driven))


def key_pose(head: bpy.types.Object, coefficients: Floats, frame: float) -> Written:
    """Set the values and key them at a frame, those at rest as well, so that the whole expression
    stands there. Keys of the animator's at that frame stay.
    """
    curves = {
        shape: Curve(np.array([frame]), np.array([float(value)]), np.zeros(1))
        for shape, value in zip(ARKIT_SHAPES, coefficients, strict=True)
    }
    set_pose(head, coefficients)
    return write_animation(head, [Animation(frame, frame, curves)])


def _blocks_of(head: bpy.types.Object) -> bpy.types.bpy_prop_collection:
    require_shape_keys(head, "set")
    return head.data.shape_keys.key_blocks
