# SPDX-License-Identifier: GPL-3.0-or-later
"""One measurement in a fresh process: python -m benchmarks.speed_cases CASE [HEAD.blend].

Prints one line of JSON. The cases are those of benchmarks.speed.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

PLAYBACK_FRAMES: Final = 48
PLAYBACK_ROUNDS: Final = 5


def enable(_head: Path) -> dict[str, Any]:
    """Seconds from Blender being there to the extension being registered, imports included."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    start = time.perf_counter()
    from . import PACKAGE

    sys.modules[PACKAGE].register()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "modules": _heavy_modules()}


def button(head: Path) -> dict[str, Any]:
    """The whole button on the head in a file: wall time from read to written, and peak memory."""
    obj, options = _open(head)
    from auto_rig_face import pipeline

    start, processor = time.perf_counter(), time.process_time()
    outcome = pipeline.rig_head(_context(), obj, options)
    seconds = time.perf_counter() - start
    return {
        "vertices": len(obj.data.vertices),
        "seconds": seconds,
        "processor_seconds": time.process_time() - processor,
        "stages": outcome.seconds,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "status": outcome.status,
    }


def playback(head: Path) -> dict[str, Any]:
    """Seconds a frame of the animated rig, and of plain shape keys with an armature.

    The plain character has the same mesh, keys, weights and bones, made by hand, and the same
    curves. Both are played in turns, so that a busy machine slows both.
    """
    obj, options = _open(head)
    from auto_rig_face import pipeline

    from .speed_playback import animate, plain_copy, play

    outcome = pipeline.rig_head(_context(), obj, options)
    rigged = (obj, outcome.armature)
    plain = plain_copy(obj, outcome.armature)
    for head_object, armature in (rigged, plain):
        animate(head_object, armature, PLAYBACK_FRAMES)
    seconds = {"rig": float("inf"), "plain": float("inf")}
    for _ in range(PLAYBACK_ROUNDS):
        for name, shown, hidden in (("rig", rigged, plain), ("plain", plain, rigged)):
            seconds[name] = min(seconds[name], play(shown, hidden, PLAYBACK_FRAMES))
    return {"vertices": len(obj.data.vertices), "seconds": seconds}


def controls(head: Path) -> dict[str, Any]:
    """Seconds a frame of shape keys that are animated, and of the same animation on controls.

    The rig is the same; its controls are added and removed between rounds, so that both are played
    in turns. ``residual``: how far the controls were off the shapes at most.
    """
    obj, options = _open(head)
    from auto_rig_face import pipeline
    from auto_rig_face.animation.control_map import SHAPES_ON
    from auto_rig_face.scene.control_rig import add_controls, give_up_controls

    from .speed_playback import animate_shapes, play

    outcome = pipeline.rig_head(_context(), obj, options)
    shown = (obj, outcome.armature)
    animate_shapes(obj, SHAPES_ON.values(), PLAYBACK_FRAMES)
    seconds = {"keys": float("inf"), "controls": float("inf")}
    residual = 0.0
    for _ in range(PLAYBACK_ROUNDS):
        seconds["keys"] = min(seconds["keys"], play(shown, (), PLAYBACK_FRAMES))
        residual = max(residual, add_controls(_context(), obj).residual)
        seconds["controls"] = min(seconds["controls"], play(shown, (), PLAYBACK_FRAMES))
        give_up_controls(_context(), obj)
    return {"vertices": len(obj.data.vertices), "seconds": seconds, "residual": residual}


CASES: Final[dict[str, Callable[[Path], dict[str, Any]]]] = {
    "enable": enable,
    "button": button,
    "playback": playback,
    "controls": controls,
}


def _open(head: Path) -> tuple[Any, Any]:
    import bpy

    from . import PACKAGE
    from .speed_heads import HEAD

    sys.modules[PACKAGE].register()
    bpy.ops.wm.open_mainfile(filepath=str(head))
    from auto_rig_face.rigging.data import RigOptions

    return bpy.data.objects[HEAD], RigOptions()


def _context() -> Any:
    import bpy

    return bpy.context


def _heavy_modules() -> list[str]:
    """Which of the large libraries enabling has pulled in; none should be."""
    large = ("scipy", "igl", "onnxruntime", "cv2", "embreex", "robust_laplacian")
    return [name for name in large if name in sys.modules]


if __name__ == "__main__":
    result = CASES[sys.argv[1]](Path(sys.argv[2]) if len(sys.argv) > 2 else Path())
    print(json.dumps(result), flush=True)
    os._exit(0)  # Blender's own clean-up is none of the measurement, and may hang
