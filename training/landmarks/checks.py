# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks before a long run: contact sheets of what is trained on, and what was predicted."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from . import looks
from .draw import Example, draw
from .network import unpack
from .pool import HeadPool

SEEN, HIDDEN, LACKING, PREDICTED = (0, 255, 0), (0, 0, 255), (255, 128, 0), (255, 0, 255)


def sheet(
    example: Example, path: Path, *, columns: int = 8, network: nn.Module | None = None
) -> None:
    """A PNG of the pictures with their landmarks, and with the network's where there is one."""
    size = max(192, example.pictures.shape[-1])
    guessed = None
    if network is not None:
        with torch.no_grad():
            guessed = unpack(network(example.pictures)).points.cpu().numpy()
    tiles = []
    for row in range(len(example.pictures)):
        tile = to_bgr(example.pictures[row], size)
        truth = example.truth
        if bool(truth.face[row]):
            marks = zip(
                truth.points[row].cpu().numpy(),
                truth.visible[row].tolist(),
                truth.exists[row].tolist(),
                strict=True,
            )
            for place, visible, exists in marks:
                colour = SEEN if visible else HIDDEN if exists else LACKING
                _dot(tile, place, colour)
            if guessed is not None:
                for place in guessed[row]:
                    _dot(tile, place, PREDICTED)
        tiles.append(tile)
    while len(tiles) % columns:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(rows))


def to_bgr(picture: torch.Tensor, size: int | None = None) -> NDArray[np.uint8]:
    """A picture (3, S, S) in 0..1 as OpenCV keeps it, enlarged to ``size``."""
    array = (picture.permute(1, 2, 0).cpu().numpy()[..., ::-1] * 255 + 0.5).astype(np.uint8)
    if size is None or size == array.shape[0]:
        return np.ascontiguousarray(array)
    return cv2.resize(array, (size, size), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def _dot(tile: NDArray[np.uint8], place: NDArray[np.float32], colour: tuple[int, ...]) -> None:
    if np.abs(place).max() < 2:
        x, y = ((place + 1) / 2 * tile.shape[0]).astype(int)
        cv2.circle(tile, (int(x), int(y)), 1, colour, -1)


def check(pool: HeadPool, out: Path, size: int, seed: int = 0) -> None:
    """Write sheets of crops and of whole scenes; ValueError when a label isn't a number."""
    rng = np.random.default_rng(seed)
    for name, framing in (("crops", looks.CROP), ("scenes", looks.SCENE)):
        example = draw(pool, rng, min(40, max(pool.filled, 8)), size, framing)
        labels = (example.truth.points, example.truth.box, example.pictures)
        if not all(bool(torch.isfinite(values).all()) for values in labels):
            raise ValueError(f"A label of the {name} isn't a number")
        sheet(example, out / f"{name}.png")
