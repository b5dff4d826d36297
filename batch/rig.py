# SPDX-License-Identifier: GPL-3.0-or-later
"""Headless entry: rig the heads in files and folders.

With Blender:        blender -b --python batch/rig.py -- INPUT... --out DIR
With the bpy wheel:  python batch/rig.py INPUT... --out DIR

This file is run by its path, so it first finds or loads the package that it belongs to.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

PACKAGE_NAME = "auto_rig_face"


def load_package() -> ModuleType:
    """The package around this file: the enabled extension if there is one, else loaded afresh."""
    root = Path(__file__).resolve().parents[1]
    initial = root / "__init__.py"
    for module in tuple(sys.modules.values()):
        location = getattr(module, "__file__", None)
        if location and hasattr(module, "__path__") and Path(location).resolve() == initial:
            return module
    spec = importlib.util.spec_from_file_location(
        PACKAGE_NAME, initial, submodule_search_locations=[str(root)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{initial} can't be loaded as a Python package")
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE_NAME] = package
    spec.loader.exec_module(package)
    return package


def main() -> int:
    """Run the batch command of the package and return its exit code."""
    package = load_package()
    command = importlib.import_module(f"{package.__name__}.batch.command")
    return int(command.main(sys.argv, Path(__file__).resolve()))


if __name__ == "__main__":
    sys.exit(main())
