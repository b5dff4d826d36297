# SPDX-License-Identifier: GPL-3.0-or-later
"""Vectors of a mesh's vertices as few bytes: each is told by how far it is off the mean of its
neighbours that came before it, on a walk over the surface.

Neighbours move alike, so that what is left is small. Rounding comes first, and so what comes back
is what went in, to the last bit.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .packed import Whole, packed_whole, unpacked_whole

Integers = NDArray[np.int64]

_HEADER: Final = struct.Struct("<4sIId")  # kind, the walk's digest, vertices, step
_KIND: Final = b"ARF1"
_LEVEL: Final = 6  # of zlib's; the highest takes twice as long for 2 % less


class SurfaceWalk:
    """A walk over ``count`` vertices along the edges of (T, 3) ``triangles``: breadth first, from
    the lowest vertex of each piece. Vertices without triangles are steps of their own.

    A vertex is told by its neighbours of the ring before, and by those of its own ring with a lower
    colour; no two neighbours of a ring have the same one. So all of a ring and colour come at once.
    """

    def __init__(self, triangles: Integers, count: int) -> None:
        pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
        pairs = np.concatenate([pairs, pairs[:, ::-1]]).astype(np.int64)
        pairs = np.stack(np.divmod(np.unique(pairs[:, 0] * count + pairs[:, 1]), count), axis=1)
        starts = np.searchsorted(pairs[:, 0], np.arange(count + 1))
        order, turn = _steps(pairs[:, 1].tolist(), starts.tolist(), count)
        self._order = order
        rank = np.empty(count, np.int64)
        rank[order] = np.arange(count)
        earlier = turn[pairs[:, 1]] < turn[pairs[:, 0]]
        at, before = rank[pairs[earlier, 0]], rank[pairs[earlier, 1]]
        turns = turn[order]
        sort = np.lexsort((before, at, turns[at]))
        self._before = before[sort]
        # Vertices with any before them, in turn, and where in ``_before`` each one's are.
        self._rows, first = _runs(at[sort])
        self._starts = np.append(first, len(sort))
        _, first = _runs(turns[self._rows])
        self._turns = np.append(first, len(self._rows)).tolist()
        self.count = count
        self.digest = zlib.crc32(self._before.tobytes(), zlib.crc32(order.tobytes()))

    def pack(self, whole: Whole) -> bytes:
        """(N, 3) multiples of a step as bytes that only this walk reads."""
        values, step = whole
        along = values[self._order]
        head = _HEADER.pack(_KIND, self.digest, self.count, step)
        rest = along.copy()
        if len(self._rows):
            rest[self._rows] -= self._expected(along, 0, len(self._rows))
        return head + packed_whole(rest.T.ravel(), _LEVEL)

    def unpack(self, packed: Sequence[bytes]) -> list[Whole | None]:
        """What each was packed from; None where the bytes, which come from a file, aren't of this
        walk. All at once takes hardly longer than one.
        """
        read = [self._read(data) for data in packed]
        known = [item for item in read if item is not None]
        if not known:
            return [None] * len(read)
        along = np.concatenate([rest for rest, _ in known], axis=1)
        for first, stop in itertools.pairwise(self._turns):
            along[self._rows[first:stop]] += self._expected(along, first, stop)
        values = np.empty_like(along)
        values[self._order] = along
        each = iter(np.split(values, len(known), axis=1))
        return [None if item is None else (next(each), item[1]) for item in read]

    def _expected(self, along: Integers, first: int, stop: int) -> Integers:
        """What is expected at some of ``_rows``, from those before them, to whole numbers."""
        starts = self._starts[first : stop + 1]
        count = np.diff(starts)[:, None]
        before = along[self._before[starts[0] : starts[-1]]]
        total = np.add.reduceat(before, starts[:-1] - starts[0], axis=0)
        expected: Integers = (2 * total + count) // (2 * count)
        return expected

    def _read(self, data: bytes) -> tuple[Integers, float] | None:
        if len(data) < _HEADER.size:
            return None
        kind, digest, count, step = _HEADER.unpack_from(data)
        if (kind, digest, count) != (_KIND, self.digest, self.count) or not np.isfinite(step):
            return None
        try:
            rest = unpacked_whole(data[_HEADER.size :])
        except (ValueError, zlib.error):
            return None
        return (rest.reshape(3, -1).T.copy(), step) if len(rest) == 3 * count else None


def _runs(values: Integers) -> tuple[Integers, Integers]:
    """What equal numbers in a row are, and where each run of them begins."""
    first = np.flatnonzero(np.diff(values, prepend=-1))
    return values[first], first


def _steps(others: list[int], starts: list[int], count: int) -> tuple[Integers, Integers]:
    """The vertices breadth first, and (N,) the turn of each vertex: by ring, then by colour."""
    order: list[int] = []
    ring, colour = [-1] * count, [0] * count
    for first in range(count):
        if ring[first] >= 0:
            continue
        ring[first] = 0
        waiting = deque([first])
        while waiting:
            here = waiting.popleft()
            order.append(here)
            near = others[starts[here] : starts[here + 1]]
            taken = {colour[other] for other in near if ring[other] == ring[here]}
            colour[here] = next(c for c in itertools.count(1) if c not in taken)
            for other in near:
                if ring[other] < 0:
                    ring[other] = ring[here] + 1
                    waiting.append(other)
    colours = np.array(colour, np.int64)
    turn = np.array(ring, np.int64) * (colours.max(initial=0) + 1) + colours
    return np.array(order, np.int64), turn
