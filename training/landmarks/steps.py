# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the command line, each on its own: check, train, evaluate, export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import checks, expressions, looks
from . import evaluate as evaluation
from . import export as exporting
from . import train as training
from .bank import KINDS, Bank
from .config import Config
from .draw import draw
from .heads import faceless, families
from .pool import Builders, HeadPool
from .trainer import Trainer


def device_of(name: str | None) -> torch.device:
    """The device of that name; without one the GPU where there is one."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def family_sheets(out: Path, count: int, only: str | None) -> None:
    """One contact sheet a family, with and without landmarks."""
    for family in (*families.FAMILIES, faceless.FAMILY):
        if only not in {None, family}:
            continue
        pool = HeadPool(count, "cpu")
        for identity in range(count):
            expression = expressions.sample(np.random.default_rng(identity))
            if family == faceless.FAMILY:
                pool.add([faceless.build(identity)])
            else:
                pool.add([families.build_head(family, identity, expression)])
        example = draw(pool, np.random.default_rng(0), count, 192, looks.CROP)
        checks.sheet(example, out / f"{family}.png")
        print(out / f"{family}.png", flush=True)


def check(config: Config, device: torch.device, out: Path) -> None:
    """Sheets of what a run would train on."""
    builders = Builders("train", 0, seed=config.seed)
    pool = HeadPool(min(config.pool, 40), device)
    while pool.count < pool.size:
        pool.add(builders.take(pool.size - pool.count, 0.0))
    checks.check(pool, out / "sheets", config.crop)


def train(config: Config, device: torch.device, out: Path, *, resume: bool) -> None:
    """Train both networks; the checkpoint is in ``out``."""
    training.train(config, device, out, resume=resume)


def evaluate(config: Config, device: torch.device, out: Path) -> dict[str, Any]:
    """Calibrate on validation identities, judge on test identities; the figures."""
    trainer = _trained(config, device, out)
    networks = trainer.averaged()
    validation = evaluation.held_out("validation", min(config.tests, 1500), config, device)
    evaluation.calibrate(networks, evaluation.run(networks, validation, config))
    torch.save(networks.state_dict(), out / "calibrated.pt")
    test = evaluation.held_out("test", min(config.tests, 1500), config, device)
    figures = evaluation.summary(evaluation.run(networks, test, config, seed=11))
    figures["training"] = {
        "steps": trainer.step,
        "pictures": trainer.pictures,
        "seconds": round(trainer.spent),
        "device": device.type,
        "kept": _kept(config),
        "origin": trainer.origin,
    }
    (out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    example = draw(
        test, np.random.default_rng(3), min(40, 4 * test.filled), config.crop, looks.CROP
    )
    checks.sheet(example, out / "sheets" / "predicted.png", network=networks["regressor"])
    return figures


def export(
    config: Config, device: torch.device, out: Path, figures: dict[str, Any]
) -> dict[str, Any]:
    """Write the calibrated networks as ONNX with their model card to ``out``/export."""
    networks = _trained(config, device, out).averaged()
    networks.load_state_dict(torch.load(out / "calibrated.pt", weights_only=True))
    return exporting.export(networks, config, out / "export", figures)


def _trained(config: Config, device: torch.device, out: Path) -> Trainer:
    trainer = Trainer(config, device)
    trainer.load(out / "checkpoint.pt")
    return trainer


def _kept(config: Config) -> int | None:
    """How many pictures the bank holds that the training drew from; None without a bank."""
    if not config.bank:
        return None
    return sum(Bank(Path(config.bank), kind).count() for kind in KINDS)
