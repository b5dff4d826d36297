# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures as JSON, in the forms that tools around ARKit and MediaPipe write.

A table, with the names of its columns and a rate (Audio2Face calls them exportFps, facsNames and
weightMat):

    {"fps": 60, "names": ["eyeBlinkLeft", ...], "weights": [[0.05, ...], ...]}

Frames with their own times, or with a common rate around them; "timestamp" or "t" for "time",
"blendshapes" or "weights" for "blendShapes", a list of {"name", "score"} for the mapping:

    [{"time": 0.0, "blendShapes": {"eyeBlinkLeft": 0.05, ...}}, ...]
    {"fps": 60, "frames": [{"blendShapes": {...}}, ...]}

A frame whose mapping is empty or null shows no face.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ..errors import RigError
from .capture_table import (
    Capture,
    frames_without_a_face,
    in_arkit_order,
    in_order,
    missing_frames,
    missing_shapes,
    nominal_rate,
    refuse_too_many,
    shape_columns,
)
from .data import Floats
from .text_file import first_of, json_in, number_in

RATE_KEYS: Final = ("fps", "exportFps", "frameRate")
NAME_KEYS: Final = ("names", "facsNames")
TABLE_KEYS: Final = ("weights", "weightMat")
TIME_KEYS: Final = ("time", "timestamp", "t")
SHAPE_KEYS: Final = ("blendShapes", "blendshapes", "weights")
_ENTRY_NAMES: Final = ("name", "categoryName")
_ENTRY_VALUES: Final = ("score", "value")
_FASTEST: Final = 1000.0  # frames a second
_FORMS: Final = (
    'Give it "fps", "names" and "weights", or a list of frames with "time" and "blendShapes".'
)


def read_json(text: str, file: str, name: str) -> Capture:
    """A capture from the text of a file; ``file`` is what messages call it. Raises RigError."""
    data = json_in(text, file, "a number", "Export the capture again.")
    if isinstance(data, list):
        return _of_frames(data, None, file, name)
    if not isinstance(data, dict):
        raise RigError(f"{file} isn't in a form of capture that can be read.", _FORMS)
    rate = _rate(data, file)
    names, table = first_of(data, NAME_KEYS), first_of(data, TABLE_KEYS)
    if isinstance(names, list) and isinstance(table, list) and rate is not None:
        return _of_table(names, table, rate, file, name)
    frames = data.get("frames")
    if isinstance(frames, list):
        return _of_frames(frames, rate, file, name)
    raise RigError(f"{file} isn't in a form of capture that can be read.", _FORMS)


def _rate(data: dict[str, Any], file: str) -> float | None:
    given = first_of(data, RATE_KEYS)
    if given is None:
        return None
    rate = _number(given, "its frame rate", file)
    if not 1.0 <= rate <= _FASTEST:
        raise RigError(
            f"{file} gives {rate:g} as its frame rate.", "Rates from 1 to 1000 can be read."
        )
    return rate


def _of_table(names: list[Any], table: list[Any], rate: float, file: str, name: str) -> Capture:
    refuse_too_many(len(table), file)
    if not table:
        raise RigError(f"{file} holds no frames.", "Record the capture again.")
    columns = shape_columns([str(item) for item in names], file)
    rows = np.zeros((len(table), len(names)))
    for place, row in enumerate(table):
        if not isinstance(row, list) or len(row) != len(names):
            raise RigError(
                f"Frame {place} of {file} doesn't have a value for each of its {len(names)} names.",
                "Export the capture again.",
            )
        for shape, column in columns.items():
            rows[place, column] = _number(row[column], f"{shape} of frame {place}", file)
    return Capture(
        times=np.arange(len(table)) / rate,
        values=in_arkit_order(columns, rows),
        head=None,
        eyes=None,
        rate=nominal_rate(rate),
        name=name,
        notes=missing_shapes(columns),
    )


def _of_frames(frames: list[Any], rate: float | None, file: str, name: str) -> Capture:
    refuse_too_many(len(frames), file)
    shapes = [_shapes(frame, place, file) for place, frame in enumerate(frames)]
    shown = [place for place, values in enumerate(shapes) if values]
    if not shown:
        raise RigError(f"{file} holds no frame with blend shapes.", _FORMS)
    names = list(dict.fromkeys(key for place in shown for key in shapes[place]))
    columns = shape_columns(names, file)
    times, notes = _times(frames, rate, file)
    every, doubled = in_order(times, file)
    step = float(np.median(np.diff(times[every]))) if len(every) > 1 else 1.0 / 60.0
    kept = every[np.isin(every, shown)]
    table = np.array(
        [
            [
                _number(shapes[row].get(key, 0.0), f"{key} of frame {row}", file)
                for key in (names[column] for column in columns.values())
            ]
            for row in kept
        ]
    )
    return Capture(
        times=times[kept] - times[kept[0]],
        values=in_arkit_order({shape: place for place, shape in enumerate(columns)}, table),
        head=None,
        eyes=None,
        rate=nominal_rate(1.0 / step),
        name=name,
        notes=(
            *missing_shapes(columns),
            *notes,
            *doubled,
            *missing_frames(times[every], step),
            *frames_without_a_face(len(every) - len(kept)),
        ),
    )


def _times(frames: list[Any], rate: float | None, file: str) -> tuple[Floats, tuple[str, ...]]:
    """Seconds of each frame, and a note where they were in milliseconds."""
    given = [first_of(frame, TIME_KEYS) for frame in frames]
    if rate is not None and all(time is None for time in given):
        return np.arange(len(frames)) / rate, ()
    if any(time is None for time in given):
        raise RigError(f"{file} has frames without a time and no frame rate.", _FORMS)
    times = np.array(
        [_number(time, f"the time of frame {place}", file) for place, time in enumerate(given)]
    )
    # Nobody records a face once a second, and many tools write milliseconds.
    if len(times) > 1 and np.median(np.abs(np.diff(times))) >= 1.0:
        return times / 1000.0, ("Its times were taken for milliseconds.",)
    return times, ()


def _shapes(frame: Any, place: int, file: str) -> dict[str, Any]:
    """Name -> value of one frame; empty where it shows no face."""
    if not isinstance(frame, dict) or not any(key in frame for key in SHAPE_KEYS):
        raise RigError(f"Frame {place} of {file} has no blend shapes.", _FORMS)
    given = first_of(frame, SHAPE_KEYS) or {}
    if isinstance(given, dict):
        return given
    if isinstance(given, list) and all(isinstance(entry, dict) for entry in given):
        return {str(first_of(e, _ENTRY_NAMES)): first_of(e, _ENTRY_VALUES) for e in given}
    raise RigError(f"Frame {place} of {file} has blend shapes without names.", _FORMS)


def _number(value: Any, what: str, file: str) -> float:
    """RigError for anything but a finite number."""
    number = number_in(value)
    if not np.isfinite(number):
        raise RigError(
            f'{file} has "{str(value)[:40]}" for {what}, which isn\'t a number.',
            "Export the capture again.",
        )
    return float(number)
