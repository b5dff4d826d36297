# SPDX-License-Identifier: GPL-3.0-or-later
"""Set the times of an animated .glb to what glTF asks for: seconds.

Blender's exporter divides frames by fps * fps_base, though a scene shows fps / fps_base frames a
second: at 29.97 (30 over 1.001) a minute comes out 0.12 s short. The layout of the file:
https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html#binary-gltf-layout
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

_HEADER: Final = struct.Struct("<4sII")  # magic, version, length of the file
_CHUNK: Final = struct.Struct("<I4s")  # length, type
_FLOAT: Final = 5126  # component type of an accessor


def with_last_time(data: bytes, seconds: float) -> bytes:
    """``data``, a .glb whose animations all last to the same frame, with their times scaled so that
    the last is at ``seconds``. One without animations is given back as it is.
    """
    document, binary, start = _parts(data)
    inputs = {
        sampler["input"]
        for animation in document.get("animations", [])
        for sampler in animation["samplers"]
    }
    last = max((document["accessors"][index]["max"][0] for index in inputs), default=0.0)
    if last <= 0.0 or np.float32(last) == np.float32(seconds):
        return data
    for index in inputs:
        accessor = document["accessors"][index]
        times = _times(document, accessor, binary)
        times[:] = times.astype(np.float64) * (seconds / last)
        accessor["min"], accessor["max"] = [float(times.min())], [float(times.max())]
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 4)
    rest = data[start : start + _CHUNK.size] + binary.tobytes()
    length = _HEADER.size + _CHUNK.size + len(text) + len(rest)
    magic, version, _ = _HEADER.unpack_from(data)
    return b"".join(
        (_HEADER.pack(magic, version, length), _CHUNK.pack(len(text), b"JSON"), text, rest)
    )


def _parts(data: bytes) -> tuple[dict[str, Any], np.ndarray, int]:
    """The JSON, the bytes of the binary chunk that follows, and where that chunk starts."""
    text_length, _ = _CHUNK.unpack_from(data, _HEADER.size)
    text_start = _HEADER.size + _CHUNK.size
    start = text_start + text_length
    document = json.loads(data[text_start:start])
    return document, np.frombuffer(data, np.uint8, offset=start + _CHUNK.size).copy(), start


def _times(
    document: Mapping[str, Any], accessor: Mapping[str, Any], binary: np.ndarray
) -> np.ndarray:
    """(K,) the seconds of an animation's keys, as a view of the binary chunk."""
    if accessor["componentType"] != _FLOAT:
        raise ValueError("The times of a glTF animation are 32-bit floats.")
    view = document["bufferViews"][accessor["bufferView"]]
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    return binary[start : start + 4 * accessor["count"]].view("<f4")
