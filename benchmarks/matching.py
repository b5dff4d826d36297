# SPDX-License-Identifier: GPL-3.0-or-later
"""How well Match Expression takes over what a picture shows.

Usage: python -m benchmarks.matching [RIG.blend ...]. Writes benchmarks/results/matching.md. Without
names, the two heads of ``make demo``. Each rig is posed and rendered by this project's own
renderer; its pictures are matched onto itself and onto the others.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from unittest import mock

import auto_rig_face
import bpy
import numpy as np
from auto_rig_face import matching
from auto_rig_face.animation.emotions import SHAPE_INDEX, SHAPE_MIRROR, exclude_opposites, pose
from auto_rig_face.errors import RigError
from auto_rig_face.properties import ATTRIBUTE, is_rigged
from auto_rig_face.rigging.views import look, render
from auto_rig_face.scene.landmark_motion import RiggedSurface
from auto_rig_face.scene.storage import required_landmarks
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from numpy.typing import NDArray

from training.markdown import table

from . import ROOT

RESULTS: Final = ROOT / "benchmarks" / "results"
DEMO: Final = tuple(ROOT / "out" / "demo" / f"{name}.blend" for name in ("amara", "pip"))
VARIANTS: Final = 2  # of each emotion
MIXTURES: Final = 12
SEED: Final = 5
YAWS: Final = (0, 25, -25)  # degrees
RESOLUTION: Final = 512
MOVED: Final = 0.05
# Of single shapes that no other is mixed with.
SINGLE: Final = 0.9
# No picture shows the tongue behind the teeth, and mouthClose only takes back what jawOpen does.
UNSEEN: Final = [SHAPE_INDEX["tongueOut"], SHAPE_INDEX["mouthClose"]]

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]
Key = tuple[str, int, int]  # kind of expression, its number, yaw


@dataclass(frozen=True)
class Figures:
    """``error``: mean over the shapes that are moved, ``moved``: what those are on average;
    ``correlation`` over all shapes; ``points``: median distance of the face's points from where
    they should be, over how far they should have moved; ``refused``: pictures that weren't matched.
    """

    error: float
    moved: float
    correlation: float
    points: float
    refused: int


def expressions() -> dict[str, list[Floats]]:
    """Poses (52,) by kind, alike in every run."""
    emotions = [
        pose(name, 1.0, variant).astype(np.float64)
        for name in EMOTIONS[1:]
        for variant in range(VARIANTS)
    ]
    rng = np.random.default_rng(SEED)
    mixtures = [_mixture(rng) for _ in range(MIXTURES)]
    singles = []
    for index in range(len(ARKIT_SHAPES)):
        if index not in UNSEEN and SHAPE_MIRROR[index] >= index:
            values = np.zeros(len(ARKIT_SHAPES), np.float32)
            values[[index, SHAPE_MIRROR[index]]] = SINGLE
            exclude_opposites(values)
            if not values.any():  # to the left and to the right at once
                values[index] = SINGLE
            singles.append(values.astype(np.float64))
    return {"emotions": emotions, "random mixtures": mixtures, "single shapes": singles}


def _mixture(rng: np.random.Generator) -> Floats:
    """Three shapes, most of them on both sides."""
    values = np.zeros(len(ARKIT_SHAPES), np.float32)
    shapes = [index for index in range(len(ARKIT_SHAPES)) if index not in UNSEEN]
    for index in rng.choice(shapes, 3, replace=False):
        values[index] = rng.uniform(0.4, 1.0)
        if rng.random() < 0.7:
            values[SHAPE_MIRROR[index]] = values[index]
    exclude_opposites(values)
    return values.astype(np.float64)


def open_rig(path: Path) -> bpy.types.Object:
    """The rigged head in a file. Raises RigError without one."""
    bpy.ops.wm.open_mainfile(filepath=str(path))
    heads = [obj for obj in bpy.data.objects if obj.type == "MESH" and is_rigged(obj)]
    if not heads:
        raise RigError(f"{path} holds no rigged head.", "Run make demo first, or name a rig.")
    bpy.context.view_layer.objects.active = heads[0]
    return heads[0]


def pictures_of(path: Path, poses: dict[str, list[Floats]]) -> dict[Key, Picture]:
    """Of the head at rest, and of every pose; emotions and mixtures from three sides."""
    head = open_rig(path)
    surface, frame = RiggedSurface(bpy.context, head), required_landmarks(head).frame
    offsets = [surface.offsets(shape) for shape in ARKIT_SHAPES]

    def take(values: Floats, yaw: int) -> Picture:
        vertices = surface.face_mesh.vertices.copy()
        for value, offset in zip(values, offsets, strict=True):
            if value and offset is not None:
                vertices += value * offset
        return render(surface.face_mesh, look(frame, yaw, resolution=RESOLUTION), vertices=vertices)

    taken = {("rest", 0, 0): take(np.zeros(len(ARKIT_SHAPES)), 0)}
    for kind, number, values, yaw in _sittings(poses):
        taken[kind, number, yaw] = take(values, yaw)
    return taken


def _sittings(poses: dict[str, list[Floats]]) -> Iterator[tuple[str, int, Floats, int]]:
    for kind, several in poses.items():
        for number, values in enumerate(several):
            for yaw in YAWS if kind != "single shapes" else YAWS[:1]:
                yield kind, number, values, yaw


def measure(
    matcher: matching.Matcher,
    pictures: dict[Key, Picture],
    poses: dict[str, list[Floats]],
    kind: str,
    yaws: Sequence[int],
) -> Figures:
    """All pictures of a kind, matched."""
    read, truth, refused = [], [], 0
    for which, number, values, yaw in _sittings(poses):
        if which != kind or yaw not in yaws:
            continue
        try:
            read.append(matcher.match(pictures[kind, number, yaw]).coefficients)
            truth.append(values)
        except RigError:
            refused += 1
    found, wanted = np.array(read), np.array(truth)
    motion = matcher.own.motion.reshape(len(ARKIT_SHAPES), -1)
    off = [
        np.linalg.norm((a - b) @ motion) / max(float(np.linalg.norm(b @ motion)), 1e-9)
        for a, b in zip(found, wanted, strict=True)
    ]
    moved = wanted > MOVED
    return Figures(
        float(np.abs(found - wanted)[moved].mean()),
        float(wanted[moved].mean()),
        float(np.corrcoef(found.ravel(), wanted.ravel())[0, 1]),
        float(np.median(off)),
        refused,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rigs", type=Path, nargs="*", default=list(DEMO), metavar="RIG.blend")
    given = parser.parse_args(arguments)
    if not hasattr(bpy.types.Object, ATTRIBUTE):
        auto_rig_face.register()
    poses = expressions()
    taken = {path.stem: pictures_of(path, poses) for path in given.rigs}
    rows: list[tuple[str, str, str, str, str, Figures]] = []
    for path in given.rigs:
        fresh = matching.matcher_for(bpy.context, open_rig(path))
        for source, pictures in taken.items():
            kinds = tuple(poses) if source == path.stem else ("emotions",)
            yaws = YAWS if source == path.stem else YAWS[:1]
            for rest in ("no", "yes"):
                matcher = replace(fresh)
                if rest == "yes":
                    matcher.learn_rest(pictures["rest", 0, 0])
                for kind in kinds:
                    figures = measure(matcher, pictures, poses, kind, yaws)
                    rows.append((kind, source, path.stem, rest, "yes", figures))
                    if source == path.stem:
                        with mock.patch.object(matching, "_prior", return_value=None):
                            figures = measure(matcher, pictures, poses, kind, yaws)
                        rows.append((kind, source, path.stem, rest, "no", figures))
                print(f"{source} on {path.stem}, picture at rest: {rest}", flush=True)
    text = report(rows)
    page = RESULTS / "matching.md"
    partial = page.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(page)
    print(text)
    return 0


_ABOUT: Final = """\
Written by `make bench-matching`. Pictures of a head on itself are seen from the front and 25
degrees from both sides; single shapes, and pictures of another head, from the front. *Error* is the
mean over the shapes that are moved, in brackets what those are on average; *correlation* is over
all shapes; *points*: how far the face's points end up from where they should be, over how far they
should have moved, 1 for doing nothing; *refused*: pictures that couldn't be explained as a face.
"""
_COLUMNS: Final = (
    *("expressions", "pictures of", "on", "at rest known", "reader"),
    *("error", "correlation", "points", "refused"),
)


def report(rows: Sequence[tuple[Any, ...]]) -> str:
    """The page."""
    cells = [
        (
            *words,
            f"{found.error:.2f} ({found.moved:.2f})",
            f"{found.correlation:.2f}",
            f"{found.points:.2f}",
            str(found.refused),
        )
        for *words, found in sorted(rows, key=lambda row: row[:5])
    ]
    return f"# Matching expressions\n\n{_ABOUT}\n{table(_COLUMNS, cells)}\n"


if __name__ == "__main__":
    status = main()
    # Some bpy wheels crash as Python ends.
    os._exit(status)
