# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays as short text in the .blend: quantised, without their zeros, compressed.

The .blend comes from anywhere, so what is unpacked is checked before it is believed.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# (N, 3) whole numbers, and the step that they are multiples of.
Whole = tuple[NDArray[np.int64], float]

_MOST_BYTES: Final = 1 << 28
_BRIEF: Final = struct.Struct("<4sIId")  # kind, vertices, bytes of the first part, step
_BRIEF_KIND: Final = b"ARF0"
_SEPARATOR: Final = "\n"
_FAST: Final = 1  # of zlib's levels
_SMALL: Final = 9


def pack_vectors(values: NDArray[np.float64], step: float) -> str:
    """(N, 3) vectors to the nearest multiple of ``step``; rows that round to zero cost nothing."""
    return pack_multiples(multiples(values, step))


def multiples(values: NDArray[np.float64], step: float) -> Whole:
    """(N, 3) vectors to the nearest multiple of ``step``."""
    return np.rint(np.asarray(values, np.float64) / step).astype(np.int64), float(step)


def pack_multiples(whole: Whole) -> str:
    """The same of what was rounded before."""
    values, step = whole
    header = {"kind": "vectors", "count": len(values), "step": step}
    return _join(header, *_moving(values, _SMALL))


def pack_briefly(whole: Whole) -> bytes:
    """The same as bytes, in a fraction of the time: for what is packed otherwise before long."""
    values, step = whole
    gaps, steps = _moving(values, _FAST)
    return _BRIEF.pack(_BRIEF_KIND, len(values), len(gaps), step) + gaps + steps


def is_packed_briefly(data: bytes) -> bool:
    """Whether the bytes are of ``pack_briefly``."""
    return data[:4] == _BRIEF_KIND


def unpack_brief(data: bytes) -> Whole | None:
    """What was packed briefly; None where the bytes aren't what was written."""
    if len(data) < _BRIEF.size or not is_packed_briefly(data):
        return None
    _, count, size, step = _BRIEF.unpack_from(data)
    middle = _BRIEF.size + size
    try:
        gaps, steps = unpacked_whole(data[_BRIEF.size : middle]), unpacked_whole(data[middle:])
    except (ValueError, zlib.error):
        return None
    return _whole(count, step, gaps, steps) if np.isfinite(step) else None


def _moving(values: NDArray[np.int64], level: int) -> tuple[bytes, bytes]:
    """Which of (N, 3) rows aren't zero, and those: each told by how it differs from the last."""
    rows = np.flatnonzero(values.any(axis=1))
    steps = np.diff(values[rows], axis=0, prepend=0).T.ravel()
    return packed_whole(np.diff(rows, prepend=0), level), packed_whole(steps, level)


def _whole(
    count: int, step: float, gaps: NDArray[np.int64], steps: NDArray[np.int64]
) -> Whole | None:
    """What ``_moving`` was given; None where that doesn't fit together."""
    if len(steps) != 3 * len(gaps):
        return None
    rows = np.cumsum(gaps)
    if len(rows) and not (rows.min() >= 0 and rows.max() < count <= _MOST_BYTES // 24):
        return None
    values = np.zeros((min(count, _MOST_BYTES // 24), 3), np.int64)
    values[rows] = np.cumsum(steps.reshape(3, -1).T, axis=0)
    return values, step


def unpack_vectors(text: str) -> NDArray[np.float64] | None:
    """The (N, 3) vectors; None where the text, which comes from a file, isn't what was written."""
    whole = unpack_multiples(text)
    return None if whole is None else whole[0] * whole[1]


def unpack_multiples(text: str) -> Whole | None:
    """The same as what they were rounded to."""
    parts = _split(text, "vectors", 2)
    if parts is None:
        return None
    header, (gaps, steps) = parts
    count, step = header.get("count"), header.get("step")
    if not isinstance(count, int) or not isinstance(step, float):
        return None
    return _whole(count, step, gaps, steps)


def pack_whole(values: NDArray[np.int64]) -> str:
    """Whole numbers of any shape that are close to the one before, as indices of a mesh are."""
    flat = np.asarray(values, np.int64)
    header = {"kind": "whole", "shape": list(flat.shape)}
    return _join(header, packed_whole(np.diff(flat.ravel(), prepend=0)))


def unpack_whole(text: str) -> NDArray[np.int64] | None:
    """What pack_whole was given; None likewise."""
    parts = _split(text, "whole", 1)
    if parts is None:
        return None
    header, (steps,) = parts
    try:
        return np.cumsum(steps).reshape(header["shape"])
    except (KeyError, TypeError, ValueError):
        return None


def packed_whole(values: NDArray[np.int64], level: int = _SMALL) -> bytes:
    """The bytes of equal weight side by side, which compress far better than the numbers do."""
    folded = (values << 1) ^ (values >> 63)  # small numbers of either sign: small and positive
    used = max(1, (int(folded.max(initial=0)).bit_length() + 7) // 8)
    planes = folded.astype("<u8").view(np.uint8).reshape(-1, 8).T[:used]
    return bytes([used]) + zlib.compress(planes.tobytes(), level)


def unpacked_whole(data: bytes) -> NDArray[np.int64]:
    """Raises ValueError or zlib.error where the data is broken."""
    if not data or not 1 <= data[0] <= 8:
        raise ValueError("not packed numbers")
    unpacking = zlib.decompressobj()
    raw = unpacking.decompress(data[1:], _MOST_BYTES)
    if not unpacking.eof:
        raise ValueError("cut off, or too much")
    used = data[0]
    count = len(raw) // used
    planes = np.zeros((count, 8), np.uint8)
    planes[:, :used] = np.frombuffer(raw, np.uint8).reshape(used, count).T
    folded = planes.view("<u8").ravel()
    return (folded >> np.uint64(1)).astype(np.int64) ^ -(folded & np.uint64(1)).astype(np.int64)


def _join(header: dict[str, Any], *parts: bytes) -> str:
    texts = [base64.b85encode(part).decode("ascii") for part in parts]
    return _SEPARATOR.join([json.dumps(header), *texts])


def _split(
    text: str, kind: str, count: int
) -> tuple[dict[str, Any], list[NDArray[np.int64]]] | None:
    head, *parts = text.split(_SEPARATOR)
    if len(parts) != count:
        return None
    try:
        header = json.loads(head)
        arrays = [unpacked_whole(base64.b85decode(part)) for part in parts]
    except (ValueError, zlib.error):
        return None
    is_ours = isinstance(header, dict) and header.get("kind") == kind
    return (header, arrays) if is_ours else None
