# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours of the visible triangles: palette, lights, cel bands, outlines."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ..scene import Role
from .batch import HeadBatch, LookBatch, pixel_slopes, to_camera

# Shown in their own colour, whatever the light.
UNLIT = (Role.GLINT, Role.INK, Role.LASH)
# Directions and relative frequencies of the waves that make a skin uneven.
WAVES = ((1.0, 0.3, 0.2), (-0.6, 1.3, 0.5), (0.4, -0.9, 1.6), (2.1, 1.1, -0.7), (-1.2, 2.4, 1.3))


@dataclass(frozen=True)
class Shaded:
    """``colour`` (B, 3, W, W) on black, ``cover`` (B, 1, W, W) 0 or 1, ``depth`` (B, W, W), inf
    where there is nothing.
    """

    colour: Tensor
    cover: Tensor
    depth: Tensor


def shade(heads: HeadBatch, look: LookBatch, shown: Tensor) -> Shaded:
    """Colours for the triangles ``shown`` (B, W, W)."""
    batch, width = shown.shape[:2]
    device = shown.device
    picture, row, column = torch.nonzero(shown >= 0, as_tuple=True)
    triangle = shown[picture, row, column].long()
    corners = heads.triangles[picture, triangle].long()  # (N, 3)
    right, up = pixel_slopes(look, width)
    ray = torch.stack([right[picture, column], up[picture, row]], dim=-1)
    points = to_camera(heads.vertices, look)[picture[:, None], corners]
    weights, depth = _barycentric(points, ray)
    normal = (heads.normals[picture[:, None], corners] * weights[..., None]).sum(dim=1)
    normal = functional.normalize(torch.einsum("nij,nj->ni", look.rotation[picture], normal), dim=1)
    tint = (heads.tint[picture[:, None], corners] * weights).sum(dim=1)
    place = (heads.vertices[picture[:, None], corners] * weights[..., None]).sum(dim=1)
    role = heads.role[picture, triangle].long()
    base = _albedo(look, picture, role, tint, place)
    view = functional.normalize(torch.cat([-ray, torch.ones_like(ray[:, :1])], dim=1), dim=1)
    lit = _lit(look, picture, role, base, normal, view)
    colour = torch.zeros(batch, width, width, 3, device=device)
    colour[picture, row, column] = lit
    depths = torch.full((batch, width, width), torch.inf, device=device)
    depths[picture, row, column] = depth
    normals = torch.zeros(batch, width, width, 3, device=device)
    normals[picture, row, column] = normal
    colour = colour * _hollows(look, depths)
    edge = _edges(look, depths, normals)
    colour = colour * (1 - edge) + look.ink[:, None, None] * edge
    cover = (shown >= 0).float()[:, None]
    cover = torch.maximum(cover, edge.permute(0, 3, 1, 2))
    return Shaded(colour.permute(0, 3, 1, 2), cover, depths)


