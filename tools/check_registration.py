# SPDX-License-Identifier: GPL-3.0-or-later
"""Register and unregister the extension in this Python's Blender, twice, and look for leftovers.

Also checks that enabling it imports none of the heavy packages, so that Blender starts fast.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback

from extension import PACKAGE, load_package

HEAVY = ("cv2", "embreex", "igl", "onnxruntime", "robust_laplacian", "scipy", "tqdm")


def _registered() -> set[str]:
    """Everything of Blender's that an add-on adds to and must take away again."""
    import bpy

    names = {f"bpy.types.{name}" for name in dir(bpy.types)}
    for owner in (bpy.types.Object, bpy.types.Scene, bpy.types.WindowManager, bpy.types.Mesh):
        names |= {f"{owner.__name__}.{name}" for name in owner.bl_rna.properties.keys()}  # noqa: SIM118
    return names | {f"bpy.ops.{group}" for group in dir(bpy.ops) if group == PACKAGE}


def _check() -> list[str]:
    before = _registered()
    started = time.perf_counter()
    package = load_package()
    package.register()
    seconds = time.perf_counter() - started
    added = _registered() - before
    problems = [
        f"enabling the extension imports {name}, which slows down Blender's start"
        for name in HEAVY
        if name in sys.modules
    ]
    if not any(name.startswith("bpy.types.") for name in added):
        problems.append("register() added no class to Blender")
    package.unregister()
    package.register()
    package.unregister()
    problems += [f"unregister() leaves {name} behind" for name in sorted(_registered() - before)]
    print(f"registration: {len(added)} names added in {seconds * 1000:.0f} ms and taken away again")
    return problems


def main() -> int:
    with tempfile.TemporaryDirectory() as resources:
        os.environ["BLENDER_USER_RESOURCES"] = resources
        try:
            problems = _check()
        except Exception:  # noqa: BLE001  anything that registering raises is what is looked for
            problems = [traceback.format_exc()]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    result = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Blender 4.5 can hang for ever in its own clean-up after register() raised.
    os._exit(result)
