# SPDX-License-Identifier: GPL-3.0-or-later
"""The skin that can be seen, cut out of the head once and measured by every metric."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..head import Head, Role
from ..polyline import resample
from ..topology import any_corner, compact

MOVED = 1e-4  # IOD; less than this is rounding, not motion
LID_REACH = 0.6  # of the eye opening: the lid fold lies within this distance of the margin
LIP_REACH = 0.15  # IOD: the lip's red and its inner edge lie within this distance of the seam
CLOSE_POSE = "jawOpen + mouthClose"


@dataclass(frozen=True)
class ExposedSkin:
    """Skin triangles with at least one visible vertex, compact.

    ``index``: (n,) vertex of ``Head.vertices``; ``points``: (n, 3) at rest, head frame;
    ``triangles``: (m, 3) into ``points``; ``triangle_index``: (m,) into ``Head.triangles``;
    ``near_lids``, ``near_lips``: (n,) bool.
    """

    index: NDArray[np.int64]
    points: NDArray[np.float64]
    triangles: NDArray[np.int64]
    triangle_index: NDArray[np.int64]
    near_lids: NDArray[np.bool_]
    near_lips: NDArray[np.bool_]


def exposed_skin(head: Head) -> ExposedSkin:
    """Cut the visible skin out of a head."""
    is_skin = head.role[head.triangles[:, 0]] == Role.SKIN
    chosen = np.flatnonzero(is_skin & any_corner(head.visible, head.triangles))
    index, triangles = compact(head.triangles[chosen], len(head.vertices))
    points = head.vertices[index]
    return ExposedSkin(
        index=index,
        points=points,
        triangles=triangles,
        triangle_index=chosen,
        near_lids=near_lids(head, points),
        near_lips=near_lips(head, points),
    )


def poses(
    shapes: dict[str, NDArray[np.float64]],
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """(name, displacement) of every pose that has a meaning on its own.

    mouthClose corrects jawOpen and means nothing alone, so the two are posed together.
    """
    for name, displacement in shapes.items():
        if name != "mouthClose":
            yield name, displacement
        elif "jawOpen" in shapes:
            yield CLOSE_POSE, displacement + shapes["jawOpen"]


def near_lids(head: Head, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) which points (n, 3) lie so near to an eye's opening that skin may fold there."""
    near = np.zeros(len(points), bool)
    for rim in head.rims.values():
        margin = np.concatenate([rim.upper, rim.lower])
        near |= _within(points, margin, LID_REACH * rim.opening + 0.05)
    return near


def near_lips(head: Head, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) which points (n, 3) lie so near to the lip line that skin may fold there."""
    if head.seam is not None:
        line = np.concatenate([head.seam.upper, head.seam.lower])
    else:
        names = ("mouth_corner_R", "lip_upper_inner", "mouth_corner_L")
        line = resample(np.array([head.point(name) for name in names]), 40)
    return _within(points, line, LIP_REACH)


def _within(
    points: NDArray[np.float64], targets: NDArray[np.float64], reach: float
) -> NDArray[np.bool_]:
    distance, _ = cKDTree(targets).query(points, distance_upper_bound=reach)
    return np.isfinite(distance)
