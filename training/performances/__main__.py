# SPDX-License-Identifier: GPL-3.0-or-later
"""Render performances, train, evaluate and export the network that reads films, from the
repository's root.

    python -m training.performances --out out/performances
    python -m training.performances --toy --out out/toy         in seconds

Clips that are in OUT already are kept, so that a run that was cut goes on; ``render --part 1
--parts 2`` renders every other one, for two processes at once. ``--capture`` is a recording that
characters of the test split act as well: real motion beside made-up motion.
What is written to ``OUT/export`` is what ``models/performance_reader`` holds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from auto_rig_face.animation.captures import read_capture
from auto_rig_face.models.performance_reader import PerformanceReader, inputs_of

from .. import ROOT
from . import evaluate
from .card import card
from .clips import Clip, fill, load
from .export import export
from .train import TOY, Config, train

# Clips of each split, and frames of each.
SIZES: Final = {"train": (750, 64), "validation": (24, 64), "test": (48, 96)}
TOY_SIZES: Final = {"train": (2, 8), "validation": (2, 8), "test": (2, 16)}
CAPTURED: Final = (12, 192)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 when all went well."""
    parser = argparse.ArgumentParser(
        prog="training.performances",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", choices=("run", "render"), default="run")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "performances")
    parser.add_argument("--capture", type=Path, help="a recording to act as a test")
    parser.add_argument("--toy", action="store_true", help="tiny, for a test")
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--steps", type=int)
    given = parser.parse_args(arguments)
    _render(given)
    return 0 if given.command == "render" else _run(given)


def _render(given: argparse.Namespace) -> None:
    for split, (count, frames) in (TOY_SIZES if given.toy else SIZES).items():
        fill(given.out / split, split, count, frames, given.part, given.parts)
    if given.capture is not None:
        capture = read_capture(given.capture)
        count, frames = (2, 16) if given.toy else CAPTURED
        performed = (capture.rate, capture.values[:frames].clip(0.0, 1.0))
        folder = given.out / "captured"
        fill(folder, "test", count, frames, given.part, given.parts, performed)


def _clips(folder: Path) -> list[Clip]:
    return [load(path) for path in sorted(folder.glob("clip_*.npz"))]


def _run(given: argparse.Namespace) -> int:
    config = TOY if given.toy else Config()
    if given.steps is not None:
        config = replace(config, steps=given.steps)
    clips, validation = _clips(given.out / "train"), _clips(given.out / "validation")
    print(f"{len(clips)} clips", flush=True)
    start = time.monotonic()
    follower = train(config, clips)
    seconds = time.monotonic() - start
    out = given.out / "export"
    facts = export(follower, out)
    ways = ("alone", "compared")
    method = _network(PerformanceReader(folder=out))
    methods: dict[str, dict[str, evaluate.Method]] = {}
    for way in ways:
        jitter = evaluate.figures(validation, way, method(way))["jitter"]
        rightest, calm = evaluate.best_filters(validation, way, jitter)
        methods[way] = {
            "each frame by itself": evaluate.as_read,
            f"1-euro filter, {_setting(rightest)}": evaluate.filtered(rightest),
            f"1-euro filter, {_setting(calm)}, as calm": evaluate.filtered(calm),
            "this network": method(way),
        }
    tests = {"Made-up performances": _clips(given.out / "test")}
    if given.capture is not None:
        tests["A recorded performance"] = _clips(given.out / "captured")
    figures: dict[str, Any] = {
        "file": facts,
        "training": asdict(config)
        | {
            "seconds": seconds,
            "clips": len(clips),
            "frames": len(clips[0].truth),
            "inputs": len(follower.usual),
        },
        "grid": len(evaluate.CUTOFFS) * len(evaluate.BETAS),
        "tests": {title: _figures(films, methods) for title, films in tests.items()},
        "milliseconds": _milliseconds(method("alone"), tests["Made-up performances"]),
    }
    text = json.dumps(figures, indent=1) + "\n"
    (given.out / "figures.json").write_text(text, encoding="utf-8")
    (out / "README.md").write_text(card(figures), encoding="utf-8")
    return 0


def _figures(
    films: Sequence[Clip], methods: dict[str, dict[str, evaluate.Method]]
) -> dict[str, Any]:
    """Of all methods on some films."""
    found = {
        way: {name: evaluate.figures(films, way, method) for name, method in several.items()}
        for way, several in methods.items()
    }
    return {"films": len(films), "frames": len(films[0].truth), "methods": found}


def _network(reader: PerformanceReader) -> Any:
    """What the exported network makes of the readings of a way."""

    def method_of(way: str) -> evaluate.Method:
        def method(clip: Clip, _values: evaluate.Floats) -> evaluate.Floats:
            compared = clip.compared if way == "compared" else None
            return reader.follow(
                inputs_of(clip.alone, compared, clip.emotions, clip.intensity, clip.rate)
            )

        return method

    return method_of


def _setting(filter_: Any) -> str:
    return f"cut-off {filter_.min_cutoff:g} Hz, beta {filter_.beta:g}"


def _milliseconds(method: evaluate.Method, films: Sequence[Clip]) -> float:
    """A frame, median over films."""
    took = []
    for clip in films:
        start = time.perf_counter()
        method(clip, clip.alone)
        took.append((time.perf_counter() - start) / len(clip.truth))
    return 1e3 * float(np.median(took))


if __name__ == "__main__":
    sys.exit(main())
