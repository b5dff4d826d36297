# SPDX-License-Identifier: GPL-3.0-or-later
"""Training: on a GPU, pictures are rendered as they are needed and never stored; on a CPU they come
from a bank, because there rendering takes several times as long as training.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from . import looks, start
from .augment import augment
from .bank import Bank
from .config import Config
from .draw import Order, fulfil, order
from .losses import Batch
from .pool import Builders, HeadPool
from .trainer import Trainer

T = TypeVar("T")


def train(config: Config, device: torch.device, out: Path, *, resume: bool) -> Trainer:
    """Train for ``config.seconds``, resumed runs included; checkpoints go to ``out``."""
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
    checkpoint = out / "checkpoint.pt"
    trainer = Trainer(config, device)
    if resume and checkpoint.is_file():
        trainer.load(checkpoint)
    source = _banked if config.bank else _rendered
    batches = source(trainer, config, device)
    if config.start and not trainer.step:
        crop, scene, _ = next(batches)
        pictures = {"regressor": crop.pictures, "detector": scene.pictures}
        trainer.began(start.begin(trainer.networks, Path(config.start), pictures))
    _run(trainer, batches, checkpoint)
    trainer.save(checkpoint)
    return trainer


def _run(trainer: Trainer, batches: Iterator[tuple[Batch, Batch, str]], checkpoint: Path) -> None:
    config = trainer.config
    began = before = last = saved = time.monotonic()
    pictures = trainer.pictures
    for crop, scene, note in batches:
        terms = trainer.train_step(crop, scene)
        now = time.monotonic()
        trainer.spent += now - before
        before = now
        if terms:
            rate = (trainer.pictures - pictures) / (now - last)
            pictures, last = trainer.pictures, now
            numbers = "  ".join(f"{name} {value:.3f}" for name, value in terms.items())
            print(
                f"{trainer.spent:5.0f} s  step {trainer.step}  {rate:.0f} pictures a second  "
                f"{note}  {numbers}",
                flush=True,
            )
        if now - saved > config.save:
            trainer.save(checkpoint)
            saved = now
        if trainer.spent > config.seconds or now - began > config.session:
            break


def _rendered(
    trainer: Trainer, config: Config, device: torch.device
) -> Iterator[tuple[Batch, Batch, str]]:
    """Crops and scenes rendered on ``device`` of heads that other processes build."""
    # A resumed run goes on with other heads and other looks.
    builders = Builders("train", config.workers, seed=config.seed + trainer.step)
    rng = np.random.default_rng((config.seed, trainer.step))
    pool = HeadPool(config.pool, device)

    def orders() -> tuple[Order, Order]:
        crop = order(pool, rng, config.batch, looks.CROP)
        return crop, order(pool, rng, config.scene_batch, looks.SCENE)

    try:
        _fill(pool, builders, config.first_heads)
        # The processor draws up the next orders while the device renders and trains.
        for crop, scene in _ahead(orders):
            pool.add(builders.take(config.fresh, 0.0))
            yield (
                fulfil(pool, crop, config.crop),
                fulfil(pool, scene, config.scene),
                f"{pool.count} heads",
            )
    finally:
        builders.close()
        for failure in builders.failures[:3]:
            print(f"a head could not be built: {failure}", flush=True)
        print(f"{pool.count} heads, {len(builders.failures)} failures", flush=True)


def _fill(pool: HeadPool, builders: Builders, count: int) -> None:
    began = time.monotonic()
    while pool.count < count:
        pool.add(builders.take(min(256, count - pool.count), 60.0))
    rate = pool.count / max(time.monotonic() - began, 1e-3)
    print(f"{pool.count} heads, {rate:.0f} a second", flush=True)


def _banked(
    trainer: Trainer, config: Config, device: torch.device
) -> Iterator[tuple[Batch, Batch, str]]:
    """Crops and scenes from the bank, changed at random; ValueError where it is empty."""
    crops, scenes = (Bank(Path(config.bank), kind) for kind in ("crops", "scenes"))
    if not crops.count() or not scenes.count():
        raise ValueError(f"There are no pictures in {config.bank}: fill it with the command bank")
    rng = np.random.default_rng((config.seed, trainer.step))
    generator = torch.Generator().manual_seed(config.seed + trainer.step)

    def batches() -> tuple[Batch, Batch]:
        crop = augment(crops.sample(rng, config.batch), generator)
        scene = scenes.sample(rng, config.scene_batch)
        return crop, augment(scene, generator, geometry=False)

    for crop, scene in _ahead(batches):
        yield crop.to(device), scene.to(device), f"{crops.count()} crops"


def _ahead(make: Callable[[], T]) -> Iterator[T]:
    """What ``make`` gives, without end, each made while its predecessor is in use."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        following = worker.submit(make)
        while True:
            ready = following.result()
            following = worker.submit(make)
            yield ready
