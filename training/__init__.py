# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the networks: data synthesis, networks, training, export. Does not ship.

Run from the repository's root (``python -m training.landmarks``). The product is used from
outside, as ``auto_rig_face``, which is loaded here under that name, as Blender would.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "auto_rig_face"


def load_package() -> None:
    """Import the repository's root as the package that Blender would install."""
    if PACKAGE in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(
        PACKAGE, ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{ROOT} can't be imported as {PACKAGE}.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


load_package()
