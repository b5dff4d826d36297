# SPDX-License-Identifier: GPL-3.0-or-later
"""How well the landmark networks do on heads that they never saw, beside other networks.

Usage: python -m benchmarks.landmarks [--count N] [--faceless N] [--model FOLDER] [--out DIR].

Writes landmarks.json and landmarks.md to DIR, each figure beside its goal, and plots as PNG to
docs/images. Figures that miss their goal are reported as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from auto_rig_face.models.dense_landmarks import FOLDER
from tqdm import tqdm

from training.landmarks import points as scheme

from . import ROOT
from . import landmark_scores as scores
from .landmark_figures import figures
from .landmark_peers import GoogleFaceLandmarker, Network, Ours, installed_peers
from .landmark_pictures import Sample, face_at, face_of_size, faceless_at, in_order
from .landmark_report import markdown
from .speed import machine

RESULTS: Final = ROOT / "benchmarks" / "results"
IMAGES: Final = ROOT / "docs" / "images"
TIMED_SIZES: Final = (128, 256, 512, 1024)
TIMED_RUNS: Final = 20
WARM_UPS: Final = 5
TIMED_THREADS: Final = 2


class Collector:
    """What one network says, picture by picture."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._rows: list[tuple[float, scores.Floats, scores.Floats, float]] = []
        self._false: list[float] = []

    def see(self, sample: Sample) -> None:
        """A picture of a face."""
        guess = self._network.find(sample.pixels)
        if guess is None:
            unknown = np.full(scheme.COUNT, np.nan)
            self._rows.append((0.0, unknown, unknown, np.nan))
            return
        error = np.linalg.norm(guess.points - sample.points, axis=1) / sample.unit * 100
        expected = guess.expected / sample.unit * 100
        overlap = np.nan if guess.box is None else scores.box_overlap(guess.box, sample.box)
        self._rows.append((guess.score, error, expected, overlap))

    def see_no_face(self, sample: Sample) -> None:
        """A picture of something else."""
        guess = self._network.find(sample.pixels)
        self._false.append(guess.score if guess else 0.0)

    def answers(self) -> scores.Answers:
        """All of it as arrays."""
        score, error, expected, overlap = zip(*self._rows, strict=True)
        return scores.Answers(
            self._network.name,
            np.array(score),
            np.stack(error),
            np.stack(expected),
            np.array(overlap),
            np.array(self._false),
        )


def look(
    networks: Sequence[Network], count: int, faceless: int
) -> tuple[scores.Truth, list[scores.Answers]]:
    """Every network on the same ``count`` faces and ``faceless`` other things."""
    collectors = [Collector(network) for network in networks]
    shown = []
    for sample in _progress(in_order(face_at, count), count, "faces"):
        shown.append((sample.family, sample.style, sample.yaw, sample.valid))
        for collector in collectors:
            collector.see(sample)
    for sample in _progress(in_order(faceless_at, faceless), faceless, "no faces"):
        for collector in collectors:
            collector.see_no_face(sample)
    family, style, yaw, valid = zip(*shown, strict=True)
    truth = scores.Truth(np.array(family), np.array(style), np.array(yaw), np.stack(valid))
    return truth, [collector.answers() for collector in collectors]


def milliseconds(networks: Sequence[Network]) -> dict[str, dict[int, float]]:
    """Median time of each network by side of the picture in pixels."""
    pictures = {size: face_of_size(size).pixels for size in TIMED_SIZES}
    return {
        network.name: {size: _median_ms(network, pixels) for size, pixels in pictures.items()}
        for network in networks
    }


def _median_ms(network: Network, pixels: np.ndarray) -> float:
    times = []
    for _ in range(WARM_UPS + TIMED_RUNS):
        start = time.perf_counter()
        network.find(pixels)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times[WARM_UPS:])


def _progress(samples: Iterable[Sample], count: int, what: str) -> Iterable[Sample]:
    return tqdm(samples, desc=what, total=count, unit="picture", smoothing=0.05)


def _hash(folder: Path) -> str:
    """The networks' fingerprint: the beginning of a hash over both files."""
    files = (folder / f"landmark_{name}.onnx" for name in ("detector", "regressor"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def main() -> int:
    """Measure, draw and write; 0 also where goals are missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=_positive, default=1500, help="pictures of faces")
    parser.add_argument("--faceless", type=_positive, default=1000, help="pictures without a face")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR", help="for the tables")
    parser.add_argument("--images", type=Path, default=IMAGES, metavar="DIR", help="for the plots")
    parser.add_argument("--model", type=Path, default=FOLDER, metavar="FOLDER", help="networks")
    given = parser.parse_args()
    from .landmark_plots import draw_all

    where = machine()
    timed = milliseconds([Ours(given.model, TIMED_THREADS), GoogleFaceLandmarker(TIMED_THREADS)])
    peers, lacking = installed_peers()
    truth, answers = look([Ours(given.model), *peers], given.count, given.faceless)
    result = {
        "machine": where,
        "networks": _hash(given.model),
        "not installed": lacking,
        **figures(truth, answers, timed),
    }
    plots = draw_all(truth, answers, result, given.images)
    given.out.mkdir(parents=True, exist_ok=True)
    images = {
        name: Path(os.path.relpath(path.resolve(), given.out.resolve())).as_posix()
        for name, path in plots.items()
    }
    (given.out / "landmarks.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    page = given.out / "landmarks.md"
    page.write_text(markdown(result, images), encoding="utf-8")
    print(page)
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    raise SystemExit(main())
