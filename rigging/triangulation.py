# SPDX-License-Identifier: GPL-3.0-or-later
"""Points in space from their lines of sight in several pictures.

Points are never back-projected onto the mesh from one view: rays fall through eye holes and the
mouth's slit. Lines of sight are intersected instead, by iteratively reweighted least squares.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .canonical_face import eye_centres
from .orientation import Sighting

MIN_VIEWS: Final = 3
ROBUST_STEPS: Final = 12
ROBUST_SCALE: Final = 0.01  # IOD: lines of sight that pass nearer than this count alike
OUTLYING_VIEW: Final = 3.0  # times the typical residual
OUTLYING_FLOOR: Final = 0.04  # IOD: views that agree this well are never thrown out


def triangulate(
    sightings: list[Sighting],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """World points (P, 3) nearest to all lines of sight, and residuals (views, P).

    Minimises the sum of distances instead of their squares (iteratively reweighted least
    squares), so that a minority of wrong views moves a point little.
    """
    rays = [sighting.rays() for sighting in sightings]
    origins = np.stack([origin for origin, _ in rays])
    directions = np.stack([direction for _, direction in rays])
    count = origins.shape[1]
    trust = np.stack([np.broadcast_to(sighting.trust, (count,)) for sighting in sightings])
    trust = trust / trust.mean()
    across = np.eye(3) - directions[..., :, None] * directions[..., None, :]
    centre = origins.mean(axis=(0, 1))
    pulled = np.einsum("vnij,vnj->vni", across, origins - centre)
    weights = trust
    points = np.zeros((count, 3))
    residuals = np.zeros(directions.shape[:2])
    for _ in range(ROBUST_STEPS):
        matrices = np.einsum("vn,vnij->nij", weights, across)
        # Nearly parallel lines of sight leave the depth open; keep the system solvable.
        matrices += np.eye(3) * (1e-9 * np.trace(matrices, axis1=1, axis2=2)[:, None, None])
        targets = np.einsum("vn,vni->ni", weights, pulled)
        points = np.linalg.solve(matrices, targets[..., None])[..., 0]
        passing = np.einsum("vnij,vnj->vni", across, points + centre - origins)
        residuals = np.linalg.norm(passing, axis=-1)
        right, left = eye_centres(points)
        floor = max(ROBUST_SCALE * float(np.linalg.norm(left - right)), 1e-12)
        weights = trust / (residuals + floor)
    return points + centre, residuals


def fuse(
    seen: list[Sighting],
) -> tuple[list[Sighting], NDArray[np.float64], NDArray[np.float64]]:
    """Triangulate, throwing out one view after another that contradicts the rest.

    The views that remain, points (P, 3) and their spread (P,), both in world units.
    """
    while True:
        points, residuals = triangulate(seen)
        right, left = eye_centres(points)
        iod = float(np.linalg.norm(left - right))
        by_view = np.median(residuals, axis=1)
        worst = int(np.argmax(by_view))
        limit = max(OUTLYING_VIEW * float(np.median(by_view)), OUTLYING_FLOOR * iod)
        if len(seen) <= MIN_VIEWS or by_view[worst] <= limit:
            return seen, points, np.sqrt(np.mean(residuals**2, axis=0))
        seen = [sighting for index, sighting in enumerate(seen) if index != worst]
