# SPDX-License-Identifier: GPL-3.0-or-later
"""The batch command: check what was asked for, run it, and turn the outcome into an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..errors import RigError
from .arguments import BatchArguments, parse, script_arguments
from .inputs import collect
from .outputs import prepare_folder

WORKER_FLAG: Final = "--worker"
ALL_RIGGED, NOT_ALL_RIGGED, WRONG_USAGE = 0, 1, 2


def main(argv: Sequence[str], script: Path) -> int:
    """Run the batch; the exit code. ``argv``: the process's own. ``script``: batch/rig.py."""
    binary = blender_binary()
    arguments = script_arguments(argv, inside_blender=binary is not None)
    if arguments[:1] == [WORKER_FLAG]:
        from .worker import main as work

        work(Path(arguments[1]))
    try:
        return run(parse(arguments), worker_command(script, binary))
    except RigError as error:
        print(f"error: {error}", file=sys.stderr)
        return WRONG_USAGE
    except KeyboardInterrupt:
        print("Interrupted: heads that were done are kept; --resume goes on from here.")
        return NOT_ALL_RIGGED


def run(arguments: BatchArguments, worker: Sequence[str]) -> int:
    """Run a checked command line. Raises RigError when no head can even be started."""
    from .runner import Runner

    if arguments.reference is not None:
        from ..models.pictures import read_picture

        read_picture(arguments.reference, longest=None)
    found = collect(arguments.inputs, arguments.out)
    if not found.files and found.problems:
        raise _nothing_to_do(found.problems)
    prepare_folder(arguments.out)
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    runner = Runner(arguments, worker)
    all_rigged = runner.run(found.files, found.problems)
    return ALL_RIGGED if all_rigged else NOT_ALL_RIGGED


def blender_binary() -> str | None:
    """The Blender that this runs in; None under plain Python, with or without the bpy module.

    The batch's own process has no need of bpy under plain Python, so it isn't imported here.
    """
    bpy = sys.modules.get("bpy")
    if bpy is None or bpy.app.module:
        return None
    return str(bpy.app.binary_path)


def worker_command(script: Path, binary: str | None) -> list[str]:
    """How to start a process that does one job; the folder of the job is still to be added."""
    if binary is None:
        return [sys.executable, str(script), WORKER_FLAG]
    # The environment fixes the hash seed, which the FBX exporter derives its identifiers from.
    flags = ["--background", "--python-use-system-env", "--python-exit-code", "1"]
    return [binary, *flags, "--python", str(script), "--", WORKER_FLAG]


def _nothing_to_do(problems: Sequence[tuple[str, RigError]]) -> RigError:
    if len(problems) == 1:
        return problems[0][1]
    lines = " ".join(str(error) for _, error in problems)
    return RigError(f"There is nothing to rig. {lines}", "Run with --help for the usage.")
