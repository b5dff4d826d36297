# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks as the head really has them: first from what the mesh shows, in the end from the
template bent on to it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .evidence import mesh_evidence
from .head import Eyeball, Head, LidRim, LipSeam, Role
from .landmarks import MOST_CERTAIN_AUTOMATIC, PLACED, frame_of
from .registration import Registration
from .surface import closest
from .template import Template

SEEN_ON_MESH = 0.9  # confidence of a landmark that was read off the mesh


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
