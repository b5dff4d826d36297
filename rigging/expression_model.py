# SPDX-License-Identifier: GPL-3.0-or-later
"""How an expression moves the points that networks see in a picture: a linear model of one face.

Points are Face Landmarker's 478 (rigging.dense_points). A character's model says how its own shape
keys move them, the average head's model how a person's face does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from ..vocabulary import ARKIT_SHAPES
from .data import FaceLandmarks
from .dense_points import (
    EYE_OUTLINE,
    FACE_LANDMARKER,
    FACE_OVAL,
    IRISES,
    LIPS,
    NAMED_POINTS,
    SUPERSEDED_POINTS,
)
from .head import Role
from .template import Template

Floats = NDArray[np.float64]

_INNER_CORNER: Final = 8  # its place in EYE_OUTLINE, which begins at the outer one
# Candidates for the place of a point on the mesh, and how far, in IOD, it may be from where the
# views have it: points lie 0.02 IOD off the surface as a rule, 0.05 at most nine times of ten.
_CANDIDATES: Final = 48
_REACH: Final = 0.05
# How far, of the template's motion, a place may move otherwise, and that in IOD for still points.
_MOTION_SHARE: Final = 0.4
_MOTION_FLOOR: Final = 0.02
_SHARPNESS: Final = 2.0

# What networks report of a point's motion up and down: slopes of a regression over 25 expressions
# of five rigs, on pictures whose points are known; cartoons' brows, which they can't follow, apart.
_SEEN_LIPS: Final = 0.88
_SEEN_LIDS: Final = 0.8
_SEEN_BROWS: Final = 0.9
_SEEN_IRISES: Final = 0.5
_SEEN_SKIN: Final = 0.7

# Handles of the face's proportions: one of a pair, or one on the midline, and how far, in IOD, a
# face may differ there from the average across, up and to the front. Set by hand: what expressions
# move is kept tighter, so that an expression isn't taken for the shape of a face.
_PAIRED: Final[dict[str, tuple[float, float, float]]] = {
    "eye_outer": (0.05, 0.04, 0.05),
    "eye_inner": (0.05, 0.03, 0.05),
    "lid_upper": (0.02, 0.03, 0.03),
    "lid_lower": (0.02, 0.03, 0.03),
    "brow_inner": (0.05, 0.06, 0.06),
    "brow_mid": (0.05, 0.06, 0.06),
    "brow_outer": (0.05, 0.06, 0.06),
    "ala": (0.05, 0.05, 0.06),
    "mouth_corner": (0.05, 0.04, 0.06),
}
_MIDLINE: Final[dict[str, tuple[float, float]]] = {
    "nose_bridge": (0.06, 0.08),
    "nose_tip": (0.07, 0.12),
    "nose_base": (0.06, 0.08),
    "lip_upper_top": (0.05, 0.06),
    "lip_upper_inner": (0.05, 0.06),
    "lip_lower_bottom": (0.05, 0.06),
    "chin": (0.10, 0.12),
}
_SIDES_OF_FACE: Final = ((50, 280), (172, 397), (103, 332))  # cheek, jaw, forehead
_SIDE_SPREAD: Final = (0.10, 0.10, 0.12)


@dataclass(frozen=True)
class ExpressionModel:
    """Points of a face in its head frame, in IOD, and what moves them.

    ``neutral`` (478, 3); ``motion`` (52, 478, 3) of the ARKit shapes at 1; ``proportions``
    (A, 478, 3) what one standard deviation of each proportion of a face does, both sides alike.
    ``used`` (478,): points that stand for a place on the skin; the face's outline doesn't.
    """

    neutral: Floats
    motion: Floats
    proportions: Floats
    used: NDArray[np.bool_]

    def moved_to(self, neutral: Floats) -> ExpressionModel:
        """The model of a face whose points at rest are ``neutral`` (478, 3), with no proportion
        left open. A larger eye or mouth moves further: motion goes with the size of its region.
        """
        motion = self.motion * _sizes(neutral, self.neutral)
        return replace(self, neutral=neutral, motion=motion, proportions=self.proportions[:0])


def template_model(template: Template) -> ExpressionModel:
    """The average person's."""
    neutral = template.dense.on(template.head.vertices)
    lids, skin = _on_lid_margins(template, neutral)
    motion = np.zeros((len(ARKIT_SHAPES), FACE_LANDMARKER, 3))
    for row, name in enumerate(ARKIT_SHAPES):
        if name in template.shapes:
            moved = template.shapes[name].astype(np.float64)
            motion[row] = template.dense.on(moved)
            motion[row, lids] = moved[skin].mean(axis=1)
    return ExpressionModel(neutral, motion, _proportions(neutral), _used())


