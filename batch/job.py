# SPDX-License-Identifier: GPL-3.0-or-later
"""One head from file to files: import, rig, draw, export, report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import pipeline
from ..animation.standards import STANDARDS
from ..errors import RigError
from ..models.pictures import read_picture
from ..rigging.data import FaceLandmarks, FaceMesh, Message, RigOptions
from ..scene.head import SceneOptions
from ..standards import Mode, add_standard
from . import exporters, importers, report
from .contact_sheet import Picture, refusal_sheet, rig_sheet
from .heads import HeadsFound, find_heads
from .outputs import (
    folder_error,
    move_into_place,
    partial_path,
    remove_partials,
    targets,
)
from .pictures import png_bytes
from .refusal import known_landmarks, refusal_pictures
from .scene_meshes import face_finder, scene_meshes
from .worker import Job

Progress = Callable[[str, float], None]  # stage, fraction of the whole job

_MARKERS_FOR_BATCH: Final = (
    "For the batch: import the file in Blender, press Edit Markers, drag what is wrong into place, "
    "save it as .blend and name that file as the input."
)

# Shares of the whole job in which the bar moves: import, rigging, and what follows.
_RIG_FROM, _RIG_TO = 0.1, 0.8


@dataclass
class _Head:
    """What is known of the head so far; the report is made of this whatever happens next."""

    job: Job
    report: dict[str, Any]
    imported: importers.Imported | None = None
    head: bpy.types.Object | None = None
    left_out: set[str] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    sheet: Picture | None = None

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = time.perf_counter() - start


def run_job(job: Job, progress: Progress) -> dict[str, Any]:
    """Rig the head of ``job`` and write its results.

    Gives {"report": the head's report}, or {"heads": object names} when the file holds several
    heads and the job names none. What is wrong with the head ends up in the report; only faults
    of the program itself are raised.
    """
    start = time.perf_counter()
    source = Path(job.source)
    head = _Head(job, report.empty_head_report(source.name, job.sha256, job.options))
    moves: list[tuple[Path, Path]] = []
    try:
        several = _open(head, progress)
        if several:
            return {"heads": list(several)}
        moves = _rig(head, progress)
    except RigError as error:
        _refuse(head, error)
    head.report["messages"] = report.message_entries(head.messages)
    head.seconds["total"] = time.perf_counter() - start
    try:
        _finish(head, moves)
    except RigError as error:
        _finish_without_room(head, error)
    return {"report": head.report}


def _open(head: _Head, progress: Progress) -> tuple[str, ...]:
    """Import the file and choose the head; the names of all heads where there are several."""
    progress("Importing", 0.0)
    with head.timed("import"):
        importers.enable_io_addons()
        head.imported = importers.open_file(Path(head.job.source))
    with head.timed("choose head"):
        found = _find(head)
    if len(found.heads) > 1:
        return found.heads
    head.head = bpy.data.objects[found.heads[0]]
    head.report["input"]["object"] = found.heads[0]
    others = [name for name in found.others if name not in head.left_out]
    if others and not head.job.siblings and head.job.object_name is None:
        text = f"No face was found on {', '.join(others)}: kept as it is, without a rig."
        head.messages.append(Message("info", text))
    return ()


def _find(head: _Head) -> HeadsFound:
    meshes = scene_meshes(bpy.context)
    try:
        found = find_heads(meshes, face_finder(), head.job.object_name)
    except RigError as error:
        raise RigError(f"{head.job.source}: {error.problem}", error.remedy) from error
    own = set(found.members[found.heads[0]])
    for sibling in head.job.siblings:
        head.left_out |= set(find_heads(meshes, face_finder(), sibling).members[sibling]) - own
    armatures = {mesh.armature for mesh in meshes if mesh.name in head.left_out and mesh.armature}
    head.left_out |= armatures - {m.armature for m in meshes if m.name not in head.left_out}
    return found


def _rig(head: _Head, progress: Progress) -> list[tuple[Path, Path]]:
    """Rig the chosen head, export it, and give the (temporary, final) names of its files."""
    picture = head.job.reference
    reference = read_picture(Path(picture), longest=None) if picture else None
    find_again = head.job.options.get("find_again", False)
    outcome = _drain(head, reference, progress, find_again=find_again)
    if head.job.options.get("cut_mouths") and outcome.rig.has_sealed_mouth:
        outcome = _with_open_mouth(head, outcome, reference, progress)
    head.seconds.update(outcome.seconds)
    head.messages += [*outcome.messages, *outcome.rig.messages]
    _describe(head, outcome)
    progress("Drawing the contact sheet", _RIG_TO)
    with head.timed("contact sheet"):
        title = f"{head.job.stem}: {head.report['status'].replace('_', ' ')}"
        head.sheet = rig_sheet(outcome.face_mesh, outcome.rig, title, _notes(head))
    with head.timed("standards"):
        _add_standards(head)
    return _export(head, progress)


def _drain(
    head: _Head,
    reference: NDArray[np.uint8] | None,
    progress: Progress,
    *,
    find_again: bool = False,
) -> pipeline.RigOutcome:
    _select_only(head.head)
    asked = head.job.options
    stages = pipeline.rig_stages(
        *(bpy.context, head.head, RigOptions(exaggeration=asked.get("exaggeration", 1.0))),
        reference,
        scene_options=SceneOptions(
            existing_keys=asked.get("existing_keys", "KEEP_BOTH"),
            sculpted_keys=asked.get("sculpted_keys", "KEEP"),
            deleted_keys=asked.get("deleted_keys", False),
        ),
        find_again=find_again,
    )
    while True:
        try:
            step = next(stages)
        except StopIteration as stop:
            outcome: pipeline.RigOutcome = stop.value
            return outcome
        progress(step.stage, _RIG_FROM + (_RIG_TO - _RIG_FROM) * step.fraction)


def _with_open_mouth(
    head: _Head,
    sealed: pipeline.RigOutcome,
    reference: NDArray[np.uint8] | None,
    progress: Progress,
) -> pipeline.RigOutcome:
    """The rig of the head with its mouth cut open; the sealed one where that can't be done."""
    try:
        with head.timed("cut mouth"):
            pipeline.cut_mouth(bpy.context, head.head)
    except RigError as error:
        head.messages.append(Message("warning", str(error)))
        return sealed
    return _drain(head, reference, progress)


def _select_only(head: bpy.types.Object | None) -> None:
    """Importers select all that they bring in, which would make all of it parts of the head."""
    for scene_object in bpy.context.view_layer.objects:
        scene_object.select_set(scene_object == head)
    bpy.context.view_layer.objects.active = head


def _describe(head: _Head, outcome: pipeline.RigOutcome) -> None:
    """Put what the rig is into the report."""
    rig, to_file = outcome.rig, _to_file(head)
    head.report.update(
        status=report.status_of_rig(rig, head.messages),
        certificate=report.certificate_entry(rig.certificate),
        landmarks=report.landmark_entries(rig.landmarks, to_file),
        landmarks_source=rig.landmarks.source,
        counts=_counts(outcome.face_mesh),
        shapes=list(rig.shapes),
        disabled_shapes=list(rig.disabled_shapes),
        bones=[bone.name for bone in rig.bones],
    )


def _add_standards(head: _Head) -> None:
    """Give the rigged head the keys that were asked for."""
    options = head.job.options
    for identifier in options.get("standards", ()):
        rename = options.get("rename_keys", False) and bool(STANDARDS[identifier].renames)
        mode: Mode = "RENAME" if rename else "ADD"
        added = add_standard(bpy.context, head.head, identifier, mode)
        head.messages += [Message("info", remark) for remark in added.remarks]


def _export(head: _Head, progress: Progress) -> list[tuple[Path, Path]]:
    moves: list[tuple[Path, Path]] = []
    formats = head.job.options["formats"]
    with head.timed("export"):
        for i, kind in enumerate(formats):
            progress(f"Writing .{kind}", 0.85 + 0.13 * i / len(formats))
            target = Path(head.job.out) / f"{head.job.stem}.{kind}"
            exporters.export(kind, partial_path(target), head.left_out)
            moves.append((partial_path(target), target))
    return moves


def _finish_without_room(head: _Head, error: RigError) -> None:
    """The results can't be written: try to leave at least a report that says so."""
    out = Path(head.job.out)
    remove_partials(out, os.getpid())
    head.sheet = None
    head.report["status"] = "failed"
    head.messages.append(Message("error", str(error)))
    head.report["messages"] = report.message_entries(head.messages)
    try:
        _finish(head, [])
    except RigError:
        remove_partials(out, os.getpid())
        head.report["files"] = []  # the runner still shows the message and lists it for the run


def _refuse(head: _Head, error: RigError) -> None:
    """Put into the report why there is no rig, and what could be seen of the head all the same."""
    remove_partials(Path(head.job.out), os.getpid())
    head.report["status"] = report.status_of_error(error)
    head.messages.append(Message("error", str(error)))
    if error.wants_markers:
        head.messages.append(Message("info", _MARKERS_FOR_BATCH))
    pictures: list[Picture] = []
    if head.head is not None:
        landmarks = _landmarks_of(error) or known_landmarks(head.head)
        if landmarks is not None:
            head.report["landmarks"] = report.landmark_entries(landmarks, _to_file(head))
            head.report["landmarks_source"] = landmarks.source
        pictures = refusal_pictures(bpy.context, head.head, landmarks)
    title = f"{head.job.stem}: {head.report['status']}"
    head.sheet = refusal_sheet(pictures, title, _notes(head))


def _landmarks_of(error: RigError) -> FaceLandmarks | None:
    """A face that was found before the work had to stop."""
    return error.landmarks if isinstance(error, pipeline.UnriggableFaceError) else None


def _notes(head: _Head) -> list[str]:
    """What the contact sheet says below the pictures: missed limits, then messages."""
    metrics = (head.report["certificate"] or {}).get("metrics", [])
    missed = [
        f"{m['name']} {_figure(m['value'])} > {_figure(m['limit'])} {m['unit']} {m['place']}"
        for m in metrics
        if not m["passed"]
    ]
    return [*missed, *(message.text for message in head.messages)]


def _figure(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"


def _counts(face_mesh: FaceMesh) -> dict[str, int]:
    return {
        "vertices": len(face_mesh.vertices),
        "triangles": len(face_mesh.triangles),
        "objects": len(face_mesh.parts),
    }


def _to_file(head: _Head) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    assert head.imported is not None
    return head.imported.to_file


def _finish(head: _Head, moves: list[tuple[Path, Path]]) -> None:
    """Write report and contact sheet beside the models, then move all into place together.

    The report goes first: it is by its report that a later run knows the other files as ours.
    """
    out, stem = Path(head.job.out), head.job.stem
    *_, sheet_path, report_path = targets(out, stem, ())
    extra = [(partial_path(report_path), report_path)]
    if head.sheet is not None:
        extra.append((partial_path(sheet_path), sheet_path))
    head.report["files"] = sorted(target.name for _, target in (*extra, *moves))
    earlier = {name for name in report.owned_files(report_path) if (out / name).is_file()}
    head.report["earlier_files"] = sorted(earlier - set(head.report["files"]))
    head.report["seconds"] = {name: round(value, 3) for name, value in head.seconds.items()}
    try:
        extra[0][0].write_bytes(report.to_bytes(head.report))
        if head.sheet is not None:
            extra[1][0].write_bytes(png_bytes(head.sheet))
    except OSError as error:
        raise folder_error(out, error) from error
    move_into_place([*extra, *moves])
