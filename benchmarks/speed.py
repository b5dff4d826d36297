# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed and memory of the whole product.

Usage: python -m benchmarks.speed [--counts N,N...].

Writes benchmarks/results/speed.json and speed.md, each figure beside its limit. Every
measurement runs in a fresh process. The head is the template at several densities; its own
landmarks and shapes are of no use to the measurement, only its size is.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from . import ROOT

RESULTS: Final = ROOT / "benchmarks" / "results"
COUNTS: Final = (5_000, 20_000, 50_000, 100_000, 200_000)
PLAYBACK_COUNT: Final = 20_000
ENABLE_RUNS: Final = 5
TIMEOUT: Final = 600  # seconds for one measurement

SECONDS_LIMITS: Final = {20_000: 6.0, 100_000: 15.0}
EXPONENT_LIMIT: Final = 1.15
MEMORY_LIMIT: Final = (100_000, 1.5e9)  # vertices, bytes
ENABLE_LIMIT: Final = 0.050
PLAYBACK_LIMIT: Final = 1.0  # of the plain character's frame time
CONTROLS_LIMIT: Final = 1.15  # of the frame time of the same animation on shape keys
PLAYBACK_NOISE: Final = 0.05  # two equal characters differ by this much from run to run


def main() -> int:
    """Measure, write and print; 0 when every limit is kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=_counts, default=COUNTS, help="vertices, with commas")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="auto_rig_face_speed_") as folder:
        results = measure(arguments.counts, Path(folder))
    results["checks"] = checks(results)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "speed.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    table = markdown(results)
    (RESULTS / "speed.md").write_text(table, encoding="utf-8")
    print(table)
    return 0 if all(check["kept"] for check in results["checks"]) else 1


def measure(counts: Sequence[int], folder: Path) -> dict[str, Any]:
    """All measurements, each in a process of its own, on heads that are made in ``folder``."""
    heads: dict[int, Path] = {}
    for count in sorted({*counts, PLAYBACK_COUNT}):
        heads[count] = folder / f"head_{count}.blend"
        _python("benchmarks.speed_heads", str(heads[count]), str(count))
    enable = [_case("enable") for _ in range(ENABLE_RUNS)]
    runs = []
    for count in counts:
        print(f"rigging {count} vertices", file=sys.stderr)
        runs.append({"wanted": count, **_case("button", heads[count])})
    return {
        "machine": machine(),
        "button": runs,
        "exponent": exponent(runs),
        "enable": {
            "seconds": statistics.median(run["seconds"] for run in enable),
            "heavy_modules": sorted({name for run in enable for name in run["modules"]}),
        },
        "playback": _case("playback", heads[PLAYBACK_COUNT]),
        "controls": _case("controls", heads[PLAYBACK_COUNT]),
    }


def exponent(runs: Sequence[dict[str, Any]]) -> float | None:
    """Exponent k of the least-squares fit seconds ~ vertices^k; None for fewer than two sizes."""
    if len(runs) < 2:
        return None
    vertices = np.log([run["vertices"] for run in runs])
    seconds = np.log([run["seconds"] for run in runs])
    return float(np.polyfit(vertices, seconds, 1)[0])


def checks(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Every limit with the figure that is held against it."""
    found = [
        _check(f"whole button, {run['vertices']:,} vertices", run["seconds"], limit, "s")
        for run in results["button"]
        if (limit := SECONDS_LIMITS.get(run["wanted"])) is not None
    ]
    if results["exponent"] is not None:
        found.append(_check("exponent of cost by vertices", results["exponent"], EXPONENT_LIMIT))
    found += [
        _check(
            "peak memory, 100,000 vertices", run["peak_bytes"] / 1e9, MEMORY_LIMIT[1] / 1e9, "GB"
        )
        for run in results["button"]
        if run["wanted"] == MEMORY_LIMIT[0]
    ]
    found.append(_check("enabling", 1000 * results["enable"]["seconds"], 1000 * ENABLE_LIMIT, "ms"))
    seconds = results["playback"]["seconds"]
    ratio = seconds["rig"] / seconds["plain"]
    found.append(_check("frame time, rig / plain", ratio, PLAYBACK_LIMIT, margin=PLAYBACK_NOISE))
    seconds = results["controls"]["seconds"]
    ratio = seconds["controls"] / seconds["keys"]
    found.append(_check("frame time, controls / shape keys", ratio, CONTROLS_LIMIT))
    return found


def markdown(results: dict[str, Any]) -> str:
    """The results as a page of two tables."""
    machine, playback = results["machine"], results["playback"]
    frame, posed = playback["seconds"], results["controls"]["seconds"]
    stages = list(dict.fromkeys(name for run in results["button"] for name in run["stages"]))
    return f"""# Speed and memory

{machine["processor"]}, {machine["cores"]} cores (load {machine["load"]:.1f} at the start), no GPU;
Python {machine["python"]}, {machine["system"]}. Written by `make bench`.

| what | measured | limit | kept |
|---|---:|---:|---|
{_lines(map(_check_row, results["checks"]))}

Two equal characters differ by up to {PLAYBACK_NOISE:.0%} in frame time from run to run; the
comparison of playback allows for that.

Seconds by stage (those after `build` are parts of it); `processor` counts the time of all cores:

| vertices | whole | processor | {" | ".join(stages)} | peak memory | status |
|---:|---:|---:|{"---:|" * len(stages)}---:|---|
{_lines(_run_row(run, stages) for run in results["button"])}

Playback at {playback["vertices"]:,} vertices, all shape keys and bones animated:
{1000 * frame["rig"]:.2f} ms a frame; plain shape keys and armature {1000 * frame["plain"]:.2f} ms.
All shape keys animated, and nothing else: {1000 * posed["keys"]:.2f} ms a frame; the same on
on-face controls {1000 * posed["controls"]:.2f} ms.
"""


def _check_row(check: dict[str, Any]) -> str:
    figures = [f"{check[key]:.3g} {check['unit']}".strip() for key in ("value", "limit")]
    return f"| {check['name']} | {' | '.join(figures)} | {'yes' if check['kept'] else '**no**'} |"


def _run_row(run: dict[str, Any], stages: Sequence[str]) -> str:
    seconds = [run["seconds"], run["processor_seconds"], *(run["stages"].get(s, 0) for s in stages)]
    figures = " | ".join(f"{value:.2f}" for value in seconds)
    memory = f"{run['peak_bytes'] / 1e9:.2f} GB"
    return f"| {run['vertices']:,} | {figures} | {memory} | {run['status']} |"


def _lines(rows: Iterable[str]) -> str:
    return "\n".join(rows)


def _check(
    name: str, value: float, limit: float, unit: str = "", margin: float = 0.0
) -> dict[str, Any]:
    kept = value <= limit * (1.0 + margin)
    return {"name": name, "value": value, "limit": limit, "unit": unit, "kept": kept}


def _case(name: str, head: Path | None = None) -> dict[str, Any]:
    output = _python("benchmarks.speed_cases", name, *([str(head)] if head else []))
    result: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return result


def _python(module: str, *arguments: str) -> str:
    """Run a module in a fresh process with settings of its own; what it printed."""
    with tempfile.TemporaryDirectory(prefix="auto_rig_face_settings_") as settings:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**_environment(), "BLENDER_USER_RESOURCES": settings},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _environment() -> dict[str, str]:
    """Of a user, who lets Python keep what it has compiled."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def machine() -> dict[str, Any]:
    """Where a figure was measured."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _counts(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
