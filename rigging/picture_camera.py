# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera behind a picture of a face, as seven numbers that can be solved for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Log of the scale, a rotation vector, the shift in eye distances, the nearness.
PARAMETERS: Final = 7
NEARNESS_PLACE: Final = 6
# IOD over the camera's distance: a portrait is taken from about a metre, sixteen times the distance
# of the eyes; nearer than three of them, a camera doesn't see a whole face.
USUAL_NEARNESS: Final = 0.06
MOST_NEARNESS: Final = 0.3
_MOST_GROWTH: Final = 0.5  # of the logarithm of the scale, in one step


@dataclass(frozen=True)
class FaceCamera:
    """A pinhole camera in front of a head frame. ``scale``: pixels an IOD at the frame's origin;
    ``rotation`` (3, 3), its rows the picture's right, its up, and towards the camera; ``shift``
    (2,) pixels of the origin; ``nearness``: IOD over the camera's distance, 0 for far away.
    """

    scale: float
    rotation: Floats
    shift: Floats
    nearness: float = USUAL_NEARNESS

    def project(self, points: Floats) -> Floats:
        """(N, 2) pixels, y down, of head-frame points (N, 3)."""
        turned = points @ self.rotation.T
        flat = turned[:, :2] / (1.0 - self.nearness * turned[:, 2:])
        return flat * [self.scale, -self.scale] + self.shift

    def slopes(self, points: Floats, unit: float) -> tuple[Floats, Floats]:
        """How pixels change: (N, 2, 7) with the camera's parameters, and (N, 2, 3) with the points.

        ``unit``: pixels that the shift is counted in.
        """
        turned = points @ self.rotation.T
        depth = 1.0 / (1.0 - self.nearness * turned[:, 2])
        flip = np.array([self.scale, -self.scale])
        by_turned = np.zeros((len(points), 2, 3))
        by_turned[:, 0, 0] = by_turned[:, 1, 1] = depth
        by_turned[:, :, 2] = turned[:, :2] * (self.nearness * depth**2)[:, None]
        by_turned *= flip[:, None]
        by_camera = np.zeros((len(points), 2, PARAMETERS))
        by_camera[:, :, 0] = turned[:, :2] * depth[:, None] * flip
        for axis in range(3):
            spin = np.cross(np.eye(3)[axis], turned)
            by_camera[:, :, 1 + axis] = np.einsum("nij,nj->ni", by_turned, spin)
        by_camera[:, :, 4:6] = np.eye(2) * unit
        by_camera[:, :, NEARNESS_PLACE] = turned[:, :2] * (turned[:, 2] * depth**2)[:, None] * flip
        return by_camera, by_turned @ self.rotation

    def moved(self, step: Floats, unit: float) -> FaceCamera:
        """After a step (7,) of the parameters."""
        return FaceCamera(
            self.scale * float(np.exp(np.clip(step[0], -_MOST_GROWTH, _MOST_GROWTH))),
            _turn(step[1:4]) @ self.rotation,
            self.shift + step[4:6] * unit,
            float(np.clip(self.nearness + step[NEARNESS_PLACE], 0.0, MOST_NEARNESS)),
        )


def first_camera(points: Floats, target: Floats) -> FaceCamera:
    """The nearest scaled rotation to the affine camera that takes ``points`` (N, 3) to pixels
    ``target`` (N, 2) best.
    """
    centre, middle = points.mean(axis=0), target.mean(axis=0)
    flipped = (target - middle) * [1.0, -1.0]
    affine, *_ = np.linalg.lstsq(points - centre, flipped, rcond=None)
    u, sizes, vt = np.linalg.svd(affine.T, full_matrices=False)
    across = u @ vt
    rotation = np.vstack([across, np.cross(across[0], across[1])])
    scale = max(float(sizes.mean()), 1e-9)
    shift = middle - (rotation[:2] @ centre) * [scale, -scale]
    return FaceCamera(scale, rotation, shift)


def _turn(vector: Floats) -> Floats:
    """(3, 3) rotation by a rotation vector (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross
