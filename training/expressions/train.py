# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the reader for a given time, on a CPU."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from auto_rig_face.vocabulary import EMOTIONS
from torch import Tensor, nn
from torch.nn import functional

from . import groups
from .data import Labels, Prepared, Source, statistics
from .network import Reader, Said, Trunk
from .trunk import start_from

KEPT: Final = "reader.pt"
NEUTRAL: Final = EMOTIONS.index("neutral")
# Share of groups' pictures that are read against the one at rest.
COMPARED: Final = 0.7
# Half crops: how far a point may be off before more of it counts no more than in proportion.
FINE: Final = 0.03
# Weights of keys follow how seldom they move, within these bounds.
KEY_WEIGHTS: Final = (0.5, 3.0)


@dataclass(frozen=True)
class Config:
    """``seconds``: how long to train; ``single``: pictures of the bank and ``together`` groups a
    step; ``size``: pixels a side; ``width``: channels, as the landmark network's; ``inputs``,
    ``architecture`` as in the network; ``rate``: highest learning rate, ``trunk_rate``: that of
    convolutions that had learnt before; ``average``: decay of the averaged weights a step;
    ``threads`` of torch.
    """

    seconds: float = 1500.0
    single: int = 96
    together: int = 6
    size: int = 96
    width: float = 0.75
    inputs: str = "both"
    architecture: str = "residual"
    rate: float = 1.5e-3
    trunk_rate: float = 0.8e-3
    warm_up: int = 60
    decay: float = 0.03
    average: float = 0.998
    report: int = 50
    save: float = 120.0
    threads: int = 2
    seed: int = 1


TOY: Final = Config(
    seconds=4.0, single=6, together=2, size=32, width=0.25, warm_up=2, report=5, threads=1
)


@dataclass(frozen=True)
class Trained:
    """A reader with averaged weights; ``steps``, ``pictures`` and ``seconds`` that it took."""

    reader: Reader
    steps: int
    pictures: int
    seconds: float


def train(
    config: Config,
    source: Source,
    labels: Labels,
    out: Path,
    *,
    trunk: Path | None = None,
    start: Path | None = None,
) -> Trained:
    """A reader trained on ``source``. ``trunk``: landmark networks to take the convolutions of;
    ``start``: the folder of an earlier run to go on from. ``out`` / KEPT holds the averaged weights
    from time to time.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    if start is not None:
        before = kept(config, start)
        reader, early = before.reader, _freeze(before.reader)
        step, pictures, spent = before.steps, before.pictures, before.seconds
    else:
        reader, early = _fresh(config, source, rng, trunk)
        step, pictures, spent = 0, 0, 0.0
    reader = reader.to(memory_format=torch.channels_last)
    optimiser = _optimiser(reader, config, early)
    average = copy.deepcopy(reader).eval()
    weights = key_weights(labels)
    halves = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    began = saved = reported = time.monotonic()
    first = step
    for batch in _ahead(source, rng, config):
        share = (time.monotonic() - began) / config.seconds
        _set_rate(optimiser, min(share, 1.0), min(1.0, (step - first + 1) / config.warm_up))
        reader.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=halves):
            said = _said(reader, batch)
        terms = loss_of(said, batch, weights)
        loss = torch.stack(list(terms.values())).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 5.0)
        optimiser.step()
        step += 1
        pictures += len(batch.picture)
        _follow(average, reader, min(config.average, (1 + step - first) / (10 + step - first)))
        now = time.monotonic()
        if step % config.report == 0:
            pace = config.report * len(batch.picture) / (now - reported)
            numbers = "  ".join(
                f"{name} {float(term.detach()):.3f}" for name, term in terms.items()
            )
            print(f"{now - began:5.0f} s  step {step}  {pace:.0f} a second  {numbers}", flush=True)
            reported = now
        over = now - began > config.seconds
        if over or now - saved > config.save:
            _save(Trained(average, step, pictures, spent + now - began), out)
            saved = now
        if over:
            break
    return Trained(average, step, pictures, spent + config.seconds)


def _fresh(
    config: Config, source: Source, rng: np.random.Generator, trunk: Path | None
) -> tuple[Reader, set[str]]:
    """A reader that hasn't learnt anything but what its trunk knows, and the parameters of that."""
    reader = Reader(config.size, config.width, config.inputs, config.architecture)
    usual, spread = statistics(source, rng, 512)
    reader.usual.copy_(usual)
    reader.spread.copy_(spread)
    if trunk is None or not reader.sees or not isinstance(reader.trunk, Trunk):
        return reader, set()
    start_from(reader.trunk, trunk, source.draw(rng, 128, 0).picture)
    return reader, _freeze(reader)


