# SPDX-License-Identifier: GPL-3.0-or-later
"""How the eyes turn in the eyeLook shapes."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ..vocabulary import SIDE_NAMES
from .front_depth import front_depths
from .head import EYE_ROLES, Head
from .skin_patch import visible_skin_triangles

Floats = NDArray[np.float64]

# Degrees: how far people turn their eyes before they turn the head.
LOOKS: Final[dict[str, tuple[float, float]]] = {  # name -> (outwards, upwards)
    "eyeLookOut": (28.0, 0.0),
    "eyeLookIn": (-28.0, 0.0),
    "eyeLookUp": (0.0, 22.0),
    "eyeLookDown": (0.0, -25.0),
}

ROUND = 0.15  # semi-axes that differ by less than this share make a ball
DEEP = 0.4  # depth over width from which an eye turns; a flatter one slides
SMALL = 0.85  # of the largest piece: pupils and irises on a flat eye
ROOM = 0.8  # of the way to the edge that a sliding pupil may use
IN_SIGHT = 0.7  # of the half opening: further, and the lids would hide the pupil
BUTTON = 0.45  # IOD; an eye in one piece without lids that is smaller slides, a larger one turns
BUTTON_SLIDE = 0.2  # of its own width, for a flat eye that lies on the face in one piece


def eye_motions(head: Head) -> dict[str, Floats]:
    """Displacement (N, 3) of the eye parts for each eyeLook shape, head frame, zero elsewhere.

    Round eyes turn rigidly about their centre; egg-shaped ones turn within their own surface, so
    that they never come out through the lids; on flat ones the pupil slides.
    """
    motions: dict[str, Floats] = {}
    for side, role in EYE_ROLES.items():
        eye = np.flatnonzero(head.role == role)
        for look, (outwards, upwards) in LOOKS.items():
            motion = np.zeros((len(head.vertices), 3))
            if len(eye) >= 4:
                sideways = outwards if side == "L" else -outwards
                motion[eye] = _turned(head, side, eye, sideways, upwards)
            motions[look + SIDE_NAMES[side]] = motion
    return motions


def _turned(head: Head, side: str, eye: NDArray[np.int64], left: float, up: float) -> Floats:
    """(E, 3) displacement of the eye's vertices for a look ``left`` and ``up`` in degrees."""
    points = head.vertices[eye]
    main = _largest_piece(head, eye)
    extent = np.ptp(points[main], axis=0)
    is_flat = extent[2] < DEEP * extent[:2].max()
    is_button = bool(main.all()) and side not in head.rims and extent.max() < BUTTON
    if is_flat or is_button:
        return _slid(head, side, eye, main, left, up)
    centre, axes = _eye_shape(head, side, points[main])
    turn = Rotation.from_euler("yx", [left, -up], degrees=True).as_matrix()
    local = (points - centre) / axes
    return (local @ turn.T - local) * axes


def _largest_piece(head: Head, eye: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the eye's vertices belong to its largest connected piece."""
    pieces = np.unique(head.component[eye])
    extents = [
        np.ptp(head.vertices[eye[head.component[eye] == piece]], axis=0).max() for piece in pieces
    ]
    return head.component[eye] == pieces[int(np.argmax(extents))]


def _eye_shape(head: Head, side: str, points: Floats) -> tuple[Floats, Floats]:
    """Centre and semi-axes (3,) of an eye; equal semi-axes for a ball."""
    ball = head.eyeballs.get(side)
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    centre = ball.centre if ball is not None and ball.radius > 0 else middle
    half = (high - low) / 2
    # A ball that is open at the back is shallower than it is wide, but still a ball.
    half[2] = max(half[2], float(high[2] - centre[2]))
    half = np.maximum(half, 1e-3)
    away = np.linalg.norm(points - centre, axis=1)
    is_ball = away.std() < 0.06 * away.mean() or np.ptp(half) < ROUND * half.max()
    if is_ball:
        return centre, np.ones(3)
    return np.r_[middle[:2], high[2] - half[2]], half


def _slid(
    head: Head,
    side: str,
    eye: NDArray[np.int64],
    main: NDArray[np.bool_],
    left: float,
    up: float,
) -> Floats:
    """On a flat eye the small pieces slide over the large one; an eye in one piece that lies on
    the face slides over the face, and one behind lids stays.
    """
    points = head.vertices[eye]
    carrier = points[main]
    half = np.ptp(carrier, axis=0)[:2] / 2
    moving = np.zeros(len(eye), bool)
    for piece in np.unique(head.component[eye[~main]]):
        of_piece = head.component[eye] == piece
        if np.ptp(points[of_piece], axis=0).max() < SMALL * np.ptp(carrier, axis=0).max():
            moving |= of_piece
    direction = np.array([left / 28.0, up / 25.0])
    if moving.any():
        own = np.ptp(points[moving], axis=0)[:2] / 2
        reach = np.clip(ROOM * (half - own), 0.0, 0.5 * half)
        if side in head.rims:
            rim = head.rims[side]
            seen = np.ptp(np.concatenate([rim.upper, rim.lower]), axis=0)[:2] / 2
            reach = np.minimum(reach, IN_SIGHT * seen)
        triangles = head.triangles[np.isin(head.triangles[:, 0], eye[main])]
    elif side not in head.rims:
        slide = direction * 2 * BUTTON_SLIDE * half
        return np.tile(np.r_[slide, _slope(head, points) @ slide], (len(points), 1))
    else:
        return np.zeros_like(points)
    motion = np.zeros_like(points)
    motion[moving, :2] = direction * reach
    motion[moving, 2] = _rise(head, triangles, points[moving], motion[moving])
    return motion


def _slope(head: Head, points: Floats) -> Floats:
    """(2,) how steeply the skin behind an eye's points comes forward, per step left and up."""
    triangles = visible_skin_triangles(head)
    hits = front_depths(head, triangles, points)
    # Through a gap in the face the ray may hit the back of the head.
    behind = np.abs(hits - points[:, 2]) < np.ptp(points, axis=0).max()
    if behind.sum() < 4:
        return np.zeros(2)
    plane = np.c_[points[behind, :2], np.ones(behind.sum())]
    return np.clip(np.linalg.lstsq(plane, hits[behind], rcond=None)[0][:2], -1.0, 1.0)


def _rise(head: Head, triangles: NDArray[np.int64], points: Floats, motion: Floats) -> Floats:
    """(P,) how much further forward the carrier lies where points slide to."""
    rise = front_depths(head, triangles, points + motion) - front_depths(head, triangles, points)
    usual = float(np.nanmedian(rise)) if np.isfinite(rise).any() else 0.0
    size = float(np.ptp(points[:, :2], axis=0).max())
    # Past the carrier's edge, keep to the rest of the pupil.
    rise = np.where(np.isfinite(rise), rise, usual)
    return np.clip(rise, usual - 0.3 * size, usual + 0.3 * size)
