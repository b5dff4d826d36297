# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether triangulated landmarks really are a face: agreement, symmetry, proportions, surface.

The landmark network draws a face on anything that it is given and stays sure of itself, so its own
score can't be the judge.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .canonical_face import MIDLINE, MIRROR_PAIRS
from .data import HeadFrame
from .raycast import RayScene

SPREAD_SCALE: Final = 0.12  # IOD
ASYMMETRY_SCALE: Final = 0.3  # IOD
SURFACE_SCALE: Final = 0.35  # IOD
SURFACE_QUANTILE: Final = 0.75
# Inside the skull, behind the face: rays from outside towards it meet skin squarely.
SKULL_CENTRE: Final = (0.0, -0.5, -1.0)
OUTSIDE: Final = 6.0  # IOD from the skull's centre


def judge(
    points: NDArray[np.float64],
    spread: NDArray[np.float64],
    frame: HeadFrame,
    scene: RayScene,
    *,
    share_of_views: float,
) -> float:
    """How surely ``points`` (P, 3) are a face of the mesh, 0..1.

    ``spread``: (P,) world units, how far the views disagree. ``share_of_views``: views that saw
    the same face among those that were tried.
    """
    local = frame.to_head(points)
    if _smallest_step_down(local) <= 0:
        return 0.0
    doubt = (
        float(np.median(spread)) / frame.scale / SPREAD_SCALE
        + _asymmetry(local) / ASYMMETRY_SCALE
        + _distance_to_surface(points, frame, scene) / SURFACE_SCALE
    )
    return share_of_views * float(np.exp(-doubt))


def _asymmetry(local: NDArray[np.float64]) -> float:
    right, left = np.array(MIRROR_PAIRS).T
    across = local[left] - local[right] * [-1, 1, 1]
    middle = 2 * np.abs(local[list(MIDLINE), 0])
    return float(np.mean(np.concatenate([np.linalg.norm(across, axis=1), middle])))


def _smallest_step_down(local: NDArray[np.float64]) -> float:
    """Smallest step down the face, IOD: brow, eye, nose tip, upper lip, lower lip, chin."""
    heights = np.array(
        [
            local[[105, 334], 1].mean(),
            0.0,
            local[4, 1],
            local[[61, 291], 1].mean(),
            local[17, 1],
            local[199, 1],
        ]
    )
    return float((-np.diff(heights)).min())


def _distance_to_surface(points: NDArray[np.float64], frame: HeadFrame, scene: RayScene) -> float:
    """Distance, IOD, that three quarters of the points keep to the first skin from outside.

    A face that was imagined on a forehead or upside down has a nose and lips that hover.
    """
    local = frame.to_head(points)
    inwards = np.asarray(SKULL_CENTRE) - local
    depth = np.linalg.norm(inwards, axis=1)
    directions = inwards / np.maximum(depth, 1e-9)[:, None]
    origins = frame.to_world(np.asarray(SKULL_CENTRE) - directions * OUTSIDE)
    hits = scene.cast(origins, frame.vectors_to_world(directions))
    gap = np.abs(hits.distance / frame.scale - (OUTSIDE - depth))
    return float(np.quantile(np.where(hits.found, gap, OUTSIDE), SURFACE_QUANTILE))
