# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads and looks of a batch of pictures as tensors on one device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from ..scene import Head, Look


@dataclass(frozen=True)
class HeadBatch:
    """B heads, padded to the largest: ``vertices``, ``normals`` (B, V, 3), ``tint`` (B, V),
    ``triangles`` (B, T, 3) int32, ``role`` (B, T) uint8, ``count`` (B,) int32 triangles in use.
    Unused triangles are (0, 0, 0).
    """

    vertices: Tensor
    normals: Tensor
    tint: Tensor
    triangles: Tensor
    role: Tensor
    count: Tensor


@dataclass(frozen=True)
class LookBatch:
    """The fields of a Look as tensors."""

    rotation: Tensor
    target: Tensor
    distance: Tensor
    focal: Tensor
    shift: Tensor
    palette: Tensor
    tint_palette: Tensor
    mottle: Tensor
    light: Tensor
    strength: Tensor
    ambient: Tensor
    specular: Tensor
    bands: Tensor
    rim: Tensor
    cavity: Tensor
    outline: Tensor
    ink: Tensor
    background: Tensor
    clutter: Tensor
    texture: Tensor
    patches: Tensor
    blur: Tensor
    coarse: Tensor
    gain: Tensor
    gamma: Tensor
    contrast: Tensor
    grey: Tensor
    noise: Tensor
    jpeg: Tensor
    occluder: Tensor
    seed: Tensor


def pack_heads(heads: Sequence[Head], device: torch.device | str) -> HeadBatch:
    """Heads of different sizes as one padded batch."""
    vertices = max(len(head.vertices) for head in heads)
    triangles = max(len(head.triangles) for head in heads)

    def padded(name: str, length: int) -> Tensor:
        arrays = [getattr(head, name) for head in heads]
        whole = np.zeros((len(heads), length, *arrays[0].shape[1:]), arrays[0].dtype)
        for row, array in zip(whole, arrays, strict=True):
            row[: len(array)] = array
        return torch.from_numpy(whole).to(device)

    return HeadBatch(
        vertices=padded("vertices", vertices),
        normals=padded("normals", vertices),
        tint=padded("tint", vertices),
        triangles=padded("triangles", triangles),
        role=padded("role", triangles),
        count=torch.tensor([len(head.triangles) for head in heads], dtype=torch.int32).to(device),
    )


def pack_look(look: Look, device: torch.device | str) -> LookBatch:
    """A look's arrays on ``device``."""
    arrays = {field.name: getattr(look, field.name) for field in fields(look)}
    return LookBatch(**{name: torch.from_numpy(a).to(device) for name, a in arrays.items()})


def to_camera(points: Tensor, look: LookBatch) -> Tensor:
    """``points`` (B, N, 3) of the head frame as right, up, distance along the view."""
    turned = torch.einsum("bij,bnj->bni", look.rotation, points - look.target[:, None])
    depth = look.distance[:, None] - turned[..., 2]
    return torch.stack([turned[..., 0], turned[..., 1], depth], dim=-1)


def pixel_slopes(look: LookBatch, width: int) -> tuple[Tensor, Tensor]:
    """Right and up per unit of depth of the rays through the pixels: (B, W) each."""
    centres = (torch.arange(width, device=look.focal.device) + 0.5) * 2 / width - 1
    right = (centres[None] - look.shift[:, :1]) / look.focal[:, None]
    up = -(centres[None] - look.shift[:, 1:]) / look.focal[:, None]
    return right, up
