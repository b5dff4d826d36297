# SPDX-License-Identifier: GPL-3.0-or-later
"""Training: pictures are rendered on the device as they are needed, and never stored."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from . import looks
from .config import Config
from .losses import Truth, detector_loss, regressor_loss
from .network import Detector, Regressor, unpack
from .pool import Builders, HeadPool, truth_of
from .render.batch import pack_look
from .render.pictures import render
from .scene import Look


@dataclass(frozen=True)
class Example:
    """``pictures`` (B, 3, S, S), their labels, the family and style of each, and their looks."""

    pictures: Tensor
    truth: Truth
    family: NDArray[np.str_]
    style: NDArray[np.str_]
    look: Look


@dataclass(frozen=True)
class Order:
    """What to render: ``rows`` of the pool, and how."""

    rows: NDArray[np.int64]
    look: Look
    style: NDArray[np.str_]


def order(pool: HeadPool, rng: np.random.Generator, count: int, framing: looks.Framing) -> Order:
    """Heads of the pool and looks, at random."""
    rows = pool.choose(rng, count)
    return Order(rows, *looks.sample_looks(rng, pool.points[rows], framing))


def draw(
    pool: HeadPool, rng: np.random.Generator, count: int, size: int, framing: looks.Framing
) -> Example:
    """Render ``count`` pictures of heads of the pool."""
    return fulfil(pool, order(pool, rng, count, framing), size)


def fulfil(pool: HeadPool, wanted: Order, size: int) -> Example:
    """Render an order."""
    chosen, look = pool.at(wanted.rows), wanted.look
    on_device = pack_look(look, pool.device)
    with torch.no_grad():
        pictures = render(chosen.heads, on_device, chosen.points, size)
        truth = truth_of(chosen, on_device, pictures)
    return Example(pictures.rgb, truth, chosen.family, wanted.style, look)


class Trainer:
    """Both networks with their optimiser and running average; can be saved and resumed."""

    def __init__(self, config: Config, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device = config, device
        self.networks = nn.ModuleDict(
            {"regressor": Regressor(config.crop, config.width), "detector": Detector(config.width)}
        )
        self.networks.to(device, memory_format=torch.channels_last)
        self.average = {k: v.clone() for k, v in self.networks.state_dict().items()}
        matrices = [p for p in self.networks.parameters() if p.ndim > 1]
        vectors = [p for p in self.networks.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": config.decay},
                {"params": vectors, "weight_decay": 0.0},
            ],
            lr=config.rate,
            fused=device.type == "cuda",
        )
        self.step, self.pictures, self.spent = 0, 0, 0.0

    def train_step(self, crop: Example, scene: Example) -> dict[str, float]:
        """One step on both networks; the terms of the loss."""
        self._set_rate()
        self.networks.train()
        bf16 = torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")
        layout = torch.channels_last
        with bf16:
            face = unpack(
                self.networks["regressor"](crop.pictures.contiguous(memory_format=layout))
            )
            found = self.networks["detector"](scene.pictures.contiguous(memory_format=layout))
        terms = regressor_loss(face, crop.truth) | detector_loss(found, scene.truth)
        loss = torch.stack(list(terms.values())).sum()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.networks.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self.pictures += len(crop.pictures) + len(scene.pictures)
        self._update_average()
        if not self._reports():
            return {}
        return {name: float(term.detach()) for name, term in terms.items()}

    def _reports(self) -> bool:
        return self.step % self.config.report == 0

    def _set_rate(self) -> None:
        """Linear warm-up, then a cosine over the time that the run has."""
        share = min(self.spent / self.config.seconds, 1.0)
        rate = self.config.rate * (0.5 * (1 + math.cos(math.pi * share)) + 0.005)
        rate *= min(1.0, (self.step + 1) / self.config.warm_up)
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    @torch.no_grad()
    def _update_average(self) -> None:
        # A young average would lag behind: it forgets faster at first.
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        for name, value in self.networks.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - keep)
            else:
                self.average[name].copy_(value)

    def averaged(self) -> nn.ModuleDict:
        """Copies of the networks with the averaged weights, for evaluation."""
        config = self.config
        networks = nn.ModuleDict(
            {"regressor": Regressor(config.crop, config.width), "detector": Detector(config.width)}
        )
        networks.load_state_dict(self.average)
        return networks.to(self.device, memory_format=torch.channels_last).eval()

    def save(self, path: Path) -> None:
        """Write everything that a resumed run needs."""
        state = {
            "config": asdict(self.config),
            "networks": self.networks.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "pictures": self.pictures,
            "spent": self.spent,
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint, optimiser included."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.networks.load_state_dict(state["networks"])
        self.average = {k: v.to(self.device) for k, v in state["average"].items()}
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.pictures = state["step"], state["pictures"]
        self.spent = state["spent"]


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
    # A resumed run goes on with other heads and other looks.
    builders = Builders("train", config.workers, seed=config.seed + trainer.step)
    pool = HeadPool(config.pool, device)
    try:
        _fill(pool, builders, config.first_heads)
        _run(trainer, pool, builders, checkpoint)
    finally:
        builders.close()
    trainer.save(checkpoint)
    for failure in builders.failures[:3]:
        print(f"a head could not be built: {failure}", flush=True)
    print(f"{pool.count} heads, {len(builders.failures)} failures", flush=True)
    return trainer


def _fill(pool: HeadPool, builders: Builders, count: int) -> None:
    began = time.monotonic()
    while pool.count < count:
        pool.add(builders.take(min(256, count - pool.count), 60.0))
    rate = pool.count / max(time.monotonic() - began, 1e-3)
    print(f"{pool.count} heads, {rate:.0f} a second", flush=True)


def _run(trainer: Trainer, pool: HeadPool, builders: Builders, checkpoint: Path) -> None:
    config = trainer.config
    rng = np.random.default_rng((config.seed, trainer.step))
    before = last = saved = time.monotonic()
    pictures = trainer.pictures
    ahead = ThreadPoolExecutor(max_workers=1)
    following = ahead.submit(_orders, pool, rng, config)
    began = before
    while trainer.spent < config.seconds and before - began < config.session:
        pool.add(builders.take(config.fresh, 0.0))
        # The processor draws up the next orders while the device renders and trains.
        orders, following = following.result(), ahead.submit(_orders, pool, rng, config)
        crop, scene = fulfil(pool, orders[0], config.crop), fulfil(pool, orders[1], config.scene)
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
                f"{pool.count} heads  {numbers}",
                flush=True,
            )
        if now - saved > config.save:
            trainer.save(checkpoint)
            saved = now
    following.result()
    ahead.shutdown()


def _orders(pool: HeadPool, rng: np.random.Generator, config: Config) -> tuple[Order, Order]:
    """What a step renders for the regressor and for the detector."""
    crop = order(pool, rng, config.batch, looks.CROP)
    return crop, order(pool, rng, config.scene_batch, looks.SCENE)
