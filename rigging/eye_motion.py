# SPDX-License-Identifier: GPL-3.0-or-later
"""How the eyes turn in the eyeLook shapes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ..vocabulary import SIDE_NAMES
from .front_depth import front_depths, front_rise
from .head import EYE_ROLES, Head, Role, once_per_head
from .raycast import RayScene
from .surface import closest

Floats = NDArray[np.float64]

# Degrees: how far people turn their eyes before they turn the head.
LOOKS: Final[dict[str, tuple[float, float]]] = {  # name -> (outwards, upwards)
    "eyeLookOut": (28.0, 0.0),
    "eyeLookIn": (-28.0, 0.0),
    "eyeLookUp": (0.0, 22.0),
    "eyeLookDown": (0.0, -25.0),
}

ROUND = 0.15  # semi-axes that differ by less than this share make a ball
DEEP = 0.4  # thickness over width from which an eye turns; a flatter one slides
SMALL = 0.85  # of the largest piece: pupils and irises on a flat eye
GLINT = 0.4  # of the eye's width: what lies on it and is wider is an iris
MIDDLE = 0.1  # of its size: so is what lies no further from its middle, however small
ROOM = 0.8  # of the way to the edge that a sliding pupil may use
SHEET = 0.12  # of its width: an eye that lies so near the skin is drawn on it
LEAST_SLIDE = 0.25  # of half the eye: how far the middle of a sliding pupil gets at least
IN_SIGHT = 0.7  # of the half opening: further, and the lids would hide the pupil
BUTTON = 0.45  # IOD; an eye in one piece without lids that is smaller slides, a larger one turns
BUTTON_SLIDE = 0.2  # of its own width, for a flat eye that lies on the face in one piece


@once_per_head
def eye_motions(head: Head) -> dict[str, Floats]:
    """Displacement (N, 3) of the eye parts for each eyeLook shape, head frame, zero elsewhere.

    Round eyes turn rigidly about their centre; egg-shaped ones turn within their own surface, so
    that they never come out through the lids; on flat ones the pupil slides.
    """
    motions: dict[str, Floats] = {}
    for side, role in EYE_ROLES.items():
        eye = np.flatnonzero(head.role == role)
        look = _mover(head, side, eye) if len(eye) >= 4 else None
        for name, (outwards, upwards) in LOOKS.items():
            motion = np.zeros((len(head.vertices), 3))
            if look is not None:
                motion[eye] = look(outwards if side == "L" else -outwards, upwards)
            motions[name + SIDE_NAMES[side]] = motion
    return motions


def _mover(head: Head, side: str, eye: NDArray[np.int64]) -> Callable[[float, float], Floats]:
    """How an eye looks: degrees to the left and up -> (E, 3) displacement of its vertices."""
    points = head.vertices[eye]
    main = _largest_piece(head, eye)
    extent = np.ptp(points[main], axis=0)
    is_button = bool(main.all()) and side not in head.rims and extent.max() < BUTTON
    if is_button or _is_flat(points[main]) or _lies_on_face(head, side, points[main]):
        return partial(_slid, head, side, eye, main)
    centre, axes = _eye_shape(head, side, points[main])
    surface = None
    if np.ptp(axes) > 0.0:
        surface = RayScene(head.vertices, head.triangles[np.isin(head.triangles[:, 0], eye[main])])

    def turn(left: float, up: float) -> Floats:
        rotation = Rotation.from_euler("yx", [left, -up], degrees=True).as_matrix()
        turned = ((points - centre) / axes) @ rotation.T * axes
        if surface is not None:
            turned *= _share_of_reach(surface, centre, points, turned)
        return centre + turned - points

    return turn


def _is_flat(points: Floats) -> bool:
    """Whether an eye is a plate, whichever way it looks: plates lie on the sides of a round face
    as well as on its front.
    """
    along = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2]
    extent = np.ptp(points @ along.T, axis=0)
    return bool(extent.min() < DEEP * extent.max())


def _lies_on_face(head: Head, side: str, points: Floats) -> bool:
    """Whether an eye without lids is a sheet on the face, bent as that is."""
    if side in head.rims:
        return False
    skin = head.triangles_of(Role.SKIN)
    if not len(skin):
        return False
    away = closest(head.vertices, skin, points).distance
    return bool(np.quantile(away, 0.9) < SHEET * np.ptp(points[:, 0]))


def _share_of_reach(surface: RayScene, centre: Floats, points: Floats, turned: Floats) -> Floats:
    """(E, 1) by how much offsets from the centre, ``turned`` (E, 3), must be scaled so that points
    keep their share of the way to the eye's own surface; 1 where that is open.
    """
    before = _reach(surface, centre, points - centre)
    after = _reach(surface, centre, turned)
    known = np.isfinite(before) & np.isfinite(after) & (before > 0.0)
    share = np.where(known, after, 1.0) / np.where(known, before, 1.0)
    length = np.maximum(np.linalg.norm(turned, axis=1), 1e-9)
    share *= np.linalg.norm(points - centre, axis=1) / length
    return np.where(known, share, 1.0)[:, None]


def _reach(surface: RayScene, centre: Floats, directions: Floats) -> Floats:
    """(E,) how far the surface is from the centre along directions (E, 3); inf where it is open."""
    origins = np.tile(centre, (len(directions), 1))
    distance = surface.cast(origins, directions).distance
    # A ray right at a vertex may slip through between its triangles.
    aside = directions + 1e-4 * np.abs(directions).max(axis=1, keepdims=True) * [1.0, 0.7, -0.4]
    return np.minimum(distance, surface.cast(origins, aside).distance)


def _largest_piece(head: Head, eye: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the eye's vertices belong to its connected piece of the largest area: an outline
    is wider than what it surrounds.
    """
    corners = head.vertices[head.triangles]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    piece_of = head.component[head.triangles[:, 0]]
    area = np.bincount(piece_of, np.linalg.norm(cross, axis=1), int(head.component.max()) + 1)
    pieces = np.unique(head.component[eye])
    return head.component[eye] == pieces[int(area[pieces].argmax())]


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
    """On a flat eye the small pieces slide over the large one. Where these are glints alone, or
    there are none, an eye that lies on the face slides over it, and one behind lids stays.
    """
    points = head.vertices[eye]
    carrier = points[main]
    half = np.ptp(carrier, axis=0)[:2] / 2
    moving = _on_plate(head, side, eye, main)
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
        return _over_skin(head, points, np.r_[slide, _slope(head, points) @ slide])
    else:
        return np.zeros_like(points)
    motion = np.zeros_like(points)
    # Where a large iris has no room, its middle goes and its far edge is narrowed, as if a lid
    # covered it.
    along = (points[moving, :2] - carrier[:, :2].min(axis=0)) / np.maximum(half, 1e-9) - 1.0
    narrowed = np.maximum(LEAST_SLIDE * half - reach, 0.0) * np.maximum(1.0 - along**2, 0.0)
    motion[moving, :2] = direction * (reach + narrowed)
    motion[moving, 2] = _rise(head, triangles, points[moving], motion[moving])
    return motion


