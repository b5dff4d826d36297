# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the baked assets are, and whether they are whole."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Final

from ..errors import RigError

ASSETS: Final = Path(__file__).resolve().parent.parent / "assets"
MANIFEST: Final = "manifest.json"
_REMEDY: Final = "Reinstall the extension, or run 'make assets' in a copy of its source."


def asset_path(name: str, folder: Path = ASSETS) -> Path:
    """Path of the asset ``name``, checked against the manifest once in each process.

    Raises RigError, naming the file, when it is missing, unreadable, truncated or altered.
    """
    return _verified(name, folder)


@functools.cache
def _verified(name: str, folder: Path) -> Path:
    expected = _manifest(folder).get(name)
    path = folder / name
    if expected is None:
        raise RigError(f"The extension's file '{path}' is not in its list of files.", _REMEDY)
    if hashlib.sha256(_read(path)).hexdigest() != expected:
        raise RigError(f"The extension's file '{path}' is truncated or altered.", _REMEDY)
    return path


def _manifest(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(_read(path))
    except ValueError as error:
        raise RigError(f"The extension's file '{path}' is damaged.", _REMEDY) from error
    if not isinstance(manifest, dict):
        raise RigError(f"The extension's file '{path}' is damaged.", _REMEDY)
    return manifest


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise RigError(f"The extension's file '{path}' is missing.", _REMEDY) from error
    except OSError as error:
        raise RigError(
            f"The extension's file '{path}' can't be read ({error.strerror}).", _REMEDY
        ) from error
