# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a picture behind the lens: occlusion, blur, coarse pixels, noise, JPEG.

Random numbers come from a hash of the picture's seed and the pixel, so that every device and
every order of the work gives the same picture.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from .batch import LookBatch

REFERENCE = 160  # pixels a side that blur and coarseness are given for
BLURS = (0.5, 0.9, 1.5, 2.4)
# ITU-T T.81 (JPEG), table K.1.
_LUMINANCE = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)


def background(look: LookBatch, size: int) -> Tensor:
    """(B, 3, size, size) colours behind the heads."""
    corners = look.background.view(-1, 2, 2, 3).permute(0, 3, 1, 2)
    picture = functional.interpolate(corners, size=size, mode="bilinear", align_corners=True)
    picture = picture.contiguous()
    rows = torch.nonzero(look.clutter > 0)[:, 0]
    if len(rows):
        picture[rows] = _cluttered(picture[rows], look.patches[rows], look.clutter[rows])
    rows = torch.nonzero(look.texture > 0)[:, 0]
    if len(rows):
        picture[rows] += _clouds(size, look.seed[rows]) * look.texture[rows, None, None, None]
    return picture.clamp(0, 1)


def _cluttered(picture: Tensor, patches: Tensor, amount: Tensor) -> Tensor:
    """Pictures with coloured patches: (B, P, 6) of them."""
    size = picture.shape[-1]
    axis = (torch.arange(size, device=picture.device) + 0.5) * 2 / size - 1
    x, y = axis[None, None, :], axis[None, :, None]
    for patch in range(patches.shape[1]):
        px, py, wide, high, angle, tone = patches[:, patch].T[:, :, None, None]
        u = (x - px) * torch.cos(angle) + (y - py) * torch.sin(angle)
        v = (y - py) * torch.cos(angle) - (x - px) * torch.sin(angle)
        inside = (u.abs() < wide) & (v.abs() < high)
        if patch % 2:
            inside = (u / wide) ** 2 + (v / high) ** 2 < 1
        share = (inside.float() * amount[:, None, None])[:, None]
        hue = torch.stack([torch.cos(tone * 9 + k * 2.1) * 0.3 + tone for k in range(3)], dim=1)
        picture = picture * (1 - share) + hue.squeeze(-1).squeeze(-1)[..., None, None] * share
    return picture


def _clouds(size: int, seed: Tensor) -> Tensor:
    """(B, 3, size, size): noise of four sizes; a background is as uneven as a photograph's."""
    total = torch.zeros(len(seed), 3, size, size, device=seed.device)
    for octave, cells in enumerate((4, 9, 20, 45)):
        grids = [
            _hash_noise(seed + 7 * octave + channel, cells, seed.device) for channel in range(3)
        ]
        coarse = torch.stack(grids, dim=1).view(-1, 3, cells, cells)
        enlarged = functional.interpolate(coarse, size=size, mode="bilinear", align_corners=True)
        total = total + enlarged * 0.75**octave
    return 0.75 * total.mean(dim=1, keepdim=True) + 0.25 * total


def apply(picture: Tensor, look: LookBatch) -> Tensor:
    """``picture`` (B, 3, S, S) in 0..1 as the camera and the file give it."""
    picture = _coarsen(_blur(_occlude(picture, look), look), look)
    rows = torch.nonzero(look.grey > 0)[:, 0]
    if len(rows):
        picture[rows] = picture[rows].mean(dim=1, keepdim=True)
    picture = picture.clamp(1e-4, 1) ** look.gamma[:, None, None, None]
    picture = (picture - 0.5) * look.contrast[:, None, None, None] + 0.5
    picture = picture * look.gain[:, :, None, None]
    rows = torch.nonzero(look.noise > 0)[:, 0]
    if len(rows):
        picture[rows] += look.noise[rows, None, None, None] * _noise(picture, look.seed[rows])
    picture = picture.clamp(0, 1)
    rows = torch.nonzero(look.jpeg > 0)[:, 0]
    if len(rows):
        picture[rows] = _jpeg(picture[rows], look.jpeg[rows])
    return picture.clamp(0, 1)


def _occlude(picture: Tensor, look: LookBatch) -> Tensor:
    size = picture.shape[-1]
    axis = (torch.arange(size, device=picture.device) + 0.5) * 2 / size - 1
    x, y, wide, high = look.occluder.T[:, :, None]
    inside = ((axis - x).abs() < wide)[:, None, :] & ((axis - y).abs() < high)[:, :, None]
    colour = look.background[:, 0, :, None, None]
    return torch.where(inside[:, None], colour, picture)


