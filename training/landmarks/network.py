# SPDX-License-Identifier: GPL-3.0-or-later
"""The two networks: one finds the face's box in a picture, one places its landmarks in a crop.

Dense 3x3 convolutions in residual blocks (they train several times faster than depthwise ones on
current GPUs); each landmark gets an uncertainty, as in Wood et al., "3D Face Reconstruction with
Dense Landmarks" (ECCV 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from torch import Tensor, nn

from . import points as scheme

PER_POINT = 5  # x, y, log sigma, visible logit, exists logit
SHAPES = len(ARKIT_SHAPES)
STRIDE = 8  # pixels of a cell of the detector and of the heat maps


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


def _mixed(inputs: int, outputs: int) -> nn.Sequential:
    """Channels of each cell mixed."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.Hardswish()
    )


class Regressor(nn.Module):
    """Landmarks and expression of a face crop (B, 3, S, S), RGB in 0..1, S a multiple of 32.

    Where a point is, is the mean of a heat map over cells of 8 pixels, so that precision comes from
    the features at the place itself, plus an offset from the whole crop, which also reaches points
    that lie outside (after Sun et al., "Integral Human Pose Regression", ECCV 2018).
    """

    def __init__(self, size: int = 160, width: float = 1.0) -> None:
        super().__init__()
        c = [max(8, round(width * n / 8) * 8) for n in (24, 40, 72, 120, 160, 64)]
        self.near = nn.Sequential(
            _stem(c[0]),
            Block(c[0], c[1], 2),
            Block(c[1], c[1], 1),
            Block(c[1], c[2], 2),
            *(Block(c[2], c[2], 1) for _ in range(2)),
        )
        self.middle = nn.Sequential(Block(c[2], c[3], 2), *(Block(c[3], c[3], 1) for _ in range(3)))
        self.far = nn.Sequential(Block(c[3], c[4], 2), *(Block(c[4], c[4], 1) for _ in range(2)))
        self.squeeze = _mixed(c[4], c[5])
        hidden = max(64, round(320 * width))
        cells = (size // 32) ** 2
        self.neck = nn.Sequential(nn.Flatten(), nn.Linear(c[5] * cells, hidden), nn.Hardswish())
        self.points = nn.Linear(hidden, scheme.COUNT * PER_POINT)
        self.others = nn.Linear(hidden, SHAPES + len(EMOTIONS) + 2)
        self.from_far = nn.Sequential(_mixed(c[4], c[3]), nn.Upsample(scale_factor=2))
        self.from_middle = nn.Sequential(
            Block(c[3], c[3], 1), _mixed(c[3], c[3]), nn.Upsample(scale_factor=2)
        )
        self.from_near = _mixed(c[2], c[3])
        self.maps = nn.Sequential(Block(c[3], c[3], 1), nn.Conv2d(c[3], scheme.COUNT, 1))
        # How much of a map's spread, in logarithms, a point's uncertainty follows.
        self.spread = nn.Parameter(torch.full((scheme.COUNT,), 0.3))
        side = size // STRIDE
        place = (torch.arange(side) + 0.5) * 2 / side - 1
        y, x = torch.meshgrid(place, place, indexing="ij")
        cells_of = torch.stack([x.flatten(), y.flatten(), (x**2 + y**2).flatten()], dim=1)
        self.register_buffer("cells", cells_of, persistent=False)
        # Set by calibration: log of observed over expected error of each point.
        self.register_buffer("log_scale", torch.zeros(scheme.COUNT))

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, 5) of each point, calibrated; (B, 61): shapes, emotions, intensity, face."""
        near = self.near((picture - 0.5) * 4)
        middle = self.middle(near)
        far = self.far(middle)
        hidden = self.neck(self.squeeze(far))
        points = self.points(hidden).view(-1, scheme.COUNT, PER_POINT).float()
        offset_x, offset_y, sigma, visible, exists = points.unbind(dim=2)
        fused = self.from_near(near) + self.from_middle(middle + self.from_far(far))
        heat = self.maps(fused).flatten(2).float().softmax(dim=2)
        # Half precision would round places to half a pixel.
        with torch.autocast(picture.device.type, enabled=False):
            x, y, square = (heat @ self.cells).unbind(dim=2)
        variance = (square - x**2 - y**2).clamp(min=1e-5)
        sigma = sigma + self.spread * 0.5 * variance.log()
        sigma = sigma.clamp(-6.0, 2.0) + self.log_scale
        placed = [x + offset_x, y + offset_y, sigma, visible, exists]
        return torch.stack(placed, dim=2), self.others(hidden).float()


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
