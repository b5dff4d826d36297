# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""The progress that lives in the window."""

from __future__ import annotations

import bpy
from bpy.props import (
    BoolProperty,
    FloatProperty,
    StringProperty,
)


class RigProgress(bpy.types.PropertyGroup):
    """What the running job shows in the window, and why the last one stopped: a ``problem`` with
    its ``remedy``, or a ``note`` where nothing is wrong.
    """

    running: BoolProperty()
    stage: StringProperty()
    fraction: FloatProperty()
    object_name: StringProperty()
    problem: StringProperty()
    remedy: StringProperty()
    note: StringProperty()
