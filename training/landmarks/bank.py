# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures on disk, to be trained on several times: where there is no GPU, rendering is what takes
the time. Each worker appends to a folder of its own; a reader sees what has been finished.
"""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from . import looks
from . import points as scheme
from .draw import draw
from .losses import Batch, Truth
from .pool import Builders, HeadPool, one_thread_each

KINDS: Final = {"crops": looks.CROP, "scenes": looks.SCENE}
BATCH: Final = 64  # pictures that are rendered at once
SCENES_EVERY: Final = 5  # every so many batches shows whole scenes, for the detector
HEADS: Final = 96  # held ready by a worker
FRESH: Final = 12  # of them exchanged a batch: a head is drawn about five times
_FIELDS: Final[dict[str, tuple[type, tuple[int, ...]]]] = {
    "points": (np.float16, (scheme.COUNT, 2)),
    "visible": (np.bool_, (scheme.COUNT,)),
    "exists": (np.bool_, (scheme.COUNT,)),
    "shapes": (np.float16, (52,)),
    "emotion": (np.int8, ()),
    "intensity": (np.float16, ()),
    "face": (np.bool_, ()),
    "box": (np.float32, (4,)),
}


class Shelf:
    """Pictures of one kind in one folder, with room for ``capacity``."""

    def __init__(self, folder: Path, size: int, capacity: int, *, create: bool = False) -> None:
        self._folder, self.capacity = folder, capacity
        if create:
            folder.mkdir(parents=True, exist_ok=True)
        fields = {"pictures": (np.uint8, (3, size, size)), **_FIELDS}
        self._arrays: dict[str, NDArray] = {
            name: open_memmap(folder / f"{name}.npy", "w+", kind, (capacity, *shape))
            if create
            else np.load(folder / f"{name}.npy", mmap_mode="r")
            for name, (kind, shape) in fields.items()
        }
        self.added = 0

    @property
    def count(self) -> int:
        """How many pictures are finished."""
        try:
            return int((self._folder / "count").read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0

    def add(self, pictures: torch.Tensor, truth: Truth) -> None:
        """Append a batch in place of the oldest where there is no more room."""
        rows = (self.added + np.arange(len(pictures))) % self.capacity
        self._arrays["pictures"][rows] = (pictures * 255 + 0.5).to(torch.uint8).numpy()
        for name in _FIELDS:
            values = getattr(truth, name).numpy()
            if name == "points":
                values = values.clip(-4, 4)
            self._arrays[name][rows] = values
        self.added += len(pictures)
        partial = self._folder / "count.partial"
        partial.write_text(str(min(self.added, self.capacity)), encoding="ascii")
        partial.replace(self._folder / "count")

    def rows(self, name: str, rows: NDArray[np.int64]) -> NDArray:
        """A field of some pictures."""
        return np.asarray(self._arrays[name][rows])


class Bank:
    """All pictures of one kind below ``folder``, whoever is writing them."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder, self._kind = folder, kind
        self._shelves: dict[Path, Shelf] = {}

    def shelves(self) -> list[Shelf]:
        """The shelves that hold anything."""
        for path in sorted(self._folder.glob(f"{self._kind}-*/count")):
            if path.parent not in self._shelves:
                size = np.load(path.parent / "pictures.npy", mmap_mode="r").shape
                self._shelves[path.parent] = Shelf(path.parent, size[2], size[0])
        return list(self._shelves.values())

    def count(self) -> int:
        """How many pictures there are."""
        return sum(shelf.count for shelf in self.shelves())

    def sample(self, rng: np.random.Generator, count: int) -> Batch:
        """Pictures drawn at random."""
        shelves = self.shelves()
        counts = np.array([shelf.count for shelf in shelves])
        picked = rng.multinomial(count, counts / counts.sum())
        parts = [
            (shelf, np.sort(rng.integers(size, size=number)))
            for shelf, size, number in zip(shelves, counts, picked, strict=True)
            if number
        ]

        def joined(name: str) -> torch.Tensor:
            return torch.from_numpy(np.concatenate([s.rows(name, rows) for s, rows in parts]))

        labels = {name: joined(name) for name in _FIELDS}
        return Batch(
            pictures=joined("pictures").float() / 255,
            truth=Truth(
                points=labels["points"].float(),
                visible=labels["visible"],
                exists=labels["exists"],
                shapes=labels["shapes"].float(),
                emotion=labels["emotion"].long(),
                intensity=labels["intensity"].float(),
                face=labels["face"],
                box=labels["box"],
            ),
        )


def fill(folder: Path, size: int, count: int, workers: int, seconds: float, seed: int) -> None:
    """Render until there are ``count`` pictures or the time is over, with several processes."""
    each = -(-count // workers)
    deadline = time.time() + seconds
    context = multiprocessing.get_context("spawn")
    with one_thread_each():
        processes = [
            context.Process(target=_work, args=(folder, size, each, seed * 1000 + n, deadline))
            for n in range(workers)
        ]
        for process in processes:
            process.start()
    for process in processes:
        process.join()


def _work(folder: Path, size: int, count: int, seed: int, deadline: float) -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    builders = Builders("train", 0, seed=seed)
    pool = HeadPool(HEADS, "cpu")
    pool.add(builders.take(HEADS, 0.0))
    shares = {"crops": (SCENES_EVERY - 1) / SCENES_EVERY, "scenes": 1 / SCENES_EVERY}
    shelves = {
        kind: Shelf(folder / f"{kind}-{seed}", size, round(count * share) + BATCH, create=True)
        for kind, share in shares.items()
    }
    number = 0
    while sum(shelf.added for shelf in shelves.values()) < count and time.time() < deadline:
        kind = "scenes" if number % SCENES_EVERY == SCENES_EVERY - 1 else "crops"
        example = draw(pool, rng, BATCH, size, KINDS[kind])
        shelves[kind].add(example.pictures, example.truth)
        pool.add(builders.take(FRESH, 0.0))
        number += 1
