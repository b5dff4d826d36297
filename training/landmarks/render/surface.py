# SPDX-License-Identifier: GPL-3.0-or-later
"""What each pixel shows of the heads: the nearest triangle, its colour in the light, its normal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ..scene import ROLES, Role
from .batch import HeadBatch, LookBatch, to_camera
from .kernels import run

EMPTY: Final = -1  # all bits set: farther than everything, as unsigned
# Shown in their own colour, whatever the light.
UNLIT: Final = (Role.GLINT, Role.INK, Role.LASH)
# Directions and relative frequencies of the waves that make a skin uneven.
WAVES: Final = (
    (1.0, 0.3, 0.2),
    (-0.6, 1.3, 0.5),
    (0.4, -0.9, 1.6),
    (2.1, 1.1, -0.7),
    (-1.2, 2.4, 1.3),
)


@dataclass(frozen=True)
class Surface:
    """``colour`` (B, 3, W, W), black where nothing is shown; ``depth`` (B, W, W), inf there;
    ``normal`` (B, 3, W, W) in camera axes, zero there.
    """

    colour: Tensor
    depth: Tensor
    normal: Tensor


def visible_triangles(heads: HeadBatch, look: LookBatch, width: int) -> Tensor:
    """(B, width, width) int32: the nearest triangle of each pixel, -1 where there is none."""
    points = to_screen(heads.vertices, look, width)
    batch, vertices = points.shape[:2]
    triangles = heads.triangles.contiguous()
    buffer = torch.full((batch, width, width), EMPTY, dtype=torch.int64, device=points.device)
    most = triangles.shape[1]
    tensors = (points, triangles, heads.count.contiguous(), buffer)
    run("rasterise", most, batch, tensors, vertices, most, width)
    return torch.where(buffer == EMPTY, -1, buffer & 0xFFFFFFFF).int()


def to_screen(vertices: Tensor, look: LookBatch, width: int) -> Tensor:
    """``vertices`` (B, V, 3) as pixel column, pixel row and depth; pixel centres lie at .5."""
    local = to_camera(vertices, look)
    depth = local[..., 2].clamp(min=1e-3)
    x = local[..., 0] / depth * look.focal[:, None] + look.shift[:, :1]
    y = -local[..., 1] / depth * look.focal[:, None] + look.shift[:, 1:]
    half = width / 2
    return torch.stack([(x + 1) * half, (y + 1) * half, local[..., 2]], dim=-1).contiguous()


def coloured(heads: HeadBatch, look: LookBatch, shown: Tensor) -> Surface:
    """Colours of the triangles ``shown`` (B, W, W) int32."""
    batch, width = shown.shape[:2]
    device = shown.device
    colour = torch.zeros(batch, 3, width, width, device=device)
    normal = torch.zeros_like(colour)
    depth = torch.full((batch, width, width), torch.inf, device=device)
    tensors = (
        shown.contiguous(), heads.vertices.contiguous(), heads.normals.contiguous(),
        heads.tint.contiguous(), heads.triangles.contiguous(), heads.role.contiguous(),
        _packed(look), look.palette.contiguous(), look.tint_palette.contiguous(),
        torch.tensor(WAVES, device=device), colour, depth, normal,
    )  # fmt: skip
    unlit = sum(1 << int(role) for role in UNLIT)
    sizes = (heads.vertices.shape[1], heads.triangles.shape[1], width)
    run("colour_pixels", width * width, batch, tensors, *sizes, ROLES, int(Role.SKIN), unlit)
    return Surface(colour, depth, normal)


def _packed(look: LookBatch) -> Tensor:
    """(B, 31) what the kernel reads of a look, in its order."""
    columns = (
        look.rotation, look.target, look.distance, look.focal, look.shift, look.mottle, look.light,
        look.strength, look.ambient, look.specular, look.bands, look.rim,
    )  # fmt: skip
    return torch.cat([part.reshape(len(look.distance), -1) for part in columns], dim=1).contiguous()
