# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the recurrent network on clips: right values, and right motion."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from auto_rig_face.models.performance_reader import inputs_of
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from .clips import Clip
from .network import SHAPES, Follower

_LEAST_SPREAD: Final = 0.05
_KNOWN: Final = 0.5  # share of windows with a picture at rest
_SHAKEN: Final = 0.1  # deviation of logits


@dataclass(frozen=True)
class Config:
    """``batch`` windows of ``window`` frames a step; ``motion``: weight of the steps from frame to
    frame against that of values.
    """

    steps: int = 700
    batch: int = 24
    window: int = 48
    width: int = 64
    layers: int = 2
    rate: float = 2e-3
    decay: float = 0.02
    dropout: float = 0.2
    motion: float = 4.0
    seed: int = 1
    threads: int = 1


TOY: Final = Config(steps=4, batch=2, window=16, width=16, layers=1)


def train(config: Config, clips: Sequence[Clip]) -> Follower:
    """A network trained on ``clips``."""
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    example, _ = _batch(rng, clips, config, 64)
    flat = example.flatten(0, 1)
    follower = Follower(flat.shape[1], config.width, config.layers, config.dropout)
    follower.usual.copy_(flat.mean(dim=0))
    follower.spread.copy_(flat.std(dim=0).clamp(min=_LEAST_SPREAD))
    optimiser = torch.optim.AdamW(follower.parameters(), lr=config.rate, weight_decay=config.decay)
    start = time.monotonic()
    for step in range(config.steps):
        share = step / config.steps
        for group in optimiser.param_groups:
            warmth = min(1.0, (step + 1) / 100)
            group["lr"] = config.rate * warmth * (0.5 * (1 + math.cos(math.pi * share)) + 0.01)
        frames, truth = _batch(rng, clips, config, config.batch)
        loss = loss_of(follower(frames), truth, config.motion)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(follower.parameters(), 1.0)
        optimiser.step()
        if step % 250 == 0:
            print(
                f"{step} of {config.steps}, {time.monotonic() - start:.0f} s: {loss:.4f}",
                flush=True,
            )
    return follower.eval()


def loss_of(said: Tensor, truth: Tensor, motion: float) -> Tensor:
    """Of coefficients (B, F, 52)."""
    steps = said.diff(dim=1) - truth.diff(dim=1)
    shaking = functional.smooth_l1_loss(steps, torch.zeros_like(steps), beta=0.05)
    return functional.mse_loss(said, truth) + motion * shaking


def _batch(
    rng: np.random.Generator, clips: Sequence[Clip], config: Config, count: int
) -> tuple[Tensor, Tensor]:
    """Windows of clips: (B, F, N) inputs and (B, F, 52) truth."""
    drawn = [
        _window(rng, clips[int(rng.integers(len(clips)))], config.window) for _ in range(count)
    ]
    inputs, truth = (np.stack(several) for several in zip(*drawn, strict=True))
    inputs[..., : 2 * SHAPES] += rng.normal(0.0, _SHAKEN, (*inputs.shape[:2], 2 * SHAPES))
    return torch.from_numpy(inputs).float(), torch.from_numpy(truth).float()


def _window(rng: np.random.Generator, clip: Clip, length: int) -> tuple[NDArray, NDArray]:
    """Consecutive frames of a clip, forwards or backwards."""
    first = int(rng.integers(max(len(clip.truth) - length, 0) + 1))
    rows = np.arange(first, first + length).clip(max=len(clip.truth) - 1)
    if rng.random() < 0.5:
        rows = rows[::-1]
    known = rng.random() < _KNOWN
    inputs = inputs_of(
        clip.alone[rows],
        clip.compared[rows] if known else None,
        clip.emotions[rows],
        clip.intensity[rows],
        clip.rate,
    )
    return inputs, clip.truth[rows]
