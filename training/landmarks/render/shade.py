# SPDX-License-Identifier: GPL-3.0-or-later
"""What depends on a pixel's neighbours: darker hollows, and ink along edges."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .batch import LookBatch
from .surface import Surface


def darken_hollows(surface: Surface, look: LookBatch) -> None:
    """Darken what lies deeper than what is around it, as light that comes from everywhere leaves
    it (screen-space occlusion).
    """
    rows = torch.nonzero(look.cavity > 0)[:, 0]
    if not len(rows):
        return
    depth = surface.depth[rows]
    missing = torch.isinf(depth)[:, None]
    share = functional.avg_pool2d((~missing).float(), 4)
    mean = functional.avg_pool2d(depth[:, None].masked_fill(missing, 0.0), 4)
    reach = 2 * (share.shape[-1] // 14) + 1
    for _ in range(2):
        share, mean = _box(share, reach), _box(mean, reach)
    around = functional.interpolate(
        mean / share.clamp(min=1e-3), size=depth.shape[1:], mode="bilinear", align_corners=False
    )[:, 0]
    deeper = (depth - around).masked_fill(missing[:, 0], 0.0)
    darker = (deeper * 2 - 0.05).clamp(0, 0.8) * look.cavity[rows, None, None]
    surface.colour[rows] *= (1 - darker)[:, None]


def _box(values: Tensor, reach: int) -> Tensor:
    """(B, 1, H, W) means over squares, row by row and then column by column."""
    across = functional.avg_pool2d(values, (1, reach), 1, (0, reach // 2))
    return functional.avg_pool2d(across, (reach, 1), 1, (reach // 2, 0))


def draw_ink(surface: Surface, look: LookBatch) -> Tensor:
    """Ink along the silhouette, steps in depth and folds; what is then covered (B, 1, W, W)."""
    covered = torch.isfinite(surface.depth)[:, None].float()
    rows = torch.nonzero(look.outline > 0)[:, 0]
    if not len(rows):
        return covered
    edge = _edges(surface.depth[rows], surface.normal[rows], look.distance[rows])
    width = edge.shape[-1]
    radii = torch.round(look.outline[rows] * width / 2).long().clamp(0, 6)
    for radius in torch.unique(radii).tolist():
        chosen = radii == radius
        strokes = functional.max_pool2d(edge[chosen], 2 * radius + 1, 1, radius)
        at = rows[chosen]
        ink = look.ink[at, :, None, None]
        surface.colour[at] = surface.colour[at] * (1 - strokes) + ink * strokes
        covered[at] = torch.maximum(covered[at], strokes)
    return covered


def _edges(depth: Tensor, normal: Tensor, distance: Tensor) -> Tensor:
    """(B, 1, W, W) 0 or 1: where depth jumps or the surface turns."""
    shown = ~torch.isinf(depth)
    near = torch.where(shown, depth, torch.full_like(depth, 1e3))[:, None]
    farther = functional.max_pool2d(near, 3, 1, 1)
    edge = (farther - near)[:, 0] / distance[:, None, None] > 0.022
    for axis in (2, 3):
        turn = (normal * torch.roll(normal, 1, axis)).sum(dim=1)
        edge |= turn < 0.3
    return (edge & shown).float()[:, None]
