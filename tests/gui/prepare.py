# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the extension's zip into a fresh Blender: blender -b --python prepare.py -- ZIP.

What a user does by dropping the zip on Blender, once for all scenarios.
"""

from __future__ import annotations

import sys
import traceback

import bpy

EXTENSION = "bl_ext.user_default.auto_rig_face"


def main() -> None:
    archive = sys.argv[sys.argv.index("--") + 1]
    preferences = bpy.context.preferences
    preferences.view.show_splash = False
    preferences.view.ui_scale = 1.0
    bpy.ops.extensions.package_install_files(
        repo="user_default", filepath=archive, enable_on_install=True
    )
    if EXTENSION not in preferences.addons:
        raise RuntimeError(f"{archive} was installed, but {EXTENSION} is not enabled.")
    bpy.ops.wm.save_userpref()


if __name__ == "__main__":
    try:
        main()
    except Exception:
        traceback.print_exc()
        sys.exit(1)
