# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of the character, and what it says about the landmarks of the mesh.

The picture's view is unknown, so the affine camera that fits best is taken; where the picture is
surer of a landmark than the mesh's own views were, the landmark moves to where the picture has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..vocabulary import in_words, listed
from .data import FaceLandmarks, FaceMesh, Message
from .dense_points import name_points
from .landmarks import PLACED, confidence_of, expected_error_of, move_landmarks
from .orientation import Prediction
from .surface import closest

Floats = NDArray[np.float64]

# Mean disagreement, in percent of the distance between the eyes, above which the picture is taken
# to show something else. Measured: 1 to 4 between a head and a picture of it, 2 to 5 between two
# people, 8 to 14 between a person, an anime face and a toon.
OTHER_FACE: Final = 7.0
# What Face Landmarker's points are off by on a photograph, of the eye distance: it doesn't say, and
# on drawings it is wrong without knowing. Measured on realistic heads.
PHOTOGRAPH_ERROR: Final = 0.035
# What an affine camera and an artist's hand add, of the eye distance.
CAMERA_ERROR: Final = 0.015
# Networks that differ by less, of the eye distance, agree; and a median expected error from which a
# network isn't sure.
SAME_POINTS: Final = 0.06
UNSURE: Final = 0.12
ROBUST_STEPS: Final = 10
ROBUST_SCALE: Final = 0.03  # of the eye distance
# A landmark moves only where the picture is surer by this factor, and by more than what is seen.
SURER: Final = 0.8
SMALLEST_MOVE: Final = 0.005  # IOD


@dataclass(frozen=True)
class PictureFace:
    """``named``: landmark -> (2,) pixels; ``expected_error``: landmark -> its mean error, of the
    distance between the eyes; ``eye_distance``: pixels.
    """

    named: dict[str, Floats]
    expected_error: dict[str, float]
    eye_distance: float

    @property
    def doubt(self) -> float:
        """The median of the expected errors."""
        return float(np.median(list(self.expected_error.values())))


def surest_face(predictions: Sequence[Prediction]) -> PictureFace | None:
    """Of what two networks see in one picture, the face that is known best.

    A network that doesn't say what it expects to be off is good on photographs alone, and doesn't
    know it: it counts where the other one agrees, or isn't sure itself.
    """
    silent = [face_in_picture(p) for p in predictions if p.expected_error is None]
    says = [face_in_picture(p) for p in predictions if p.expected_error is not None]
    if not silent or not says:
        return next(iter(silent or says), None)
    apart = [
        float(np.linalg.norm(silent[0].named[name] - point))
        for name, point in says[0].named.items()
    ]
    agree = np.median(apart) < SAME_POINTS * says[0].eye_distance
    return silent[0] if agree or says[0].doubt > UNSURE else says[0]


def face_in_picture(prediction: Prediction) -> PictureFace:
    """Named landmarks of a face that a network sees in a picture."""
    flat = np.asarray(prediction.points, np.float64)[:, :2]
    named = name_points(flat)
    distance = float(np.linalg.norm(_eye_centre(named, "L") - _eye_centre(named, "R")))
    if prediction.expected_error is None:
        errors = dict.fromkeys(named, PHOTOGRAPH_ERROR)
    else:
        spread = name_points(prediction.expected_error[:, None] / max(distance, 1e-9))
        errors = {name: float(value[0]) for name, value in spread.items()}
    return PictureFace(named, errors, distance)


def use_picture(
    landmarks: FaceLandmarks, face: PictureFace, face_mesh: FaceMesh
) -> tuple[FaceLandmarks, Message]:
    """The landmarks, corrected by a picture of the character, and what to tell the artist."""
    names = [name for name in landmarks.named if name in face.named]
    points = np.array([landmarks.frame.to_head(landmarks.named[name]) for name in names])
    target = np.array([face.named[name] for name in names]) / max(face.eye_distance, 1e-9)
    mine = np.array([expected_error_of(landmarks.confidence[name]) for name in names])
    theirs = np.hypot([face.expected_error[name] for name in names], CAMERA_ERROR)
    camera, residual = _fit_camera(points, target, np.hypot(mine, theirs))
    off = 100.0 * np.linalg.norm(residual, axis=1)
    # What the mesh itself isn't sure of says nothing about whose face the picture shows.
    weight = 1.0 / np.hypot(mine, theirs)
    mean, worst = float(np.average(off, weights=weight)), names[int((off * weight).argmax())]
    if mean > OTHER_FACE:
        return landmarks, Message(
            "warning",
            f"The reference picture doesn't match this head: its landmarks are {mean:.0f} % of the "
            f"eye distance away on average, most at the {in_words(worst)}. It was not used. Choose "
            "a picture of this character, or correct the landmarks with Edit Markers.",
        )
    placed = np.array([landmarks.confidence[name] >= PLACED for name in names])
    surer = (theirs < SURER * mine) & ~placed
    shifts = np.where(surer[:, None], _shifts(camera, residual, mine, theirs), 0.0)
    moves = np.linalg.norm(shifts, axis=1) > SMALLEST_MOVE
    skin = face_mesh.parts[0]
    own = face_mesh.triangles[face_mesh.triangles[:, 0] < skin.stop]
    shifted = closest(face_mesh.vertices, own, landmarks.frame.to_world(points + shifts)).points
    # The others are held where they are: they must not be pulled along.
    targets = {
        name: shifted[row] if moves[row] else landmarks.named[name]
        for row, name in enumerate(names)
    }
    joined = mine * theirs / np.hypot(mine, theirs)
    confidence = {
        name: confidence_of(float(joined[row])) if surer[row] else landmarks.confidence[name]
        for row, name in enumerate(names)
    }
    text = f"The reference picture agrees with the landmarks to {mean:.1f} % of the eye distance"
    moved = [in_words(name) for name, moving in zip(names, moves, strict=True) if moving]
    if not surer.any():
        return landmarks, Message("info", f"{text}; none had to be moved.")
    corrected = move_landmarks(landmarks, targets, confidence)
    said = f"it moved the {_summed_up(moved)}" if moved else "none had to be moved"
    return corrected, Message("info", f"{text}; {said}.")


def _fit_camera(points: Floats, target: Floats, error: Floats) -> tuple[Floats, Floats]:
    """The affine camera (4, 2) from head frame to picture, in eye distances, and each point's
    residual (N, 2). Points that are known badly, or disagree with the rest, count little.
    """
    rows = np.column_stack([points, np.ones(len(points))])
    weight = 1.0 / error
    camera = np.zeros((4, 2))
    residual = target
    for _ in range(ROBUST_STEPS):
        root = np.sqrt(weight)[:, None]
        camera, *_ = np.linalg.lstsq(root * rows, root * target, rcond=None)
        residual = target - rows @ camera
        weight = 1.0 / error / (np.linalg.norm(residual, axis=1) + ROBUST_SCALE)
    return camera, residual


def _shifts(camera: Floats, residual: Floats, mine: Floats, theirs: Floats) -> Floats:
    """(N, 3) moves in the head frame, across the line of sight, as far as the picture is surer."""
    share = mine**2 / (mine**2 + theirs**2)
    moves: Floats = (share[:, None] * residual) @ np.linalg.pinv(camera[:3])
    return moves


def _summed_up(names: list[str]) -> str:
    if len(names) > 4:
        return f"{names[0]}, the {names[1]} and {len(names) - 2} more landmarks"
    return listed(names)


def _eye_centre(points: dict[str, Floats], side: str) -> Floats:
    return (points[f"eye_outer_{side}"] + points[f"eye_inner_{side}"]) / 2
