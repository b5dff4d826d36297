# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape quality against artists' rigs: ``python -m benchmarks.quality --heads DIR --out DIR``.

Runs the product without Blender on every head folder (see artists.py), beside its peers, and
writes quality.json and quality.md into --out and a contact sheet for each head into --sheets.
A head never judges a template that was corrected by its own artist's figures (see unbiased.py).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from auto_rig_face.errors import RigError
from auto_rig_face.models.assets import asset_path
from auto_rig_face.rigging.analyse import analyse
from auto_rig_face.rigging.build import build
from auto_rig_face.rigging.data import FaceLandmarks, FaceMesh, FaceRig
from auto_rig_face.rigging.final_landmarks import reframe
from auto_rig_face.rigging.fusion import locate_face
from auto_rig_face.rigging.landmarks import landmarks_from_dense
from auto_rig_face.rigging.orientation import Detector
from auto_rig_face.rigging.template import Template, load_template

from . import peers
from .artists import ArtistHead, head_folders, load_head
from .networks import detectors
from .quality_report import markdown
from .scores import HeadScore, ShapeScore, Truth, score_shapes, summarise
from .sheets import comparison_sheet, write_png
from .unbiased import judge_of, template_without

OURS = "auto-rig face"


@dataclass
class HeadResult:
    """What came of one head. ``methods``: method -> scores of its shapes."""

    name: str
    own_prior: bool
    vertices: int
    outcome: str = "rigged"
    message: str = ""
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    landmark_errors: dict[str, float] = field(default_factory=dict)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    methods: dict[str, list[ShapeScore]] = field(default_factory=dict)

    @property
    def summary(self) -> dict[str, HeadScore]:
        """Method -> figures of the head."""
        found = {name: summarise(scores) for name, scores in self.methods.items()}
        return {name: score for name, score in found.items() if score is not None}


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; 0 when it ran through, whatever the figures are."""
    options = _parse(arguments)
    folders = [
        folder
        for folder in head_folders(options.heads)
        if not options.only or folder.name in options.only
    ]
    if not folders:
        sys.stderr.write(f"No head folders in {options.heads}.\n")
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    networks = detectors(load_template(asset_path("template.npz")))
    results = []
    for folder in folders:
        head = load_head(folder)
        template = template_without(judge_of(head.name))
        result, rig = run_head(head, template, networks, with_peers=not options.no_peers)
        results.append(result)
        sys.stdout.write(f"{_line(result)}\n")
        sys.stdout.flush()
        if rig is not None:
            sheet = comparison_sheet(head, rig)
            write_png(options.sheets / f"{head.name}.png", sheet)
        _write(results, options.out)  # after each head: a crash must not lose the others
    return 0


def _write(results: list[HeadResult], out: Path) -> None:
    (out / "quality.json").write_text(json.dumps(_as_json(results), indent=1) + "\n")
    (out / "quality.md").write_text(markdown(results, OURS))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heads", type=Path, required=True, help="folder of head folders")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--sheets", type=Path, default=Path("out/quality"), help="for pictures")
    parser.add_argument("--only", nargs="*", help="names of the heads to run")
    parser.add_argument("--no-peers", action="store_true", help="the product alone, faster")
    return parser.parse_args(arguments)


def run_head(
    head: ArtistHead, template: Template, networks: tuple[Detector, ...], *, with_peers: bool = True
) -> tuple[HeadResult, FaceRig | None]:
    """Locate the face, rig it and compare; the rig is None where the head was turned down."""
    result = HeadResult(head.name, head.own_prior, len(head.face_mesh.vertices))
    started = time.perf_counter()
    try:
        located = locate_face(head.face_mesh, *networks)
        result.stages["locate face"] = time.perf_counter() - started
        landmarks = landmarks_from_dense(located, template)
        rig = build(head.face_mesh, landmarks, template)
    except RigError as error:
        result.outcome = "refused" if error.refused else "failed"
        result.message = str(error)
        return result, None
    result.seconds = time.perf_counter() - started
    result.stages |= rig.seconds
    result.metrics = [asdict(metric) for metric in rig.certificate.metrics]
    result.messages = [message.text for message in rig.messages]
    result.landmark_errors = landmark_errors(head, rig)
    if head.shapes:
        truth = truth_of(head, landmarks)
        result.methods = {OURS: score_shapes(truth, rig.shapes)}
        if with_peers:
            result.methods |= _peers(head.face_mesh, landmarks, template, truth)
    return result, rig


def _peers(
    face_mesh: FaceMesh, landmarks: FaceLandmarks, template: Template, truth: Truth
) -> dict[str, list[ShapeScore]]:
    return {
        "deformation transfer": score_shapes(
            truth, peers.deformation_transfer(face_mesh, landmarks, template)
        ),
        "landmark RBF": score_shapes(truth, peers.landmark_rbf(face_mesh, landmarks, template)),
        "nothing": score_shapes(truth, peers.nothing()),
    }


def truth_of(head: ArtistHead, landmarks: FaceLandmarks) -> Truth:
    """The artist's shapes with the skin that they are judged on."""
    analysed = reframe(analyse(head.face_mesh, landmarks))
    visible, skin = peers.skin_masks(analysed)
    points = head.face_mesh.vertices[skin]
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    return Truth(
        shapes=head.shapes,
        visible=visible,
        skin=skin,
        iod=analysed.frame.scale,
        radius=float(np.linalg.norm(points - middle, axis=1).max()),
    )


def landmark_errors(head: ArtistHead, rig: FaceRig) -> dict[str, float]:
    """Distance, % IOD, of each landmark whose place the artist's topology tells."""
    if not head.landmarks:
        return {}
    centres = [
        (head.landmarks[f"eye_outer_{side}"] + head.landmarks[f"eye_inner_{side}"]) / 2
        for side in "LR"
    ]
    iod = float(np.linalg.norm(centres[0] - centres[1]))
    return {
        name: 100 * float(np.linalg.norm(rig.landmarks.named[name] - point)) / iod
        for name, point in head.landmarks.items()
    }


def _line(result: HeadResult) -> str:
    if result.outcome != "rigged":
        return f"{result.name:22s} {result.outcome}: {result.message}"
    failed = [metric["name"] for metric in result.metrics if not metric["passed"]]
    parts = [f"{result.name:22s} {result.seconds:5.1f} s"]
    if OURS in result.summary:
        score = result.summary[OURS]
        parts.append(
            f"error {score.error:.2f} of {score.nothing:.2f} % IOD (ratio {score.ratio:.2f}) "
            f"cosine {score.cosine:.3f} MAE {score.mae:.2f} Q95 {score.q95:.2f}"
        )
    if result.landmark_errors:
        parts.append(f"landmarks {np.mean(list(result.landmark_errors.values())):.1f} % IOD")
    parts.append("misses " + ", ".join(failed) if failed else "certified")
    return "  ".join(parts)


def _as_json(results: list[HeadResult]) -> list[dict[str, Any]]:
    return [
        asdict(result)
        | {"summary": {name: asdict(score) for name, score in result.summary.items()}}
        for result in results
    ]


if __name__ == "__main__":
    raise SystemExit(main())
