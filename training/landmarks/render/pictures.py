# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads and looks in, pictures and labels of what is visible out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from . import camera_faults
from .batch import HeadBatch, LookBatch, to_camera
from .shade import darken_hollows, draw_ink
from .surface import coloured, visible_triangles

SAMPLES = 2  # a side of each pixel


@dataclass(frozen=True)
class Pictures:
    """``rgb`` (B, 3, S, S) in 0..1; ``points`` (B, N, 2) in the picture frame; ``visible`` (B, N)
    bool: inside the picture and not behind anything.
    """

    rgb: Tensor
    points: Tensor
    visible: Tensor


def render(heads: HeadBatch, look: LookBatch, points: Tensor, size: int) -> Pictures:
    """Pictures of ``size`` pixels a side. ``points`` (B, N, 3): the heads' landmarks."""
    width = size * SAMPLES
    surface = coloured(heads, look, visible_triangles(heads, look, width))
    darken_hollows(surface, look)
    cover = functional.avg_pool2d(draw_ink(surface, look), SAMPLES)
    colour = functional.avg_pool2d(surface.colour, SAMPLES)
    picture = colour + (1 - cover) * camera_faults.background(look, size)
    placed, visible = _visibility(points, look, surface.depth)
    visible &= ~_hidden_by_occluder(placed, look)
    return Pictures(camera_faults.apply(picture, look), placed, visible)


def _visibility(points: Tensor, look: LookBatch, depth: Tensor) -> tuple[Tensor, Tensor]:
    local = to_camera(points, look)
    flat = local[..., :2] / local[..., 2:].clamp(min=1e-3)
    flat = flat * torch.tensor([1.0, -1.0], device=flat.device)
    placed = flat * look.focal[:, None, None] + look.shift[:, None]
    width = depth.shape[1]
    # A point at a silhouette may fall beside its own surface: its neighbours count as well.
    farthest = functional.max_pool2d(
        torch.where(torch.isinf(depth), torch.full_like(depth, -1.0), depth)[:, None], 3, 1, 1
    )[:, 0]
    pixel = ((placed + 1) / 2 * width).long()
    inside = ((pixel >= 0) & (pixel < width)).all(dim=-1)
    column, row = pixel.clamp(0, width - 1).unbind(dim=-1)
    behind = farthest[torch.arange(len(depth), device=depth.device)[:, None], row, column]
    tolerance = 0.05  # IOD: relief of lips and brows, chords of coarse meshes
    seen = (behind < 0) | (local[..., 2] < behind + tolerance)
    return placed, inside & seen


def _hidden_by_occluder(placed: Tensor, look: LookBatch) -> Tensor:
    x, y, wide, high = look.occluder.T[:, :, None]
    return ((placed[..., 0] - x).abs() < wide) & ((placed[..., 1] - y).abs() < high)
