# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that reads an expression from an aligned picture, the landmarks' places, or both.

Its convolutions are the landmark regressor's, so that they may start from what that has learnt.
``vgg16`` is there to compare with: K. Simonyan, A. Zisserman, "Very Deep Convolutional Networks for
Large-Scale Image Recognition" (ICLR 2015), configuration D, with batch normalisation, and with the
same head in place of its three large layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from torch import Tensor, nn

from ..landmarks import points as scheme
from ..landmarks.network import Regressor

SHAPES: Final = len(ARKIT_SHAPES)
FEATURES: Final = 192
INPUTS: Final = ("both", "picture", "points")
ARCHITECTURES: Final = ("residual", "vgg16")
_VGG: Final = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


@dataclass(frozen=True)
class Said:
    """Of B faces: ``shapes`` (B, 52) and ``emotion`` (B, 7) logits, ``intensity`` (B,),
    ``features`` (B, FEATURES), ``true_points`` (B, N, 2) where the given points ought to be.
    """

    shapes: Tensor
    emotion: Tensor
    intensity: Tensor
    features: Tensor
    true_points: Tensor


class Trunk(nn.Module):
    """(B, 3, S, S) to (B, FEATURES) by the regressor's convolutions; S a multiple of 32."""

    def __init__(self, size: int, width: float) -> None:
        super().__init__()
        regressor = Regressor(size, width)
        self.near, self.middle, self.far = regressor.near, regressor.middle, regressor.far
        self.squeeze = regressor.squeeze
        with torch.no_grad():
            middle = self.middle.eval()(self.near.eval()(torch.zeros(1, 3, size, size)))
            squeezed = self.squeeze.eval()(self.far.eval()(middle))
        fine = 16
        # Lids and lips are a few pixels wide: the coarsest cells alone would miss what they do.
        self.detail = nn.Sequential(
            nn.Conv2d(middle.shape[1], fine, 1, bias=False), nn.BatchNorm2d(fine), nn.Hardswish()
        )
        cells = squeezed[0].numel() + fine * middle[0, 0].numel()
        self.neck = nn.Linear(cells, FEATURES)
        self.frozen = False

    def freeze(self) -> None:
        """Leave the first convolutions as they are: they see edges, and take most of the time."""
        self.frozen = True
        self.near.requires_grad_(requires_grad=False)

    def train(self, mode: bool = True) -> Trunk:
        """Batch statistics of what is frozen stay, too."""
        super().train(mode)
        if self.frozen:
            self.near.eval()
        return self

    def forward(self, picture: Tensor) -> Tensor:
        middle = self.middle(self.near((picture - 0.5) * 4))
        far = self.squeeze(self.far(middle))
        return self.neck(torch.cat([far.flatten(1), self.detail(middle).flatten(1)], dim=1))


class Vgg16(nn.Module):
    """(B, 3, S, S) to (B, FEATURES)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for channels, repeats in _VGG:
            for _ in range(repeats):
                layers += [
                    nn.Conv2d(inputs, channels, 3, padding=1, bias=False),
                    nn.BatchNorm2d(channels),
                    nn.ReLU(),
                ]
                inputs = channels
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.neck = nn.Linear(inputs * (size // 32) ** 2, FEATURES)

    def forward(self, picture: Tensor) -> Tensor:
        return self.neck(self.features((picture - 0.5) * 4).flatten(1))


class Reader(nn.Module):
    """An expression of a face, by itself or against the face at rest.

    ``inputs``: what is looked at, one of INPUTS.
    """

    def __init__(
        self,
        size: int = 96,
        width: float = 0.75,
        inputs: str = "both",
        architecture: str = "residual",
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.sees = inputs != "points"
        self.measures = inputs != "picture"
        if self.sees:
            self.trunk = Vgg16(size) if architecture == "vgg16" else Trunk(size, width)
        self.register_buffer("usual", torch.zeros(scheme.COUNT, 2))
        self.register_buffer("spread", torch.ones(scheme.COUNT, 2))
        if self.measures:
            hidden = 192
            self.places = nn.Sequential(
                nn.Flatten(),
                nn.Linear(scheme.COUNT * 2, hidden),
                nn.Hardswish(),
                nn.Linear(hidden, FEATURES),
            )
        self.fused = nn.Sequential(
            nn.Hardswish(),
            nn.Dropout(dropout),
            nn.Linear(FEATURES * (self.sees + self.measures), FEATURES),
            nn.Hardswish(),
        )
        # Asked in training only: where things truly are says far more than 52 numbers do.
        self.true_places = nn.Linear(FEATURES, scheme.COUNT * 2)
        self.alone = nn.Linear(FEATURES, FEATURES)
        self.against = nn.Linear(FEATURES, FEATURES)
        self.head = nn.Sequential(
            nn.Hardswish(), nn.Dropout(dropout), nn.Linear(FEATURES, SHAPES + len(EMOTIONS) + 1)
        )

    def features(self, picture: Tensor, points: Tensor) -> Tensor:
        """(B, FEATURES) of pictures (B, 3, S, S) in 0..1 and points (B, N, 2) in the same frame."""
        parts = []
        if self.sees:
            parts.append(self.trunk(picture))
        if self.measures:
            parts.append(self.places((points - self.usual) / self.spread))
        return self.fused(torch.cat(parts, dim=1))

    def say(self, features: Tensor, rest: Tensor, known: Tensor) -> Said:
        """``rest`` (B, FEATURES): features of the same faces at rest; ``known`` (B, 1): 1 where
        there are any, else 0.
        """
        hidden = self.alone(features) + known * self.against(features - rest)
        shapes, emotion, intensity = (
            self.head(hidden).float().split([SHAPES, len(EMOTIONS), 1], dim=1)
        )
        return Said(shapes, emotion, intensity[:, 0], features, self._true_points(features))

    def _true_points(self, features: Tensor) -> Tensor:
        off = self.true_places(features).float().unflatten(1, (scheme.COUNT, 2))
        return self.usual + self.spread * off

    def forward(self, picture: Tensor, points: Tensor, rest: Tensor, known: Tensor) -> Said:
        return self.say(self.features(picture, points), rest, known)


class Exported(nn.Module):
    """A reader as the product runs it: coefficients, probabilities, intensity, features."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(
        self, picture: Tensor, points: Tensor, rest: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        said = self.reader(picture, points, rest, known)
        return (
            said.shapes.sigmoid(),
            said.emotion.softmax(dim=1),
            said.intensity[:, None],
            said.features,
        )
