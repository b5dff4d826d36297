# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks as the head really has them: on lid margins, lip seam, eyes and loose brows.

The views place lids, brows and chin where a human's would be; what the mesh shows is better.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .head import Eyeball, Head, LidRim, LipSeam, Role
from .landmarks import MOST_CERTAIN_AUTOMATIC, PLACED, frame_of
from .raycast import RayScene
from .registration import Registration
from .surface import closest
from .template import Template

EYE_ROLES = {"L": Role.EYE_L, "R": Role.EYE_R}


def reframe(head: Head) -> Head:
    """The same head with its frame centred and scaled by the eye corners that were found."""
    landmarks = head.landmarks
    named = dict(landmarks.named)
    for side, rim in head.rims.items():
        for name, point in (("eye_inner", rim.upper[0]), ("eye_outer", rim.upper[-1])):
            if landmarks.confidence[f"{name}_{side}"] < PLACED:
                named[f"{name}_{side}"] = head.frame.to_world(point)
    frame = frame_of(named, head.frame.axes)
    landmarks = replace(landmarks, named=named, frame=frame)
    old = head.frame

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return frame.to_head(old.to_world(points))

    vertices = moved(head.vertices)
    ratio = old.scale / frame.scale
    seam = head.seam
    return replace(
        head,
        frame=frame,
        landmarks=landmarks,
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
        scene=RayScene(vertices, head.triangles),
    )


def finalise(head: Head, template: Template, registration: Registration) -> Head:
    """The head with all named landmarks where the bent template and the mesh's own edges put
    them; what the artist has placed stays."""
    bent = template.head.vertices.copy()
    bent[registration.skin] = registration.vertices
    places = dict(
        zip(template.landmark_names, template.named.on(bent), strict=True)
    )
    skin = (head.role == Role.SKIN) & head.visible
    triangles = head.triangles[skin[head.triangles].all(axis=1)]
    if len(triangles):
        points = np.array([places[name] for name in places])
        places = dict(zip(places, closest(head.vertices, triangles, points).points, strict=True))
    certain: set[str] = set()
    _use_rims(head, places, certain)
    _use_seam(head, places, certain)
    for side in "LR":
        places[f"pupil_{side}"] = _pupil(head, side, places)
        _use_brow(head, side, places)
    named, confidence = {}, {}
    for name, known in head.landmarks.confidence.items():
        if known >= PLACED:
            named[name], confidence[name] = head.landmarks.named[name], known
            continue
        named[name] = head.frame.to_world(places[name])
        confidence[name] = (
            max(known, 0.9) if name in certain else min(known, MOST_CERTAIN_AUTOMATIC)
        )
    landmarks = replace(head.landmarks, named=named, confidence=confidence)
    return replace(head, landmarks=landmarks)


def _use_rims(head: Head, places: dict[str, NDArray[np.float64]], certain: set[str]) -> None:
    for side, rim in head.rims.items():
        middle = len(rim.upper) // 2
        for name, point in (
            ("eye_inner", rim.upper[0]),
            ("eye_outer", rim.upper[-1]),
            ("lid_upper", rim.upper[middle]),
            ("lid_lower", rim.lower[middle]),
        ):
            places[f"{name}_{side}"] = point
            certain.add(f"{name}_{side}")


def _use_seam(head: Head, places: dict[str, NDArray[np.float64]], certain: set[str]) -> None:
    if head.seam is None:
        return
    middle = len(head.seam.upper) // 2
    for name, point in (
        ("mouth_corner_R", head.seam.upper[0]),
        ("mouth_corner_L", head.seam.upper[-1]),
        ("lip_upper_inner", head.seam.upper[middle]),
        ("lip_lower_inner", head.seam.lower[middle]),
    ):
        places[name] = point
        certain.add(name)


def _pupil(
    head: Head, side: str, places: dict[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Where a ray from the front through the middle of the visible eye meets it."""
    rim = head.rims.get(side)
    if rim is not None:
        centre = np.concatenate([rim.upper, rim.lower]).mean(axis=0)
        front = rim.axes[2]
    else:
        eye = head.vertices[head.role == EYE_ROLES[side]]
        front = np.array([0.0, 0.0, 1.0])
        centre = (
            (eye.min(axis=0) + eye.max(axis=0)) / 2
            if len(eye)
            else (places[f"eye_outer_{side}"] + places[f"eye_inner_{side}"]) / 2
        )
    hits = head.scene.cast((centre + 3.0 * front)[None], -front[None])
    if hits.triangle[0] >= 0 and abs(3.0 - hits.distance[0]) < 0.6:
        return centre + (3.0 - hits.distance[0]) * front
    return centre


def _use_brow(head: Head, side: str, places: dict[str, NDArray[np.float64]]) -> None:
    """Brow points on the centre line of a loose brow, ends slightly inside."""
    sign = 1.0 if side == "L" else -1.0
    brow = head.vertices[(head.role == Role.BROW) & (sign * head.vertices[:, 0] > 0)]
    if len(brow) < 4:
        return
    across = sign * brow[:, 0]
    low, high = float(across.min()), float(across.max())
    width = max(high - low, 1e-6)
    for name, share in (("brow_inner", 0.06), ("brow_mid", 0.5), ("brow_outer", 0.94)):
        x = low + share * width
        near = np.abs(across - x) < 0.15 * width
        if not near.any():
            near = np.abs(across - x) <= np.abs(across - x).min() + 1e-9
        slice_points = brow[near]
        y = (slice_points[:, 1].min() + slice_points[:, 1].max()) / 2
        hits = head.scene.cast(np.array([[sign * x, y, 6.0]]), np.array([[0.0, 0.0, -1.0]]))
        z = 6.0 - hits.distance[0] if hits.triangle[0] >= 0 else slice_points[:, 2].max()
        places[f"{name}_{side}"] = np.array([sign * x, y, z])

