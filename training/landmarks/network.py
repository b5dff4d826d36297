# SPDX-License-Identifier: GPL-3.0-or-later
"""The two networks: one finds the face's box in a picture, one places its landmarks in a crop.

Dense 3x3 convolutions in residual blocks (they train several times faster than depthwise ones on
current GPUs); each landmark gets an uncertainty, as in Wood et al., "3D Face Reconstruction with
Dense Landmarks" (ECCV 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from auto_rig_face.vocabulary import ARKIT_SHAPES
from torch import Tensor, nn

from . import points as scheme
from .expressions import EMOTIONS

PER_POINT = 5  # x, y, log sigma, visible logit, exists logit
SHAPES = len(ARKIT_SHAPES)
STRIDE = 8  # pixels of a cell of the detector


@dataclass(frozen=True)
class Face:
    """What the regressor says of B crops. ``points`` (B, N, 2) in the crop's frame, -1..1;
    ``log_sigma`` (B, N) of a point's Student-t scale in the same unit; ``visible``, ``exists``
    (B, N) logits; ``shapes`` (B, 52) logits; ``emotion`` (B, 7) logits; ``intensity`` (B,) 0..1.5;
    ``face`` (B,) logit.
    """

    points: Tensor
    log_sigma: Tensor
    visible: Tensor
    exists: Tensor
    shapes: Tensor
    emotion: Tensor
    intensity: Tensor
    face: Tensor


class Block(nn.Module):
    """A residual block: 3x3 convolution to twice the width, 1x1 back."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        hidden = 2 * inputs
        self.body = nn.Sequential(
            nn.Conv2d(inputs, hidden, 3, stride, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.Hardswish(),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.residual = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)
        return x + y if self.residual else y


def _stem(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, channels, 3, 2, 1, bias=False), nn.BatchNorm2d(channels), nn.Hardswish()
    )


class Regressor(nn.Module):
    """Landmarks and expression of a face crop (B, 3, S, S), RGB in 0..1, S a multiple of 32."""

    def __init__(self, size: int = 160, width: float = 1.0) -> None:
        super().__init__()
        c = [max(8, round(width * n / 8) * 8) for n in (24, 40, 72, 120, 160, 64)]
        self.features = nn.Sequential(
            _stem(c[0]),
            Block(c[0], c[1], 2),
            Block(c[1], c[1], 1),
            Block(c[1], c[2], 2),
            *(Block(c[2], c[2], 1) for _ in range(2)),
            Block(c[2], c[3], 2),
            *(Block(c[3], c[3], 1) for _ in range(3)),
            Block(c[3], c[4], 2),
            *(Block(c[4], c[4], 1) for _ in range(2)),
            nn.Conv2d(c[4], c[5], 1, bias=False),
            nn.BatchNorm2d(c[5]),
            nn.Hardswish(),
        )
        hidden = max(64, round(320 * width))
        cells = (size // 32) ** 2
        self.neck = nn.Sequential(nn.Flatten(), nn.Linear(c[5] * cells, hidden), nn.Hardswish())
        self.points = nn.Linear(hidden, scheme.COUNT * PER_POINT)
        self.others = nn.Linear(hidden, SHAPES + len(EMOTIONS) + 2)
        # Set by calibration: log of observed over expected error of each point.
        self.register_buffer("log_scale", torch.zeros(scheme.COUNT))

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, 5) of each point, calibrated; (B, 61): shapes, emotions, intensity, face."""
        hidden = self.neck(self.features((picture - 0.5) * 4))
        points = self.points(hidden).view(-1, scheme.COUNT, PER_POINT).float()
        x, y, sigma, visible, exists = points.unbind(dim=2)
        sigma = sigma.clamp(-6.0, 2.0) + self.log_scale
        return torch.stack([x, y, sigma, visible, exists], dim=2), self.others(hidden).float()


def unpack(outputs: tuple[Tensor, Tensor]) -> Face:
    """The regressor's outputs by name."""
    points, others = outputs
    shapes, emotion, intensity, face = others.split([SHAPES, len(EMOTIONS), 1, 1], dim=1)
    return Face(
        points=points[..., :2],
        log_sigma=points[..., 2],
        visible=points[..., 3],
        exists=points[..., 4],
        shapes=shapes,
        emotion=emotion,
        intensity=intensity[:, 0],
        face=face[:, 0],
    )


class Detector(nn.Module):
    """Face boxes in a whole picture (B, 3, S, S): for each cell a score and a box, after Zhou et
    al., "Objects as Points" (2019). Output (B, 5, S/8, S/8): score logit, the box's middle from the
    cell's middle in cells (x, y), and log of half its sides in shares of the picture (x, y).
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        c = [max(8, round(width * n / 8) * 8) for n in (16, 24, 40, 56)]
        self.down = nn.Sequential(_stem(c[0]), Block(c[0], c[1], 2), Block(c[1], c[1], 1))
        self.middle = nn.Sequential(Block(c[1], c[2], 2), *(Block(c[2], c[2], 1) for _ in range(2)))
        self.deep = nn.Sequential(
            Block(c[2], c[3], 2), *(Block(c[3], c[3], 1) for _ in range(2)),
            nn.Conv2d(c[3], c[2], 1, bias=False), nn.BatchNorm2d(c[2]),
            nn.Upsample(scale_factor=2, mode="nearest"),
        )  # fmt: skip
        last = nn.Conv2d(c[2], 5, 1)
        nn.init.zeros_(last.bias)
        nn.init.constant_(last.bias[:1], -4.0)  # hardly any cell has a face
        self.head = nn.Sequential(Block(c[2], c[2], 1), last)

    def forward(self, picture: Tensor) -> Tensor:
        features = self.middle(self.down((picture - 0.5) * 4))
        return self.head(features + self.deep(features)).float()


def boxes(output: Tensor) -> tuple[Tensor, Tensor]:
    """Score (B,) and box (B, 4), left, top, right, bottom in -1..1, of the best cell."""
    count, _, rows, columns = output.shape
    flat = output.flatten(2)
    score, best = flat[:, 0].max(dim=1)
    chosen = flat.gather(2, best[:, None, None].expand(-1, 5, 1))[..., 0]
    x = (best % columns + 0.5 + chosen[:, 1]) * 2 / columns - 1
    y = (torch.div(best, columns, rounding_mode="floor") + 0.5 + chosen[:, 2]) * 2 / rows - 1
    half = chosen[:, 3:].clamp(-5, 1).exp()
    return score.view(count), torch.stack(
        [x - half[:, 0], y - half[:, 1], x + half[:, 0], y + half[:, 1]], 1
    )
