# SPDX-License-Identifier: GPL-3.0-or-later
"""One expression on the head's shape keys or controls: as values, or as keys at one frame."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animation.data import Animation, Curve
from ..vocabulary import ARKIT_SHAPES
from .actions import Written, write_animation
from .face_channels import face_of, sort_out
from .fcurves import require_shape_keys

Floats = NDArray[np.float64]


def shown_pose(head: bpy.types.Object) -> Floats:
    """(52,) values that the head's shapes have now, 0 where it has none. Raises RigError where
    it has no shape keys at all.
    """
    require_shape_keys(head, "set")
    face = face_of(head)
    values = face.values(face.shown)
    return np.clip([values.get(shape, 0.0) for shape in ARKIT_SHAPES], 0.0, 1.0)


def set_pose(head: bpy.types.Object, coefficients: Floats) -> Written:
    """Set the values of the head's shapes to (52,) in ARKit order, without a key. Raises
    RigError where it has no shape keys.
    """
    require_shape_keys(head, "set")
    shapes = sort_out(head, ARKIT_SHAPES)
    values = dict(zip(ARKIT_SHAPES, map(float, coefficients), strict=True))
    face_of(head).put({shape: values[shape] for shape in shapes.free})
    return Written(0, shapes.missing, shapes.driven)


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
