# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of the rigging geometry, once: a face mesh and its landmarks in, a face rig out."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..vocabulary import ARKIT_SHAPES
from .analyse import analyse
from .asking import UnsureFaceError, doubt, worst_points
from .button_eyes import button_correctives
from .certificate import certify
from .correctives import carry_parts, find_correctives
from .data import FaceLandmarks, FaceMesh, FaceRig, RigOptions
from .final_landmarks import finalise, reframe
from .head import Head
from .mirror import even_out
from .parts_motion import follow_skin
from .registration import register
from .repair import repair
from .shape_keys import build_shapes, exaggerate
from .skeleton import build_bones
from .skin_weights import skin_weights
from .sticky_lips import sticky_lips
from .style import suit_proportions
from .template import Template
from .transfer import correspond, pull_shapes, transfer_deformations

# Of the IOD; right landmarks give 0.01 on realistic heads, 0.04 on blocky toons, 0.11 on muzzles.
MAX_FIT = 0.12
Stage = tuple[str, float]


def build(
    face_mesh: FaceMesh,
    landmarks: FaceLandmarks,
    template: Template,
    options: RigOptions | None = None,
    report: Callable[[str, float], None] | None = None,
) -> FaceRig:
    """Rig a head. ``report(stage, fraction)`` is called before each stage."""
    stages = build_stages(face_mesh, landmarks, template, options)
    while True:
        try:
            stage, fraction = next(stages)
        except StopIteration as finished:
            return finished.value
        if report is not None:
            report(stage, fraction)


def build_stages(
    face_mesh: FaceMesh,
    landmarks: FaceLandmarks,
    template: Template,
    options: RigOptions | None = None,
) -> Generator[Stage, None, FaceRig]:
    """The same as a generator that yields (stage, fraction) and returns the FaceRig."""
    options = options or RigOptions()
    clock = _Clock()
    yield "Finding lids and lips", 0.0
    head = reframe(even_out(analyse(face_mesh, landmarks)))
    clock.lap("analysis")
    yield "Fitting the template", 0.2
    registration = register(template, head)
    _refuse_what_is_no_face(registration.fit, landmarks)
    head = finalise(head, template, registration)
    asked = worst_points(head.landmarks)
    if asked:
        raise UnsureFaceError(head.landmarks, asked)
    head.messages.extend(filter(None, [doubt(head.landmarks)]))
    clock.lap("registration")
    yield "Transferring shapes", 0.45
    match = correspond(template, head, registration)
    names = tuple(name for name in ARKIT_SHAPES if name in template.shapes)
    own = np.stack([template.shapes[name][registration.skin] for name in names]).astype(np.float64)
    raw = pull_shapes(head, match, transfer_deformations(registration, own))
    clock.lap("transfer")
    yield "Closing lids and lips", 0.6
    suited = suit_proportions(head, dict(zip(names, raw, strict=True)))
    wanted = exaggerate(suited, options.exaggeration)
    shapes, disabled = build_shapes(head, template, wanted)
    del raw, suited, wanted  # a good part of the memory on a dense head
    jaw = np.where(match.confidence > 0.35, match.pull(template.jaw[registration.skin]), np.nan)
    clock.lap("constraints")
    yield "Weighting bones", 0.75
    bones = build_bones(head)
    weights = skin_weights(head, jaw, bones)
    shapes = follow_skin(head, shapes, bones, weights)
    clock.lap("weights")
    yield "Certifying", 0.85
    bone_names = tuple(bone.name for bone in bones)
    certificate = certify(head, shapes, weights, bone_names, disabled)
    repaired = repair(
        head, shapes, certificate, lambda changed: follow_skin(head, changed, bones, weights)
    )
    if repaired:
        shapes |= repaired
        certificate = certify(head, shapes, weights, bone_names, disabled)
    clock.lap("certificate")
    yield "Correcting pairs of shapes", 0.97
    chosen = set(options.shapes or ARKIT_SHAPES)
    wanted = {name: shape for name, shape in shapes.items() if name in chosen}
    correctives = carry_parts(head, shapes, find_correctives(head, wanted), bones, weights)
    correctives |= button_correctives(head, wanted)
    sticky = sticky_lips(head, shapes["jawOpen"], bones, weights) if "jawOpen" in wanted else None
    clock.lap("correctives")
    yield "Done", 1.0
    return FaceRig(
        shapes={name: _to_world(head, shape) for name, shape in wanted.items()},
        bones=bones,
        weights=weights[head.weld],
        landmarks=head.landmarks,
        certificate=certificate,
        messages=tuple(head.messages),
        disabled_shapes=disabled,
        correctives={pair: _to_world(head, shape) for pair, shape in correctives.items()},
        sticky_lips=None if sticky is None else _to_world(head, sticky),
        seconds=clock.seconds,
    )


def _refuse_what_is_no_face(fit: float, landmarks: FaceLandmarks) -> None:
    """Landmarks that are right let the template lie close to the skin."""
    if fit > MAX_FIT and landmarks.source == "automatic":
        raise RigError(
            "What looked like a face doesn't have the shape of one (a face template stays "
            f"{100 * fit:.0f} % of the eye distance off the surface).",
            "Place the landmark markers on the head and press the button again.",
            refused=True,
            wants_markers=True,
        )


def _to_world(head: Head, shape: NDArray[np.float64]) -> NDArray[np.float32]:
    """A shape of the welded head as world displacements of the face mesh's own vertices."""
    return head.frame.vectors_to_world(shape)[head.weld].astype(np.float32)


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now
