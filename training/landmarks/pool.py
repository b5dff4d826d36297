# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads held ready on the device, built by other processes while the GPU trains."""

from __future__ import annotations

import multiprocessing
import os
import queue
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import torch
from auto_rig_face.vocabulary import EMOTIONS
from numpy.typing import NDArray
from torch import Tensor

from . import points as scheme
from . import source
from .losses import Truth
from .render.batch import HeadBatch, LookBatch, pack_heads
from .render.pictures import Pictures
from .scene import Head

# Larger heads are rare, and every place of the pool has room for the largest.
MOST_VERTICES: Final = 32_700  # corners are kept in 16 bits
MOST_TRIANGLES: Final = 25_000


@dataclass(frozen=True)
class Chosen:
    """B heads of the pool: geometry on the device, and labels."""

    heads: HeadBatch
    points: Tensor
    exists: Tensor
    shapes: Tensor
    emotion: Tensor
    intensity: Tensor
    face: Tensor
    family: NDArray[np.str_]


class HeadPool:
    """A ring of heads. ``add`` replaces the oldest, ``choose`` draws at random. ``resident``: kept
    in one block of the device's memory, padded to the largest; as a rule on a GPU only.
    """

    def __init__(
        self, size: int, device: torch.device | str, *, resident: bool | None = None
    ) -> None:
        self.size, self.device = size, torch.device(device)
        if resident is None:
            resident = self.device.type != "cpu"
        self._slots: list[Head | None] = [None] * (0 if resident else size)
        self._batch = self._room() if resident else None
        self.count = 0  # heads ever added
        self.points = np.zeros((size, scheme.COUNT, 3), np.float32)
        self.exists = np.zeros(self.points.shape[:2], bool)
        self.shapes = np.zeros((size, 52), np.float32)
        self.emotion = np.full(size, -1, np.int64)
        self.intensity = np.zeros(size, np.float32)
        self.face = np.zeros(size, bool)
        self.family = np.full(size, "", "<U12")

    def _room(self) -> HeadBatch:
        def zeros(*shape: int, dtype: torch.dtype) -> Tensor:
            return torch.zeros(self.size, *shape, dtype=dtype, device=self.device)

        return HeadBatch(
            vertices=zeros(MOST_VERTICES, 3, dtype=torch.float32),
            normals=zeros(MOST_VERTICES, 3, dtype=torch.float16),
            tint=zeros(MOST_VERTICES, dtype=torch.float16),
            triangles=zeros(MOST_TRIANGLES, 3, dtype=torch.int16),
            role=zeros(MOST_TRIANGLES, dtype=torch.uint8),
            count=zeros(dtype=torch.int32),
        )

    @property
    def filled(self) -> int:
        """How many places hold a head."""
        return min(self.count, self.size)

    def add(self, heads: Sequence[Head]) -> None:
        """Put heads in place of the oldest ones; those that are too large are left out."""
        fitting = [
            head
            for head in heads
            if len(head.vertices) <= MOST_VERTICES and len(head.triangles) <= MOST_TRIANGLES
        ]
        slots = [(self.count + number) % self.size for number in range(len(fitting))]
        if self._batch is not None and fitting:
            self._store(self._batch, slots, fitting)
        for slot, head in zip(slots, fitting, strict=True):
            if self._batch is None:
                self._slots[slot] = head
            self._label(slot, head)
        self.count += len(fitting)

    def _label(self, slot: int, head: Head) -> None:
        self.points[slot], self.exists[slot] = head.points, head.exists
        self.shapes[slot] = head.expression.coefficients
        name = head.expression.emotion
        self.emotion[slot] = EMOTIONS.index(name) if name else -1
        self.intensity[slot] = head.expression.intensity
        self.face[slot], self.family[slot] = head.face, head.family

    def _store(self, room: HeadBatch, slots: list[int], heads: list[Head]) -> None:
        """One transfer a field for all heads, then copies within the device."""
        for name in ("vertices", "normals", "tint", "triangles", "role"):
            arrays = [getattr(head, name) for head in heads]
            places = getattr(room, name)
            joined = torch.from_numpy(np.concatenate(arrays)).to(self.device).to(places.dtype)
            start = 0
            for slot, array in zip(slots, arrays, strict=True):
                places[slot, : len(array)] = joined[start : start + len(array)]
                start += len(array)
        counts = torch.tensor([len(head.triangles) for head in heads], dtype=torch.int32)
        room.count[torch.tensor(slots, device=self.device)] = counts.to(self.device)

    def choose(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Draw the places of ``count`` heads."""
        return rng.integers(self.filled, size=count)

    def at(self, rows: NDArray[np.int64]) -> Chosen:
        """The heads of some places."""

        def tensor(array: NDArray) -> Tensor:
            return torch.from_numpy(array[rows]).to(self.device)

        return Chosen(
            heads=self._heads(rows),
            points=tensor(self.points),
            exists=tensor(self.exists),
            shapes=tensor(self.shapes),
            emotion=tensor(self.emotion),
            intensity=tensor(self.intensity),
            face=tensor(self.face),
            family=self.family[rows],
        )

    def _heads(self, rows: NDArray[np.int64]) -> HeadBatch:
        if self._batch is None:
            heads = [self._slots[row] for row in rows]
            return pack_heads([head for head in heads if head is not None], self.device)
        index = torch.from_numpy(rows).to(self.device)
        most = int(self._batch.count[index].max())
        chosen = {f.name: getattr(self._batch, f.name)[index] for f in fields(self._batch)}
        chosen["triangles"] = chosen["triangles"][:, :most].int()
        chosen["role"] = chosen["role"][:, :most]
        for name in ("normals", "tint"):
            chosen[name] = chosen[name].float()
        return HeadBatch(**chosen)


def truth_of(chosen: Chosen, look: LookBatch, pictures: Pictures) -> Truth:
    """The labels of pictures of chosen heads. The face box is that of the face's points."""
    names = torch.from_numpy(scheme.indices(scheme.FACE_BOX)).to(look.focal.device)
    inner = pictures.points[:, names]
    box = torch.cat([inner.amin(dim=1), inner.amax(dim=1)], dim=1)
    return Truth(
        points=pictures.points,
        visible=pictures.visible & chosen.exists,
        exists=chosen.exists,
        shapes=chosen.shapes,
        emotion=chosen.emotion,
        intensity=chosen.intensity,
        face=chosen.face,
        box=box,
    )


class Builders:
    """Processes that build the heads of a split, from ``start`` on; without processes they are
    built when asked for. ``failures`` keeps the errors of heads that could not be built.
    """

    def __init__(self, split: str, workers: int, start: int = 0, seed: int = 0) -> None:
        self.split, self.seed, self.next = split, seed, start
        self.failures: list[str] = []
        self._processes: list[multiprocessing.process.BaseProcess] = []
        if not workers:
            return
        context = multiprocessing.get_context("spawn")
        self._queue: multiprocessing.Queue = context.Queue(maxsize=64 * workers)
        for worker in range(workers):
            arguments = (self._queue, split, start + worker, workers, seed)
            self._processes.append(context.Process(target=_build, args=arguments, daemon=True))
        with one_thread_each():
            for process in self._processes:
                process.start()

    def take(self, count: int, wait: float) -> list[Head]:
        """Up to ``count`` heads; with processes, only those that come within ``wait`` seconds
        of each other.
        """
        heads: list[Head] = []
        for _ in range(count):
            item: Head | str
            if self._processes:
                try:
                    item = self._queue.get(timeout=wait) if wait else self._queue.get_nowait()
                except queue.Empty:
                    break
            else:
                item = _one(self.split, self.next, self.seed)
                self.next += 1
            if isinstance(item, str):
                self.failures.append(item)
            else:
                heads.append(item)
        return heads

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.terminate()
            process.join()


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Processes started meanwhile use one thread: there is one of them for each core."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _build(out: multiprocessing.Queue, split: str, start: int, step: int, seed: int) -> None:
    index = start
    while True:
        out.put(_one(split, index, seed))
        index += step


def _one(split: str, index: int, seed: int) -> Head | str:
    """A head, or why it could not be built: one bad seed must not end a long run."""
    try:
        return source.head_at(split, index, seed=seed)
    except (ValueError, IndexError, FloatingPointError, np.linalg.LinAlgError):
        return f"{split} {index}: {traceback.format_exc(limit=3)}"
