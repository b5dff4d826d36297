# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the clock out of binary FBX files, so that the same rig gives the same bytes.

Blender's exporter writes the moment of export in ``FBXHeaderExtension/CreationTimeStamp`` and in
the root's ``CreationTime``. The layout of the format:
https://code.blender.org/2013/08/fbx-binary-file-format-specification/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

_HEADER_SIZE: Final = 27
_WIDE_OFFSETS_FROM: Final = 7500  # file version from which offsets have 64 bits
_FIXED_TIME: Final = b"1970-01-01 10:00:00:000"
_TIME_STAMP: Final = {"Year": 1970, "Month": 1, "Day": 1}  # all smaller units: 0


def without_times(data: bytes) -> bytes:
    """``data``, a binary FBX file, with its times of creation set to the start of 1970."""
    result = bytearray(data)
    (version,) = struct.unpack_from("<I", data, 23)
    wide = version >= _WIDE_OFFSETS_FROM
    for name, start, inner, end in _nodes(data, _HEADER_SIZE, len(data), wide):
        if name == b"CreationTime":
            _overwrite_text(result, start)
        elif name == b"FBXHeaderExtension":
            for child, _, child_inner, child_end in _nodes(data, inner, end, wide):
                if child == b"CreationTimeStamp":
                    _overwrite_stamp(result, data, child_inner, child_end, wide)
    return bytes(result)


def _nodes(data: bytes, start: int, stop: int, wide: bool) -> Iterator[tuple[bytes, int, int, int]]:
    """Nodes between two offsets: (name, offset of its properties, of its children, of its end)."""
    layout = "<QQQB" if wide else "<IIIB"
    size = struct.calcsize(layout)
    while start + size <= stop:
        end, _, property_bytes, name_length = struct.unpack_from(layout, data, start)
        if end == 0:  # the null record that closes a list of nodes
            return
        name = data[start + size : start + size + name_length]
        properties = start + size + name_length
        yield name, properties, properties + property_bytes, end
        start = end


def _overwrite_text(result: bytearray, offset: int) -> None:
    """A string property: the letter S, its length in 32 bits, its bytes."""
    (length,) = struct.unpack_from("<I", result, offset + 1)
    if result[offset : offset + 1] == b"S" and length == len(_FIXED_TIME):
        result[offset + 5 : offset + 5 + length] = _FIXED_TIME


def _overwrite_stamp(result: bytearray, data: bytes, start: int, stop: int, wide: bool) -> None:
    """Children with one 32-bit integer each: the letter I, then the value."""
    for name, offset, _, _ in _nodes(data, start, stop, wide):
        if name != b"Version" and data[offset : offset + 1] == b"I":
            struct.pack_into("<i", result, offset + 1, _TIME_STAMP.get(name.decode(), 0))
