# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's own Blender with a virtual screen, in a folder of its own under .cache/.

Needs root and a Debian machine. The packages come from the mirror that this machine's apt uses.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHROOT = ROOT / ".cache" / "blender-sid"
SUITE = "sid"
PACKAGES = (
    *("blender", "xvfb", "libgl1-mesa-dri", "libegl1", "libgl1", "libglx-mesa0", "libegl-mesa0"),
    *("python3-numpy", "python3-requests", "python3-zstandard", "python3-cattr"),
)
SPACE_NEEDED = 4_000_000_000  # bytes


class CannotRun(Exception):  # noqa: N818  it says what this machine lacks; nothing went wrong
    """Why a real Blender window can't be driven on this machine."""


def _output(*command: str) -> str:
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    return result.stdout if result.returncode == 0 else ""


def check_possible() -> None:
    """Raise CannotRun, naming what is missing, where the chroot can't be made or entered."""
    if os.geteuid() != 0:
        raise CannotRun("making a folder with Debian's Blender needs root")
    if shutil.which("apt-get") is None:
        raise CannotRun("Debian's Blender needs apt, which this machine doesn't have")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False).returncode:
        raise CannotRun("this machine doesn't allow a mount namespace (unshare --mount)")
    if not (CHROOT / ".installed").exists() and _free_space() < SPACE_NEEDED:
        raise CannotRun(f"{ROOT} has less than {SPACE_NEEDED / 1e9:.0f} GB left")


def _free_space() -> int:
    return shutil.disk_usage(ROOT).free


def _mirror() -> str:
    """The Debian mirror that apt on this machine uses."""
    targets = _output(
        *("apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(SITE)"),
        "Identifier: Packages",
    )
    rows = [line.split(" ", 2) for line in targets.splitlines()]
    sites = [
        row[2] for row in rows if len(row) == 3 and row[0] == "Debian" and "security" not in row[1]
    ]
    if not sites:
        raise CannotRun("apt on this machine has no Debian mirror that Blender could come from")
    return sites[0]


def _install_mmdebstrap() -> None:
    if shutil.which("mmdebstrap") is not None:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ("apt-get", "update", "-qq"),
        ("apt-get", "install", "-qq", "-y", "--no-install-recommends", "mmdebstrap"),
    ):
        result = subprocess.run(
            command, check=False, capture_output=True, text=True, env=environment
        )
        if result.returncode != 0:
            raise CannotRun(f"'{' '.join(command)}' failed: {result.stderr.strip()[-300:]}")


def make_chroot() -> Path:
    """The folder with Blender, made on the first call (about a minute, 1.4 GB)."""
    if (CHROOT / ".installed").exists():
        return CHROOT
    check_possible()
    _install_mmdebstrap()
    mirror = _mirror()
    print("Installing Debian's Blender under .cache/ (about a minute)", flush=True)
    partial = CHROOT.with_suffix(".partial")
    subprocess.run(["rm", "-rf", "--one-file-system", partial, CHROOT], check=True)
    command = [
        *("mmdebstrap", "--quiet", "--variant=apt", "--components=main"),
        *('--aptopt=Acquire::Check-Valid-Until "false"', f"--include={','.join(PACKAGES)}"),
        *(SUITE, str(partial), mirror),
    ]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise CannotRun(f"mmdebstrap failed: {result.stderr.strip()[-500:]}")
    (partial / ".installed").touch()
    partial.rename(CHROOT)
    return CHROOT


# Mounts live in a namespace of their own: they vanish with the last process inside.
_ENTER = """
set -e
root=$1; shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    shift
done
shift
exec chroot "$root" "$@"
"""


def inside(command: list[str], folders: list[Path]) -> list[str]:
    """The command line that runs ``command`` in the chroot, with ``folders`` at the same paths.

    The folders are bound inside their own new directories, and every process ends with the first.
    """
    bound = [str(folder.resolve()) for folder in folders]
    namespace = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    return [*namespace, "sh", "-c", _ENTER, "sh", str(make_chroot()), *bound, "--", *command]
