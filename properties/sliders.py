# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""A slider for each shape, which shows and sets what the face does: on the shape keys, or on the
controls that drive them. Sliders keep nothing themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
from bpy.props import BoolProperty, FloatProperty

from ..vocabulary import ARKIT_SHAPES

SLIDERS = "auto_rig_face_sliders"

# What reads and sets a shape of a head. The scene's side says how (see ``connect``).
Read = Callable[[bpy.types.Object, str], float]
Write = Callable[[bpy.types.Object, str, float, bool], None]
_MOST = 1.5  # where limits are loosened


class _Access:
    read: Read | None = None
    write: Write | None = None


def connect(read: Read | None, write: Write | None) -> None:
    """Let sliders read and set shapes like that. ``write`` gets the head, the shape, its value, and
    whether the other side of the face goes along.
    """
    _Access.read, _Access.write = read, write


def sliders_of(head: bpy.types.Object) -> FaceSliders:
    """The sliders of a head."""
    return getattr(head, SLIDERS)


def _slider(shape: str) -> Any:
    def read(group: FaceSliders) -> float:
        return 0.0 if _Access.read is None else _Access.read(group.id_data, shape)

    def write(group: FaceSliders, value: float) -> None:
        if _Access.write is not None:
            _Access.write(group.id_data, shape, value, group.symmetric)

    return FloatProperty(
        name=shape,
        description=f"How far the face shows {shape}",
        min=0.0,
        max=_MOST,
        soft_max=1.0,
        step=1,
        precision=2,
        get=read,
        set=write,
        options={"SKIP_SAVE"},
    )


class FaceSliders(bpy.types.PropertyGroup):
    """One slider for each of the ARKit shapes, under its name."""

    symmetric: BoolProperty(
        name="Symmetric",
        description="Setting one side of the face sets the other one, too",
        default=False,
    )


FaceSliders.__annotations__ |= {shape: _slider(shape) for shape in ARKIT_SHAPES}
