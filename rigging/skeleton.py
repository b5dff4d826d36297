# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the bones of a face rig lie at rest, from the landmarks and the eyeballs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..vocabulary import BONE_PARENTS, SIDES, mirror_bone
from .data import Bone
from .head import Head, Role
from .mirror import MirrorPlane, mirror_plane
from .proportions import Proportions, measure
from .skin_patch import visible_skin_triangles
from .surface import closest

Vector = NDArray[np.float64]
Segment = tuple[Vector, Vector]

MIN_LENGTH = 0.06  # IOD; Blender deletes bones without a length
LEFT = np.array([1.0, 0.0, 0.0])
UP = np.array([0.0, 1.0, 0.0])
FRONT = np.array([0.0, 0.0, 1.0])


def build_bones(head: Head) -> tuple[Bone, ...]:
    """Bones of vocabulary.BONES in that order, in world space, none shorter than MIN_LENGTH.

    Rolls mirror: local X is the character's left, so z = left x bone. On a symmetric head left
    and right bones are exact mirror images.
    """
    proportions = measure(head)
    segments = _spine(head, proportions) | _tongue(head, proportions)
    for side in SIDES:
        segments |= _side(head, proportions, side)
    segments |= _middle(head, proportions)
    segments = {name: _with_length(*segments[name]) for name in BONE_PARENTS}
    plane = mirror_plane(head)
    if plane is not None:
        segments = _symmetrised(segments, plane)
    return tuple(
        _bone(head, name, parent, *segments[name]) for name, parent in BONE_PARENTS.items()
    )


def eye_centre(head: Head, side: str) -> Vector:
    """Centre of the eyeball; where there is none, behind the middle of the eye's corners."""
    ball = head.eyeballs.get(side)
    if ball is not None and ball.radius > 0 and np.isfinite(ball.centre).all():
        return ball.centre
    outer, inner = head.point(f"eye_outer_{side}"), head.point(f"eye_inner_{side}")
    return (outer + inner) / 2 - 0.5 * np.linalg.norm(outer - inner) * FRONT


def _spine(head: Head, proportions: Proportions) -> dict[str, Segment]:
    height, pivot = proportions.face_height, proportions.jaw_pivot
    # The skull turns upon the atlas: level with the mouth, behind the jaw joint.
    atlas = np.array([pivot[0], 2.0 * pivot[1], pivot[2] - 0.1 * height])
    base = proportions.neck.copy()
    base[1] = min(base[1], atlas[1] - 0.2 * height)
    return {
        "root": (base, atlas),
        "head": (atlas, proportions.crown),
        "jaw": (pivot, head.point("chin")),
    }


