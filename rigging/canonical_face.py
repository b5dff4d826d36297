# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Face Landmarker's points are on an average face: which way a set of points looks.

The coordinates were measured on the CC0 MakeHuman base head with this project's own views and
fusion, made symmetric, and pitched so that upright heads come out level on average.
Point numbers: https://ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .data import HeadFrame

# (point on the character's right, its mirror image on the left, x, y, z of the left one) in the
# head frame: origin midway between the eyes, +X left, +Y up, +Z front, 1 unit = IOD.
_PAIRS: Final = (
    (33, 263, 0.722, 0.010, -0.044),  # eye_outer
    (133, 362, 0.277, -0.010, 0.044),  # eye_inner
    (159, 386, 0.523, 0.060, 0.067),  # lid_upper
    (145, 374, 0.494, -0.041, 0.047),  # lid_lower
    (55, 285, 0.197, 0.153, 0.287),  # brow_inner
    (105, 334, 0.666, 0.317, 0.159),  # brow_mid
    (46, 276, 0.860, 0.162, -0.020),  # brow_outer
    (64, 294, 0.289, -0.652, 0.304),  # ala
    (61, 291, 0.405, -1.134, 0.136),  # mouth_corner
    (205, 425, 0.618, -0.688, 0.106),  # cheek
    (50, 280, 0.759, -0.550, 0.002),
    (123, 352, 1.004, -0.504, -0.279),
    (103, 332, 0.799, 0.710, -0.088),  # forehead
    (172, 397, 0.943, -1.354, -0.748),  # jaw
)
_MIDLINE: Final = (
    (10, 0.816, 0.234),  # forehead
    (9, 0.268, 0.324),
    (168, 0.040, 0.287),  # nose_bridge
    (4, -0.531, 0.639),  # nose_tip
    (2, -0.746, 0.411),  # nose_base
    (0, -1.016, 0.435),  # lip_upper_top
    (13, -1.112, 0.373),
    (14, -1.121, 0.367),
    (17, -1.290, 0.371),  # lip_lower_bottom
    (199, -1.661, 0.255),  # chin
)
_LEVELLING_DEGREES: Final = -3.5  # about +X: the base head looks a little down

RIGHT_EYE: Final = (33, 133)  # outer and inner corner
LEFT_EYE: Final = (263, 362)
MIDLINE: Final = tuple(row[0] for row in _MIDLINE)
MIRROR_PAIRS: Final = tuple((row[0], row[1]) for row in _PAIRS)
# Rigid parts of every face: where rays from the front meet skin, not holes or the mouth's slit.
SKIN_POINTS: Final = (9, 168, 6, 197, 4, 205, 425, 50, 280, 101, 330, 151, 199)

_ROBUST_STEPS: Final = 8
_ROBUST_SCALE: Final = 0.05  # IOD: residuals beyond this lose weight


def _canonical() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    indices: list[int] = []
    points: list[tuple[float, float, float]] = []
    for right, left, x, y, z in _PAIRS:
        indices += [right, left]
        points += [(-x, y, z), (x, y, z)]
    for index, y, z in _MIDLINE:
        indices.append(index)
        points.append((0.0, y, z))
    angle = np.radians(_LEVELLING_DEGREES)
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    return np.array(indices), np.array(points) @ rotation.T


INDICES, CANONICAL = _canonical()


def eye_centres(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, D) midpoints of the eye corners of a face's points (P, D): the right one first."""
    return np.stack([points[list(RIGHT_EYE)].mean(axis=0), points[list(LEFT_EYE)].mean(axis=0)])


def frame_of(points: NDArray[np.float64]) -> HeadFrame:
    """The head frame of (P, 3) world points: axes by a robust fit of the average face.

    Weighted orthogonal Procrustes with iterative reweighting, so that a large nose or a missing
    chin doesn't tilt the head. Origin and scale are those of the points' own eyes.
    """
    right, left = eye_centres(points)
    rotation, _ = fit_average_face(points)
    scale = float(np.linalg.norm(left - right))
    return HeadFrame((left + right) / 2, np.ascontiguousarray(rotation.T), scale)


def fit_average_face(
    points: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotation (3, 3) from head frame to world, and each fitted point's distance in IOD.

    Distances are in the order of ``INDICES``.
    """
    target = points[INDICES]
    weights = np.ones(len(target))
    for _ in range(_ROBUST_STEPS):
        share = (weights / weights.sum())[:, None]
        source_mean, target_mean = (share * CANONICAL).sum(0), (share * target).sum(0)
        source, moved = CANONICAL - source_mean, target - target_mean
        u, _, vt = np.linalg.svd((share * moved).T @ source)
        rotation = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
        turned = source @ rotation.T
        scale = (share * turned * moved).sum() / (share * source**2).sum()
        scale = max(float(scale), 1e-12)
        distances = np.linalg.norm(moved - scale * turned, axis=1) / scale
        weights = 1.0 / (distances + _ROBUST_SCALE)
    return rotation, distances
