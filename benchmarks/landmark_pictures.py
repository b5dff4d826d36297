# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures for the landmark benchmark: heads whose identities were held out from training, in whole
scenes of every style, with exact landmarks. Each depends on its number only.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from training.landmarks import looks, source
from training.landmarks import points as scheme
from training.landmarks.heads import faceless
from training.landmarks.render.batch import pack_heads, pack_look
from training.landmarks.render.pictures import render
from training.landmarks.scene import face_frame

FRAMING: Final = looks.Framing(fill=(0.25, 0.85), jitter=1.0)
SIZES: Final = (128, 192, 256, 384, 512, 768, 1024)
SIZE_SHARES: Final = (0.2, 0.2, 0.22, 0.16, 0.12, 0.06, 0.04)
SPLIT: Final = "test"
FACES: Final = source.FACES
NO_FACES: Final = {faceless.FAMILY: 1.0}
AHEAD: Final = 4  # pictures a worker may be ahead of who looks at them

_BOX: Final = scheme.indices(scheme.FACE_BOX)


@dataclass(frozen=True)
class Sample:
    """A picture ``pixels`` (S, S, 3) uint8 RGB and what it shows. ``points`` (N, 2) pixels, whole
    numbers are pixel centres; ``valid`` (N,): exist and lie inside; ``unit``: pixels of 1 IOD at
    the face's distance; ``box`` (4,) of the face; ``yaw`` degrees.
    """

    pixels: NDArray[np.uint8]
    points: NDArray[np.float64]
    valid: NDArray[np.bool_]
    unit: float
    box: NDArray[np.float64]
    family: str
    style: str
    yaw: float


def face_at(index: int) -> Sample:
    """The ``index``-th picture of a face."""
    return _sample(index, FACES)


def faceless_at(index: int) -> Sample:
    """The ``index``-th picture of a thing that is no face; its points mean nothing."""
    return _sample(index, NO_FACES)


def _sample(index: int, shares: dict[str, float], size: int | None = None) -> Sample:
    rng = np.random.default_rng((len(shares), index, 5))
    head = source.head_at(SPLIT, index, shares)
    side = size or int(rng.choice(SIZES, p=SIZE_SHARES))
    look, style = looks.sample_looks(rng, head.points[None], FRAMING)
    places = torch.from_numpy(head.points[None])
    with torch.no_grad():
        picture = render(pack_heads([head], "cpu"), pack_look(look, "cpu"), places, side)
    flat = picture.points[0].numpy().astype(np.float64)
    points = (flat + 1) / 2 * side - 0.5
    rotation = look.rotation[0]
    rgb = (picture.rgb[0].permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)
    return Sample(
        # Laid out in memory as pictures from files are, not channel by channel.
        pixels=np.ascontiguousarray(rgb),
        points=points,
        valid=head.exists & (np.abs(flat).max(axis=1) < 1),
        unit=float(look.focal[0] / look.distance[0]) * side / 2,
        box=face_frame(points[None, _BOX])[0],
        family=head.family,
        style=str(style[0]),
        yaw=float(np.degrees(np.arctan2(rotation[0, 2], rotation[2, 2]))),
    )


def face_of_size(size: int) -> Sample:
    """A picture of ``size`` pixels a side, to take the time on."""
    return _sample(0, FACES, size)


def in_order(make: Callable[[int], Sample], count: int) -> Iterator[Sample]:
    """The first ``count`` samples, made side by side by other processes."""
    workers = os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    waiting: deque[Future[Sample]] = deque()
    with ProcessPoolExecutor(workers, context, torch.set_num_threads, (1,)) as pool:
        for index in range(count):
            waiting.append(pool.submit(make, index))
            if len(waiting) > AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
