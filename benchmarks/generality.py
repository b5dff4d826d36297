# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads that nobody developed on: ``python -m benchmarks.generality --count 6 --out DIR``.

Rigs heads of every family that training makes in code, at rest and coloured, of which all
landmarks are known, and writes generality.md: what came of them, how far the landmarks are off,
and how that follows the error that the rig expects. The same seeds give the same heads.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from auto_rig_face.errors import RigError
from auto_rig_face.models.assets import asset_path
from auto_rig_face.rigging.asking import LOWER_FACE, UnsureFaceError
from auto_rig_face.rigging.build import build
from auto_rig_face.rigging.data import Appearance, FaceMesh, MeshPart
from auto_rig_face.rigging.fusion import locate_face
from auto_rig_face.rigging.landmarks import expected_error_of, landmarks_from_dense
from auto_rig_face.rigging.orientation import Detector
from auto_rig_face.rigging.template import Template, load_template
from numpy.typing import NDArray

from training.landmarks import expressions, points
from training.landmarks.heads import families
from training.landmarks.scene import Head, Role
from training.markdown import table

from .networks import detectors

FIRST_SEED: Final = 3000
TO_WORLD: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
FIRM: Final = (0.5, 0.5, 0.6)  # whatever has no colour below
COLOURS: Final = {
    Role.SKIN: (0.8, 0.6, 0.5),
    Role.LIPS: (0.7, 0.35, 0.35),
    Role.BROW: (0.2, 0.12, 0.08),
    Role.SCLERA: (0.95, 0.95, 0.95),
    Role.IRIS: (0.2, 0.35, 0.5),
    Role.PUPIL: (0.02, 0.02, 0.02),
    Role.GLINT: (1.0, 1.0, 1.0),
    Role.LASH: (0.05, 0.05, 0.05),
    Role.TEETH: (0.9, 0.9, 0.85),
    Role.TONGUE: (0.8, 0.4, 0.4),
    Role.MOUTH: (0.25, 0.05, 0.05),
    Role.HAIR: (0.25, 0.15, 0.08),
    Role.INK: (0.05, 0.05, 0.05),
    Role.NOSE: (0.7, 0.4, 0.35),
    Role.MUZZLE: (0.85, 0.7, 0.6),
}
STATUSES: Final = ("green", "amber", "red", "asked", "refused")
BINS: Final = (0.0, 5.0, 7.5, 10.0, 13.0, 16.0, 20.0, 30.0, 1000.0)  # % IOD


@dataclass
class Outcome:
    """One head. ``status`` of its rig, "asked" (with what was ``asked``) or "refused"; ``errors``:
    landmark -> % IOD; ``found``: the same before the mesh was asked, and ``confidence`` of that;
    ``misses``: limits of the certificate that it misses.
    """

    family: str
    seed: int
    status: str = "refused"
    errors: dict[str, float] = field(default_factory=dict)
    found: dict[str, float] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    misses: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()


def mesh_of(head: Head) -> FaceMesh:
    """A head as Blender would hold it: +Z up, looking to -Y, one unit between the eyes."""
    vertices = head.vertices.astype(np.float64) @ TO_WORLD.T
    table = np.array([COLOURS.get(role, FIRM) for role in Role], np.float32)
    count = len(head.triangles)
    look = Appearance(
        table[head.role], np.zeros((count, 3, 2), np.float32), np.full(count, -1, np.int32)
    )
    part = MeshPart(head.family, 0, len(vertices))
    return FaceMesh(vertices, head.triangles.astype(np.int64), (part,), look)


def known_points(head: Head) -> dict[str, NDArray[np.float64]]:
    """The product's named landmarks that the head has, in world space."""
    rows = {name: points.INDEX[dense] for name, dense in points.PRODUCT_POINTS.items()}
    return {
        name: head.points[row].astype(np.float64) @ TO_WORLD.T
        for name, row in rows.items()
        if head.exists[row]
    }


