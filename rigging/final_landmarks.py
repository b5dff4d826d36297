# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks as the head really has them: first from what the mesh shows, in the end from the
template bent on to it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .data import FaceLandmarks, Message
from .evidence import mesh_evidence
from .head import Eyeball, Head, LidRim, LipSeam, Role
from .landmarks import MOST_CERTAIN_AUTOMATIC, PLACED, frame_of
from .registration import Registration
from .surface import closest
from .template import Template

SEEN_ON_MESH = 0.9  # confidence of a landmark that was read off the mesh
# What the views alone find on a head whose mouth has no slit. Below this median confidence, half
# of these landmarks are off by more than 0.13 IOD (`make bench-generality`: heads of ten kinds made
# in code, of which every landmark is known).
DOUBTFUL = 0.3
LOWER_FACE = {
    "nose": ("nose_tip", "nose_base"),
    "mouth": ("mouth_corner_L", "mouth_corner_R", "lip_upper_inner", "lip_lower_inner"),
    "chin": ("chin",),
}


def reframe(head: Head) -> Head:
    """The same head with the landmarks that the mesh shows, and its frame centred and scaled by
    the eye corners among them. What the artist has placed stays.
    """
    landmarks = head.landmarks
    named, confidence = dict(landmarks.named), dict(landmarks.confidence)
    for name, point in mesh_evidence(head).items():
        if confidence[name] < PLACED:
            named[name] = head.frame.to_world(point)
            confidence[name] = max(confidence[name], SEEN_ON_MESH)
    frame = frame_of(named, head.frame.axes)
    old = head.frame

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return frame.to_head(old.to_world(points))

    vertices = moved(head.vertices)
    ratio = old.scale / frame.scale
    seam = head.seam
    return replace(
        head,
        frame=frame,
        landmarks=replace(landmarks, named=named, confidence=confidence, frame=frame),
        vertices=vertices,
        rims={
            side: LidRim(moved(rim.upper), moved(rim.lower), rim.axes)
            for side, rim in head.rims.items()
        },
        seam=None if seam is None else LipSeam(moved(seam.upper), moved(seam.lower)),
        eyeballs={
            side: Eyeball(moved(ball.centre), ball.radius * ratio)
            for side, ball in head.eyeballs.items()
        },
    ).keep(head.scene.moved(ratio, np.eye(3), moved(np.zeros(3))))


def finalise(head: Head, template: Template, registration: Registration) -> Head:
    """The head with every landmark that neither the artist nor the mesh has settled moved to
    where the bent template has it, on the visible skin.
    """
    bent = template.head.vertices.copy()
    bent[registration.skin] = registration.vertices
    points = template.named.on(bent)
    skin = (head.role == Role.SKIN) & head.visible
    triangles = head.triangles[skin[head.triangles].all(axis=1)]
    if len(triangles):
        points = closest(head.vertices, triangles, points).points
    settled = mesh_evidence(head)
    named, confidence = dict(head.landmarks.named), dict(head.landmarks.confidence)
    for name, point in zip(template.landmark_names, points, strict=True):
        if confidence[name] >= PLACED or name in settled:
            continue
        named[name] = head.frame.to_world(point)
        confidence[name] = min(confidence[name], MOST_CERTAIN_AUTOMATIC)
    landmarks = replace(head.landmarks, named=named, confidence=confidence)
    return replace(head, landmarks=landmarks).keep(head.scene)


def doubt(landmarks: FaceLandmarks) -> Message | None:
    """What to tell the artist where the lower half of a face was only guessed, else None."""

    def is_guessed(*features: str) -> bool:
        names = [name for feature in features for name in LOWER_FACE[feature]]
        return bool(np.median([landmarks.confidence[name] for name in names]) < DOUBTFUL)

    if landmarks.source != "automatic" or not is_guessed(*LOWER_FACE):
        return None
    guessed = [feature for feature in LOWER_FACE if is_guessed(feature)]
    return Message(
        "warning",
        f"A face was found, but the place of its {_listed(guessed)} is little more than a guess. "
        "Press Edit Markers, drag the markers that are wrong, and press Auto-Rig Face again.",
    )


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
