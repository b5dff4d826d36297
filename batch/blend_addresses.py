# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the memory addresses out of .blend files, so that the same rig gives the same bytes.

Blender writes its structures as they lie in memory, pointers included, and uses the pointers only
to find out which block of the file belongs where. Here they become running numbers. Every file
describes its own structures in a block called DNA1:
https://developer.blender.org/docs/features/core/dna/ and
https://github.com/blender/blender/blob/main/doc/blender_file_format/mystery_of_the_blend.html
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

# What belongs to the session that wrote the file, and is made anew by the one that reads it:
# numbers of data blocks, and the seed of the face sets' colours, which is drawn from the clock.
_PASSING: Final = frozenset(
    {("ID", "session_uid"), ("SessionUID", "uid_"), ("Mesh", "face_sets_color_seed")}
)
# Blender orders the two ends of a screen's edge by their addresses; here it is by their numbers.
_ENDS: Final = (("ScrEdge", "*v1"), ("ScrEdge", "*v2"))
_FIRST_NUMBER: Final = 0x10000
_STEP: Final = 16
_SMALLEST_ADDRESS: Final = 1 << 32  # below lie flags that were stored in a pointer
_ARRAY: Final = re.compile(r"\[(\d+)\]")
_POINTER_BYTES: Final = 8
_POINTER_MARKS: Final = ("*", "(*")


@dataclass(frozen=True)
class _Layout:
    """Size of a structure, the offsets of its pointers, and (offset, size) of what passes.

    ``ends``: offsets of the pointers whose order follows from their values.
    """

    size: int
    pointers: tuple[int, ...]
    passing: tuple[tuple[int, int], ...]
    ends: tuple[int, ...]


@dataclass(frozen=True)
class _Block:
    """A block: where its old address stands, and its data of ``count`` structures."""

    code: bytes
    address: int
    address_at: int
    structure: int
    count: int
    start: int
    length: int


def without_addresses(data: bytes) -> bytes:
    """``data``, an uncompressed .blend file of a 64-bit system, with numbers for addresses.

    A file of another layout is given back as it is.
    """
    header = _header_size(data)
    if header is None:
        return data
    blocks = list(_blocks(data, header))
    catalogue = next((b for b in blocks if b.code == b"DNA1"), None)
    if catalogue is None:
        return data
    layouts = _Catalogue(data[catalogue.start : catalogue.start + catalogue.length]).layouts()
    result = np.frombuffer(data, np.uint8).copy()
    shared = {block.address: number for number, block in enumerate(blocks) if block.code != b"DATA"}
    for group in _groups(blocks):
        own = {block.address: number for number, block in reversed(group)}
        numbers = _Numbers(shared | own)
        for number, block in group:
            address = result[block.address_at : block.address_at + _POINTER_BYTES].view("<u8")
            address[:] = _number(number) if block.address else 0
            if block.code != b"DNA1":
                content = result[block.start : block.start + block.length]
                _renumber(content, block, layouts, numbers)
    return result.tobytes()


def _number(place: int) -> int:
    return _FIRST_NUMBER + _STEP * place


def _groups(blocks: Sequence[_Block]) -> Iterator[list[tuple[int, _Block]]]:
    """Each data block with what belongs to it, as (place in the file, block).

    Blender writes arrays that it makes only for the file, and the memory of one may be used again
    for the next: an address means something only within the data block that it belongs to.
    """
    group: list[tuple[int, _Block]] = []
    for place, block in enumerate(blocks):
        if block.code != b"DATA" and group:
            yield group
            group = []
        group.append((place, block))
    yield group


def _header_size(data: bytes) -> int | None:
    """12 bytes up to Blender 4, 17 from Blender 5; None for anything else."""
    if re.match(rb"BLENDER-v\d{3}", data):
        return 12
    if re.match(rb"BLENDER17-01v\d{4}", data):
        return 17
    return None


def _blocks(data: bytes, header: int) -> Iterator[_Block]:
    wide = header == 17
    layout = struct.Struct("<4siQqq" if wide else "<4siQii")
    offset = header
    while offset + layout.size <= len(data):
        if wide:
            code, structure, address, length, count = layout.unpack_from(data, offset)
        else:
            code, length, address, structure, count = layout.unpack_from(data, offset)
        start = offset + layout.size
        code = code.rstrip(b"\0")
        yield _Block(code, address, offset + 8, structure, count, start, length)
        if code == b"ENDB":
            return
        offset = start + length


