# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON reports: what they hold and when a head counts as done or as rigged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.batch import report
from auto_rig_face.errors import RigError
from auto_rig_face.rigging.data import (
    Certificate,
    FaceLandmarks,
    FaceRig,
    HeadFrame,
    Message,
    Metric,
)
from auto_rig_face.vocabulary import LANDMARKS
from scipy.sparse import csr_matrix


def _landmarks() -> FaceLandmarks:
    named = {name: np.array([i, 1.0, 2.0]) for i, name in enumerate(LANDMARKS)}
    return FaceLandmarks(
        HeadFrame(np.zeros(3), np.eye(3), 1.0), named, dict.fromkeys(LANDMARKS, 0.5)
    )


def _rig(*, passed: bool) -> FaceRig:
    metric = Metric("lip seal", 0.4, 1.0, passed, "% IOD", "jawOpen", "")
    return FaceRig({}, (), csr_matrix((0, 0)), _landmarks(), Certificate((metric,)))


def test_landmarks_come_in_the_files_coordinates_with_every_name() -> None:
    entries = report.landmark_entries(_landmarks(), lambda points: points * 2.0)
    assert [entry["name"] for entry in entries] == list(LANDMARKS)
    assert entries[3] == {"name": LANDMARKS[3], "xyz": [6.0, 2.0, 4.0], "confidence": 0.5}


@pytest.mark.parametrize(
    ("passed", "severity", "status"),
    [
        (True, None, "rigged"),
        (True, "info", "rigged"),
        (True, "warning", "rigged_with_warnings"),
        (False, None, "rigged_with_warnings"),
    ],
)
def test_a_missed_limit_or_a_warning_is_never_silent(
    passed: bool, severity: str | None, status: str
) -> None:
    messages = [Message(severity, "text")] if severity else []
    assert report.status_of_rig(_rig(passed=passed), messages) == status


def test_a_head_that_is_turned_down_is_told_from_a_fault() -> None:
    assert report.status_of_error(RigError("a", "b", refused=True)) == "refused"
    assert report.status_of_error(RigError("a", "b", wants_markers=True)) == "refused"
    assert report.status_of_error(RigError("a", "b")) == "failed"


def test_strict_counts_warnings_as_not_rigged() -> None:
    assert report.counts_as_rigged("rigged", strict=True)
    assert report.counts_as_rigged("rigged_with_warnings", strict=False)
    assert not report.counts_as_rigged("rigged_with_warnings", strict=True)
    assert not report.counts_as_rigged("refused", strict=False)


def test_what_cannot_be_measured_is_null_in_json() -> None:
    metrics = (Metric("lid aperture", None, 0.02, True), Metric("flips", float("nan"), 0, False))
    entry = report.certificate_entry(Certificate(metrics))
    assert [metric["value"] for metric in entry["metrics"]] == [None, None]
    assert not entry["passed"]
    json.loads(report.to_bytes(entry))


def test_messages_are_said_once() -> None:
    entries = report.message_entries([Message("info", "a"), Message("info", "a")])
    assert entries == [{"severity": "info", "text": "a"}]


def test_a_head_is_done_only_for_the_same_input_options_and_files(tmp_path: Path) -> None:
    options = {"formats": ["glb"]}
    head = report.empty_head_report("a.obj", "hash", options)
    head.update(status="rigged", files=["a.glb", "a.json"])
    (tmp_path / "a.json").write_bytes(report.to_bytes(head))
    (tmp_path / "a.glb").write_text("x")
    stored = report.read_head_report(tmp_path / "a.json")
    assert report.is_done(stored, "hash", options, tmp_path)
    assert not report.is_done(stored, "other", options, tmp_path)
    assert not report.is_done(stored, "hash", {"formats": ["fbx"]}, tmp_path)
    (tmp_path / "a.glb").unlink()
    assert not report.is_done(stored, "hash", options, tmp_path)
    assert not report.is_done(None, "hash", options, tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"report": "something else"}'])
def test_other_peoples_json_is_not_taken_for_a_report(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    assert report.read_head_report(tmp_path / "a.json") is None
    assert not report.owned_files(tmp_path / "a.json")


def test_the_run_report_counts_every_status() -> None:
    heads = []
    for status in ("rigged", "refused", "rigged"):
        head = report.empty_head_report("a.obj", None, {})
        head["status"] = status
        heads.append(report.run_entry(head, "a"))
    run = report.run_report(heads, 1.0, strict=False)
    assert run["totals"] == {
        "heads": 3,
        "rigged": 2,
        "rigged_with_warnings": 0,
        "refused": 1,
        "failed": 0,
    }
    assert not run["all_rigged"]
    assert not report.run_report([], 0.0, strict=False)["all_rigged"]
