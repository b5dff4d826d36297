# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of a head: from the views' dense points, from markers placed by hand, or from both.

The template holds the same points, so its proportions fill in what nobody has placed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..vocabulary import LANDMARKS, MARKERS
from .data import FaceLandmarks, FaceMesh, HeadFrame
from .dense_points import FACE_LANDMARKER, FACE_OVAL, name_points
from .expected_error import LocatedFace
from .similarity import fit_similarity, fit_warp
from .surface import closest
from .template import Template

# A landmark that the artist has placed is certain; no automatic one ever is.
PLACED = 1.0
MOST_CERTAIN_AUTOMATIC = 0.98
# IOD: a landmark's confidence is exp(-expected error / ERROR_SCALE).
ERROR_SCALE = 0.08
# A marker counts as moved when it left its landmark by more than this share of the IOD.
MOVED = 0.01
PULL_REACH = 0.45  # IOD: how far around a moved landmark others go along


def frame_of(points: dict[str, NDArray[np.float64]], axes: NDArray[np.float64]) -> HeadFrame:
    """The head frame with these axes: origin and scale from the four eye corners."""
    centres = {
        side: (points[f"eye_outer_{side}"] + points[f"eye_inner_{side}"]) / 2 for side in "LR"
    }
    scale = float(np.linalg.norm(centres["L"] - centres["R"]))
    if not scale > 0:
        raise RigError(
            "Both eyes were found in the same place.",
            "Place the landmark markers on the eye corners and press the button again.",
            refused=True,
            wants_markers=True,
        )
    return HeadFrame((centres["L"] + centres["R"]) / 2, axes, scale)


def landmarks_from_dense(located: LocatedFace, template: Template) -> FaceLandmarks:
    """Named landmarks and head frame from the points that the views agreed on."""
    dense = located.dense[:FACE_LANDMARKER]
    inner = np.setdiff1d(np.arange(len(dense)), FACE_OVAL)
    source = template.dense.on(template.head.vertices)[inner]
    target = dense[inner]
    weights = np.ones(len(inner))
    for _ in range(8):  # iteratively re-weighted: a cartoon's eyes must not tilt the head
        fit = fit_similarity(source, target, weights)
        residual = np.linalg.norm(fit(source) - target, axis=1)
        weights = 1.0 / (residual + 0.05 * fit.scale)
    named = name_points(located.dense)
    frame = frame_of(named, fit.rotation.T)
    confidence = _confidence(located, frame)
    return FaceLandmarks(frame, named, confidence, dense, "automatic")


def confidence_of(expected_error: float) -> float:
    """0..1 for a landmark that is expected to be ``expected_error`` IOD off, on average."""
    return float(np.clip(np.exp(-expected_error / ERROR_SCALE), 0.0, MOST_CERTAIN_AUTOMATIC))


def expected_error_of(confidence: float) -> float:
    """IOD that a landmark of this confidence is off by on average; 0 for one that was placed."""
    return float(-ERROR_SCALE * np.log(max(confidence, 1e-6)))


def _confidence(located: LocatedFace, frame: HeadFrame) -> dict[str, float]:
    """How sure each named landmark is."""
    expected = name_points(np.repeat(located.expected_error[:, None], 3, axis=1))
    return {name: confidence_of(expected[name][0] / frame.scale) for name in LANDMARKS}


def seen_by_views(landmarks: FaceLandmarks) -> tuple[str, ...]:
    """The landmarks that the views have found and no artist has placed."""
    if landmarks.source == "markers":
        return ()
    return tuple(name for name in landmarks.named if landmarks.confidence[name] < PLACED)


