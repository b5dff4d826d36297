# SPDX-License-Identifier: GPL-3.0-or-later
"""One script played on one rig, from file to files: open, play, export, report."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import RigError
from ..rigging.data import Message
from . import report
from .inputs import content_hash
from .outputs import (
    folder_error,
    move_into_place,
    partial_path,
    prepare_folder,
    remove_partials,
    safe_name,
)
from .timeline import Timeline, read_timeline

if TYPE_CHECKING:
    import bpy

    from .timeline_player import Played

ANIMATION_REPORT: Final = "auto_rig_face.animation"
_EXPORTS: Final = {"blend": "blend", "glb": "animated glb"}  # ending -> exporters.export's kind


@dataclass(frozen=True)
class AnimateJob:
    """A run whose inputs are known to be there. ``inputs``: what the report tells about them."""

    rig: Path
    timeline: Timeline
    out: Path
    stem: str
    formats: tuple[str, ...]
    inputs: dict[str, Any]

    @property
    def targets(self) -> list[tuple[str, Path]]:
        """What is written where: (ending, file), the report last."""
        return [(kind, self.out / f"{self.stem}.{kind}") for kind in (*self.formats, "json")]


def check(rig: Path, script: Path, out: Path, formats: tuple[str, ...]) -> AnimateJob:
    """Read the script and look at all files before any work. Raises RigError where something is
    wrong with what was asked for.
    """
    timeline = read_timeline(script)
    if rig.suffix.lower() != ".blend":
        raise RigError(
            f"{rig} is no .blend file.", "Rig the head first and name the .blend of the rig."
        )
    inputs = {
        "input": {"file": rig.name, "sha256": content_hash(rig), "object": None},
        "script": {"file": script.name, "sha256": content_hash(script)},
    }
    job = AnimateJob(rig, timeline, out, safe_name(rig.stem), formats, inputs)
    files = [path for event in timeline.events for path in event.inputs]
    _guard([path for _, path in job.targets], [rig, script, *files])
    prepare_folder(out)
    return job


def _guard(targets: Sequence[Path], inputs: Iterable[Path]) -> None:
    """Refuse to overwrite an input, or a file that no earlier run of this command wrote."""
    protected = {path.resolve() for path in inputs}
    ours = _files_of(targets[-1])
    for path in targets:
        if path.resolve() in protected:
            raise RigError(
                f"The result {path} would overwrite an input file.",
                "Choose another folder for --out.",
            )
        if path.exists() and path.name not in ours:
            raise RigError(
                f"{path} exists already and isn't an animation that this command wrote.",
                "Move it away or choose another folder for --out.",
            )


def _files_of(path: Path) -> set[str]:
    """Names of the files that the report at ``path`` calls its own; none where it is no report."""
    if not report.is_ours(path, ANIMATION_REPORT):
        return set()
    earlier = json.loads(path.read_bytes())
    return {path.name, *earlier.get("files", ()), *earlier.get("earlier_files", ())}


def animate(job: AnimateJob) -> dict[str, Any]:
    """Play the script, write the results and give the report. Raises RigError where the head can't
    play it; then nothing is written.
    """
    import bpy

    from . import exporters, importers
    from .registration import ensure_registered
    from .rigged_heads import choose_head, not_of
    from .scene_timing import set_frame_rate, set_range
    from .timeline_player import play

    ensure_registered()
    importers.enable_io_addons()
    importers.open_file(job.rig)
    context = bpy.context
    head = choose_head(context, job.timeline.head, job.rig.name)
    messages = set_frame_rate(context.scene, job.timeline.frame_rate)
    has_animation = len(bpy.data.actions) > 0
    played = play(context, head, job.timeline.events)
    set_range(
        context.scene,
        min(done.event.start for done in played),
        math.ceil(max(done.performance.end for done in played)),
        keep=has_animation,
    )
    messages += [message for done in played for message in _messages(done)]
    content = _report(job, context.scene, head, played, messages)
    left_out = not_of(context, head)
    try:
        for kind, path in job.targets[:-1]:
            exporters.export(_EXPORTS[kind], partial_path(path), left_out)
        _write(partial_path(job.targets[-1][1]), report.to_bytes(content))
        # The report goes first: by it a later run knows the other files as its own.
        move_into_place([(partial_path(path), path) for _, path in reversed(job.targets)])
    finally:
        remove_partials(job.out, os.getpid())
    return content


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise folder_error(path.parent, error) from error


def _messages(done: Played) -> list[Message]:
    """What to tell about an event that was played."""
    where, written = done.event.where, done.performance.written
    found = [Message("warning", f"{where}: {note}") for note in done.notes]
    if written.driven:
        names = ", ".join(written.driven)
        found.append(Message("warning", f"{where}: drivers of yours move {names}: not keyed."))
    if written.missing:
        names = ", ".join(written.missing)
        found.append(Message("info", f"{where}: the head has no shape keys {names}."))
    if not written.keys:
        found.append(Message("warning", f"{where}: nothing moved, and no key was set."))
    return found


def _report(
    job: AnimateJob,
    scene: bpy.types.Scene,
    head: bpy.types.Object,
    played: Sequence[Played],
    messages: Sequence[Message],
) -> dict[str, Any]:
    """Everything follows from the inputs, so that the same ones give the same bytes."""
    from ..acting import frame_rate

    warned = any(message.severity != "info" for message in messages)
    rate: Fraction = frame_rate(scene)
    names = sorted(path.name for _, path in job.targets)
    earlier = {name for name in _files_of(job.targets[-1][1]) if (job.out / name).is_file()}
    return {
        "report": ANIMATION_REPORT,
        "version": report.version(),
        "input": {**job.inputs["input"], "object": head.name},
        "script": job.inputs["script"],
        "status": "animated_with_warnings" if warned else "animated",
        "messages": report.message_entries(messages),
        "frame_rate": float(rate),
        "frames": [scene.frame_start, scene.frame_end],
        "keys": sum(done.performance.written.keys for done in played),
        "events": [
            {
                "number": done.event.number,
                "type": done.event.kind,
                "start": done.event.start,
                "end": math.ceil(done.performance.end),  # a short take ends between two frames
                "keys": done.performance.written.keys,
            }
            for done in played
        ],
        "files": names,
        "earlier_files": sorted(earlier - set(names)),
    }