def _side(head: Head, proportions: Proportions, side: str) -> dict[str, Segment]:
    """Bones of one side."""
    centre = eye_centre(head, side)
    ball = head.eyeballs.get(side)
    radius = ball.radius if ball is not None else 0.0
    depth = 0.08 * proportions.face_height
    segments = {
        f"eye.{side}": (centre, centre + max(1.5 * radius, 0.2) * FRONT),
        f"cheek.{side}": _into_skin(head, cheek_point(head, side), depth),
        f"lip_corner.{side}": _into_skin(head, head.point(f"mouth_corner_{side}"), depth),
    }
    rim = head.rims.get(side)
    for lid in ("upper", "lower"):
        margin = head.point(f"lid_{lid}_{side}")
        if rim is not None:
            margin = getattr(rim, lid)[len(getattr(rim, lid)) // 2]
        segments[f"lid_{lid}.{side}"] = (centre, margin)
    for place in ("inner", "mid", "outer"):
        point = head.point(f"brow_{place}_{side}")
        segments[f"brow_{place}.{side}"] = _into_skin(head, point, depth)
    return segments


def _middle(head: Head, proportions: Proportions) -> dict[str, Segment]:
    depth = 0.08 * proportions.face_height
    upper = (head.point("lip_upper_top") + head.point("lip_upper_inner")) / 2
    lower = (head.point("lip_lower_bottom") + head.point("lip_lower_inner")) / 2
    tip = head.point("nose_tip")
    stem = (head.point("nose_bridge") + head.point("nose_base")) / 2
    stem[2] = min(stem[2], tip[2] - depth)
    return {
        "nose": (stem, tip),
        "lip_upper": _into_skin(head, upper, depth),
        "lip_lower": _into_skin(head, lower, depth),
    }


def cheek_point(head: Head, side: str) -> Vector:
    """The apple of the cheek: below the outer half of the eye, level with the nose."""
    lid, corner = head.point(f"lid_lower_{side}"), head.point(f"mouth_corner_{side}")
    outer, nose = head.point(f"eye_outer_{side}"), head.point("nose_base")
    guess = np.array([(lid[0] + 2 * outer[0]) / 3, (lid[1] + nose[1]) / 2, (lid + corner)[2] / 2])
    triangles = visible_skin_triangles(head)
    if not len(triangles):
        return guess
    return closest(head.vertices, triangles, guess[None]).points[0]


def _tongue(head: Head, proportions: Proportions) -> dict[str, Segment]:
    points = head.vertices[head.role == Role.TONGUE]
    if len(points) >= 8:
        back, middle, tip = tongue_line(points)
    else:
        lip, pivot = head.point("lip_lower_inner"), proportions.jaw_pivot
        drop = 0.05 * proportions.face_height * UP
        back = pivot + 0.4 * (lip - pivot) - drop
        tip = pivot + 0.85 * (lip - pivot) - drop
        middle = (back + tip) / 2 + 0.5 * drop
    return {"tongue": (back, middle), "tongue_tip": (middle, tip)}


def tongue_line(points: Vector) -> tuple[Vector, Vector, Vector]:
    """Root, middle and tip (3,) of the centre line of a tongue's points (P, 3)."""
    depth = points[:, 2]
    low, high = depth.min(), depth.max()
    line = []
    for level in (0.1, 0.55, 0.97):
        near = np.argsort(np.abs(depth - (low + level * (high - low))), kind="stable")
        part = points[near[: max(4, len(points) // 8)]]
        centre = (part.min(axis=0) + part.max(axis=0)) / 2
        line.append(np.array([centre[0], centre[1], low + level * (high - low)]))
    return line[0], line[1], line[2]


def _into_skin(head: Head, point: Vector, depth: float) -> Segment:
    """From ``depth`` below the skin out to a point on it."""
    skin = np.flatnonzero((head.role == Role.SKIN) & head.visible)
    outward = FRONT.copy()
    if len(skin):
        nearest = skin[np.linalg.norm(head.vertices[skin] - point, axis=1).argmin()]
        # Between the skin's own normal and straight ahead: steady on rough or tiny triangles.
        outward = outward + head.normals[nearest]
    length = np.linalg.norm(outward)
    outward = outward / length if length > 0.3 else FRONT
    return point - max(depth, 2 * MIN_LENGTH) * outward, point


def _with_length(start: Vector, stop: Vector) -> Segment:
    along = stop - start
    length = float(np.linalg.norm(along))
    if length >= MIN_LENGTH:
        return start, stop
    direction = along / length if length > 1e-6 else FRONT
    return start, start + MIN_LENGTH * direction


def _symmetrised(segments: dict[str, Segment], plane: MirrorPlane) -> dict[str, Segment]:
    """Each end moved half-way to where its partner's mirror image is."""
    return {
        name: (
            (start + plane.reflect_points(segments[mirror_bone(name)][0])) / 2,
            (stop + plane.reflect_points(segments[mirror_bone(name)][1])) / 2,
        )
        for name, (start, stop) in segments.items()
    }


def _bone(head: Head, name: str, parent: str | None, start: Vector, stop: Vector) -> Bone:
    along = (stop - start) / np.linalg.norm(stop - start)
    # Local X is the character's left, so that a positive turn about it opens the jaw, closes the
    # upper lid, looks down and nods, whichever way the bone leans.
    z_axis = np.cross(LEFT, along)
    if np.linalg.norm(z_axis) < 0.35:  # the bone itself points sideways
        z_axis = -UP + (UP @ along) * along
    z_axis /= np.linalg.norm(z_axis)
    frame = head.frame
    return Bone(
        name,
        parent,
        frame.to_world(start),
        frame.to_world(stop),
        frame.vectors_to_world(z_axis) / frame.scale,
    )
