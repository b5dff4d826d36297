# SPDX-License-Identifier: GPL-3.0-or-later
"""A face capture as arrays, and what the readers of all file formats share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..vocabulary import ARKIT_SHAPES, listed
from .data import Floats

Rows = NDArray[np.intp]

# Frames a second that cameras and scenes run at; 29.97 and 59.94 are exact fractions.
RATES: Final[tuple[Fraction, ...]] = (
    *(Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50)),
    *(Fraction(60000, 1001), Fraction(60), Fraction(120)),
)
MOST_FRAMES: Final = 250_000  # more than an hour at 60 a second
_RATE_TOLERANCE: Final = 0.02  # of a rate
_MOST_BACK: Final = 1.0  # seconds that frames may be out of order by
_MOST_BETWEEN: Final = 3600.0  # seconds without a frame within one take

_SHAPE_BY_LETTERS: Final[dict[str, str]] = {name.lower(): name for name in ARKIT_SHAPES}
_SIDES: Final = (("_l", "left"), ("_r", "right"))


@dataclass(frozen=True)
class Capture:
    """A recorded performance of one face, F frames.

    ``times`` (F,) seconds from the first frame, increasing, as recorded: steps may differ;
    ``values`` (F, 52) in the order of ARKIT_SHAPES, finite, as the file has them: they may leave
    0..1; ``head`` (F, 3) yaw, pitch, roll and ``eyes`` (F, 4) yaw and pitch of the left eye, then
    of the right one, in the file's own unit and direction, None where the file has none or the
    recording left them out; ``rate`` nominal frames a second; ``name`` of the take; ``notes``
    plain sentences about what the file lacked; ``neutral`` (52,) the actor's face at rest, where a
    file beside the take holds it.
    """

    times: Floats
    values: Floats
    head: Floats | None
    eyes: Floats | None
    rate: float
    name: str
    notes: tuple[str, ...] = ()
    neutral: Floats | None = None


def shape_named(name: str) -> str | None:
    """The ARKit shape that a file means by ``name``: in any case, with "_L" for "Left"."""
    letters = name.strip().lower()
    for suffix, side in _SIDES:
        if letters.endswith(suffix):
            letters = letters.removesuffix(suffix) + side
    return _SHAPE_BY_LETTERS.get(re.sub(r"[^a-z]", "", letters))


def shape_columns(names: Sequence[str], file: str) -> dict[str, int]:
    """Shape -> its place in ``names``; RigError where none is a shape or two are the same."""
    columns: dict[str, int] = {}
    for place, name in enumerate(names):
        shape = shape_named(name)
        if shape in columns:
            raise RigError(
                f"{file} holds {shape} twice, as {names[columns[shape]]} and as {name}.",
                "Take one of them out of the file.",
            )
        if shape is not None:
            columns[shape] = place
    if not columns:
        raise RigError(
            f"{file} names none of the 52 ARKit shapes.",
            "Export the capture with ARKit blend shapes, such as EyeBlinkLeft and JawOpen.",
        )
    return columns


def missing_shapes(found: Sequence[str] | dict[str, int]) -> tuple[str, ...]:
    """A note about the shapes that a file doesn't hold."""
    missing = [name for name in ARKIT_SHAPES if name not in found]
    if not missing:
        return ()
    return (f"Not in the file, so at rest all the time: {listed(missing)}.",)


def in_arkit_order(columns: dict[str, int], table: Floats) -> Floats:
    """(F, 52) of a table (F, K) whose columns are named; zeros where it has none."""
    values = np.zeros((len(table), len(ARKIT_SHAPES)))
    for place, shape in enumerate(ARKIT_SHAPES):
        if shape in columns:
            values[:, place] = table[:, columns[shape]]
    return values


def in_order(times: Floats, file: str) -> tuple[Rows, tuple[str, ...]]:
    """The rows to keep so that ``times`` increase, and notes about those that were left out."""
    back = float(np.max(-np.diff(times), initial=0.0))
    if back > _MOST_BACK:
        raise RigError(
            f"The times in {file} go back by {back:.1f} seconds.",
            "Export each take to a file of its own.",
        )
    rows = np.argsort(times, kind="stable")
    steps = np.diff(times[rows])
    if np.max(steps, initial=0.0) > _MOST_BETWEEN:
        raise RigError(
            f"{file} has no frames for more than an hour in its middle.",
            "Export each take to a file of its own.",
        )
    new = np.concatenate([[True], steps > 0.0])
    doubled = int(np.sum(~new))
    return rows[new], _counted(doubled, "that the file holds twice was left out", "were left out")


def missing_frames(places: Floats, step: float) -> tuple[str, ...]:
    """A note about frames that the recording skipped; ``places`` (F,) increasing, where frames
    usually lie ``step`` apart.
    """
    missing = int(np.sum(np.maximum(np.rint(np.diff(places) / step) - 1, 0)))
    return _counted(missing, "is missing; the motion runs straight over it", "are missing")


def frames_without_a_face(count: int) -> tuple[str, ...]:
    """A note about frames in which the camera lost the face."""
    return _counted(count, "shows no face and was left out", "show no face and were left out")


def _counted(count: int, of_one: str, of_more: str) -> tuple[str, ...]:
    if not count:
        return ()
    return (f"1 frame {of_one}.",) if count == 1 else (f"{count} frames {of_more}.",)


def nominal_rate(measured: float) -> float:
    """The usual rate that is meant by a measured one, or the measured one where none is near."""
    nearest = min(RATES, key=lambda rate: abs(float(rate) - measured))
    near = abs(float(nearest) / measured - 1.0) < _RATE_TOLERANCE
    return float(nearest) if near else round(measured, 3)


def refuse_too_many(frames: int, file: str) -> None:
    """Raise RigError for a take that is longer than any."""
    if frames > MOST_FRAMES:
        raise RigError(
            f"{file} holds more than {MOST_FRAMES} frames.",
            "Cut the recording into shorter takes.",
        )
