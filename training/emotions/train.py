# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the VAE, of the helping recogniser, and of the GAN: a few minutes on one thread."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .data import NEUTRAL, Labelled
from .networks import (
    LATENT,
    NOISE,
    Decoder,
    Discriminator,
    Encoder,
    Recogniser,
    condition_of,
)

# Standard deviation of the decoder's Gaussian: what a coefficient may be off by.
SPREAD = 0.05
FORGET = 0.1  # share of conditions that the VAE doesn't get


@dataclass(frozen=True)
class Config:
    """``people``: expressions to learn from; ``steps`` of each network; ``batch``; ``rate``."""

    expressions: int = 40_000
    tests: int = 4_000
    vae_steps: int = 8_000
    gan_steps: int = 10_000
    batch: int = 256
    rate: float = 1e-3
    hidden: int = 160
    seed: int = 1


TOY = Config(expressions=400, tests=120, vae_steps=30, gan_steps=20, batch=32, hidden=32)


class Data:
    """Expressions as tensors, drawn at random."""

    def __init__(self, labelled: Labelled, seed: int) -> None:
        self.coefficients = torch.from_numpy(labelled.coefficients)
        self.emotion = torch.from_numpy(labelled.emotion)
        self.intensity = torch.from_numpy(labelled.intensity)
        self.generator = torch.Generator().manual_seed(seed)

    def draw(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Coefficients, emotion and intensity of ``count`` expressions."""
        rows = torch.randint(len(self.emotion), (count,), generator=self.generator)
        return self.coefficients[rows], self.emotion[rows], self.intensity[rows]


def train_vae(data: Data, config: Config) -> tuple[Encoder, Decoder]:
    """Maximise the evidence lower bound; the weight of its divergence grows from 0 to 1."""
    encoder, decoder = Encoder(config.hidden), Decoder(LATENT, config.hidden)

    def loss(step: int) -> Tensor:
        values, emotion, intensity = data.draw(config.batch)
        emotion = torch.where(torch.rand(len(emotion)) < FORGET, -1, emotion)
        condition = condition_of(emotion, intensity)
        mean, log_variance = encoder(values, condition)
        latent = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        weight = min(1.0, 2 * step / config.vae_steps)
        return error_of(decoder(latent, condition), values) + weight * divergence(
            mean, log_variance
        )

    _minimise(loss, [encoder, decoder], config.vae_steps, config.rate)
    return encoder.eval(), decoder.eval()


def error_of(decoded: Tensor, values: Tensor) -> Tensor:
    """Negative log likelihood of a Gaussian, but for its constant."""
    return ((decoded - values) ** 2).sum(dim=1).mean() / (2 * SPREAD**2)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence from the standard normal distribution."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()


def train_recogniser(data: Data, config: Config) -> Recogniser:
    """Emotion and intensity from coefficients."""
    recogniser = Recogniser(config.hidden)

    def loss(_: int) -> Tensor:
        return read_wrongly(recogniser, *data.draw(config.batch))

    _minimise(loss, [recogniser], config.vae_steps // 4, config.rate)
    return recogniser.eval().requires_grad_(requires_grad=False)


def read_wrongly(
    recogniser: Recogniser, values: Tensor, emotion: Tensor, intensity: Tensor
) -> Tensor:
    """How far a recogniser's reading is off; what is hardly shown can't be told."""
    logits, strength = recogniser(values)
    shown = intensity.clamp(0.0, 1.0) + (emotion == NEUTRAL)
    entropy = functional.cross_entropy(logits, emotion, reduction="none")
    return (entropy * shown).mean() + (strength - intensity).abs().mean()


def train_gan(data: Data, recogniser: Recogniser, config: Config) -> Decoder:
    """Hinge loss against the discriminator, kept readable by the recogniser and various by the
    mode-seeking term of Mao et al. (CVPR 2019); the running average of the generator's weights.
    """
    generator, discriminator = Decoder(NOISE, config.hidden), Discriminator(config.hidden)
    average = Decoder(NOISE, config.hidden)
    average.load_state_dict(generator.state_dict())
    judge = torch.optim.Adam(discriminator.parameters(), 2 * config.rate / 5, (0.0, 0.95))
    maker = torch.optim.Adam(generator.parameters(), config.rate / 5, (0.0, 0.95))
    for _ in range(config.gan_steps):
        values, emotion, intensity = data.draw(config.batch)
        condition = condition_of(emotion, intensity)
        made = generator(torch.randn(config.batch, NOISE), condition).detach()
        real, fake = discriminator(values, condition), discriminator(made, condition)
        _step(judge, functional.relu(1 - real).mean() + functional.relu(1 + fake).mean())

        noise = torch.randn(2, config.batch, NOISE)
        first, second = (generator(one, condition) for one in noise)
        apart = (first - second).abs().mean(dim=1) / (noise[0] - noise[1]).abs().mean(dim=1)
        loss = -discriminator(first, condition).mean()
        loss = loss + 0.3 * read_wrongly(recogniser, first, emotion, intensity)
        _step(maker, loss - 0.5 * apart.mean())
        _follow(average, generator, 0.999)
    return average.eval()


def _minimise(
    loss: Callable[[int], Tensor], networks: Iterable[nn.Module], steps: int, rate: float
) -> None:
    parameters = [p for network in networks for p in network.parameters()]
    optimiser = torch.optim.Adam(parameters, rate)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate * (0.505 + 0.495 * math.cos(math.pi * step / steps))
        _step(optimiser, loss(step))


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    for old, new in zip(average.parameters(), network.parameters(), strict=True):
        old.lerp_(new, 1 - keep)
