# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the extension's properties exist in a Blender that was not started with it enabled."""

from __future__ import annotations

import importlib

import bpy

from ..properties import ATTRIBUTE


def ensure_registered() -> None:
    """Register the extension unless Blender has done so already."""
    if not hasattr(bpy.types.Object, ATTRIBUTE):
        importlib.import_module(__package__.rpartition(".")[0]).register()
