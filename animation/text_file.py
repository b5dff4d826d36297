# SPDX-License-Identifier: GPL-3.0-or-later
"""Text files of others: what is in them is believed only after a look."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import RigError


def read_text(path: Path, refuse_large: Callable[[int], None], instead: str) -> str:
    """The text of a file in UTF-8. ``refuse_large`` raises RigError for too many bytes;
    ``instead``: what to choose where it is no text. Raises RigError where it can't be read.
    """
    try:
        refuse_large(path.stat().st_size)
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise RigError(
            f"{path} can't be read: {error.strerror or error}.",
            "Check that the file is there and may be read.",
        ) from error
    except UnicodeDecodeError as error:
        raise RigError(f"{path.name} isn't a text file in UTF-8.", instead) from error


def number_in(value: Any) -> float:
    """A number that a JSON file holds; NaN for everything else, numbers in words among them."""
    try:
        return math.nan if isinstance(value, bool | str) else float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
