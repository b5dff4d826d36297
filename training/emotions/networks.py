# SPDX-License-Identifier: GPL-3.0-or-later
"""A conditional VAE and a conditional GAN of 52 coefficients.

A condition is the emotion as seven numbers, one of them 1, and the intensity in halves, so that it
is 0..1; all zeros stand for an expression of no known emotion.
"""

from __future__ import annotations

from typing import Final

import torch
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS, STRONGEST_EMOTION
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

SHAPES: Final = len(ARKIT_SHAPES)
CONDITION: Final = len(EMOTIONS) + 1
LATENT: Final = 10
NOISE: Final = 16
HIDDEN: Final = 160


def condition_of(emotion: Tensor, intensity: Tensor) -> Tensor:
    """(B, 8) of (B,) emotion indices, -1 for none, and (B,) intensities."""
    known = (emotion >= 0).float()[:, None]
    one_hot = nn.functional.one_hot(emotion.clamp(min=0), len(EMOTIONS)).float() * known
    return torch.cat([one_hot, intensity[:, None] / STRONGEST_EMOTION * known], dim=1)


def _layers(inputs: int, outputs: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.SiLU(),
        nn.Linear(hidden, hidden),
        nn.SiLU(),
        nn.Linear(hidden, outputs),
    )


class Encoder(nn.Module):
    """(B, 52) coefficients and (B, 8) conditions to mean and log variance (B, LATENT)."""

    def __init__(self, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.body = _layers(SHAPES + CONDITION, 2 * LATENT, hidden)

    def forward(self, coefficients: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance."""
        mean, log_variance = self.body(torch.cat([coefficients, condition], 1)).chunk(2, dim=1)
        return mean, log_variance.clamp(-8.0, 4.0)


class Decoder(nn.Module):
    """(B, LATENT) and (B, 8) conditions to (B, 52) coefficients; also the GAN's generator."""

    def __init__(self, latent: int = LATENT, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.body = _layers(latent + CONDITION, SHAPES, hidden)

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Coefficients 0..1."""
        return torch.sigmoid(self.body(torch.cat([latent, condition], dim=1)))


class Discriminator(nn.Module):
    """How real (B, 52) coefficients look under (B, 8) conditions: projection discriminator of
    Miyato and Koyama, "cGANs with Projection Discriminator" (ICLR 2018).
    """

    def __init__(self, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.body = nn.Sequential(
            spectral_norm(nn.Linear(SHAPES, hidden)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Linear(hidden, hidden)),
            nn.LeakyReLU(0.2),
        )
        self.plain = spectral_norm(nn.Linear(hidden, 1))
        self.of_condition = spectral_norm(nn.Linear(CONDITION, hidden, bias=False))

    def forward(self, coefficients: Tensor, condition: Tensor) -> Tensor:
        """(B,) scores."""
        features = self.body(coefficients)
        return self.plain(features)[:, 0] + (features * self.of_condition(condition)).sum(dim=1)


class Recogniser(nn.Module):
    """Emotion logits (B, 7) and intensity (B,) of (B, 52) coefficients; helps the generator to stay
    readable, and judges nothing.
    """

    def __init__(self, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.body = _layers(SHAPES, len(EMOTIONS) + 1, hidden)

    def forward(self, coefficients: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and intensity."""
        output = self.body(coefficients)
        return output[:, :-1], output[:, -1]
