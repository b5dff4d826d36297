# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions that the artist has named: kept on the head, as the shapes' values in plain text."""

from __future__ import annotations

import json
import math

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..properties import state_of
from ..vocabulary import ARKIT_SHAPES
from .thumbnails import forget_thumbnail, pose_thumbnail

Floats = NDArray[np.float64]

_DIGITS = 4


def pose_names(head: bpy.types.Object) -> list[str]:
    """In the order in which they were saved."""
    return [pose.name for pose in state_of(head).poses]


def save_pose(head: bpy.types.Object, name: str, coefficients: Floats) -> str:
    """Keep (52,) values in ARKit order under a name, in place of those that had it; returns the
    name as it was kept. Raises RigError for an empty name.
    """
    name = name.strip()
    if not name:
        raise RigError("An expression without a name can't be saved.", "Type a name for it.")
    values = {
        shape: round(float(value), _DIGITS)
        for shape, value in zip(ARKIT_SHAPES, coefficients, strict=True)
        if abs(value) >= 10.0**-_DIGITS
    }
    poses = state_of(head).poses
    pose = poses[name] if name in poses else poses.add()
    pose.name, pose.values = name, json.dumps(values)
    return str(pose.name)


def read_pose(head: bpy.types.Object, name: str) -> Floats:
    """(52,) values 0..1 of a named expression. Raises RigError where there is none, or where its
    text, which comes from a file, isn't what was written.
    """
    poses = state_of(head).poses
    if name not in poses:
        raise RigError(
            f'"{head.name}" has no expression "{name}".', "Choose one of those in the list."
        )
    try:
        stored = json.loads(poses[name].values)
        values = {str(shape): float(value) for shape, value in stored.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise _damaged(name) from error
    if not values.keys() <= set(ARKIT_SHAPES) or not all(map(math.isfinite, values.values())):
        raise _damaged(name)
    return np.clip([values.get(shape, 0.0) for shape in ARKIT_SHAPES], 0.0, 1.0)


def delete_pose(head: bpy.types.Object, name: str) -> None:
    """Forget a named expression. Raises RigError where there is none."""
    index = state_of(head).poses.find(name)
    if index < 0:
        raise RigError(
            f'"{head.name}" has no expression "{name}".', "Choose one of those in the list."
        )
    state_of(head).poses.remove(index)
    forget_thumbnail(head, pose_thumbnail(name))


def _damaged(name: str) -> RigError:
    return RigError(
        f'The expression "{name}" is damaged in this file.', "Delete it and save it again."
    )
