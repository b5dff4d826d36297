# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the extension as zips that Blender installs offline, one per Blender series and platform.

Each holds the wheels of its Python, taken by hash, and is built and validated by Blender's own
extension command line from the bpy wheel. Run by `make build`.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZE_LIMIT = 200_000_000  # bytes, of the platform that distributes extensions
SHIPPED_FOLDERS = (
    "models",
    "rigging",
    "animation",
    "properties",
    "scene",
    "operators",
    "panels",
    "batch",
    "translations",
    "assets",
    "LICENSES",
)
SHIPPED_FILES = ("LICENSE", "NOTICE", "README.md", "blender_manifest.toml")

# Blender's platform -> the tags of the wheels that run there, newest last. Blender 4.5 needs
# glibc 2.28 on Linux, Windows 8.1 and macOS 11.2.
PLATFORMS: dict[str, tuple[str, ...]] = {
    "linux-x64": (
        *("manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64"),
        *(f"manylinux_2_{minor}_x86_64" for minor in (5, 12, 17, 24, 26, 27, 28)),
    ),
    "windows-x64": ("win_amd64",),
    "macos-arm64": tuple(
        f"macosx_{major}_0_{kind}" for major in range(11, 16) for kind in ("arm64", "universal2")
    ),
}


@dataclass(frozen=True)
class Series:
    """Blender versions that share a Python."""

    python: str
    name: str
    version_min: str
    version_max: str | None  # the first version that it is not for


SERIES = (
    Series("3.11", "blender-4.5", "4.5.0", "5.1.0"),
    Series("3.13", "blender-5.1", "5.1.0", None),
)
# Some Linux distributions build Blender with their own Python; the test in a real window uses one.
DISTRIBUTION_SERIES = Series("3.14", "python-3.14", "5.1.0", None)


class BuildError(Exception):
    """The zip can't be built, in words for whoever runs the build."""


def download_wheels(series: Series, platform: str) -> list[Path]:
    """The run-time wheels of one Python and platform, cached under .cache/ by their pinned list."""
    requirements = ROOT / "requirements" / f"runtime-{series.python}.txt"
    folder = ROOT / ".cache" / "extension-wheels" / f"{series.python}-{platform}"
    stamp = folder / "requirements.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _download(requirements, series, platform, folder)
        stamp.write_text(wanted, encoding="utf-8")
    return sorted(folder.glob("*.whl"))


def _download(requirements: Path, series: Series, platform: str, folder: Path) -> None:
    tags = [f"--platform={tag}" for tag in PLATFORMS[platform]]
    abi = "cp" + series.python.replace(".", "")
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--require-hashes", "--only-binary=:all:", "--no-input"),
        *(f"--python-version={series.python}", "--implementation=cp"),
        *(f"--abi={abi}", "--abi=abi3", "--abi=none", *tags),
        *("--dest", str(folder), "--requirement", str(requirements)),
    ]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode != 0:
        errors = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        raise BuildError(
            f"The wheels for Python {series.python} on {platform} can't be had:\n"
            + "\n".join(errors or [result.stderr])
        )


def stage(series: Series, platform: str, folder: Path) -> None:
    """Fill ``folder`` with what the zip shall hold."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    modules = sorted(ROOT.glob("*.py"))
    for path in [*modules, *(ROOT / name for name in SHIPPED_FILES)]:
        shutil.copy2(path, folder)
    for name in SHIPPED_FOLDERS:
        if (ROOT / name).is_dir():
            hidden = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
            shutil.copytree(ROOT / name, folder / name, ignore=hidden)
    wheels = download_wheels(series, platform)
    (folder / "wheels").mkdir()
    for wheel in wheels:
        shutil.copy2(wheel, folder / "wheels")
    manifest = folder / "blender_manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    names = [f"./wheels/{wheel.name}" for wheel in wheels]
    manifest.write_text(complete_manifest(text, series, platform, names), encoding="utf-8")


def complete_manifest(text: str, series: Series, platform: str, wheels: list[str]) -> str:
    """The manifest with what only the build knows: wheels, platform and Blender versions."""
    fields = {
        "blender_version_min": f'"{series.version_min}"',
        "blender_version_max": f'"{series.version_max}"' if series.version_max else None,
        "platforms": f'["{platform}"]',
        "wheels": "[\n" + "".join(f'  "{wheel}",\n' for wheel in wheels) + "]",
    }
    for key in fields:
        text = re.sub(rf"^{key} *= *(\[[^\]]*\]|.*)\n", "", text, flags=re.MULTILINE)
    added = "".join(f"{key} = {value}\n" for key, value in fields.items() if value)
    # Top-level keys must come before the first table.
    table = re.search(r"^\[", text, flags=re.MULTILINE)
    position = table.start() if table else len(text)
    return f"{text[:position]}{added}\n{text[position:]}"


def extension_tool() -> Path:
    """Blender's own extension command line, which is part of the bpy wheel."""
    spec = importlib.util.find_spec("bpy")
    if spec is None or spec.origin is None:
        raise BuildError("The bpy package is missing: run this with the environment of `make`.")
    found = sorted(Path(spec.origin).parent.rglob("bl_pkg/cli/blender_ext.py"))
    if not found:
        raise BuildError(f"{spec.origin} comes without blender_ext.py.")
    return found[0]


def _blender_ext(*arguments: str | Path) -> None:
    command = [sys.executable, str(extension_tool()), *map(str, arguments)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise BuildError(f"{arguments[0]} failed:\n{result.stdout}{result.stderr}")


def build(series: Series, platform: str, out: Path) -> Path:
    """Build and validate one zip in ``out``; its path."""
    folder = ROOT / ".cache" / "build" / f"{series.name}-{platform}"
    stage(series, platform, folder)
    manifest = tomllib.loads((folder / "blender_manifest.toml").read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    name = f"{manifest['id']}-{manifest['version']}-{series.name}-{platform}.zip"
    partial = folder.parent / name
    _blender_ext("build", "--source-dir", folder, "--output-filepath", partial)
    _blender_ext("validate", partial)
    size = partial.stat().st_size
    if size >= SIZE_LIMIT:
        raise BuildError(f"{name} has {size / 1e6:.0f} MB; {SIZE_LIMIT / 1e6:.0f} MB are allowed.")
    shutil.rmtree(folder)
    return partial.replace(out / name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--platforms", nargs="+", choices=PLATFORMS, default=["linux-x64"])
    parser.add_argument("--python", choices=["3.11", "3.13", "3.14"], help="this one alone")
    arguments = parser.parse_args()
    wanted = [
        series
        for series in (*SERIES, DISTRIBUTION_SERIES)
        if arguments.python == series.python or (arguments.python is None and series in SERIES)
    ]
    status = 0
    for platform in arguments.platforms:
        for series in wanted:
            try:
                path = build(series, platform, arguments.out)
            except BuildError as error:
                print(error, file=sys.stderr)
                status = 1
                continue
            print(f"{path} ({path.stat().st_size / 1e6:.0f} MB)")
    return status


if __name__ == "__main__":
    sys.exit(main())
