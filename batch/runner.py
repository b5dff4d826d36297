# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the jobs, each in a process of its own, so that no head can stop the others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TextIO

from ..errors import RigError
from . import report
from .arguments import BatchArguments
from .inputs import content_hash
from .outputs import (
    RUN_REPORT,
    free_stem,
    guard_targets,
    remove_partials,
    safe_name,
    targets,
    unique_stems,
    write_atomic,
)
from .worker import PROGRESS, RESULT, Job, read_json, write_job

_POLL: Final = 0.1  # seconds
_LOG: Final = "log.txt"
_LOG_LINES: Final = 3  # of a crashed process, in its report


@dataclass
class _Running:
    """A job at work."""

    job: Job
    folder: Path
    process: subprocess.Popen[bytes]
    log: TextIO
    started: float
    fraction: float = 0.0


@dataclass
class Runner:
    """One run over many heads. ``worker``: the command of a worker process, less its folder."""

    arguments: BatchArguments
    worker: Sequence[str]
    _entries: list[dict[str, Any]] = field(default_factory=list)
    _stems: set[str] = field(default_factory=set)
    _inputs: list[Path] = field(default_factory=list)

    def run(self, files: Sequence[Path], problems: Sequence[tuple[str, RigError]]) -> bool:
        """Rig ``files``, record ``problems`` of other inputs, and write the run's report.

        True when every head is rigged (with --strict: rigged without warnings).
        """
        from tqdm import tqdm

        start = time.perf_counter()
        self._inputs = list(files)
        self._temporary = Path(tempfile.mkdtemp(prefix="auto_rig_face_"))
        self._bar = tqdm(
            total=len(files) + len(problems),
            unit="head",
            bar_format="{l_bar}{bar}| {n:.1f}/{total} heads [{elapsed}<{remaining}]{postfix}",
            mininterval=0.3 if sys.stderr.isatty() else 10.0,
        )
        try:
            for text, error in problems:
                self._record_problem(text, error)
            self._work_off(deque(self._jobs(files)))
        finally:
            self._bar.close()
            shutil.rmtree(self._temporary, ignore_errors=True)
            summary = self._summary(time.perf_counter() - start)
        return bool(summary["all_rigged"])

    def _jobs(self, files: Sequence[Path]) -> list[Job]:
        reference = self.arguments.reference
        options = {
            "formats": list(self.arguments.formats),
            "object": self.arguments.object_name,
            "reference": content_hash(reference) if reference else None,
            "exaggeration": self.arguments.exaggeration,
            "cut_mouths": self.arguments.cut_mouths,
            "standards": list(self.arguments.standards),
            "rename_keys": self.arguments.rename_keys,
            "sculpted_keys": self.arguments.sculpted_keys,
            "existing_keys": self.arguments.existing_keys,
            "deleted_keys": self.arguments.deleted_keys,
            "find_again": self.arguments.find_again,
        }
        stems = unique_stems(files)
        self._stems.update(stems)
        return [
            Job(
                source=str(path),
                sha256="",  # taken when the job is started
                out=str(self.arguments.out),
                stem=stem,
                options=options,
                object_name=self.arguments.object_name,
                reference=str(reference) if reference else None,
            )
            for path, stem in zip(files, stems, strict=True)
        ]

    def _work_off(self, waiting: deque[Job]) -> None:
        running: list[_Running] = []
        try:
            while waiting or running:
                while waiting and len(running) < self.arguments.jobs:
                    started = self._start(waiting.popleft())
                    running += [started] if started else []
                time.sleep(_POLL if running else 0.0)
                for work in tuple(running):
                    if self._is_over(work):
                        running.remove(work)
                        waiting.extendleft(reversed(self._collect(work)))
        finally:
            for work in running:
                _stop(work.process)
                work.log.close()
                remove_partials(self.arguments.out, work.process.pid)

    def _start(self, job: Job) -> _Running | None:
        """Start a worker, or settle the job at once when that can be done without one."""
        try:
            job = replace(job, sha256=job.sha256 or content_hash(Path(job.source)))
            paths = targets(self.arguments.out, job.stem, job.options["formats"])
            if self.arguments.resume and self._resume(job, paths[-1]):
                return None
            guard_targets(paths, self._inputs)
        except RigError as error:
            self._fail(job, error)
            return None
        folder = Path(tempfile.mkdtemp(dir=self._temporary))
        write_job(folder, job)
        log = (folder / _LOG).open("w", encoding="utf-8")
        process = subprocess.Popen(
            [*self.worker, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=self._environment(),
            start_new_session=os.name == "posix",
        )
        return _Running(job, folder, process, log, time.monotonic())

    def _environment(self) -> dict[str, str]:
        """Of a worker: the same hashes in every run, and no settings of the user's Python."""
        environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONHOME", "PYTHONPATH"}}
        environment["PYTHONHASHSEED"] = "0"
        # The matrices are small: a thread for every core gains nothing, makes the last digits
        # depend on how many there are, and waits in loops while other heads keep them busy.
        environment.setdefault("OPENBLAS_NUM_THREADS", "1")
        return environment

    def _resume(self, job: Job, report_path: Path) -> bool:
        earlier = report.read_head_report(report_path)
        if earlier is None or not report.is_done(
            earlier, job.sha256, job.options, self.arguments.out
        ):
            return False
        self._settle(report.run_entry(earlier, job.stem, skipped=True))
        return True

    def _is_over(self, work: _Running) -> bool:
        progress = read_json(work.folder / PROGRESS)
        if progress is not None:
            fraction = min(max(float(progress["fraction"]), work.fraction), 1.0)
            self._bar.update(fraction - work.fraction)
            work.fraction = fraction
            self._bar.set_postfix_str(f"{work.job.stem}: {progress['stage']}", refresh=False)
        if work.process.poll() is not None:
            return True
        if time.monotonic() - work.started > self.arguments.time_limit:
            _stop(work.process)
            return True
        return False

    def _collect(self, work: _Running) -> list[Job]:
        """Take over the result of a finished worker; the jobs that it asks for in its place."""
        late = time.monotonic() - work.started > self.arguments.time_limit
        work.log.close()
        self._bar.update(-work.fraction)
        remove_partials(self.arguments.out, work.process.pid)
        result = read_json(work.folder / RESULT)
        if result is None:
            self._fail(work.job, self._crash(work, late))
            return []
        if "heads" in result:
            jobs = self._one_job_each(work.job, result["heads"])
            self._bar.total += len(jobs) - 1
            return jobs
        if not result["report"]["files"]:
            self._save(result["report"], work.job.stem)
        self._settle(report.run_entry(result["report"], work.job.stem))
        return []

    def _one_job_each(self, job: Job, heads: Sequence[str]) -> list[Job]:
        jobs = []
        for name in heads:
            stem = free_stem(safe_name(f"{job.stem}_{name}"), self._stems)
            self._stems.add(stem)
            siblings = tuple(other for other in heads if other != name)
            jobs.append(replace(job, stem=stem, object_name=name, siblings=siblings))
        return jobs

    def _crash(self, work: _Running, late: bool) -> RigError:
        if late:
            return RigError(
                f"{work.job.source} took longer than {self.arguments.time_limit:.0f} seconds and "
                "was given up.",
                "Reduce the mesh, or allow more time with --time-limit.",
            )
        log = (work.folder / _LOG).read_text(encoding="utf-8", errors="replace")
        lines = [line.strip() for line in log.splitlines() if line.strip()][-_LOG_LINES:]
        return RigError(
            f"The process that rigged {work.job.source} ended unexpectedly "
            f"(exit code {work.process.returncode}): {' / '.join(lines) or 'no output'}.",
            "Please report this with the file.",
        )

    def _fail(self, job: Job, error: RigError) -> None:
        """Report a head whose worker could not be started or did not finish."""
        failed = report.empty_head_report(Path(job.source).name, job.sha256 or None, job.options)
        failed["input"]["object"] = job.object_name
        failed["messages"] = [{"severity": "error", "text": str(error)}]
        self._save(failed, job.stem)
        self._settle(report.run_entry(failed, job.stem))

    def _save(self, failed: dict[str, Any], stem: str) -> None:
        """Write a head's report for a worker that could not."""
        path = self.arguments.out / f"{stem}.json"
        owned = report.owned_files(path)
        if path.exists() and not owned:
            return
        failed["files"] = [path.name]
        failed["earlier_files"] = sorted(owned - {path.name})
        try:
            write_atomic(path, report.to_bytes(failed))
        except RigError as unwritten:
            failed["files"] = []
            failed["messages"].append({"severity": "error", "text": str(unwritten)})

    def _record_problem(self, text: str, error: RigError) -> None:
        failed = report.empty_head_report(Path(text).name, None, {})
        failed["messages"] = [{"severity": "error", "text": str(error)}]
        self._settle(report.run_entry(failed, text))

    def _settle(self, entry: dict[str, Any]) -> None:
        self._entries.append(entry)
        # Many small fractions may add up to a hair more than there is.
        self._bar.update(min(1.0, self._bar.total - self._bar.n))
        self._bar.write(_line(entry), file=sys.stdout)

    def _summary(self, seconds: float) -> dict[str, Any]:
        entries = sorted(self._entries, key=lambda entry: str(entry["name"]))
        summary = report.run_report(entries, seconds, self.arguments.strict)
        totals = summary["totals"]
        words = ", ".join(f"{totals[status]} {status.replace('_', ' ')}" for status in totals)
        print(f"{words} ({seconds:.1f} s)")
        try:
            self._write_summary(summary)
        except RigError as error:
            print(f"error: {error}", file=sys.stderr)
            summary["all_rigged"] = False
        return summary

    def _write_summary(self, summary: dict[str, Any]) -> None:
        path = self.arguments.out / RUN_REPORT
        if path.exists() and not report.is_ours(path, report.RUN_REPORT):
            raise RigError(
                f"{path} exists already and wasn't written by Auto-Rig Face.",
                "Move it away to get a report of the next run.",
            )
        write_atomic(path, report.to_bytes(summary))


def _line(entry: dict[str, Any]) -> str:
    status = str(entry["status"]).replace("_", " ")
    skipped = " (done before)" if entry["skipped"] else ""
    seconds = entry["seconds"].get("total")
    took = f" in {seconds:.1f} s" if seconds is not None and not entry["skipped"] else ""
    worst = [m["text"] for m in entry["messages"] if m["severity"] == "error"]
    why = f": {worst[0]}" if worst else ""
    return f"{entry['name']}: {status}{skipped}{took}{why}"


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a worker and what it started."""
    if process.poll() is None:
        if os.name == "posix":
            import signal

            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
