# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that people write by hand: read strictly, and each mistake told where it is."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from ..errors import RigError
from ..vocabulary import listed

MOST_BYTES: Final = 20_000_000  # a script of the most events that may be asked for is far smaller
_SHOWN: Final = 60  # characters of a wrong value that a message repeats
_CLOSE: Final = 0.5  # how alike a name must be to be suggested: difflib's ratio


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in the file at ``path``. Raises RigError naming the file where it can't be
    read, isn't JSON, holds NaN or infinity, or names a field twice.
    """
    try:
        if not path.is_file():
            raise RigError(f"{path} is no file.", "Check the path for typing errors.")
        if path.stat().st_size > MOST_BYTES:
            raise RigError(
                f"{path} is larger than {MOST_BYTES // 1_000_000} megabytes.",
                "Divide the script into shorter ones.",
            )
        data = path.read_bytes()
    except OSError as error:
        raise RigError(
            f"{path} can't be read ({error.strerror or error}).",
            "Check that the file exists and that you may read it.",
        ) from error
    content = _parsed(path, data)
    if not isinstance(content, dict):
        raise RigError(
            f"{path} holds {_kind(content)}, where an object was expected.",
            'Begin the script with {"version": 1, "events": [ and end it with ]}.',
        )
    return content


def _parsed(path: Path, data: bytes) -> Any:
    try:
        return json.loads(
            data.decode("utf-8-sig"), object_pairs_hook=_once_each, parse_constant=_no_number
        )
    except UnicodeDecodeError as error:
        raise RigError(f"{path} isn't a text file in UTF-8.", "Save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise RigError(
            f"{path} isn't JSON: line {error.lineno}, column {error.colno}: {error.msg}.",
            "Correct the script there; often a comma or a quotation mark is missing.",
        ) from error
    except RecursionError as error:
        raise RigError(f"{path} is nested too deeply.", "Write it as the manual shows.") from error
    except ValueError as error:
        raise RigError(f"{path} can't be used: {error}.", "Correct the script there.") from error


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """JSON leaves open which of two equal names counts (RFC 8259, section 4): neither does."""
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{_shown(twice)} stands twice in the same object")
    return content


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def nearest(name: str, valid: Collection[str]) -> str:
    """A sentence that helps with an unknown name: the one that was probably meant, else all."""
    folded = {option.casefold(): option for option in valid}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=_CLOSE)
    if close:
        return f'Did you mean "{folded[close[0]]}"?'
    return f"Choose from {listed(list(valid))}." if valid else "Leave it out."


@dataclass(frozen=True)
class Fields:
    """The fields of one object of the script. ``where``: what messages begin with, such as
    "Event 3 (emotion)". Each reader raises RigError for a wrong value.
    """

    where: str
    values: Mapping[str, Any]

    def allow(self, names: Collection[str]) -> None:
        """Raise RigError for a field that isn't one of ``names``."""
        for name in self.values:
            if name not in names:
                raise RigError(
                    f"{self.where} has a field {_shown(name)}, which isn't known there.",
                    nearest(name, names),
                )

    def number(self, name: str, least: float, most: float, default: float | None = None) -> float:
        """A number from ``least`` to ``most``."""
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._wrong_kind(name, "a number", value)
        self._check_range(name, value, least, most)
        return float(value)

    def whole(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """A whole number from ``least`` to ``most``; 24.0 is one too."""
        value = self._get(name, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or (isinstance(value, float) and not value.is_integer()):
            self._wrong_kind(name, "a whole number", value)
        self._check_range(name, value, least, most)
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self._get(name, default)
        if not isinstance(value, bool):
            self._wrong_kind(name, "true or false", value)
        return bool(value)

    def text(self, name: str, default: str | None = None) -> str:
        """Text that isn't empty."""
        value = self._get(name, default)
        if not isinstance(value, str):
            self._wrong_kind(name, "text in quotation marks", value)
        if not value.strip() or "\0" in value:
            raise RigError(f'{self.where}: "{name}" is empty.', "Fill it in or leave it out.")
        return str(value)

    def choice(self, name: str, valid: Sequence[str], default: str | None = None) -> str:
        """One of the texts ``valid``."""
        return self._one_of(name, self.text(name, default), valid)

    def choices(self, name: str, valid: Sequence[str]) -> tuple[str, ...]:
        """Some of the texts ``valid``, in their order; all of them where the field is left out."""
        values = self._get(name, list(valid))
        if not isinstance(values, list) or not values:
            self._wrong_kind(name, "a list with at least one name", values)
        for value in values:
            if not isinstance(value, str):
                self._wrong_kind(name, "a list of names in quotation marks", values)
            self._one_of(name, value, valid)
        return tuple(option for option in valid if option in values)

    def objects(self, name: str) -> dict[str, Fields]:
        """An object of objects, by name; empty where the field is left out."""
        values = self._get(name, {})
        if not isinstance(values, dict):
            self._wrong_kind(
                name, 'an object in braces, such as {"jawOpen": {"gain": 1.2}}', values
            )
        for inner, value in values.items():
            if not isinstance(value, dict):
                self._wrong_kind(f"{name} {inner}", "an object in braces", value)
        return {
            inner: Fields(f"{self.where}, {name} of {_shown(inner)}", value)
            for inner, value in values.items()
        }

    def _get(self, name: str, default: Any) -> Any:
        value = self.values.get(name, default)
        if value is None and name not in self.values:
            raise RigError(f'{self.where} has no "{name}".', f'Add "{name}" to it.')
        return value

    def _one_of(self, name: str, value: str, valid: Sequence[str]) -> str:
        if value not in valid:
            raise RigError(
                f'{self.where}: "{name}" is {_shown(value)}, which isn\'t known there.',
                nearest(value, valid),
            )
        return value

    def _check_range(self, name: str, value: float, least: float, most: float) -> None:
        # A comparison with NaN is false, and so is one of infinity with a limit.
        if not (least <= value <= most and math.isfinite(value)):
            raise RigError(
                f'{self.where}: "{name}" is {_shown(value)}.',
                f"It must be {least:,}."
                if least == most
                else f"It must be from {least:,} to {most:,}.",
            )

    def _wrong_kind(self, name: str, wanted: str, value: Any) -> NoReturn:
        raise RigError(
            f'{self.where}: "{name}" is {_kind(value)}, {_shown(value)}.', f"It must be {wanted}."
        )


def _kind(value: Any) -> str:
    """What JSON calls a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def _shown(value: Any) -> str:
    """A value as it stands in the script, shortened."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except ValueError:  # an integer with too many digits to be printed
        return "too long a number"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
