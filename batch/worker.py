# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that rigs one head, and what it and the runner tell each other.

They share a folder: ``job.json`` in, ``progress.json`` while it works, ``result.json`` at the
end. A process that dies leaves no result, which is how the runner knows.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

JOB: Final = "job.json"
PROGRESS: Final = "progress.json"
RESULT: Final = "result.json"


@dataclass(frozen=True)
class Job:
    """One head: where it is, what is asked for, and the name of its results.

    ``object_name`` None lets the worker look for the heads of the file; when it finds several it
    rigs none and names them, and the runner asks for each by itself, naming the others in
    ``siblings``. ``options`` are those that decide the result: formats, object, and the hash of
    the picture at ``reference``.
    """

    source: str
    sha256: str
    out: str
    stem: str
    options: dict[str, Any]
    object_name: str | None = None
    siblings: tuple[str, ...] = ()
    reference: str | None = None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write ``content`` so that a reader never sees half of it."""
    temporary = path.with_suffix(".writing")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """The content of ``path``, or None where it isn't there yet."""
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else None


def write_job(folder: Path, job: Job) -> None:
    """Leave ``job`` in ``folder`` for the worker."""
    write_json(folder / JOB, asdict(job))


def main(folder: Path) -> None:
    """Do the job in ``folder`` and leave the process.

    Does not return: Blender's own clean-up can hang or crash after the results are written.
    """
    code = 1
    try:
        from .job import run_job
        from .registration import ensure_registered

        ensure_registered()
        job = Job(**json.loads((folder / JOB).read_text(encoding="utf-8")))
        result = run_job(
            job,
            lambda stage, fraction: write_json(
                folder / PROGRESS, {"stage": stage, "fraction": fraction}
            ),
        )
        write_json(folder / RESULT, result)
        code = 0
    except Exception:  # noqa: BLE001 - the last border: the runner reports what the log says
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
