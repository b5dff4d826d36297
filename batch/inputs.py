# SPDX-License-Identifier: GPL-3.0-or-later
"""From what was typed on the command line to the files to rig, and a fingerprint of each."""

from __future__ import annotations

import glob
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from ..errors import RigError

INPUT_SUFFIXES: Final[tuple[str, ...]] = (".blend", ".glb", ".gltf", ".fbx", ".obj")
_PATTERN_CHARACTERS: Final = frozenset("*?[")
_MATERIAL_LIBRARY: Final = re.compile(rb"^\s*mtllib\s+(.+?)\s*$", re.MULTILINE)


@dataclass
class InputFiles:
    """Files to rig in the order they were named, and what could not be found."""

    files: list[Path] = field(default_factory=list)
    problems: list[tuple[str, RigError]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def collect(inputs: Sequence[str], out: Path) -> InputFiles:
    """Resolve files, folders (searched to any depth) and patterns; each file comes once.

    Folders skip ``out``, so that a second run doesn't rig the results of the first.
    """
    found = InputFiles()
    seen: set[Path] = set()
    for text in inputs:
        try:
            candidates = _expand(text, out)
        except RigError as error:
            found.problems.append((text, error))
            continue
        for path in candidates:
            identity = path.resolve()
            if identity in seen:
                found.notes.append(f"{path} was named more than once and is rigged once.")
                continue
            seen.add(identity)
            found.files.append(path)
    return found


def _expand(text: str, out: Path) -> list[Path]:
    path = Path(text)
    if path.is_dir():
        return _files_of_folder(path, out)
    if path.exists():
        _check_suffix(path)
        return [path]
    if _PATTERN_CHARACTERS & set(text):
        return _files_of_pattern(text, out)
    raise RigError(f"{text} does not exist.", "Check the path for typing errors.")


def _files_of_folder(folder: Path, out: Path) -> list[Path]:
    outside = out.resolve()
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in INPUT_SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and (outside == folder.resolve() or outside not in path.resolve().parents)
    ]
    if not files:
        raise RigError(
            f"The folder {folder} holds no file that can be rigged.",
            f"Name a folder with {', '.join(INPUT_SUFFIXES)} files in it.",
        )
    return files


def _files_of_pattern(pattern: str, out: Path) -> list[Path]:
    matches = sorted(Path(match) for match in glob.iglob(pattern, recursive=True))  # noqa: PTH207 - may be absolute
    folders = [path for path in matches if path.is_dir() and path.resolve() != out.resolve()]
    inside = [inner for folder in folders for inner in sorted(folder.iterdir())]
    files = [
        path
        for path in (*matches, *inside)
        if path.is_file() and path.suffix.lower() in INPUT_SUFFIXES
    ]
    if not files:
        raise RigError(
            f"The pattern {pattern} matches no file that can be rigged.",
            f"It must match {', '.join(INPUT_SUFFIXES)} files; check it for typing errors.",
        )
    return files


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in INPUT_SUFFIXES:
        raise RigError(
            f"{path} is of a kind that can't be read.",
            f"Save the head as one of {', '.join(INPUT_SUFFIXES)}.",
        )


def content_hash(path: Path) -> str:
    """SHA-256 over ``path`` and the files it names (buffers of .gltf, materials of .obj).

    Raises RigError naming the file when it can't be read or is empty.
    """
    digest = hashlib.sha256()
    data = read_bytes(path)
    digest.update(data)
    for companion in _companions(path, data):
        if companion.is_file():
            digest.update(companion.name.encode())
            digest.update(read_bytes(companion))
    return digest.hexdigest()


def read_bytes(path: Path) -> bytes:
    """The whole file; RigError when it is missing, unreadable or empty."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RigError(
            f"{path} can't be read ({error.strerror or error}).",
            "Check that the file exists and that you may read it.",
        ) from error
    if not data:
        raise RigError(f"{path} is empty.", "Export or copy it again.")
    return data


def _companions(path: Path, data: bytes) -> list[Path]:
    suffix = path.suffix.lower()
    if suffix == ".gltf":
        names = _gltf_addresses(data)
    elif suffix == ".obj":
        names = [match.decode(errors="replace") for match in _MATERIAL_LIBRARY.findall(data)]
    else:
        names = []
    return [path.parent / name for name in names]


def _gltf_addresses(data: bytes) -> list[str]:
    try:
        document = json.loads(data)
        entries = [*document.get("buffers", []), *document.get("images", [])]
        addresses = [entry.get("uri", "") for entry in entries]
    except (ValueError, AttributeError, TypeError):
        return []  # not a glTF: the importer says so in its own words
    return [unquote(text) for text in addresses if text and not text.startswith("data:")]