def _blur(picture: Tensor, look: LookBatch) -> Tensor:
    """Each picture with the nearest of a few blurs."""
    scale = picture.shape[-1] / REFERENCE
    lowest = 0.0
    for number, sigma in enumerate(BLURS):
        above = BLURS[number + 1] if number + 1 < len(BLURS) else math.inf
        rows = torch.nonzero(
            (look.blur > (lowest + sigma) / 2) & (look.blur <= (sigma + above) / 2)
        )[:, 0]
        lowest = sigma
        if not len(rows):
            continue
        radius = max(1, math.ceil(2 * sigma * scale))
        taps = torch.arange(-radius, radius + 1, device=picture.device, dtype=picture.dtype)
        kernel = torch.exp(-0.5 * (taps / (sigma * scale)) ** 2)
        kernel = (kernel / kernel.sum()).expand(3, 1, -1)
        padded = functional.pad(picture[rows], (radius,) * 4, mode="replicate")
        across = functional.conv2d(padded, kernel[:, :, None], groups=3)
        picture[rows] = functional.conv2d(across, kernel[..., None], groups=3)
    return picture


def _coarsen(picture: Tensor, look: LookBatch) -> Tensor:
    """Pictures taken with fewer pixels and enlarged."""
    size = picture.shape[-1]
    for factor in (2, 3):
        rows = torch.nonzero((look.coarse >= factor) & (look.coarse < factor + 1))[:, 0]
        if len(rows):
            small = functional.interpolate(picture[rows], size=max(8, size // factor), mode="area")
            picture[rows] = functional.interpolate(
                small, size=size, mode="bilinear", align_corners=False
            )
    return picture


def _noise(picture: Tensor, seed: Tensor) -> Tensor:
    """(B, 1, S, S) roughly Gaussian noise."""
    size = picture.shape[-1]
    return _hash_noise(seed, size, picture.device).view(-1, 1, size, size)


def _hash_noise(seed: Tensor, size: int, device: torch.device) -> Tensor:
    """(B, size * size) sums of three even numbers in -1..1, from a hash of seed and place
    (multiply and shift, after SplitMix64's finaliser, in 32 bits).
    """
    pixel = torch.arange(size * size, device=device, dtype=torch.int64)
    total = torch.zeros(len(seed), size * size, device=device)
    mask = 0xFFFFFFFF
    for part in range(3):
        state = (pixel[None] * 0x9E3779B1 + seed[:, None] * 0x85EBCA6B + part * 0xC2B2AE35) & mask
        state = ((state ^ (state >> 16)) * 0x7FEB352D) & mask
        state = ((state ^ (state >> 15)) * 0x2C1B3C6D) & mask
        total = total + (state ^ (state >> 16)).float() / mask - 0.5
    return total * 2


@lru_cache(maxsize=4)
def _cosines(device: torch.device) -> tuple[Tensor, Tensor]:
    """The 8-point DCT-II matrix and the quantisation table."""
    k = torch.arange(8, dtype=torch.float32)
    matrix = torch.cos(math.pi / 8 * (k[None] + 0.5) * k[:, None]) * 0.5
    matrix[0] *= math.sqrt(0.5)
    table = torch.tensor(_LUMINANCE, dtype=torch.float32).view(8, 8) / 255
    return matrix.to(device), table.to(device)


def _jpeg(picture: Tensor, quality: Tensor) -> Tensor:
    """JPEG's loss: the DCT coefficients of 8x8 blocks, rounded to the steps of ``quality``."""
    size = picture.shape[-1]
    if size % 8:
        return picture
    matrix, table = _cosines(picture.device)
    q = quality.clamp(1, 100)
    scale = torch.where(q < 50, 50 / q, 2 - q / 50).clamp(min=0.02)
    blocks = picture.view(*picture.shape[:2], size // 8, 8, size // 8, 8)
    spectrum = torch.einsum("ui,bcxiyj,vj->bcxuyv", matrix, blocks, matrix)
    steps = (table[None] * scale[:, None, None])[:, None, None, :, None, :]
    rounded = torch.round(spectrum / steps) * steps
    return torch.einsum("ui,bcxuyv,vj->bcxiyj", matrix, rounded, matrix).reshape(picture.shape)
