# SPDX-License-Identifier: GPL-3.0-or-later
"""Headless entry: play a script of emotions, captures, pictures and blinks on a rigged head.

With Blender:        blender -b --python batch/animate.py -- RIG.blend --script FILE --out DIR
With the bpy wheel:  python batch/animate.py RIG.blend --script FILE --out DIR

This file is run by its path, so it finds the package that it belongs to as batch/rig.py does.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load_package() -> ModuleType:
    """The package around this file, as batch/rig.py loads it."""
    beside = Path(__file__).resolve().with_name("rig.py")
    spec = importlib.util.spec_from_file_location("auto_rig_face_entry", beside)
    if spec is None or spec.loader is None:
        raise ImportError(f"{beside} can't be loaded")
    entry = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(entry)
    package: ModuleType = entry.load_package()
    return package


def main() -> int:
    """Run the command of the package and return its exit code."""
    package = load_package()
    command = importlib.import_module(f"{package.__name__}.batch.animate_command")
    return int(command.main(sys.argv))


if __name__ == "__main__":
    sys.exit(main())
