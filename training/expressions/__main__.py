# SPDX-License-Identifier: GPL-3.0-or-later
"""Train, evaluate and export the network that reads expressions, from the repository's root.

    python -m training.landmarks bank --out out/bank --count 60000 --crop 128    pictures
    python -m training.expressions render --out out/groups --count 4000          and groups
    python -m training.expressions --bank out/bank --groups out/groups --out out/reader
    python -m training.expressions --toy --bank out/bank --out out/toy           in seconds

``--trunk`` starts from landmark networks of the same width: from a checkpoint of their training, or
from ``models/landmarks/landmark_regressor.onnx``. ``--tests`` and ``--validation`` are folders of
groups of those splits, which are rendered to ``OUT`` where they are left out.
What is written to ``OUT/export`` is what ``models/expression_reader`` holds; the command
``export``, given the same arguments, makes that of what a run has trained so far. ``--inputs`` and
``--architecture`` train what the network is compared with; their figures.json, listed under
``--compared``, go into the card.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from auto_rig_face.models.dense_landmarks import DenseLandmarker
from auto_rig_face.models.expression_reader import ExpressionReader

from .. import ROOT
from ..landmarks import source
from . import evaluate, groups
from .card import card
from .data import Pictures, Source, targets_of
from .export import SIZE_LIMIT, describe, export
from .located import Locator
from .network import ARCHITECTURES, INPUTS
from .train import TOY, Config, kept, train

TESTS = 480  # groups
UNLIMITED = 10**9  # bytes, of networks that don't ship


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0 when all went well."""
    parser = argparse.ArgumentParser(
        prog="training.expressions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", choices=("run", "render", "export"), default="run")
    parser.add_argument("--bank", type=Path, help="pictures by training.landmarks bank")
    parser.add_argument("--groups", type=Path, help="groups of the training split, by render")
    parser.add_argument("--tests", type=Path, help="groups of the test split, by render")
    parser.add_argument("--validation", type=Path, help="groups of the validation split, likewise")
    parser.add_argument("--trunk", type=Path, help="checkpoint.pt, or .onnx, of the landmarks")
    parser.add_argument("--start", type=Path, help="OUT of an earlier run, to go on from")
    parser.add_argument("--rate", type=float, help="highest learning rate")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "expression_reader")
    parser.add_argument("--toy", action="store_true", help="tiny, for a test")
    parser.add_argument("--inputs", choices=INPUTS)
    parser.add_argument("--architecture", choices=ARCHITECTURES)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--compared", type=Path, nargs="*", default=[], help="other figures.json")
    parser.add_argument("--count", type=int, default=TESTS, help="groups to render")
    parser.add_argument("--split", choices=source.SPLITS, default="train")
    parser.add_argument("--limit", type=float, default=1e9, help="seconds of rendering")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    if given.command == "render":
        size = Locator().size
        groups.fill(given.out, size, given.count, given.split, given.limit, given.seed)
        return 0
    if given.bank is None:
        parser.error("--bank is needed")
    return _run(given)


def _config(given: argparse.Namespace) -> Config:
    names = ("inputs", "architecture", "seconds", "threads", "seed", "rate")
    chosen = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    return replace(TOY if given.toy else Config(), **chosen)


def _run(given: argparse.Namespace) -> int:
    config, out = _config(given), given.out
    locator = Locator(config.threads)
    bank = Pictures(given.bank, "crops", locator, out / "located")
    grouped = (
        Pictures(given.groups, groups.KIND, locator, out / "located") if given.groups else None
    )
    targets = targets_of(locator.rest)
    print(f"{len(bank.faces)} pictures, {len(grouped) if grouped else 0} in groups", flush=True)
    landmarker = DenseLandmarker(config.threads)
    tests = _tests(given, "test", given.tests, given.count, landmarker)
    validation = _tests(given, "validation", given.validation, given.count // 3, landmarker)

    # What looks at points alone needn't wait for pictures.
    size = 0 if config.inputs == "points" else config.size
    if given.command == "export":
        trained = kept(config, out)
    else:
        batches = Source(bank, grouped, targets, size)
        trained = train(config, batches, bank.labels, out, trunk=given.trunk, start=given.start)
    # VGG-16 is there to compare with, and never ships.
    limit = SIZE_LIMIT if config.architecture == "residual" else UNLIMITED
    facts = export(trained.reader, config.size, targets, out / "export", limit)
    reader = ExpressionReader(config.threads, out / "export", landmarker)
    off = evaluate.deviations(reader, validation)
    describe(out / "export", config.size, targets, off)
    figures = evaluate.figures(reader, tests)
    figures["file"] = facts
    figures["training"] = asdict(config) | {
        "steps": trained.steps,
        "shown": trained.pictures,
        "seconds": trained.seconds,
        "bank": len(bank.faces),
        "groups": len(grouped) // groups.SIZE if grouped else 0,
        "trunk": given.trunk is not None,
    }
    figures["milliseconds"] = evaluate.speed(reader, tests)
    others = [json.loads(path.read_text(encoding="utf-8")) for path in given.compared]
    text = json.dumps(figures, indent=1) + "\n"
    (out / "figures.json").write_text(text, encoding="utf-8")
    (out / "export" / "README.md").write_text(card(figures, others), encoding="utf-8")
    print(
        f"error {figures['alone']['all']['error']:.4f}, with rest "
        f"{figures['with rest']['all']['error']:.4f}"
    )
    return 0


def _tests(
    given: argparse.Namespace,
    split: str,
    folder: Path | None,
    count: int,
    landmarker: DenseLandmarker,
) -> evaluate.Tests:
    """The groups of a split, rendered to OUT where no folder is given."""
    if folder is None:
        folder = given.out / split
        if not folder.is_dir():
            count = 4 if given.toy else count
            groups.fill(folder, Locator().size, count, split, given.limit, given.seed)
    return evaluate.tests_of(folder, landmarker, given.out / f"{split}_faces.npz")


if __name__ == "__main__":
    sys.exit(main())