def _barycentric(points: Tensor, ray: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (N, 3) and depth (N,) where rays (right, up, 1) from the camera meet the planes of
    triangles (N, 3, 3).
    """
    direction = torch.cat([ray, torch.ones_like(ray[:, :1])], dim=1)
    a, b, c = points.unbind(dim=1)
    volumes = torch.stack(
        [
            (torch.cross(b, c, dim=1) * direction).sum(dim=1),
            (torch.cross(c, a, dim=1) * direction).sum(dim=1),
            (torch.cross(a, b, dim=1) * direction).sum(dim=1),
        ],
        dim=1,
    )
    total = volumes.sum(dim=1, keepdim=True)
    total = torch.where(total.abs() < 1e-20, torch.full_like(total, 1e-20), total)
    weights = (volumes / total).clamp(-0.1, 1.1)
    weights = weights / weights.sum(dim=1, keepdim=True)
    return weights, (points[..., 2] * weights).sum(dim=1)


def _albedo(look: LookBatch, picture: Tensor, role: Tensor, tint: Tensor, place: Tensor) -> Tensor:
    base = look.palette[picture, role]
    second = look.tint_palette[picture, role]
    base = base + (second - base) * tint[:, None].clamp(0, 1)
    amplitude, frequency = look.mottle[picture].unbind(dim=1)
    waves = torch.tensor(WAVES, device=place.device)
    phase = place @ waves.T * frequency[:, None] + waves.sum(dim=1) * 9
    uneven = 1 + amplitude * torch.sin(phase).mean(dim=1) * (role == Role.SKIN)
    return base * uneven[:, None]


def _lit(
    look: LookBatch, picture: Tensor, role: Tensor, base: Tensor, normal: Tensor, view: Tensor
) -> Tensor:
    facing = (normal * view).sum(dim=1, keepdim=True)
    normal = torch.where(facing < -0.15, -normal, normal)
    lights = look.light[picture]  # (N, 2, 3)
    slope = torch.einsum("nlc,nc->nl", lights, normal)
    diffuse = (slope.clamp(min=0) * look.strength[picture]).sum(dim=1)
    bands = look.bands[picture]
    stepped = torch.floor(diffuse * bands + 0.5) / bands.clamp(min=1)
    diffuse = torch.where(bands > 0, stepped, diffuse)
    half = functional.normalize(lights[:, 0] + view, dim=1)
    shine, exponent = look.specular[picture].unbind(dim=1)
    gloss = shine * (normal * half).sum(dim=1).clamp(min=1e-4) ** exponent
    rim = look.rim[picture] * (1 - facing.abs()[:, 0].clamp(0, 1)) ** 3
    lit = base * (look.ambient[picture] + diffuse)[:, None] + (gloss + rim)[:, None]
    unlit = torch.zeros_like(role, dtype=torch.bool)
    for kind in UNLIT:
        unlit |= role == kind
    return torch.where(unlit[:, None], base, lit).clamp(0, 1)


def _hollows(look: LookBatch, depth: Tensor) -> Tensor:
    """(B, W, W, 1) below 1 where a surface lies deeper than what is around it, as light that comes
    from everywhere leaves it (screen-space occlusion).
    """
    if not bool((look.cavity > 0).any()):
        return torch.ones_like(depth)[..., None]
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
    darker = (deeper * 2 - 0.05).clamp(0, 0.8) * look.cavity[:, None, None]
    return (1 - darker)[..., None]


def _box(values: Tensor, reach: int) -> Tensor:
    """(B, 1, H, W) means over squares, row by row and then column by column."""
    across = functional.avg_pool2d(values, (1, reach), 1, (0, reach // 2))
    return functional.avg_pool2d(across, (reach, 1), 1, (reach // 2, 0))


def _edges(look: LookBatch, depth: Tensor, normals: Tensor) -> Tensor:
    """(B, W, W, 1) 0..1: where ink is drawn, at the silhouette, at steps in depth and at folds."""
    width = depth.shape[1]
    near = torch.where(torch.isinf(depth), torch.full_like(depth, 1e3), depth)[:, None]
    farther = functional.max_pool2d(near, 3, 1, 1)
    step = (farther - near)[:, 0] / look.distance[:, None, None]
    edge = step > 0.022
    folded = torch.zeros_like(edge)
    for axis in (1, 2):
        turn = (normals * torch.roll(normals, 1, axis)).sum(dim=3)
        folded |= (turn < 0.3) & ~torch.isinf(depth)
    edge = ((edge | folded) & ~torch.isinf(depth)).float()[:, None]
    strokes = torch.zeros_like(edge)
    radii = torch.round(look.outline * width / 2).long().clamp(0, 6)
    for radius in torch.unique(radii[look.outline > 0]).tolist():
        drawn = functional.max_pool2d(edge, 2 * radius + 1, 1, radius)
        chosen = ((radii == radius) & (look.outline > 0))[:, None, None, None]
        strokes = torch.where(chosen, drawn, strokes)
    return strokes.permute(0, 2, 3, 1)
