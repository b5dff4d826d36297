# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks that the mesh itself shows: lid margins, lip seam, eye parts, loose brows.

The views place lids, brows and chin where a human's would be; what the mesh shows is better.
All in the head frame.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .head import EYE_ROLES, Head, Role
from .landmarks import seen_by_views

Places = dict[str, NDArray[np.float64]]

LID_LANDMARKS: Final = ("eye_inner", "eye_outer", "lid_upper", "lid_lower")


def mesh_evidence(head: Head) -> Places:
    """Named landmarks whose place can be read off the mesh."""
    places: Places = {}
    for side in "LR":
        places |= _lids(head, side)
        places |= _brow(head, side)
        pupil = _pupil(head, side, places)
        if pupil is not None:
            places[f"pupil_{side}"] = pupil
    return places | _lips(head)


def _lids(head: Head, side: str) -> Places:
    """From the lid margins; on an eye without lids, the rim of the eye as seen from the front."""
    rim = head.rims.get(side)
    if rim is not None:
        middle = len(rim.upper) // 2
        return {
            f"eye_inner_{side}": rim.upper[0],
            f"eye_outer_{side}": rim.upper[-1],
            f"lid_upper_{side}": rim.upper[middle],
            f"lid_lower_{side}": rim.lower[middle],
        }
    eye = head.vertices[(head.role == EYE_ROLES[side]) & head.visible]
    if len(eye) < 8:
        return {}
    sign = 1.0 if side == "L" else -1.0
    low, high = eye.min(axis=0), eye.max(axis=0)
    middle = (low + high) / 2
    half_x, half_y = (high[0] - low[0]) / 2, (high[1] - low[1]) / 2
    outline = {
        f"eye_inner_{side}": (middle[0] - sign * half_x, middle[1]),
        f"eye_outer_{side}": (middle[0] + sign * half_x, middle[1]),
        f"lid_upper_{side}": (middle[0], middle[1] + half_y),
        f"lid_lower_{side}": (middle[0], middle[1] - half_y),
    }
    return {name: _outermost(eye, np.array(target)) for name, target in outline.items()}


def _outermost(points: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The frontmost of the points that lie next to a place (x, y) of the front view."""
    distance = np.linalg.norm(points[:, :2] - target, axis=1)
    near = points[distance <= distance.min() + 0.02]
    return near[near[:, 2].argmax()]


def _brow(head: Head, side: str) -> Places:
    """On the centre line of a loose brow, ends slightly inside."""
    sign = 1.0 if side == "L" else -1.0
    brow = head.vertices[(head.role == Role.BROW) & (sign * head.vertices[:, 0] > 0)]
    if len(brow) < 4:
        return {}
    across = sign * brow[:, 0]
    low, high = float(across.min()), float(across.max())
    width = max(high - low, 1e-6)
    places: Places = {}
    for name, share in (("brow_inner", 0.06), ("brow_mid", 0.5), ("brow_outer", 0.94)):
        x = low + share * width
        offset = np.abs(across - x)
        strip = brow[offset <= max(0.15 * width, offset.min() + 1e-9)]
        y = (strip[:, 1].min() + strip[:, 1].max()) / 2
        hits = head.scene.cast(np.array([[sign * x, y, 6.0]]), np.array([[0.0, 0.0, -1.0]]))
        z = 6.0 - hits.distance[0] if hits.triangle[0] >= 0 else strip[:, 2].max()
        places[f"{name}_{side}"] = np.array([sign * x, y, z])
    return places


def _lips(head: Head) -> Places:
    if head.seam is None:
        return {}
    middle = len(head.seam.upper) // 2
    return {
        "mouth_corner_R": head.seam.upper[0],
        "mouth_corner_L": head.seam.upper[-1],
        "lip_upper_inner": head.seam.upper[middle],
        "lip_lower_inner": head.seam.lower[middle],
    }


def _pupil(head: Head, side: str, places: Places) -> NDArray[np.float64] | None:
    """Where a ray from the front meets the eye: through the pupil that the views have found within
    its lids, else through the middle of the visible eye.
    """
    rim = head.rims.get(side)
    if rim is not None:
        centre, front = np.concatenate([rim.upper, rim.lower]).mean(axis=0), rim.axes[2]
    elif f"lid_upper_{side}" in places:
        centre = (places[f"lid_upper_{side}"] + places[f"lid_lower_{side}"]) / 2
        front = np.array([0.0, 0.0, 1.0])
    else:
        return None
    name = f"pupil_{side}"
    found = head.point(name)
    lids = np.array([places[f"{lid}_{side}"] for lid in LID_LANDMARKS])
    inside = (np.abs(found - lids.mean(axis=0))[:2] < np.ptp(lids[:, :2], axis=0) / 2).all()
    if inside and name in seen_by_views(head.landmarks):
        centre = np.array([found[0], found[1], centre[2]])
    hits = head.scene.cast((centre + 3.0 * front)[None], -front[None])
    if hits.triangle[0] >= 0 and abs(3.0 - hits.distance[0]) < 0.6:
        return centre + (3.0 - hits.distance[0]) * front
    return centre