def rig_model(
    landmarks: FaceLandmarks,
    vertices: Floats,
    offsets: Callable[[str], Floats | None],
    average: ExpressionModel,
) -> ExpressionModel:
    """A rigged character's: ``vertices`` (V, 3) world positions of the head and its parts at rest,
    ``offsets``: ARKit name -> (V, 3) world displacement, or None where the rig has no such key.

    Views don't tell whether a point at the lid lies on its margin or on the eyeball behind it, on
    this lip or on the other. The place is taken that moves as the point does on the average head.
    """
    if landmarks.dense is None:
        dense = _from_named(landmarks, average)
    else:
        dense = landmarks.frame.to_head(landmarks.dense)
    points = landmarks.frame.to_head(vertices)
    distance, rows = cKDTree(points).query(dense, k=min(_CANDIDATES, len(points)))
    motion = np.zeros((len(ARKIT_SHAPES), *rows.shape, 3))
    for row, name in enumerate(ARKIT_SHAPES):
        moved = offsets(name)
        if moved is not None:
            motion[row] = moved[rows] @ landmarks.frame.axes.T / landmarks.frame.scale
    difference = motion - average.motion[:, :, None]
    size = _MOTION_SHARE * np.sqrt((average.motion**2).sum(axis=(0, 2))) + _MOTION_FLOOR
    unlike = np.sqrt((difference**2).sum(axis=(0, 3))) / size[:, None]
    score = (distance / _REACH) ** 2 + unlike**2
    weight = np.exp(-_SHARPNESS * (score - score.min(axis=1, keepdims=True)))
    weight /= weight.sum(axis=1, keepdims=True)
    return ExpressionModel(
        dense, np.einsum("kpcx,pc->kpx", motion, weight), _proportions(dense), _used()
    )


def as_networks_see(model: ExpressionModel) -> ExpressionModel:
    """The model with the motion that the landmark networks report: they have learned what faces
    look like as a rule, and follow a point only in part.
    """
    share = np.full(FACE_LANDMARKER, _SEEN_SKIN)
    share[list(LIPS)] = _SEEN_LIPS
    for side, outline in EYE_OUTLINE.items():
        share[list(outline)] = _SEEN_LIDS
        share[list(SUPERSEDED_POINTS[f"brow_mid_{side}"])] = _SEEN_BROWS
    share[list(IRISES)] = _SEEN_IRISES
    return replace(model, motion=model.motion * share[:, None])


def _on_lid_margins(
    template: Template, neutral: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The points between the corners of the eyes, and for each of them vertices (K, 3) of the lid's
    skin: the template's own places of these points lie on the eyeball.
    """
    head = template.head
    skin = np.flatnonzero((head.role == Role.SKIN) & head.visible)
    tree = cKDTree(head.vertices[skin])
    points: list[int] = []
    vertices = []
    for side, outline in EYE_OUTLINE.items():
        upper, lower = outline[1:_INNER_CORNER], outline[_INNER_CORNER + 1 :]
        for lid, rim in ((upper, head.rims[side].upper), (lower, head.rims[side].lower)):
            nearest = cKDTree(rim[:, :2]).query(neutral[list(lid), :2])[1]
            points += lid
            vertices.append(skin[tree.query(rim[nearest], k=3)[1]])
    return np.array(points), np.concatenate(vertices)


def _used() -> NDArray[np.bool_]:
    used = np.ones(FACE_LANDMARKER, dtype=bool)
    used[list(FACE_OVAL)] = False
    return used


def _from_named(landmarks: FaceLandmarks, average: ExpressionModel) -> Floats:
    """(478, 3) the average face bent on to the landmarks that were placed by hand."""
    names = [name for name in NAMED_POINTS if name in landmarks.named]
    source = np.array([average.neutral[list(NAMED_POINTS[name])].mean(axis=0) for name in names])
    target = landmarks.frame.to_head(np.array([landmarks.named[name] for name in names]))
    return average.neutral + _bend(source, target - source, average.neutral)


def _bend(handles: Floats, shifts: Floats, points: Floats) -> Floats:
    """Displacements (N, ...) of ``points`` (N, 3) that take the handles (H, 3) along by ``shifts``
    (H, ...), smooth in between.
    """
    flat = shifts.reshape(len(handles), -1)
    spline = RBFInterpolator(handles, flat, kernel="linear", degree=1, smoothing=1e-3)
    return spline(points).reshape(len(points), *shifts.shape[1:])


def _proportions(neutral: Floats) -> Floats:
    """(A, 478, 3): each handle alone moves along one axis, its mirror image alike."""
    groups: list[tuple[list[Floats], tuple[float, ...]]] = []
    spread: tuple[float, ...]
    for name, spread in _PAIRED.items():
        ends = [neutral[list(NAMED_POINTS[f"{name}_{side}"])].mean(axis=0) for side in "LR"]
        groups.append((ends, spread))
    for right, left in _SIDES_OF_FACE:
        groups.append(([neutral[left], neutral[right]], _SIDE_SPREAD))
    for name, upwards in _MIDLINE.items():
        groups.append(([neutral[list(NAMED_POINTS[name])].mean(axis=0)], (0.0, *upwards)))
    handles = np.array([end for ends, _ in groups for end in ends])
    shifts = []
    first = 0
    for ends, spread in groups:
        for axis, size in enumerate(spread):
            if size:
                shift = np.zeros((len(handles), 3))
                shift[first : first + len(ends), axis] = size
                if axis == 0:
                    shift[first + 1, 0] *= -1.0  # outwards on both sides
                shifts.append(shift)
        first += len(ends)
    modes = _bend(handles, np.stack(shifts, axis=1), neutral)
    return np.ascontiguousarray(modes.transpose(1, 0, 2))


def _sizes(neutral: Floats, before: Floats) -> Floats:
    """(478, 3) how much larger each point's region is on one face than on another."""
    sizes = np.ones((FACE_LANDMARKER, 3))
    for rows in (*(list(outline) for outline in EYE_OUTLINE.values()), list(LIPS)):
        ratio = np.ptp(neutral[rows], axis=0)[:2] / np.maximum(
            np.ptp(before[rows], axis=0)[:2], 0.01
        )
        sizes[rows, :2] = np.clip(ratio, 0.5, 2.0)
    return sizes
