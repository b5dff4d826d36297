# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the batch: what may be asked for, checked before any work starts."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..animation.standards import STANDARDS
from ..vocabulary import LEAST_EXAGGERATION, MOST_EXAGGERATION

OUTPUT_FORMATS: Final[tuple[str, ...]] = ("blend", "glb", "fbx")
DEFAULT_FORMATS: Final[tuple[str, ...]] = ("blend", "glb")
DEFAULT_TIME_LIMIT: Final = 900.0  # seconds per head; 200,000 vertices take well under a tenth


@dataclass(frozen=True)
class BatchArguments:
    """One run: which inputs, what to write where, and how."""

    inputs: tuple[str, ...]
    out: Path
    formats: tuple[str, ...] = DEFAULT_FORMATS
    reference: Path | None = None
    object_name: str | None = None
    jobs: int = 1
    resume: bool = False
    strict: bool = False
    time_limit: float = DEFAULT_TIME_LIMIT
    exaggeration: float = 1.0
    cut_mouths: bool = False
    standards: tuple[str, ...] = ()
    rename_keys: bool = False
    sculpted_keys: str = "KEEP"
    existing_keys: str = "KEEP_BOTH"
    deleted_keys: bool = False
    find_again: bool = False


def script_arguments(argv: Sequence[str], inside_blender: bool) -> list[str]:
    """The part of the process's ``argv`` that is meant for this script.

    Blender passes its own arguments too; those of a script follow ``--``. Under plain Python
    everything after the script's name is ours, and a leading ``--`` is tolerated so that both
    forms of the command can be copied from one another.
    """
    if inside_blender:
        return list(argv[argv.index("--") + 1 :]) if "--" in argv else []
    arguments = list(argv[1:])
    return arguments[1:] if arguments[:1] == ["--"] else arguments


def parse(arguments: Sequence[str]) -> BatchArguments:
    """Parse the command line. Wrong usage prints why and raises SystemExit(2)."""
    parser = _parser()
    namespace = parser.parse_args(list(arguments))
    naming = [name for name in namespace.standard if STANDARDS[name].renames]
    if namespace.rename_keys and len(naming) != 1:
        parser.error(f"--rename-keys needs --standard with one of {', '.join(_renaming())}")
    return BatchArguments(
        inputs=tuple(namespace.inputs),
        out=namespace.out,
        formats=namespace.format,
        reference=namespace.reference,
        object_name=namespace.object,
        jobs=namespace.jobs,
        resume=namespace.resume,
        strict=namespace.strict,
        time_limit=namespace.time_limit,
        exaggeration=namespace.exaggeration,
        cut_mouths=namespace.cut_mouths,
        standards=namespace.standard,
        rename_keys=namespace.rename_keys,
        sculpted_keys=namespace.sculpted_keys.upper(),
        existing_keys=namespace.same_name.upper().replace("-", "_"),
        deleted_keys=namespace.deleted_keys,
        find_again=namespace.find_face_again,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="batch/rig.py",
        description="Rig the faces of whole folders of heads.",
        epilog="Exit code: 0 when every head is rigged, 1 when any is not, 2 for wrong usage.",
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help=".blend, .glb, .gltf, .fbx or .obj files, folders of them, or patterns (*.glb)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the results"
    )
    parser.add_argument(
        "--format",
        type=_formats,
        default=DEFAULT_FORMATS,
        metavar="LIST",
        help=f"comma-separated, of {', '.join(OUTPUT_FORMATS)} (default: blend,glb)",
    )
    parser.add_argument(
        "--reference", type=Path, metavar="IMAGE", help="a picture of the character from the front"
    )
    parser.add_argument(
        "--object", metavar="NAME", help="the mesh object to rig, where a file holds several"
    )
    parser.add_argument(
        "--jobs", type=_jobs, default=1, metavar="N", help="heads to rig at the same time"
    )
    parser.add_argument(
        "--resume", action="store_true", help="skip heads already done for the same input"
    )
    parser.add_argument(
        "--strict", action="store_true", help="a rig with warnings counts as not rigged"
    )
    parser.add_argument(
        "--time-limit",
        type=_seconds,
        default=DEFAULT_TIME_LIMIT,
        metavar="SECONDS",
        help=f"give a head up after this long (default: {DEFAULT_TIME_LIMIT:.0f})",
    )
    parser.add_argument(
        "--cut-mouths",
        action="store_true",
        help="cut sealed mouths open and give them a mouth bag, teeth and a tongue",
    )
    parser.add_argument(
        "--exaggeration",
        type=_exaggeration,
        default=1.0,
        metavar="X",
        help=f"how far shapes move, {LEAST_EXAGGERATION} to {MOST_EXAGGERATION} (default: 1.0)",
    )
    _add_standards(parser)
    _add_again(parser)
    return parser


def _add_standards(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--standard",
        type=_standards,
        default=(),
        metavar="LIST",
        help=f"add the keys of these as well, comma-separated, of {', '.join(STANDARDS)}",
    )
    parser.add_argument(
        "--rename-keys",
        action="store_true",
        help=(
            "give the rig's own keys the standard's names where these only are other names "
            f"({', '.join(_renaming())})"
        ),
    )


def _add_again(parser: argparse.ArgumentParser) -> None:
    """For heads that somebody has worked on: what becomes of that work, as in Blender's window."""
    again = parser.add_argument_group(
        "heads that are rigged already, or have shape keys of their own"
    )
    again.add_argument(
        "--sculpted-keys",
        choices=("keep", "discard"),
        default="keep",
        help="what was sculpted on the rig's keys: add it to the new ones (default), or not",
    )
    again.add_argument(
        "--same-name",
        choices=("keep-both", "keep", "replace"),
        default="keep-both",
        help=(
            "where somebody's own key has the name of one of the rig's: the rig's gets .rig after "
            "its name (default), is left out, or takes its place"
        ),
    )
    again.add_argument(
        "--deleted-keys",
        action="store_true",
        help="make those of the rig's keys again that were deleted or renamed",
    )
    again.add_argument(
        "--find-face-again",
        action="store_true",
        help="look for the face anew: landmarks and markers placed by hand are not used",
    )


def _renaming() -> list[str]:
    return [name for name, standard in STANDARDS.items() if standard.renames]


def _formats(text: str) -> tuple[str, ...]:
    return _chosen(text, OUTPUT_FORMATS, "formats")


def _standards(text: str) -> tuple[str, ...]:
    return _chosen(text, tuple(STANDARDS), "standards")


def _chosen(text: str, known: Sequence[str], what: str) -> tuple[str, ...]:
    """The names of a comma-separated list, in the order of those that are known."""
    names = [name.strip().lower().lstrip(".") for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f"{text!r} isn't a list of {what}; choose from {', '.join(known)}"
        )
    return tuple(name for name in known if name in names)


def _jobs(text: str) -> int:
    jobs = _number(text, int)
    if jobs < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return min(int(jobs), 4 * (os.cpu_count() or 1))


def _seconds(text: str) -> float:
    seconds = _number(text, float)
    if not 0.0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return float(seconds)


def _exaggeration(text: str) -> float:
    amount = _number(text, float)
    if not LEAST_EXAGGERATION <= amount <= MOST_EXAGGERATION:
        raise argparse.ArgumentTypeError(
            f"must be from {LEAST_EXAGGERATION} to {MOST_EXAGGERATION}"
        )
    return float(amount)


def _number(text: str, kind: type[int] | type[float]) -> int | float:
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a number") from None
