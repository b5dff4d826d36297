# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures with labels, of heads of a pool in random looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from . import looks
from .losses import Batch
from .pool import HeadPool, truth_of
from .render.batch import pack_look
from .render.pictures import render
from .scene import Look


@dataclass(frozen=True)
class Example(Batch):
    """Also the family and style of each picture, and their looks."""

    family: NDArray[np.str_]
    style: NDArray[np.str_]
    look: Look


@dataclass(frozen=True)
class Order:
    """What to render: ``rows`` of the pool, and how."""

    rows: NDArray[np.int64]
    look: Look
    style: NDArray[np.str_]


def order(pool: HeadPool, rng: np.random.Generator, count: int, framing: looks.Framing) -> Order:
    """Heads of the pool and looks, at random."""
    rows = pool.choose(rng, count)
    return Order(rows, *looks.sample_looks(rng, pool.points[rows], framing))


def draw(
    pool: HeadPool, rng: np.random.Generator, count: int, size: int, framing: looks.Framing
) -> Example:
    """Render ``count`` pictures of heads of the pool."""
    return fulfil(pool, order(pool, rng, count, framing), size)


def fulfil(pool: HeadPool, wanted: Order, size: int) -> Example:
    """Render an order."""
    chosen, look = pool.at(wanted.rows), wanted.look
    on_device = pack_look(look, pool.device)
    with torch.no_grad():
        pictures = render(chosen.heads, on_device, chosen.points, size)
        truth = truth_of(chosen, on_device, pictures)
    return Example(pictures.rgb, truth, chosen.family, wanted.style, look)