def rig_head(family: str, seed: int, networks: tuple[Detector, ...], template: Template) -> Outcome:
    """Rig one generated head from its mesh alone."""
    head = families.build_head(family, seed, expressions.neutral())
    mesh, known, outcome = mesh_of(head), known_points(head), Outcome(family, seed)

    def off(named: dict[str, NDArray[np.float64]]) -> dict[str, float]:
        return {name: 100 * float(np.linalg.norm(named[name] - known[name])) for name in known}

    try:
        landmarks = landmarks_from_dense(locate_face(mesh, *networks), template)
        outcome.found, outcome.confidence = off(landmarks.named), landmarks.confidence
        rig = build(mesh, landmarks, template)
    except UnsureFaceError as error:
        outcome.status, outcome.asked = "asked", error.asked
        return outcome
    except RigError:
        return outcome
    outcome.status, outcome.errors = rig.status, off(rig.landmarks.named)
    outcome.misses = tuple(m.name for m in rig.certificate.metrics if not m.passed)
    return outcome


def report(outcomes: list[Outcome]) -> str:
    """Markdown of all that was measured."""
    return "\n".join([*_families(outcomes), "", *_confidence(outcomes), ""])


def _families(outcomes: list[Outcome]) -> Iterator[str]:
    yield "# Heads made in code\n"
    yield (
        "Written by `make bench-generality`. Landmark errors are medians, % IOD: as the views find "
        "them, and in the end, on the heads that were rigged. Asked: at most three points are to "
        "be looked at, then the work goes on.\n"
    )
    rows = []
    for family in dict.fromkeys(outcome.family for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.family == family]
        counts = Counter(outcome.status for outcome in own)
        medians = [
            _median([error for outcome in own for error in getattr(outcome, kind).values()])
            for kind in ("found", "errors")
        ]
        misses = Counter(miss for outcome in own for miss in outcome.misses)
        listed = ", ".join(f"{name} {count}" for name, count in misses.most_common())
        statuses = [str(counts[name]) for name in STATUSES]
        rows.append((family, str(len(own)), *statuses, *medians, listed))
    yield table(("family", "heads", *STATUSES, "found", "rigged", "limits missed"), rows)


def _median(errors: list[float]) -> str:
    return f"{np.median(errors):.1f}" if errors else "-"


def _confidence(outcomes: list[Outcome]) -> Iterator[str]:
    """Nose, mouth and chin as the views find them, by the error that is expected of them."""
    names = [name for feature in LOWER_FACE.values() for name in feature]
    pairs = np.array(
        [
            (100 * expected_error_of(outcome.confidence[name]), outcome.found[name])
            for outcome in outcomes
            for name in names
            if name in outcome.found
        ]
    ).reshape(-1, 2)
    rows = []
    for low, high in pairwise(BINS):
        errors = pairs[(pairs[:, 0] >= low) & (pairs[:, 0] < high), 1]
        if len(errors):
            figures = (f"{np.median(errors):.1f}", f"{np.mean(errors):.1f}")
            above = f"{np.mean(errors > 15):.0%}"
            rows.append((f"{low:.1f} to {high:.1f}", str(len(errors)), *figures, above))
    heads = ("expected error of nose, mouth and chin", "points", "median error", "mean", "above 15")
    yield table(heads, rows)


def main() -> int:
    """The command line; 0 when every head was tried."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=6, help="heads of each family")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    given = parser.parse_args()
    template = load_template(asset_path("template.npz"))
    networks = detectors(template)
    outcomes = []
    for family in families.FAMILIES:
        for seed in range(FIRST_SEED, FIRST_SEED + given.count):
            outcome = rig_head(family, seed, networks, template)
            outcomes.append(outcome)
            print(
                f"{family} {seed}: {outcome.status} {', '.join((*outcome.misses, *outcome.asked))}",
                flush=True,
            )
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / "generality.md"
    path.write_text(report(outcomes), encoding="utf-8")
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