def _freeze(reader: Reader) -> set[str]:
    """Freeze the first convolutions; the parameters of all of them."""
    if not reader.sees or not isinstance(reader.trunk, Trunk):
        return set()
    reader.trunk.freeze()
    return {f"trunk.{name}" for name, _ in reader.trunk.named_parameters() if "neck" not in name}


def _save(trained: Trained, out: Path) -> None:
    state = {
        "weights": trained.reader.state_dict(),
        "steps": trained.steps,
        "pictures": trained.pictures,
        "seconds": trained.seconds,
    }
    torch.save(state, out / KEPT)


def kept(config: Config, out: Path) -> Trained:
    """What a run of the same configuration left in ``out``."""
    state = torch.load(out / KEPT, map_location="cpu", weights_only=True)
    reader = Reader(config.size, config.width, config.inputs, config.architecture)
    reader.load_state_dict(state["weights"])
    return Trained(reader.eval(), state["steps"], state["pictures"], state["seconds"])


def _said(reader: Reader, batch: Prepared) -> Said:
    features = reader.features(
        batch.picture.contiguous(memory_format=torch.channels_last), batch.points
    )
    rest, known = torch.zeros_like(features), features.new_zeros(len(features), 1)
    if batch.grouped:
        rest, known = compared(features, batch.grouped)
    return reader.say(features, rest, known)


def compared(features: Tensor, grouped: int) -> tuple[Tensor, Tensor]:
    """Each grouped picture's features at rest, and which pictures are compared with those."""
    count, size = features.shape
    alone = count - grouped
    first = features[alone :: groups.SIZE]
    rest = torch.cat([features.new_zeros(alone, size), first.repeat_interleave(groups.SIZE, dim=0)])
    known = (torch.rand(count, 1) < COMPARED).to(features.dtype)
    known[:alone] = 0.0
    return rest, known


def key_weights(labels: Labels) -> Tensor:
    """(52,) weights of the coefficients: keys that seldom move would hardly be learnt."""
    spread = labels.shapes.astype(np.float32).std(axis=0)
    weights = np.median(spread) / np.maximum(spread, 1e-3)
    return torch.from_numpy(weights.clip(*KEY_WEIGHTS).astype(np.float32))


def loss_of(said: Said, batch: Prepared, weights: Tensor) -> dict[str, Tensor]:
    """The terms of the loss; their sum is minimised."""
    entropy = functional.binary_cross_entropy_with_logits(
        said.shapes, batch.shapes, reduction="none"
    )
    terms = {"shapes": 4 * (entropy * weights).mean()}
    off = (said.true_points - batch.true_points) / FINE
    terms["points"] = 0.5 * functional.smooth_l1_loss(off, torch.zeros_like(off))
    felt = batch.emotion >= 0
    if bool(felt.any()):
        wanted, intensity = batch.emotion[felt], batch.intensity[felt]
        cross = functional.cross_entropy(said.emotion[felt], wanted, reduction="none")
        # An emotion that is hardly shown can't be told; neutral faces are more than of any emotion.
        shown = torch.where(wanted == NEUTRAL, 0.6, intensity.clamp(0, 1))
        terms["emotion"] = 0.5 * (cross * shown).sum() / shown.sum().clamp(min=1e-3)
        off = said.intensity[felt] - intensity
        # More than a capped label says isn't wrong.
        off = torch.where(batch.capped[felt], off.clamp(max=0), off)
        terms["intensity"] = 0.3 * functional.smooth_l1_loss(off, torch.zeros_like(off), beta=0.2)
    return terms


def _optimiser(reader: Reader, config: Config, early: set[str]) -> torch.optim.AdamW:
    """Matrices decay, vectors don't; what has learnt before learns more slowly."""
    sets: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in reader.named_parameters():
        if not parameter.requires_grad:
            continue
        sets.setdefault((name in early, parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "weight_decay": config.decay if matrix else 0.0,
                "highest": config.trunk_rate if known else config.rate,
            }
            for (known, matrix), parameters in sets.items()
        ],
        lr=config.rate,
    )


def _set_rate(optimiser: torch.optim.AdamW, share: float, warmth: float) -> None:
    """Linear warm-up, then a cosine over the time that the run has."""
    for group in optimiser.param_groups:
        group["lr"] = group["highest"] * warmth * (0.5 * (1 + math.cos(math.pi * share)) + 0.005)


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    states = zip(average.state_dict().values(), network.state_dict().values(), strict=True)
    for old, new in states:
        if old.is_floating_point():
            old.lerp_(new, 1 - keep)
        else:
            old.copy_(new)


def _ahead(source: Source, rng: np.random.Generator, config: Config) -> Iterator[Prepared]:
    """Batches without end, each made while its predecessor is in use."""

    def make() -> Prepared:
        return source.draw(rng, config.single, config.together)

    with ThreadPoolExecutor(max_workers=1) as worker:
        following = worker.submit(make)
        while True:
            ready = following.result()
            following = worker.submit(make)
            yield ready
