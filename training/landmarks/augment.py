# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to finished pictures, so that one that is seen again is another picture: mirrored, moved,
turned, scaled, in another light. Labels go along.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import torch
from auto_rig_face.animation.emotions import SHAPE_MIRROR
from torch import Tensor
from torch.nn import functional

from . import points as scheme
from .losses import Batch, Truth

TURN: Final = 12.0  # degrees
SCALE: Final = 0.14
SHIFT: Final = 0.1  # of half a picture
GAIN: Final = 0.12
BRIGHTNESS: Final = 0.12


def augment(batch: Batch, generator: torch.Generator, *, geometry: bool = True) -> Batch:
    """Other pictures with the same faces. Without ``geometry`` they are only mirrored and lit
    differently, which keeps the faces whole.
    """
    pictures, truth = _mirror(batch.pictures, batch.truth, generator)
    if geometry:
        pictures, truth = _move(pictures, truth, generator)
    return Batch(_relight(pictures, generator), truth)


def _mirror(pictures: Tensor, truth: Truth, generator: torch.Generator) -> tuple[Tensor, Truth]:
    rows = torch.nonzero(torch.rand(len(pictures), generator=generator) < 0.5)[:, 0]
    order = torch.from_numpy(scheme.MIRROR)
    pictures = pictures.clone()
    pictures[rows] = pictures[rows].flip(3)
    points, visible, exists = truth.points.clone(), truth.visible.clone(), truth.exists.clone()
    points[rows] = points[rows][:, order] * torch.tensor([-1.0, 1.0])
    visible[rows], exists[rows] = visible[rows][:, order], exists[rows][:, order]
    shapes, box = truth.shapes.clone(), truth.box.clone()
    shapes[rows] = shapes[rows][:, torch.from_numpy(SHAPE_MIRROR)]
    box[rows] = box[rows][:, [2, 1, 0, 3]] * torch.tensor([-1.0, 1.0, -1.0, 1.0])
    return pictures, replace(
        truth, points=points, visible=visible, exists=exists, shapes=shapes, box=box
    )


def _move(pictures: Tensor, truth: Truth, generator: torch.Generator) -> tuple[Tensor, Truth]:
    """A similarity of each picture; what comes in from outside repeats the border."""
    count = len(pictures)

    def even(reach: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * reach

    angle, scale = even(math.radians(TURN)), torch.exp(even(SCALE))
    shift = torch.stack([even(SHIFT), even(SHIFT)], dim=1)
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    linear = torch.stack([cosine, -sine, sine, cosine], dim=1).view(-1, 2, 2)
    inverse = torch.linalg.inv(linear)
    theta = torch.cat([inverse, -(inverse @ shift[..., None])], dim=2)
    grid = functional.affine_grid(theta, list(pictures.shape), align_corners=False)
    moved = functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    points = truth.points @ linear.transpose(1, 2) + shift[:, None]
    visible = truth.visible & (points.abs().amax(dim=-1) < 1)
    rows = torch.from_numpy(scheme.indices(scheme.FACE_BOX))
    inner = points[:, rows]
    box = torch.cat([inner.amin(dim=1), inner.amax(dim=1)], dim=1)
    return moved, replace(truth, points=points, visible=visible, box=box)


def _relight(pictures: Tensor, generator: torch.Generator) -> Tensor:
    count = len(pictures)
    gain = 1 + torch.randn(count, 3, 1, 1, generator=generator) * GAIN
    level = torch.randn(count, 1, 1, 1, generator=generator) * BRIGHTNESS
    return (pictures * gain + level).clamp(0, 1)
