# SPDX-License-Identifier: GPL-3.0-or-later
"""How good and how fast the product is. Does not ship.

Benchmarks use the product from outside, as ``auto_rig_face``; run from the repository's root
(``python -m benchmarks.quality``) they load it under that name, as Blender would.
"""

from __future__ import annotations

from tools.extension import PACKAGE, ROOT, load_package

__all__ = ["PACKAGE", "ROOT"]

load_package()
