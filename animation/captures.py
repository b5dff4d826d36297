# SPDX-License-Identifier: GPL-3.0-or-later
"""Face captures from files, and the actor's own face at rest taken out of them.

Live Link Face writes beside a take NAME.csv, where the actor was calibrated in the app,
NAME_raw.csv (as measured), NAME_neutral.csv (the face at rest) and NAME_cal.csv (the whole take
with the rest pose taken out already).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ..errors import RigError
from ..vocabulary import ARKIT_SHAPES, listed
from .capture_csv import read_csv
from .capture_json import read_json
from .capture_table import Capture
from .data import Floats
from .text_file import read_text, refuse_large

__all__ = ["Capture", "calibrated", "neutral_beside", "read_capture", "read_neutral"]

MOST_MEGABYTES: Final = {"csv": 200, "json": 100}
MOST_AT_REST: Final = 0.9  # of a shape; above it hardly anything is left to move
_NEUTRAL: Final = "_neutral"
_CALIBRATED: Final = "_cal"
_RAW: Final = "_raw"


def read_capture(path: Path) -> Capture:
    """A take from a CSV file of Live Link Face or from a JSON file, told apart by what is in it,
    with the rest pose that lies beside it. Raises RigError.
    """
    capture = _read(path)
    if len(capture.times) < 2:
        raise RigError(
            f"{path.name} holds a single frame, which isn't a motion.",
            "Choose the file of the whole take.",
        )
    beside = neutral_beside(path)
    if beside is None:
        return capture
    try:
        return replace(capture, neutral=read_neutral(beside))
    except RigError as error:
        return replace(capture, notes=(*capture.notes, f"No rest pose was read: {error.problem}"))


def neutral_beside(path: Path) -> Path | None:
    """The file with the rest pose of a take that isn't calibrated yet, if there is one."""
    if path.stem.lower().endswith((_CALIBRATED, _NEUTRAL)):
        return None
    stem = path.stem[: -len(_RAW)] if path.stem.lower().endswith(_RAW) else path.stem
    beside = path.with_name(f"{stem}{_NEUTRAL}{path.suffix}")
    return beside if beside.is_file() else None


def read_neutral(path: Path) -> Floats:
    """(52,) the face at rest: the mean over the frames of a file. Raises RigError."""
    return np.asarray(_read(path).values.mean(axis=0))


def calibrated(capture: Capture, neutral: Floats) -> Capture:
    """The capture with the actor's rest pose (52,) at 0 and 1 still at 1: (v - n) / (1 - n), not
    below 0. What the file has above 1 stays. Raises RigError for a rest pose that is none.
    """
    if neutral.shape != (len(ARKIT_SHAPES),) or not np.isfinite(neutral).all():
        raise ValueError("A rest pose is 52 finite numbers.")
    strong = [name for name, n in zip(ARKIT_SHAPES, neutral, strict=True) if n > MOST_AT_REST]
    if strong:
        raise RigError(
            f"In the rest pose {listed(strong)} can hardly go any further, so it isn't one.",
            "Calibrate with a relaxed face, or read the take without its rest pose.",
        )
    rest = np.maximum(neutral, 0.0)
    moved = np.clip((capture.values - rest) / (1.0 - rest), 0.0, 1.0)
    values = np.where(capture.values > 1.0, capture.values, moved)
    return replace(capture, values=values, neutral=None)


def _read(path: Path) -> Capture:
    text = read_text(
        path,
        lambda size: _refuse_large(size, "csv", path),
        "Choose the CSV or JSON file of the take, not its video.",
    )
    start = text.lstrip()[:1]
    reader = read_json if start in {"{", "["} else read_csv
    _refuse_large(len(text), "json" if reader is read_json else "csv", path)
    return reader(text, path.name, path.stem)


def _refuse_large(size: int, kind: str, path: Path) -> None:
    remedy = "Cut the recording into shorter takes."
    refuse_large(size, MOST_MEGABYTES[kind], path.name, remedy)
