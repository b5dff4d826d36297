# SPDX-License-Identifier: GPL-3.0-or-later
"""How smooth acted transitions are, and how long writing them takes.

Usage: python -m benchmarks.acting. Writes benchmarks/results/acting.md.

Smoothness is of the coefficients at whole frames, with rest before and after: peak jerk (third
difference x fps^3) and the largest step between two frames, both of the key that is worst, over all
ways from one of the seven emotions to another. Its peers key the same two poses at the same frames:
Blender's linear interpolation, and its default (Bezier with clamped handles, which between two keys
at rest is the cubic 3 t^2 - 2 t^3).
"""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Callable
from typing import Final

import auto_rig_face
import bpy
import numpy as np
from auto_rig_face.acting import CaptureOptions, Turn, act, expression_models, perform
from auto_rig_face.animation.captures import Capture
from auto_rig_face.animation.easing import STYLES
from auto_rig_face.animation.keys import evaluate
from auto_rig_face.animation.transition import Acting, Timing, transition
from auto_rig_face.properties import ATTRIBUTE
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from numpy.typing import NDArray

from . import ROOT

RESULTS: Final = ROOT / "benchmarks" / "results"
FPS: Final = 24.0
LENGTH: Final = 24  # frames
STEPS: Final = 17
RUNS: Final = 7
TRANSITION_LIMIT: Final = 0.100  # seconds, 240 frames
NOISE: Final = 0.002  # of a coefficient from frame to frame, as a face tracker has it at rest
CAPTURE_LIMIT: Final = 3.0  # seconds, one minute at 60 frames a second
Floats = NDArray[np.float64]


def main() -> int:
    """Measure, write and print; 0 when both limits are kept."""
    rows = smoothness()
    seconds = {"transition": _median(_write_transition), "capture": _median(_write_capture)}
    text = _report(rows, seconds)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "acting.md").write_text(text, encoding="utf-8")
    print(text)
    kept = seconds["transition"] <= TRANSITION_LIMIT and seconds["capture"] <= CAPTURE_LIMIT
    return 0 if kept else 1


def smoothness() -> dict[str, tuple[float, float, float]]:
    """Name -> mean peak jerk, mean largest step, most keys on a channel."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    models = expression_models()
    for first, second in itertools.permutations(EMOTIONS, 2):
        start, end = (models.generate(name, 1.0, 0) for name in (first, second))
        path = models.path(start, end, STEPS)
        t = np.linspace(0.0, 1.0, LENGTH + 1)[:, None]
        a, b = start.coefficients, end.coefficients
        found.setdefault("linear keys", []).append(_figures(a + t * (b - a), 2))
        cubic = t * t * (3 - 2 * t)
        found.setdefault("Blender's default", []).append(_figures(a + cubic * (b - a), 2))
        for style in STYLES:
            for blink in (False, True):
                acting = Acting(style, blink=blink)
                name = f"{style}{', with its blink' if blink else ''}"
                found.setdefault(name, []).append(_acted(path, acting))
    return {name: tuple(np.mean(rows, axis=0)) for name, rows in found.items()}


def _acted(path: Floats, acting: Acting) -> tuple[float, float, float]:
    animation = transition(path, Timing(0.0, LENGTH, FPS), acting)
    frames = np.arange(LENGTH + 1.0)
    values = np.zeros((LENGTH + 1, len(ARKIT_SHAPES)))
    for shape, curve in animation.curves.items():
        values[:, ARKIT_SHAPES.index(shape)] = evaluate(curve, frames)
    return _figures(values, max(len(curve.frames) for curve in animation.curves.values()))


def _figures(values: Floats, keys: int) -> tuple[float, float, float]:
    padded = np.concatenate([values[[0] * 3], values, values[[-1] * 3]])
    jerk = np.abs(np.diff(padded, 3, axis=0)).max() * FPS**3
    return float(jerk), float(np.abs(np.diff(values, axis=0)).max()), float(keys)


def _head() -> bpy.types.Object:
    """A triangle with the 52 shape keys: how many vertices they move makes no difference here."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    if not hasattr(bpy.types.Object, ATTRIBUTE):
        auto_rig_face.register()
    mesh = bpy.data.meshes.new("Head")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    head = bpy.data.objects.new("Head", mesh)
    bpy.context.scene.collection.objects.link(head)
    for name in ("Basis", *ARKIT_SHAPES):
        head.shape_key_add(name=name)
    return head


def _write_transition() -> float:
    head = _head()
    start = time.perf_counter()
    act(bpy.context, head, [Turn("joy", 1.0, 240)], 1, Acting())
    return time.perf_counter() - start


def _write_capture() -> float:
    head = _head()
    rng = np.random.default_rng(1)
    times = np.arange(60 * 60 + 1) / 60.0
    speed, phase = rng.uniform(0.2, 2.0, 52), rng.uniform(0.0, 6.0, 52)
    values = 0.4 - 0.4 * np.cos(times[:, None] * speed * 2 + phase)
    values += rng.normal(0.0, NOISE, values.shape)
    capture = Capture(times, values.clip(0.0, 1.0), None, None, 60.0, "made up")
    bpy.context.scene.render.fps = 60
    start = time.perf_counter()
    perform(bpy.context, head, capture, 1, CaptureOptions())
    return time.perf_counter() - start


def _median(measure: Callable[[], float]) -> float:
    measure()  # networks and modules are loaded once in a session
    return statistics.median(measure() for _ in range(RUNS))


def _report(rows: dict[str, tuple[float, float, float]], seconds: dict[str, float]) -> str:
    table = "\n".join(
        f"| {name} | {jerk:.0f} | {step:.3f} | {keys:.1f} |"
        for name, (jerk, step, keys) in rows.items()
    )
    transition_time, capture_time = seconds["transition"], seconds["capture"]
    return f"""# Acting

`make bench-acting`, on {os.cpu_count()} cores. Means over the {len(EMOTIONS) * (len(EMOTIONS) - 1)}
ways from one emotion to another at intensity 1, {LENGTH} frames at {FPS:g} a second.

| way of keying | peak jerk, weight/s³ | largest step, weight/frame | most keys on a channel |
|---|---|---|---|
{table}

A region moves within a part of the span alone, and overshoots where the style says so: that takes
larger steps than moving everything evenly from the first frame to the last.

| | seconds | limit |
|---|---|---|
| a transition of 240 frames, networks and keys | {transition_time:.3f} | {TRANSITION_LIMIT} |
| one minute of capture at 60 fps, all 52 keys moving | {capture_time:.2f} | {CAPTURE_LIMIT:g} |
"""


if __name__ == "__main__":
    status = main()
    # Some bpy wheels crash as Python ends.
    os._exit(status)
