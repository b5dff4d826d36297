# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that no linter makes: licence headers, unfinished work, and traces of one machine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LICENCE = "SPDX-License-Identifier: GPL-3.0-or-later"
CODE_SUFFIXES = {".py", ".sh", ".toml"}
CODE_NAMES = {"Makefile", "run"}
TEXT_SUFFIXES = CODE_SUFFIXES | {".md", ".txt", ".in"}
LONGEST_FILE = 450  # lines; a longer one holds two things

# Written so that this file does not find itself.
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", r"\bHA" + r"CK\b")))
LOCAL_PATH = re.compile(r"(?<![\w.~/])/(?:home|root|work|srv|mnt|Users)/\w")
ISSUE_NUMBER = re.compile(r"(?:\bissue|\bpull request)s?\s+#?\d|(?<![\w&])#\d+\b", re.IGNORECASE)
ADDRESS = re.compile(r"\w+://")
NO_ADDRESSES_IN = ("requirements/", "Makefile", ".ci/")


def _repository_files() -> list[Path]:
    """Tracked files, and new ones that git does not ignore."""
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return [ROOT / name for name in sorted(names.split("\0")) if name and (ROOT / name).is_file()]


def _is_code(path: Path) -> bool:
    return path.suffix in CODE_SUFFIXES or path.name in CODE_NAMES


def _problems(path: Path) -> Iterator[str]:
    name = path.relative_to(ROOT).as_posix()
    if not (_is_code(path) or path.suffix in TEXT_SUFFIXES):
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    if _is_code(path) and lines and LICENCE not in "\n".join(lines[:3]):
        yield f"{name}:1: the first lines lack '{LICENCE}'"
    if path.suffix == ".py" and len(lines) > LONGEST_FILE:
        yield f"{name}: {len(lines)} lines; split it at its seam (at most {LONGEST_FILE})"
    for number, line in enumerate(lines, start=1):
        for reason in _line_problems(name, line):
            yield f"{name}:{number}: {reason}: {line.strip()[:80]}"


def _line_problems(name: str, line: str) -> Iterator[str]:
    if UNFINISHED.search(line):
        yield "unfinished work"
    if LOCAL_PATH.search(line):
        yield "a path of one machine"
    if ISSUE_NUMBER.search(line) and not name.startswith("requirements/"):
        yield "an issue's number means nothing to a reader; say what it is about"
    if name.startswith(NO_ADDRESSES_IN) and ADDRESS.search(line):
        yield "addresses are the business of the machine that installs"


def main() -> int:
    problems = [problem for path in _repository_files() for problem in _problems(path)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
