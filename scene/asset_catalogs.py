# SPDX-License-Identifier: GPL-3.0-or-later
"""Catalogs of Blender's asset browser, in the text file that it keeps them in.

Each line is ``UUID:path:simple name``; an asset knows its catalog by the UUID alone.
https://docs.blender.org/manual/en/latest/files/asset_libraries/catalogs.html
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bpy

from ..errors import RigError

FILE_NAME: Final = "blender_assets.cats.txt"
_ROOT: Final = "Auto-Rig Face"
_NAMESPACE: Final = uuid.UUID("fb78592c-034a-4a1c-9e85-7df9bff65173")
_VERSION: Final = "VERSION 1"
_NEW: Final = f"# Catalogs of Blender's asset browser.\n\n{_VERSION}\n\n"
# What separates the parts of a path or of a line.
_DASHED: Final = str.maketrans(dict.fromkeys("/\\:\r\n\t", "-"))


@dataclass(frozen=True)
class Catalog:
    """A catalog; ``path``: its place in the asset browser, with slashes."""

    identifier: str
    path: str

    def line(self) -> str:
        """How the file keeps it."""
        return f"{self.identifier}:{self.path}:{self.path.replace('/', '-')}"


def catalog_of(character: str, kind: str) -> Catalog:
    """The catalog of a character's assets of one kind: always the same for the same names."""
    path = "/".join((_ROOT, character.translate(_DASHED).strip() or "-", kind))
    return Catalog(str(uuid.uuid5(_NAMESPACE, f"{character}\n{kind}")), path)


def catalog_file(context: bpy.types.Context) -> Path | None:
    """Where Blender looks for the catalogs of the present file: in the asset library that it lies
    in, or else beside it. None for a file that was never saved.
    """
    if not bpy.data.filepath:
        return None
    libraries = context.preferences.filepaths.asset_libraries
    folders = [Path(bpy.path.abspath(library.path)) for library in libraries if library.path]
    return file_for(Path(bpy.data.filepath), folders)


def file_for(blend: Path, libraries: Iterable[Path]) -> Path:
    """The same of a .blend and the folders of the asset libraries."""
    blend = blend.resolve()
    around = [folder.resolve() for folder in libraries if folder.resolve() in blend.parents]
    return (around[0] if around else blend.parent) / FILE_NAME


def add_catalogs(path: Path, catalogs: Sequence[Catalog]) -> bool:
    """Add catalogs to a file, which is made if need be; whether any was missing. All else in it
    stays as it is, and so does a catalog that was renamed or moved.

    Raises RigError where the file isn't what Blender writes, or can't be written; nothing changes.
    """
    path = path.resolve()  # a link stays one
    try:
        present = path.read_bytes().decode("utf-8") if path.exists() else ""
        text = with_catalogs(present, catalogs, path)
        if text == present:
            return False
        partial = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            partial.write_bytes(text.encode("utf-8"))
            if path.exists():
                shutil.copymode(path, partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except UnicodeDecodeError as error:
        raise _unreadable(path, "isn't text in UTF-8") from error
    except OSError as error:
        raise RigError(
            f'The catalogs of the pose assets can\'t be written to "{path}": {error.strerror}.',
            "Allow writing there, or save the .blend in another folder, then make them again.",
        ) from error
    return True


def with_catalogs(text: str, catalogs: Sequence[Catalog], path: Path) -> str:
    """A file's text with the catalogs that it hasn't. Raises RigError, which names ``path``, where
    it isn't a file of catalogs, or of a version that isn't known.
    """
    lines = [line.strip() for line in text.removeprefix("\ufeff").splitlines()]
    spoken = [line for line in lines if line and not line.startswith("#")]
    if spoken and spoken[0] != _VERSION:
        newer = spoken[0].startswith("VERSION ")
        raise _unreadable(path, f"says {spoken[0]}" if newer else f"doesn't say {_VERSION}")
    fields = [[field.strip() for field in line.split(":")] for line in spoken]
    known = {field[0].lower() for field in fields}
    missing = [catalog for catalog in catalogs if catalog.identifier not in known]
    if not missing:
        return text
    # Blender makes up parents that the file doesn't name, and then asks to save them.
    paths = {field[1] for field in fields if len(field) > 1}
    missing = [*(parent for parent in _parents(missing) if parent.path not in paths), *missing]
    end = "\r\n" if "\r\n" in text else "\n"
    if not spoken:
        text += _NEW.replace("\n", end)
    elif not text.endswith("\n"):
        text += end
    return text + "".join(catalog.line() + end for catalog in missing)


def _parents(catalogs: Iterable[Catalog]) -> list[Catalog]:
    """Every catalog above others, each before those below it."""
    steps = [catalog.path.split("/") for catalog in catalogs]
    above = ["/".join(step[:depth]) for step in steps for depth in range(1, len(step))]
    return [Catalog(str(uuid.uuid5(_NAMESPACE, path)), path) for path in dict.fromkeys(above)]


def _unreadable(path: Path, what: str) -> RigError:
    return RigError(
        f'"{path}" {what}, so no catalogs were added to it, and it was left as it is.',
        "Move that file away, or mend it, then press Make Pose Assets again.",
    )