def landmarks_from_markers(
    face_mesh: FaceMesh,
    markers: dict[str, NDArray[np.float64]],
    template: Template,
    automatic: FaceLandmarks | None = None,
) -> FaceLandmarks:
    """Landmarks that go through the artist's markers (world positions by marker name).

    With ``automatic`` landmarks, only the markers that left their landmark pull the points around
    them along. Without, the template is warped through all 13.
    Raises RigError when a marker is missing or all lie in one place.
    """
    missing = [name for name in MARKERS if name not in markers]
    if missing:
        raise RigError(
            f"The landmark markers {', '.join(missing)} are missing.",
            "Press Edit Markers to bring all 13 back, then press the button again.",
        )
    if automatic is not None:
        return _correct(markers, automatic)
    placed = np.array([markers[name] for name in MARKERS])
    order = [template.landmark_names.index(name) for name in MARKERS]
    source = template.named.on(template.head.vertices)
    fit = fit_similarity(source[order], placed)
    if not fit.scale > 1e-12:
        raise RigError(
            "All landmark markers lie in one place.",
            "Drag each marker to its place on the face and press the button again.",
        )
    warp = fit_warp(fit(source[order]), placed, 0.0)
    guessed = _snap(face_mesh, warp(fit(source)), 0.25 * fit.scale)
    dense = _snap(face_mesh, warp(fit(template.dense.on(template.head.vertices))), 0.25 * fit.scale)
    named = {
        name: markers[name] if name in markers else guessed[index]
        for index, name in enumerate(template.landmark_names)
    }
    confidence = {name: PLACED if name in markers else 0.5 for name in LANDMARKS}
    frame = frame_of(named, fit.rotation.T)
    return FaceLandmarks(frame, named, confidence, dense, "markers")


def confirmed(
    automatic: FaceLandmarks, markers: dict[str, NDArray[np.float64]], names: Collection[str]
) -> FaceLandmarks:
    """Landmarks of which the artist was asked about ``names``: they are where the markers are."""
    if not names:
        return automatic
    targets = {name: markers[name] for name in sorted(names)}
    moved = move_landmarks(automatic, targets, dict.fromkeys(targets, PLACED))
    return replace(moved, source="corrected")


def moved_markers(
    markers: dict[str, NDArray[np.float64]], automatic: FaceLandmarks
) -> tuple[str, ...]:
    """Markers that the artist has dragged away from their landmark."""
    return tuple(
        name
        for name in MARKERS
        if name in markers
        and np.linalg.norm(markers[name] - automatic.named[name]) > MOVED * automatic.frame.scale
    )


def _correct(markers: dict[str, NDArray[np.float64]], automatic: FaceLandmarks) -> FaceLandmarks:
    moved = moved_markers(markers, automatic)
    if not moved:
        return automatic
    return replace(
        move_landmarks(
            automatic, {name: markers[name] for name in moved}, dict.fromkeys(moved, PLACED)
        ),
        source="corrected",
    )


def move_landmarks(
    landmarks: FaceLandmarks,
    targets: dict[str, NDArray[np.float64]],
    confidence: dict[str, float],
) -> FaceLandmarks:
    """Landmarks that go to ``targets`` (world positions by name), which then have ``confidence``;
    the points around them are pulled along, but none that the artist has placed.
    """
    placed = {
        name: p for name, p in landmarks.named.items() if landmarks.confidence[name] >= PLACED
    }
    targets = placed | targets
    reach = PULL_REACH * landmarks.frame.scale
    anchors = np.array([landmarks.named[name] for name in targets])
    shifts = np.array(list(targets.values())) - anchors

    def pull(points: NDArray[np.float64]) -> NDArray[np.float64]:
        distance = np.linalg.norm(points[:, None] - anchors[None], axis=2)
        near = np.exp(-((distance / reach) ** 2))
        share = near**2 / np.maximum(near.sum(axis=1, keepdims=True), 1e-12)
        return points + share @ shifts

    names = list(landmarks.named)
    pulled = pull(np.array([landmarks.named[name] for name in names]))
    named = dict(zip(names, pulled, strict=True)) | targets
    return replace(
        landmarks,
        named=named,
        confidence=landmarks.confidence | confidence,
        dense=None if landmarks.dense is None else pull(landmarks.dense),
        frame=frame_of(named, landmarks.frame.axes),
    )


def _snap(face_mesh: FaceMesh, points: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Points moved on to the surface where it is within reach."""
    found = closest(face_mesh.vertices, face_mesh.triangles, points)
    return np.where((found.distance < reach)[:, None], found.points, points)
