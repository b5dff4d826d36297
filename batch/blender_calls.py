# SPDX-License-Identifier: GPL-3.0-or-later
"""Call Blender's import and export operators, and put their failures into plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class OperatorFailedError(Exception):
    """An operator didn't do its work; the text says why, in Blender's own words."""


def call(operator: Any, path: Path, **arguments: Any) -> None:
    """Run ``operator`` on the file at ``path``. Raises OperatorFailedError when it fails."""
    try:
        result = operator(filepath=str(path.resolve()), **arguments)
    except RuntimeError as error:
        raise OperatorFailedError(reason(str(error))) from error
    if "FINISHED" not in result:
        raise OperatorFailedError("Blender gave up without saying why")


def reason(text: str) -> str:
    """The line that tells why: the last one, but for where in Blender it happened."""
    lines = [line.strip() for line in text.splitlines()]
    telling = [line for line in lines if line and not line.startswith(("Location:", "File "))]
    return telling[-1].removeprefix("Error: ").rstrip(".") if telling else "no reason given"
