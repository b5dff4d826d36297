# SPDX-License-Identifier: GPL-3.0-or-later
"""Auto-Rig Face: one click from a bare head mesh to a certified face rig.

Blender is imported inside register() alone, so that the pure geometry below this package can be
used and tested without Blender.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def register() -> None:
    """Add the properties, operators and panels to Blender."""
    for module in _modules():
        module.register()


def unregister() -> None:
    """Take everything out again, in reverse order."""
    for module in reversed(_modules()):
        module.unregister()


def _modules() -> list[ModuleType]:
    names = ("translations", "preferences", "properties", "operators", "panels")
    return [import_module(f".{name}", __package__) for name in names]
