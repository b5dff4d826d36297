# SPDX-License-Identifier: GPL-3.0-or-later
"""Train, evaluate and export the generative models of expressions, from the repository's root.

    python -m training.emotions --out out/emotions      a few minutes on one thread
    python -m training.emotions --toy --out out/toy     the whole chain in seconds

What it writes to ``OUT/export`` is what ``models/expressions`` holds.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from .. import ROOT
from . import evaluate
from .data import expressions
from .export import export
from .train import TOY, Config, Data, train_gan, train_recogniser, train_vae


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0 when all went well."""
    parser = argparse.ArgumentParser(
        prog="training.emotions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "emotions")
    parser.add_argument("--toy", action="store_true", help="tiny, for a test")
    given = parser.parse_args(arguments)
    config = TOY if given.toy else Config()
    torch.set_num_threads(1)
    torch.manual_seed(config.seed)
    data = Data(expressions("train", config.expressions), config.seed)
    encoder, decoder = train_vae(data, config)
    generator = train_gan(data, train_recogniser(data, config), config)
    held_out = expressions("test", config.tests)
    figures = {
        "expressions": config.expressions,
        "tests": config.tests,
        "vae": evaluate.of_vae(encoder, decoder, held_out),
        "gan": evaluate.of_gan(generator, held_out),
    }
    export(encoder, decoder, generator, given.out / "export", figures)
    text = json.dumps(figures, indent=1) + "\n"
    (given.out / "figures.json").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