class _Numbers:
    """Running numbers in the place of addresses: ``places`` in the file by address."""

    def __init__(self, places: Mapping[int, int]) -> None:
        known = sorted((address, place) for address, place in places.items() if address)
        self._known = np.array([address for address, _ in known], np.uint64)
        self._numbers = np.array([_number(place) for _, place in known], np.uint64)

    def are_known(self, values: NDArray[np.uint64]) -> bool:
        """Whether all ``values`` are addresses of blocks, or null."""
        return bool((np.isin(values, self._known) | (values == 0)).all())

    def of(self, values: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The number of each address. One that no block has is null: Blender reads it so."""
        if not len(self._known):
            return values
        place = np.minimum(np.searchsorted(self._known, values), len(self._known) - 1)
        known = self._known[place] == values
        lost = ~known & (values >= _SMALLEST_ADDRESS)
        kept = np.where(lost, np.uint64(0), values)
        return np.where(known, self._numbers[place], kept)


def _renumber(
    content: NDArray[np.uint8], block: _Block, layouts: list[_Layout], numbers: _Numbers
) -> None:
    """Replace the addresses inside one block, in place."""
    layout = layouts[block.structure]
    if block.structure == 0 or layout.size * block.count != block.length:
        _renumber_raw(content, numbers)
        return
    rows = content.reshape(block.count, layout.size)
    for offset in layout.pointers:
        _set_words(rows, offset, numbers.of(_words(rows, offset)))
    if layout.ends:
        ends = np.sort(np.hstack([_words(rows, offset) for offset in layout.ends]), axis=1)
        for offset, end in zip(layout.ends, ends.T, strict=True):
            _set_words(rows, offset, end[:, None])
    for offset, size in layout.passing:
        rows[:, offset : offset + size] = 0


def _words(rows: NDArray[np.uint8], offset: int) -> NDArray[np.uint64]:
    """(R, 1) the 64-bit word at ``offset`` of each row."""
    return np.ascontiguousarray(rows[:, offset : offset + _POINTER_BYTES]).view("<u8")


def _set_words(rows: NDArray[np.uint8], offset: int, words: NDArray[np.uint64]) -> None:
    rows[:, offset : offset + _POINTER_BYTES] = np.ascontiguousarray(words).view(np.uint8)


def _renumber_raw(content: NDArray[np.uint8], numbers: _Numbers) -> None:
    """A block without a structure: an array of pointers if it can be one, else plain data."""
    if len(content) % _POINTER_BYTES:
        return
    words = content.view("<u8")
    if numbers.are_known(words[:8]) and numbers.are_known(words):
        words[:] = numbers.of(words)


class _Catalogue:
    """The block DNA1: names, types, their sizes, and the structures made of them."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 4
        self._names = self._texts(b"NAME")
        self._types = self._texts(b"TYPE")
        self._expect(b"TLEN")
        self._sizes = self._shorts(len(self._types))
        self._structures = self._read_structures()
        self._of_type = {kind: i for i, (kind, _) in enumerate(self._structures)}

    def layouts(self) -> list[_Layout]:
        """The layout of every structure, by its number."""
        found = []
        for number, (kind, _) in enumerate(self._structures):
            fields = list(self._flat(number, 0))
            pointers = tuple(o for o, _, (_, name) in fields if name.startswith(_POINTER_MARKS))
            passing = tuple((o, size) for o, size, field in fields if field in _PASSING)
            ends = tuple(offset for offset, _, field in fields if field in _ENDS)
            found.append(_Layout(self._sizes[kind], pointers, passing, ends))
        return found

    def _flat(self, number: int, base: int) -> Iterator[tuple[int, int, tuple[str, str]]]:
        """(offset, size, (structure, name)) of each plain field and pointer."""
        owner, fields = self._structures[number]
        for kind, name in fields:
            count = int(np.prod([int(size) for size in _ARRAY.findall(name)], dtype=np.int64))
            is_pointer = name.startswith(_POINTER_MARKS)
            field = self._types[owner], name
            size = _POINTER_BYTES if is_pointer else self._sizes[kind]
            inner = self._of_type.get(kind)
            if is_pointer:
                yield from ((base + i * size, size, field) for i in range(count))
            elif inner is not None and inner != number:
                for i in range(count):
                    yield from self._flat(inner, base + i * size)
            else:
                yield base, count * size, field
            base += count * size

    def _read_structures(self) -> list[tuple[int, list[tuple[int, str]]]]:
        self._expect(b"STRC")
        (count,) = self._unpack("<I")
        structures = []
        for _ in range(count):
            kind, fields = self._unpack("<HH")
            pairs = [self._unpack("<HH") for _ in range(fields)]
            structures.append((kind, [(field, self._names[name]) for field, name in pairs]))
        return structures

    def _texts(self, code: bytes) -> list[str]:
        self._expect(code)
        (count,) = self._unpack("<I")
        texts = []
        for _ in range(count):
            end = self._data.index(b"\0", self._at)
            texts.append(self._data[self._at : end].decode())
            self._at = end + 1
        return texts

    def _shorts(self, count: int) -> tuple[int, ...]:
        return self._unpack(f"<{count}H")

    def _expect(self, code: bytes) -> None:
        self._at = (self._at + 3) & ~3
        if self._data[self._at : self._at + 4] != code:
            raise ValueError(f"no {code.decode()} where the .blend file's catalogue needs one")
        self._at += 4

    def _unpack(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values
