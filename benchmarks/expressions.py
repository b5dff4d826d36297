# SPDX-License-Identifier: GPL-3.0-or-later
"""How well expressions are read from pictures, beside other networks: ``make bench-expressions``.

Groups of pictures of characters that no network was trained on, rendered by
training/expressions/groups.py: each character at rest, and in three expressions. Every network
looks for the face itself. Writes expressions.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from auto_rig_face.models.dense_landmarks import DenseLandmarker
from auto_rig_face.models.expression_reader import ExpressionReader
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from numpy.typing import NDArray
from tqdm import tqdm

from training.expressions import evaluate, groups
from training.expressions.located import Locator
from training.landmarks.heads import families

from . import ROOT
from .expression_peers import Emotions, GoogleCoefficients, installed_peers
from .expression_report import markdown
from .speed import machine

RESULTS: Final = Path(__file__).with_name("results")
PICTURES: Final = ROOT / "out" / "expressions"
SEED: Final = 2026  # no other run renders these
THREADS: Final = 2
# From this correlation on a coefficient is said to be alive.
ALIVE: Final = 0.2

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def main() -> int:
    """Measure and write; 0 also where goals are missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=240, help="groups of four pictures")
    parser.add_argument("--pictures", type=Path, default=PICTURES, help="where they are kept")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR", help="for the table")
    given = parser.parse_args()
    where = machine()
    landmarker = DenseLandmarker(THREADS)
    size = Locator().size
    folder = given.pictures / f"{given.count}-{size}"
    if not folder.is_dir():
        print(f"Rendering {given.count} characters", flush=True)
        groups.fill(folder, size, given.count, "test", np.inf, SEED)
    tests = evaluate.tests_of(folder, landmarker, folder / "faces.npz")
    reader = ExpressionReader(THREADS, landmarker=landmarker)
    result = {"machine": where, "characters": len(tests.pictures) // groups.SIZE}
    result |= measure(reader, tests)
    result["milliseconds"] = evaluate.speed(reader, tests)
    given.out.mkdir(parents=True, exist_ok=True)
    page = given.out / "expressions.md"
    partial = page.with_suffix(".partial")
    partial.write_text(markdown(result), encoding="utf-8")
    partial.replace(page)
    print(page.read_text(encoding="utf-8"))
    return 0


def measure(reader: ExpressionReader, tests: evaluate.Tests) -> dict[str, Any]:
    """Figures of our reader and of every peer on the pictures that aren't at rest."""
    rows = np.flatnonzero(np.arange(len(tests.pictures)) % groups.SIZE)
    people = np.isin(tests.family[rows], families.REALISTIC)
    found = evaluate.readings(reader, tests)
    google = GoogleCoefficients()
    answers = [google.coefficients(tests.pictures[row]) for row in tqdm(rows, desc=google.name)]
    seen = np.array([answer is not None for answer in answers])
    # What isn't found is read as a face at rest.
    theirs = np.array([np.zeros(len(ARKIT_SHAPES)) if a is None else a for a in answers])
    ours = np.array([reading.coefficients for reading in found.alone])
    compared = np.array([reading.coefficients for reading in found.compared])
    named = {
        "Auto-Rig Face": np.array([reading.emotions for reading in found.alone]),
        "with rest": np.array([reading.emotions for reading in found.compared]),
    }
    peers, lacking = installed_peers()
    for peer in peers:
        named[peer.name] = _emotions(peer, tests, rows)
    truth = tests.shapes[rows]
    crowds = {"all": np.ones(len(rows), bool), "people": people}
    return {
        "pictures": len(rows),
        "people": int(people.sum()),
        "alive": ALIVE,
        "found": {google.name: {name: float(seen[w].mean()) for name, w in crowds.items()}},
        "nothing": {name: evaluate.errors(0 * truth[w], truth[w]) for name, w in crowds.items()},
        "coefficients": {
            who: {name: evaluate.shape_figures(read[w], truth[w]) for name, w in crowds.items()}
            for who, read in {
                "Auto-Rig Face": ours,
                "with rest": compared,
                google.name: theirs,
            }.items()
        },
        "emotions": {
            who: {name: _recall(said[w], tests, rows[w]) for name, w in crowds.items()}
            for who, said in named.items()
        },
        "lacking": lacking,
    }


def _emotions(peer: Emotions, tests: evaluate.Tests, rows: Rows) -> Floats:
    """(M, 7), zeros where the peer sees no face."""
    answers = [peer.emotions(tests.pictures[row]) for row in tqdm(rows, desc=peer.name)]
    return np.array([np.zeros(len(EMOTIONS)) if a is None else a for a in answers])


def _recall(said: Floats, tests: evaluate.Tests, rows: Rows) -> Mapping[str, Any]:
    """Recall of each emotion; a face that isn't seen shows none."""
    guess = np.where(said.any(axis=1), said.argmax(axis=1), -1)
    recall, confusion = evaluate.recall_of(guess, tests.emotion[rows], tests.intensity[rows])
    found = guess >= 0
    among_found, _ = evaluate.recall_of(
        guess[found], tests.emotion[rows[found]], tests.intensity[rows[found]]
    )
    return {
        "recall": recall,
        "mean": _mean(recall),
        "mean of found": _mean(among_found),
        "confusion": confusion.tolist(),
        "found": float(found.mean()),
    }


def _mean(recall: Mapping[str, float | None]) -> float | None:
    """Over the classes that are shown at all."""
    known = [value for value in recall.values() if value is not None]
    return float(np.mean(known)) if known else None


if __name__ == "__main__":
    raise SystemExit(main())
