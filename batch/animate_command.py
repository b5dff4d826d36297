# SPDX-License-Identifier: GPL-3.0-or-later
"""The animate command: check what was asked for, do it, and turn the outcome into an exit code."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import RigError
from .arguments import script_arguments
from .command import blender_binary

ANIMATED, NOT_ANIMATED, WRONG_USAGE = 0, 1, 2
FORMATS: Final = ("blend", "glb")


@dataclass(frozen=True)
class AnimateArguments:
    """One run: which rig, which script, what to write where."""

    rig: Path
    script: Path
    out: Path
    formats: tuple[str, ...] = FORMATS


def main(argv: Sequence[str]) -> int:
    """Run the command with the process's own ``argv``; the exit code.

    Under plain Python it does not return once Blender's module is loaded: its clean-up can hang.
    """
    inside_blender = blender_binary() is not None
    arguments = parse(script_arguments(argv, inside_blender))
    code = run(arguments)
    if inside_blender or "bpy" not in sys.modules:
        return code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run(arguments: AnimateArguments) -> int:
    """Do what a checked command line asks for, and tell how it went; the exit code."""
    from .animate_job import animate, check

    code = WRONG_USAGE
    try:
        job = check(arguments.rig, arguments.script, arguments.out, arguments.formats)
        code = NOT_ANIMATED
        report = animate(job)
    except RigError as error:
        print(f"error: {error}", file=sys.stderr)
        return code
    except KeyboardInterrupt:
        print("Interrupted: nothing was written.", file=sys.stderr)
        return NOT_ANIMATED
    except Exception:  # noqa: BLE001 - the last border: the process ends with the right code
        traceback.print_exc()
        return NOT_ANIMATED
    for message in report["messages"]:
        print(f"{message['severity']}: {message['text']}", file=sys.stderr)
    first, last = report["frames"]
    print(
        f"{job.stem}: {report['keys']} keys, frames {first} to {last} at "
        f"{report['frame_rate']:g} a second: {', '.join(report['files'])}"
    )
    return ANIMATED


def parse(arguments: Sequence[str]) -> AnimateArguments:
    """Parse the command line. Wrong usage prints why and raises SystemExit(2)."""
    namespace = _parser().parse_args(list(arguments))
    return AnimateArguments(namespace.rig, namespace.script, namespace.out, namespace.format)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="batch/animate.py",
        description="Play a script of emotions, captures, pictures, films, speech, blinks and idle "
        "life on a head.",
        epilog="Exit code: 0 when the animation was written, 1 when the head can't play it, "
        "2 for wrong usage, which includes a mistake in the script. docs/animate.md has the rest.",
    )
    parser.add_argument("rig", type=Path, metavar="RIG.blend", help="a file with a rigged head")
    parser.add_argument(
        "--script", type=Path, required=True, metavar="FILE", help="the timeline, in JSON"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the results"
    )
    parser.add_argument(
        "--format",
        type=_formats,
        default=FORMATS,
        metavar="LIST",
        help=f"comma-separated, of {', '.join(FORMATS)} (default: {','.join(FORMATS)})",
    )
    return parser


def _formats(text: str) -> tuple[str, ...]:
    names = {name.strip().lower().lstrip(".") for name in text.split(",") if name.strip()}
    if not names or not names <= set(FORMATS):
        raise argparse.ArgumentTypeError(
            f"{text!r} isn't a list of formats; choose from {', '.join(FORMATS)}"
        )
    return tuple(name for name in FORMATS if name in names)
