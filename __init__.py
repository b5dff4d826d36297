# SPDX-License-Identifier: GPL-3.0-or-later
"""Auto-Rig Face: one click from a bare head mesh to a certified face rig.

Blender is imported inside register() alone, so that the pure geometry below this package can be
used and tested without Blender.
"""

from __future__ import annotations


def register() -> None:
    """Add the properties, operators and panels to Blender."""
    from . import operators, panels, preferences, properties

    preferences.register()
    properties.register()
    operators.register()
    panels.register()


def unregister() -> None:
    """Take everything out again, in reverse order."""
    from . import operators, panels, preferences, properties

    panels.unregister()
    operators.unregister()
    properties.unregister()
    preferences.unregister()
