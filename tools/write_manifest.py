# SPDX-License-Identifier: GPL-3.0-or-later
"""List the sha256 of every baked asset in ``manifest.json``: ``write_manifest.py OUT_DIR``."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Final

MANIFEST: Final = "manifest.json"


def manifest_of(folder: Path) -> dict[str, str]:
    """File name -> sha256 of every file in ``folder`` but the manifest and unfinished files."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != MANIFEST and path.suffix != ".tmp"
    }


def write_manifest(folder: Path) -> Path:
    """Write the manifest in one step, so that a reader sees the old one or the new one."""
    path = folder / MANIFEST
    temporary = folder / f"{MANIFEST}.{os.getpid()}.tmp"
    try:
        temporary.write_text(json.dumps(manifest_of(folder), indent=2) + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def main() -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out_dir", type=Path, help="folder with the baked assets")
    folder = parser.parse_args().out_dir
    if not folder.is_dir():
        print(f"write_manifest: {folder} is not a folder", file=sys.stderr)
        return 1
    print(write_manifest(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
