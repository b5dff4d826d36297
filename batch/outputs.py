# SPDX-License-Identifier: GPL-3.0-or-later
"""Where results go: names that never collide, writes that are whole or not there at all."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ..errors import RigError
from .report import owned_files

RUN_REPORT: Final = "report.json"
_UNSAFE: Final = re.compile(r"[^\w.\- ()+]")
_PARTIAL: Final = "partial"


def unique_stems(files: Sequence[Path]) -> list[str]:
    """One output name per input, in the same order; equal names are told apart.

    A name that several inputs share gets its folder in front, then its kind of file behind,
    then a number. Compared without case, because some file systems do.
    """
    choices = [_names_of(path) for path in files]
    level = [0] * len(files)
    stems = [names[0] for names in choices]
    while True:
        clashing = _clashes(stems)
        raisable = [i for i in clashing if level[i] + 1 < len(choices[i])]
        if not raisable:
            break
        for i in raisable:
            level[i] += 1
            stems[i] = choices[i][level[i]]
    return _numbered(stems)


def _names_of(path: Path) -> tuple[str, str, str]:
    stem = safe_name(path.stem)
    with_folder = safe_name(f"{path.resolve().parent.name}_{path.stem}")
    return stem, with_folder, safe_name(f"{with_folder}_{path.suffix.lower().lstrip('.')}")


def _clashes(stems: Sequence[str]) -> list[int]:
    # The run's own report must not be taken for a head's.
    count: dict[str, int] = {Path(RUN_REPORT).stem: 1}
    for stem in stems:
        count[stem.casefold()] = count.get(stem.casefold(), 0) + 1
    return [i for i, stem in enumerate(stems) if count[stem.casefold()] > 1]


def _numbered(stems: Sequence[str]) -> list[str]:
    """The stems with a number behind each that still clashes with another."""
    clashing = set(_clashes(stems))
    taken = [Path(RUN_REPORT).stem, *(s for i, s in enumerate(stems) if i not in clashing)]
    result: list[str] = []
    for i, stem in enumerate(stems):
        result.append(free_stem(stem, (*taken, *result)) if i in clashing else stem)
    return result


def free_stem(stem: str, taken: Iterable[str]) -> str:
    """``stem``, or the first of ``stem_2``, ``stem_3`` ... that isn't taken (case ignored)."""
    used = {name.casefold() for name in taken}
    candidate, number = stem, 1
    while candidate.casefold() in used:
        number += 1
        candidate = f"{stem}_{number}"
    return candidate


def safe_name(text: str) -> str:
    """``text`` as a file name that every system takes; never empty, never hidden."""
    return _UNSAFE.sub("_", text).strip(" .") or "head"


def prepare_folder(out: Path) -> None:
    """Create ``out`` and prove that files can be written and moved in it; RigError if not."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".auto_rig_face_", dir=out)
        try:
            os.write(handle, b"probe")
        finally:
            os.close(handle)
            Path(name).unlink()
    except OSError as error:
        raise folder_error(out, error) from error


def folder_error(out: Path, error: OSError) -> RigError:
    """What a failed write into ``out`` means for the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return RigError(
            f"The disk of the output folder {out} is full.",
            "Free some space or choose another --out. Results from before are untouched.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return RigError(
            f"The output folder {out} is read-only.",
            "Change its permissions or choose another --out.",
        )
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return RigError(
            f"The output folder {out} is a file or lies below one.", "Choose another --out."
        )
    return RigError(
        f"The output folder {out} can't be written to ({error.strerror or error}).",
        "Choose another --out.",
    )


def partial_path(target: Path) -> Path:
    """A temporary name beside ``target`` with the same suffix, for one process alone."""
    return target.with_name(f".{target.stem}.{_PARTIAL}-{os.getpid()}{target.suffix}")


def remove_partials(out: Path, process_id: int) -> None:
    """Delete what a process left behind unfinished in ``out``."""
    for path in out.glob(f".*.{_PARTIAL}-{process_id}.*"):
        path.unlink(missing_ok=True)


def write_atomic(target: Path, data: bytes) -> None:
    """Write ``data`` so that ``target`` is either the old file or the whole new one."""
    temporary = partial_path(target)
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise folder_error(target.parent, error) from error


def move_into_place(moves: Sequence[tuple[Path, Path]]) -> None:
    """Move finished (temporary, target) pairs; nothing is moved unless all are there."""
    for temporary, _ in moves:
        if not temporary.is_file():
            raise RigError(
                f"{temporary.name} was not written.", "Check the free space of the output folder."
            )
    try:
        for temporary, target in moves:
            temporary.replace(target)
    except OSError as error:
        raise folder_error(moves[0][1].parent, error) from error


def targets(out: Path, stem: str, formats: Iterable[str]) -> list[Path]:
    """Every file that a head may write: models, contact sheet, report."""
    return [out / f"{stem}.{kind}" for kind in (*formats, "png", "json")]


def guard_targets(paths: Sequence[Path], inputs: Iterable[Path]) -> None:
    """Refuse to overwrite an input of this run, or a file that no earlier run wrote.

    An earlier run's files are known from its report beside them.
    """
    protected = {path.resolve() for path in inputs}
    ours = owned_files(paths[-1])
    for path in paths:
        if path.resolve() in protected:
            raise RigError(
                f"The result {path} would overwrite an input file.",
                "Choose another folder for --out.",
            )
        if path.exists() and path.name not in ours:
            raise RigError(
                f"{path} exists already and wasn't written by Auto-Rig Face.",
                "Move it away or choose another folder for --out.",
            )
