# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the networks: data synthesis, networks, training, export. Does not ship.

Run from the repository's root (``python -m training.landmarks``). The product is used from
outside, as ``auto_rig_face``, which is loaded here under that name, as Blender would.
"""

from __future__ import annotations

from tools.extension import PACKAGE, ROOT, load_package

__all__ = ["PACKAGE", "ROOT"]

load_package()
