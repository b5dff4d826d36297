# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON reports: one beside each head, one for the whole run.

Everything but ``seconds`` depends on the input and the options alone, so that two runs over the
same files write the same bytes. Paths are given as file names, never as absolute paths.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..rigging.data import Certificate, FaceLandmarks, FaceRig, Message
from ..vocabulary import LANDMARKS

HeadStatus = Literal["rigged", "rigged_with_warnings", "refused", "failed"]
STATUSES: Final[tuple[HeadStatus, ...]] = ("rigged", "rigged_with_warnings", "refused", "failed")
HEAD_REPORT: Final = "auto_rig_face.head"
RUN_REPORT: Final = "auto_rig_face.run"
_ROOT: Final = Path(__file__).resolve().parents[1]


def version() -> str:
    """The extension's own version, from its manifest."""
    manifest = tomllib.loads((_ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    return str(manifest["version"])


def empty_head_report(input_name: str, sha256: str | None, options: Mapping[str, Any]) -> dict:
    """A report with every key in its place, for a head of which nothing is known yet."""
    return {
        "report": HEAD_REPORT,
        "version": version(),
        "input": {"file": input_name, "sha256": sha256, "object": None},
        "options": dict(options),
        "status": "failed",
        "messages": [],
        "certificate": None,
        "landmarks": [],
        "landmarks_source": None,
        "counts": {},
        "shapes": [],
        "disabled_shapes": [],
        "bones": [],
        "files": [],
        "earlier_files": [],
        "seconds": {},
    }


def status_of_rig(rig: FaceRig, messages: Iterable[Message]) -> HeadStatus:
    """Rigged when the certificate passes and nothing needs the artist's attention."""
    warned = any(message.severity != "info" for message in messages)
    return "rigged" if rig.certificate.passed and not warned else "rigged_with_warnings"


def status_of_error(error: RigError) -> HeadStatus:
    """A head that was understood and turned down is refused; all else has failed."""
    return "refused" if error.refused or error.wants_markers else "failed"


def counts_as_rigged(status: HeadStatus, strict: bool) -> bool:
    """Whether a head with this status is a success of the run."""
    return status == "rigged" or (status == "rigged_with_warnings" and not strict)


def certificate_entry(certificate: Certificate) -> dict[str, Any]:
    """Every metric with its value, limit, verdict and where its worst value is."""
    return {
        "passed": certificate.passed,
        "metrics": [
            {
                "name": metric.name,
                "value": _finite(metric.value),
                "limit": _finite(metric.limit),
                "unit": metric.unit,
                "passed": bool(metric.passed),
                "place": metric.place,
                "note": metric.note,
            }
            for metric in certificate.metrics
        ],
    }


def landmark_entries(
    landmarks: FaceLandmarks, to_file: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> list[dict[str, Any]]:
    """Name, position in the input file's own coordinates and confidence (0..1) of each landmark.

    ``to_file`` takes (N, 3) world points to the file's coordinates.
    """
    names = [name for name in LANDMARKS if name in landmarks.named]
    if not names:
        return []
    points_file = to_file(np.array([landmarks.named[name] for name in names], dtype=np.float64))
    return [
        {
            "name": name,
            "xyz": [float(coordinate) for coordinate in point],
            "confidence": float(landmarks.confidence.get(name, 0.0)),
        }
        for name, point in zip(names, points_file, strict=True)
    ]


def message_entries(messages: Iterable[Message]) -> list[dict[str, str]]:
    """Messages as {severity, text}, each text once."""
    entries: dict[str, str] = {}
    for message in messages:
        entries.setdefault(message.text, message.severity)
    return [{"severity": severity, "text": text} for text, severity in entries.items()]


def run_report(heads: Sequence[Mapping[str, Any]], seconds: float, strict: bool) -> dict[str, Any]:
    """The whole run: totals, and one line for each head with what became of it."""
    totals: dict[str, int] = dict.fromkeys(STATUSES, 0)
    for head in heads:
        totals[head["status"]] += 1
    return {
        "report": RUN_REPORT,
        "version": version(),
        "strict": strict,
        "totals": {"heads": len(heads), **totals},
        "all_rigged": bool(heads) and all(counts_as_rigged(h["status"], strict) for h in heads),
        "heads": list(heads),
        "seconds": {"total": round(seconds, 3)},
    }


def run_entry(report: Mapping[str, Any], stem: str, skipped: bool = False) -> dict[str, Any]:
    """One head's line in the run's report."""
    return {
        "name": stem,
        "input": report["input"],
        "status": report["status"],
        "skipped": skipped,
        "certified": bool((report["certificate"] or {}).get("passed", False)),
        "files": report["files"],
        "messages": report["messages"],
        "seconds": report["seconds"],
    }


def to_bytes(report: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8, indented for people, without NaN or infinity."""
    return (json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def read_head_report(path: Path) -> dict[str, Any] | None:
    """The head report at ``path``, or None where there is none or it is something else."""
    if not is_ours(path, HEAD_REPORT):
        return None
    report: dict[str, Any] = json.loads(path.read_bytes())
    return report


def owned_files(report_path: Path) -> frozenset[str]:
    """Names of the files in this folder that an earlier run wrote for the same head."""
    report = read_head_report(report_path)
    if report is None:
        return frozenset()
    return frozenset((report_path.name, *report["files"], *report["earlier_files"]))


def is_ours(path: Path, kind: str) -> bool:
    """Whether the file at ``path`` is a report of this ``kind`` (HEAD_REPORT or RUN_REPORT)."""
    try:
        report = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(report, dict) and report.get("report") == kind


def is_done(
    report: Mapping[str, Any] | None, sha256: str, options: Mapping[str, Any], folder: Path
) -> bool:
    """Whether ``report`` says that the same input was dealt with under the same options.

    A refusal counts as done: the same head would be refused again. A failure is tried again.
    """
    return (
        report is not None
        and report["status"] != "failed"
        and report["version"] == version()
        and report["input"]["sha256"] == sha256
        and report["options"] == dict(options)
        and all((folder / name).is_file() for name in report["files"])
    )


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
