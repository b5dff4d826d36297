# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks as the head really has them: first from what the mesh shows, in the end from what the
views have found and the template bent on to the head, each by how sure it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .evidence import mesh_evidence
from .front_depth import on_skin
from .head import Eyeball, Head, LidRim, LipSeam
from .landmarks import (
    MOST_CERTAIN_AUTOMATIC,
    PLACED,
    expected_error_of,
    frame_of,
    seen_by_views,
)
from .registration import Registration
from .template import Template

SEEN_ON_MESH = 0.9  # confidence of a landmark that was read off the mesh
# IOD: a landmark that the views expect to be further off than this is taken from the template
# rather than from them. Up to there they are nearer on heads made in code, however strange.
TEMPLATE_ERROR = 0.2


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
    the visible skin, to where the views and the bent template have it.
    """
    bent = template.head.vertices.copy()
    bent[registration.skin] = registration.vertices
    points = dict(zip(template.landmark_names, template.named.on(bent), strict=True))
    settled = mesh_evidence(head)
    named, confidence = dict(head.landmarks.named), dict(head.landmarks.confidence)
    seen = seen_by_views(head.landmarks)
    moved = [name for name in points if confidence[name] < PLACED and name not in settled]
    for name in moved:
        if name in seen:
            variance = expected_error_of(confidence[name]) ** 2
            share = TEMPLATE_ERROR**2 / (TEMPLATE_ERROR**2 + variance)
            points[name] = share * head.point(name) + (1.0 - share) * points[name]
    places = on_skin(head, np.array([points[name] for name in moved]).reshape(-1, 3))
    for name, place in zip(moved, places, strict=True):
        named[name] = head.frame.to_world(place)
        confidence[name] = min(confidence[name], MOST_CERTAIN_AUTOMATIC)
    landmarks = replace(head.landmarks, named=named, confidence=confidence)
    return replace(head, landmarks=landmarks).keep(head.scene)
