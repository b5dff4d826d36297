# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes of Epic's Live Link Face app as it writes them: one row a frame, columns by name.

Timecode,BlendShapeCount,EyeBlinkLeft,...,TongueOut,HeadYaw,HeadPitch,HeadRoll,LeftEyeYaw,...
00:32:09:07.867,61,0.0491091609,...

A row whose BlendShapeCount is 0, or which has no values, is a frame without a face. The app counts
at the rate of its timecode; the camera has its own clock, so that frames lie 1.0006 apart or so.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import numpy as np

from ..errors import RigError
from .capture_table import (
    MOST_FRAMES,
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
from .timecode import FrameCount, Timecode, count_frames, parse_timecode, usual_step

HEAD: Final = ("headyaw", "headpitch", "headroll")
EYES: Final = ("lefteyeyaw", "lefteyepitch", "righteyeyaw", "righteyepitch")
_DECIMAL_COMMA: Final = re.compile(r"-?\d+,\d+")
_EXPORT_AGAIN: Final = "Copy the file from the phone again; don't save it with a spreadsheet."
_ENGLISH: Final = "Save the file with commas between values and points in numbers."

Row = tuple[int, list[str]]  # line in the file, cells


@dataclass
class _Heading:
    """What each column of a file holds."""

    names: list[str]
    file: str
    timecode: int = 0
    count: int | None = None
    shapes: dict[str, int] = field(default_factory=dict)

    def places(self, names: tuple[str, ...]) -> list[int] | None:
        """The columns of some names, or None where one is missing."""
        lower = [name.lower() for name in self.names]
        return [lower.index(name) for name in names] if set(names) <= set(lower) else None

    @property
    def used(self) -> list[int]:
        """Columns that are read as numbers."""
        turns = (self.places(HEAD) or []) + (self.places(EYES) or [])
        return sorted({*self.shapes.values(), *turns})


def read_csv(text: str, file: str, name: str) -> Capture:
    """A take from the text of a file; ``file`` is what messages call it. Raises RigError."""
    rows = _rows(text, file)
    heading = _heading(next(rows, (0, []))[1], file)
    kept, notes = _complete_rows(list(islice(rows, MOST_FRAMES + 1)), heading)
    codes = [_timecode(row, heading) for row in kept]
    counted = count_frames(codes)
    if counted is None:
        raise RigError(
            f"The frame numbers in the timecodes of {file} are above 119.",
            "Timecodes must end with the number of a frame within its second.",
        )
    faces = np.array([not _lost(cells, heading) for _, cells in kept])
    table = _numbers([row for row, face in zip(kept, faces, strict=True) if face], heading)
    return _capture(table, counted, faces, heading, name, notes)


def _capture(
    table: Floats,
    counted: FrameCount,
    faces: np.ndarray,
    heading: _Heading,
    name: str,
    notes: tuple[str, ...],
) -> Capture:
    """``table`` (G, all columns) of the G frames of F that show a face."""
    rate = float(counted.rate)
    every, doubled = in_order(counted.numbers / rate, heading.file)
    places = counted.numbers[every]
    step = usual_step(places)
    row_in_table = np.cumsum(faces) - 1
    kept = every[faces[every]]
    frames, table = counted.numbers[kept], table[row_in_table[kept]]
    return Capture(
        times=(frames - frames[0]) / rate,
        values=in_arkit_order(heading.shapes, table),
        head=_turns(table, heading.places(HEAD)),
        eyes=_turns(table, heading.places(EYES)),
        rate=nominal_rate(rate / step),
        name=name,
        notes=(
            *notes,
            *missing_shapes(heading.shapes),
            *doubled,
            *missing_frames(places, step),
            *frames_without_a_face(int(np.sum(~faces[every]))),
            *_guess(counted),
        ),
    )


def _guess(counted: FrameCount) -> tuple[str, ...]:
    if not counted.guessed:
        return ()
    return (f"The take is too short to show its frame rate; {float(counted.rate):g} is assumed.",)


def _turns(table: Floats, places: list[int] | None) -> Floats | None:
    """Rotations; the app writes zeros where their recording was turned off."""
    if places is None or not table[:, places].any():
        return None
    return table[:, places]


def _rows(text: str, file: str) -> Iterator[Row]:
    """Rows that aren't blank."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise RigError(f"{file} can't be read as a table.", _EXPORT_AGAIN) from error


def _heading(cells: list[str], file: str) -> _Heading:
    heading = _Heading([cell.strip() for cell in cells], file)
    lower = [name.lower() for name in heading.names]
    if len(lower) == 1 and re.search(r"timecode\s*[;\t]", lower[0]):
        raise RigError(
            f"{file} has semicolons or tabs between its values, as a spreadsheet writes them "
            "where numbers have decimal commas.",
            _ENGLISH,
        )
    if "timecode" not in lower:
        raise RigError(
            f"{file} has no Timecode column, so it isn't a take of Live Link Face.",
            "Choose the CSV file of a take, or a JSON file with ARKit shapes.",
        )
    heading.timecode = lower.index("timecode")
    heading.count = lower.index("blendshapecount") if "blendshapecount" in lower else None
    heading.shapes = shape_columns(heading.names, file)
    return heading


def _complete_rows(rows: list[Row], heading: _Heading) -> tuple[list[Row], tuple[str, ...]]:
    """Rows with all cells, or of no face; a last row that was cut off is left out."""
    file, width = heading.file, len(heading.names)
    refuse_too_many(len(rows), file)
    notes: tuple[str, ...] = ()
    if rows and len(rows[-1][1]) < width and not _lost(rows[-1][1], heading):
        rows = rows[:-1]
        notes = ("The last line of the file is cut off and was left out.",)
    for line, cells in rows:
        if len(cells) != width and not _lost(cells, heading):
            raise _wrong_width(line, len(cells), width, file)
    if not any(not _lost(cells, heading) for _, cells in rows):
        raise RigError(f"{file} holds no frame with a face.", "Record the take again.")
    return rows, notes


def _wrong_width(line: int, found: int, width: int, file: str) -> RigError:
    problem = f"Line {line} of {file} has {found} values where its heading has {width}"
    if found > width:
        return RigError(f"{problem}, as where numbers have decimal commas.", _ENGLISH)
    return RigError(f"{problem}.", _EXPORT_AGAIN)


def _lost(cells: list[str], heading: _Heading) -> bool:
    """Whether a row is of a frame in which the app saw no face."""
    own = (heading.timecode, heading.count)
    values = [cell for place, cell in enumerate(cells) if place not in own]
    if heading.count is not None and cells[heading.count : heading.count + 1] == ["0"]:
        return not any(cell.strip(" 0.") for cell in values)
    return len(cells) > 1 and not any(cell.strip() for cell in values)


def _timecode(row: Row, heading: _Heading) -> Timecode:
    line, cells = row
    text = cells[heading.timecode] if heading.timecode < len(cells) else ""
    code = parse_timecode(text)
    if code is None:
        raise RigError(
            f'Line {line} of {heading.file} has "{text[:40]}" where a timecode such as '
            "00:32:09:07.867 belongs.",
            _EXPORT_AGAIN,
        )
    return code


def _numbers(rows: list[Row], heading: _Heading) -> Floats:
    """(G, all columns); zeros in columns that aren't used."""
    used = heading.used
    table = np.zeros((len(rows), len(heading.names)))
    for place, (line, cells) in enumerate(rows):
        try:
            table[place, used] = [float(cells[column]) for column in used]
        except ValueError:
            column = next(column for column in used if not _is_number(cells[column]))
            raise _no_number(line, heading.names[column], cells[column], heading.file) from None
    wrong = np.argwhere(~np.isfinite(table))
    if len(wrong):
        place, column = wrong[0]
        line, cells = rows[place]
        raise _no_number(line, heading.names[column], cells[column], heading.file)
    return table


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _no_number(line: int, column: str, text: str, file: str) -> RigError:
    if _DECIMAL_COMMA.fullmatch(text.strip()):
        return RigError(
            f'Line {line} of {file} has the decimal comma "{text.strip()[:40]}" for {column}.',
            _ENGLISH,
        )
    return RigError(
        f'Line {line} of {file} has "{text[:40]}" for {column}, which isn\'t a number.',
        _EXPORT_AGAIN,
    )
