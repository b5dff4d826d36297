# SPDX-License-Identifier: GPL-3.0-or-later
"""What the networks are trained to minimise."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from . import points as scheme
from .network import Face

FREEDOM: Final = 4.0  # degrees of the Student-t: near a Gaussian, but outliers pull less
# Mean distance of a bivariate Student-t of 4 degrees from its centre, in sigmas.
EXPECTED: Final = math.pi / 2
PAIRS: Final = torch.from_numpy(scheme.indices(tuple(p for pair in scheme.PAIRS for p in pair)))
FAR: Final = 1.5  # points outside of this many half pictures aren't learnt


@dataclass(frozen=True)
class Truth:
    """Labels of B pictures. ``points`` (B, N, 2), ``visible``, ``exists`` (B, N) bool, ``shapes``
    (B, 52), ``emotion`` (B,) int64 with -1 for none, ``intensity`` (B,), ``face`` (B,) bool,
    ``box`` (B, 4) left, top, right, bottom in -1..1.
    """

    points: Tensor
    visible: Tensor
    exists: Tensor
    shapes: Tensor
    emotion: Tensor
    intensity: Tensor
    face: Tensor
    box: Tensor


@dataclass(frozen=True)
class Batch:
    """``pictures`` (B, 3, S, S) float32 in 0..1, and their labels."""

    pictures: Tensor
    truth: Truth

    def to(self, device: torch.device) -> Batch:
        """The same on ``device``."""
        labels = {f.name: getattr(self.truth, f.name).to(device) for f in fields(self.truth)}
        return Batch(self.pictures.to(device), Truth(**labels))


def regressor_loss(face: Face, truth: Truth) -> dict[str, Tensor]:
    """The terms of the regressor's loss; their sum is minimised."""
    is_face = truth.face.float()
    distance = ((face.points - truth.points.clamp(-2, 2)) ** 2).sum(dim=-1)
    known = (truth.points.abs().amax(dim=-1) < FAR).float() * is_face[:, None]
    known = known * torch.where(truth.exists, 1.0, 0.2)
    scale = torch.exp(-2 * face.log_sigma)
    nll = 2 * face.log_sigma + (FREEDOM + 2) / 2 * torch.log1p(distance * scale / FREEDOM)
    felt = (truth.emotion >= 0) & truth.face
    terms = {
        "points": (nll * known).sum() / known.sum().clamp(min=1),
        "pairs": 0.5 * _pairs(face, truth, known),
        "visible": 0.3 * _binary(face.visible, truth.visible, is_face[:, None]),
        "exists": 0.2 * _binary(face.exists, truth.exists, is_face[:, None]),
        "shapes": 1.0 * _binary(face.shapes, truth.shapes, is_face[:, None]),
        "face": 0.3 * _binary(face.face, truth.face, torch.ones_like(is_face)),
    }
    if bool(felt.any()):
        wanted = truth.emotion[felt]
        # An emotion that is hardly shown can't be told.
        shown = truth.intensity[felt].clamp(0, 1) + (wanted == 0)
        entropy = functional.cross_entropy(face.emotion[felt], wanted, reduction="none")
        terms["emotion"] = 0.1 * (entropy * shown).mean()
        terms["intensity"] = 0.1 * (face.intensity[felt] - truth.intensity[felt]).abs().mean()
    return terms


def _pairs(face: Face, truth: Truth, known: Tensor) -> Tensor:
    """How far the points of a pair are off from each other, in the sigmas that they are given. A
    face that is placed well as a whole but leans towards the usual expression is told by nothing
    else.
    """
    off = (face.points - truth.points.clamp(-2, 2))[:, PAIRS].unflatten(1, (-1, 2))
    spread = torch.exp(2 * face.log_sigma.detach())[:, PAIRS].unflatten(1, (-1, 2)).sum(dim=2)
    distance = (off[:, :, 0] - off[:, :, 1]).square().sum(dim=-1) / spread
    weight = known[:, PAIRS].unflatten(1, (-1, 2)).amin(dim=2)
    cost = (FREEDOM + 2) / 2 * torch.log1p(distance / FREEDOM)
    return (cost * weight).sum() / weight.sum().clamp(min=1)


def _binary(logits: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted.float(), reduction="none")
    weight = weight.expand_as(entropy)
    return (entropy * weight).sum() / weight.sum().clamp(min=1)


def detector_loss(output: Tensor, truth: Truth) -> dict[str, Tensor]:
    """Focal loss of the cell with the box's middle (Zhou et al. 2019), L1 of the box there."""
    count, _, rows, columns = output.shape
    middle = (truth.box[:, :2] + truth.box[:, 2:]) / 2
    half = ((truth.box[:, 2:] - truth.box[:, :2]) / 2).clamp(min=0.02)
    place = (middle + 1) / 2 * torch.tensor([columns, rows], device=output.device) - 0.5
    grid_y, grid_x = torch.meshgrid(
        torch.arange(rows, device=output.device),
        torch.arange(columns, device=output.device),
        indexing="ij",
    )
    away = (grid_x - place[:, 0, None, None]) ** 2 + (grid_y - place[:, 1, None, None]) ** 2
    spread = (half.mean(dim=1) * columns * 0.25).clamp(min=0.7)
    heat = torch.exp(-away / (2 * spread[:, None, None] ** 2)) * truth.face[:, None, None]
    nearest = (away == away.flatten(1).amin(dim=1)[:, None, None]) & truth.face[:, None, None]
    logits = output[:, 0]
    likely = torch.sigmoid(logits)
    found = -functional.logsigmoid(logits) * (1 - likely) ** 2 * nearest
    silent = -functional.logsigmoid(-logits) * likely**2 * (1 - heat) ** 4 * ~nearest
    faces = truth.face.sum().clamp(min=1)
    at = nearest.flatten(1).float().argmax(dim=1)
    chosen = output.flatten(2)[torch.arange(count, device=output.device), :, at]
    cell = torch.stack([at % columns, torch.div(at, columns, rounding_mode="floor")], dim=1)
    wanted = torch.cat([place - cell, half.log()], dim=1)
    error = functional.smooth_l1_loss(chosen[:, 1:], wanted, reduction="none", beta=0.2)
    return {
        "score": (found.sum() + silent.sum()) / faces,
        "box": (error.sum(dim=1) * truth.face).sum() / faces,
    }