def _on_plate(
    head: Head, side: str, eye: NDArray[np.int64], main: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(E,) what lies on a flat eye's largest piece and slides over it: nothing, where it is glints
    alone, small and beside the middle.
    """
    points = head.vertices[eye]
    low, whole = points[main].min(axis=0), np.ptp(points[main], axis=0)
    on_plate, has_iris = np.zeros(len(eye), bool), False
    for piece in np.unique(head.component[eye[~main]]):
        of_piece = head.component[eye] == piece
        own = np.ptp(points[of_piece], axis=0)
        # An outline is as wide as the eye, but may go along one half of it alone.
        if own.max() < SMALL * whole.max() and own[0] < 0.95 * whole[0]:
            on_plate |= of_piece
            middle = points[of_piece].min(axis=0) + own / 2
            beside = np.abs((middle - low - whole / 2) / np.maximum(whole, 1e-9))[:2].max()
            has_iris |= bool(own[0] > GLINT * whole[0] or beside < MIDDLE)
    # A pupil that looks aside at rest is no glint where the lids of a head make room for it.
    return on_plate if has_iris or side in head.rims else np.zeros(len(eye), bool)


def _over_skin(head: Head, points: Floats, slide: Floats) -> Floats:
    """(P, 3) the displacement ``slide`` (3,), with each point as high over the skin as before."""
    motion = np.tile(slide, (len(points), 1))
    # All of the skin: what lies under the eye counts as hidden.
    triangles = head.triangles_of(Role.SKIN)
    # Beside the face, or over a nose, it goes with the whole.
    rise = front_rise(head.vertices, triangles, points, motion)
    rise = np.where(np.isfinite(rise), rise, slide[2])
    reach = float(np.linalg.norm(slide[:2]))
    motion[:, 2] = np.clip(rise, slide[2] - reach, slide[2] + reach)
    return motion


def _slope(head: Head, points: Floats) -> Floats:
    """(2,) how steeply the skin behind an eye's points comes forward, per step left and up."""
    triangles = head.triangles_of(Role.SKIN)
    hits = front_depths(head.vertices, triangles, points)
    # Through a gap in the face the ray may hit the back of the head.
    behind = np.abs(hits - points[:, 2]) < np.ptp(points, axis=0).max()
    if behind.sum() < 4:
        return np.zeros(2)
    plane = np.c_[points[behind, :2], np.ones(behind.sum())]
    return np.clip(np.linalg.lstsq(plane, hits[behind], rcond=None)[0][:2], -1.0, 1.0)


def _rise(head: Head, triangles: NDArray[np.int64], points: Floats, motion: Floats) -> Floats:
    """(P,) how much further forward the carrier lies where points slide to."""
    rise = front_rise(head.vertices, triangles, points, motion)
    usual = float(np.nanmedian(rise)) if np.isfinite(rise).any() else 0.0
    size = float(np.ptp(points[:, :2], axis=0).max())
    # Past the carrier's edge, keep to the rest of the pupil.
    rise = np.where(np.isfinite(rise), rise, usual)
    return np.clip(rise, usual - 0.3 * size, usual + 0.3 * size)
