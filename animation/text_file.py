# SPDX-License-Identifier: GPL-3.0-or-later
"""Text files of others: what is in them is believed only after a look."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
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


def refuse_large(size: int, megabytes: int, file: str, remedy: str) -> None:
    """Raise RigError for a file of more than ``megabytes``."""
    if size > megabytes * 1_000_000:
        raise RigError(f"{file} is larger than {megabytes} megabytes.", remedy)


def json_in(text: str, file: str, number: str, remedy: str) -> Any:
    """What the JSON of a file holds. Raises RigError where it isn't JSON, and for NaN and infinity,
    which are no ``number``, in the user's words.
    """

    def refuse(constant: str) -> None:
        raise RigError(f"{file} holds {constant}, which isn't {number}.", remedy)

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise RigError(f"{file} isn't valid JSON.", remedy) from error


def first_of(data: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """The value of the first of the ``keys`` that are there: tools differ in what they call it;
    None without any.
    """
    return next((data[key] for key in keys if key in data), None)


def number_in(value: Any) -> float:
    """A number that a JSON file holds; NaN for everything else, numbers in words among them."""
    try:
        return math.nan if isinstance(value, bool | str) else float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
