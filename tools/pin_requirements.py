# SPDX-License-Identifier: GPL-3.0-or-later
"""Pin the newest packages that work together, with the hash of every file they come in.

Run by `make requirements`. The pinned files name no registry and no local folder: where packages
come from is the business of the machine that installs them.
"""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
PINNING_TOOL = "uv==0.13.9"
OPTIONS = (
    "--quiet",
    "--upgrade",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-build",
    "--custom-compile-command",
    "make requirements",
)


def _install_tool() -> Path:
    """The pinning tool in an environment of its own under .cache/."""
    folder = ROOT / ".cache" / "pinning"
    if not (folder / "bin" / "uv").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run(
            [folder / "bin" / "python", "-m", "pip", "install", "--quiet", PINNING_TOOL], check=True
        )
    return folder / "bin" / "uv"


def main() -> None:
    tool = _install_tool()

    def pin(source: str, result: str, python: str, *options: str) -> None:
        print(f"requirements/{result}")
        compiling = [str(tool), "pip", "compile", *OPTIONS, "--python-version", python, *options]
        command = [*compiling, source, "--output-file", result]
        subprocess.run(command, cwd=REQUIREMENTS, check=True)

    for python in ("3.11", "3.13"):
        pin("development.in", f"development-{python}.txt", python)
    # What ships in the extension: numpy is Blender's own. 3.14 is the Python of Debian's Blender.
    for python, constraint in (("3.11", "3.11"), ("3.13", "3.13"), ("3.14", "3.13")):
        same_versions = ("--constraint", f"development-{constraint}.txt")
        numpy_apart = ("--no-emit-package", "numpy")
        pin("runtime.in", f"runtime-{python}.txt", python, *same_versions, *numpy_apart)
    pin("assets.in", "assets.txt", "3.11", "--no-deps")
    # Training runs outside of Blender, so on one Python only.
    same_versions = ("--constraint", "development-3.11.txt")
    pin("training.in", "training-3.11.txt", "3.11", *same_versions)
    pin("benchmark.in", "benchmark-3.11.txt", "3.11", "--constraint", "training-3.11.txt")
    # Google's own package is asked in an environment of its own.
    pin("mediapipe.in", "mediapipe-3.11.txt", "3.11")


if __name__ == "__main__":
    main()
