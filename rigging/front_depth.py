# SPDX-License-Identifier: GPL-3.0-or-later
"""How far forward a surface lies where points are, seen from straight in front, and points that the
views found carried on to the skin.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .head import Head, Role
from .raycast import Hits, RayScene
from .surface import closest
from .topology import all_corners

Floats = NDArray[np.float64]

# IOD: views know a point's place across the face better than its depth. The skin in front of or
# behind it is taken within the first, else the nearest skin within the second.
_DEPTH: Final = 0.3
_NEAREST: Final = 0.2


def front_hits(
    vertices: Floats, triangles: NDArray[np.int64], points: Floats
) -> tuple[Hits, Floats]:
    """Where rays from the front through points (P, 3) meet the foremost of ``triangles`` (M, 3),
    and (P,) their z there, NaN beside them. Head frame.
    """
    origins = np.c_[points[:, :2], np.full(len(points), vertices[:, 2].max() + 1.0)]
    directions = np.tile([0.0, 0.0, -1.0], (len(points), 1))
    hits = RayScene(vertices, triangles).cast(origins, directions)
    return hits, np.where(hits.found, origins[:, 2] - hits.distance, np.nan)


def front_depths(vertices: Floats, triangles: NDArray[np.int64], points: Floats) -> Floats:
    """(P,) z of the foremost of ``triangles`` where points are, NaN beside them."""
    if not len(triangles):
        return np.full(len(points), np.nan)
    return front_hits(vertices, triangles, points)[1]


def front_rise(
    vertices: Floats, triangles: NDArray[np.int64], points: Floats, motion: Floats
) -> Floats:
    """(P,) how much further forward the foremost of ``triangles`` lies where points go by
    ``motion`` (P, 3); NaN beside them.
    """
    before, after = np.split(front_depths(vertices, triangles, np.r_[points, points + motion]), 2)
    return after - before


def on_skin(head: Head, points: Floats) -> Floats:
    """(P, 3) points that the views found, on the visible skin; those far from it as they are."""
    skin = (head.role == Role.SKIN) & head.visible
    triangles = head.triangles[all_corners(skin, head.triangles)]
    if not len(triangles) or not len(points):
        return points
    depth = front_depths(head.vertices, triangles, points)
    found = closest(head.vertices, triangles, points)
    moved = np.where((found.distance < _NEAREST)[:, None], found.points, points)
    in_line = np.abs(depth - points[:, 2]) < _DEPTH
    moved[in_line] = np.c_[points[in_line, :2], depth[in_line]]
    return moved
