# SPDX-License-Identifier: GPL-3.0-or-later
"""Find where the lips part, and which side of the lip line each vertex belongs to.

Coordinates are in the head frame. A slit shows itself by a jump: two points that lie next to each
other in the picture are far from each other along the surface, because the way round leads
through the corner of the mouth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from .head import LipSeam, LipSide
from .polyline import resample, smooth
from .raycast import RayScene
from .surface import touching
from .topology import surface_distance

COLUMNS: Final[int] = 141
ROWS: Final[int] = 420
SAMPLES: Final[int] = 41
MIN_JUMP: Final[float] = 0.03  # of the IOD; below that a groove, not a slit
MIN_WIDTH: Final[float] = 0.06
MIN_SHARE: Final[float] = 0.2  # of the way between the corners; below that a fold of a lip
CLEAR: Final[float] = 0.2  # of the jump of the level: a vertex in between is on neither lip
LIP_REACH: Final[float] = 0.42  # how far from the seam a vertex still belongs to a lip


# Rows just above and below the slit in one column, and the size of the jump there.
Slit = tuple[int, int, float]


@dataclass(frozen=True)
class MouthRegion:
    """Where to look: between the base of the nose and the chin. All in the head frame."""

    nose_base: NDArray[np.float64]
    chin: NDArray[np.float64]
    corners: NDArray[np.float64]  # (2, 3) right and left guess


@dataclass(frozen=True)
class FoundSeam:
    """The seam, and what tells the two lips apart along it.

    ``level`` (N,): how much further along the visible skin a vertex is from the nose than from
    the chin, NaN where no visible skin leads to both. It jumps across the slit: at the K places
    ``x`` from right to left its mean over both lips is ``middle`` (K,), and the jump ``jump`` (K,).
    """

    seam: LipSeam
    level: NDArray[np.float64]
    x: NDArray[np.float64]
    middle: NDArray[np.float64]
    jump: NDArray[np.float64]

    def sides(self, vertices: NDArray[np.float64]) -> NDArray[np.int8]:
        """(N,) LipSide of the vertices (N, 3) between the corners by their level alone."""
        middle, jump = (np.interp(vertices[:, 0], self.x, y) for y in (self.middle, self.jump))
        offset = np.where(np.isfinite(self.level), self.level - middle, 0.0)
        between = (vertices[:, 0] > self.x[0]) & (vertices[:, 0] < self.x[-1])
        clear = between & (np.abs(offset) > CLEAR * jump)
        return np.where(clear, np.where(offset < 0, LipSide.UPPER, LipSide.LOWER), 0).astype(
            np.int8
        )


def find_seam(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    visible_skin: NDArray[np.bool_],
    graph: csr_matrix,
    region: MouthRegion,
) -> FoundSeam | None:
    """The lip seam, or None where the mouth is sealed.

    ``triangles`` (M, 3) of the skin; ``visible_skin`` (N,) bool; ``graph`` edge lengths over
    visible skin.
    """
    ids = np.flatnonzero(visible_skin)
    if len(ids) < 10:
        return None
    tree = cKDTree(vertices[ids])
    upper_seed = ids[tree.query(region.nose_base)[1]]
    lower_seed = ids[tree.query(region.chin)[1]]
    from_nose = surface_distance(graph, np.array([upper_seed]))
    from_chin = surface_distance(graph, np.array([lower_seed]))
    reachable = np.isfinite(from_nose) & np.isfinite(from_chin)
    level = np.where(reachable, from_nose, 0.0) - np.where(reachable, from_chin, 0.0)
    middle = region.corners.mean(axis=0)
    half = float(np.clip(1.25 * np.ptp(region.corners[:, 0]) / 2, 0.3, 0.8))
    top = region.nose_base[1] - 0.02
    bottom = region.chin[1] + 0.03
    if top - bottom < 0.1:
        return None
    x = middle[0] + np.linspace(-half, half, COLUMNS)
    y = np.linspace(top, bottom, ROWS)
    grid_x, grid_y = np.meshgrid(x, y)
    origins = np.stack([grid_x.ravel(), grid_y.ravel(), np.full(grid_x.size, 6.0)], axis=1)
    low, high = np.array([x[0], y[-1], -np.inf]), np.array([x[-1], y[0], np.inf])
    triangles = triangles[touching(vertices, triangles, low, high)]
    hits = RayScene(vertices, triangles).cast(origins, np.array([0.0, 0.0, -1.0]))
    if not hits.found.any():
        return None
    corners = triangles[hits.triangle]
    skin = (hits.triangle >= 0) & ((visible_skin & reachable)[corners].sum(axis=1) >= 2)
    points = (origins - np.where(skin, hits.distance, 0.0)[:, None] * [0.0, 0.0, 1.0]).reshape(
        ROWS, COLUMNS, 3
    )
    weights = hits.barycentric * (visible_skin & reachable)[corners]
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    values = (level[corners] * weights).sum(axis=1).reshape(ROWS, COLUMNS)
    skin = skin.reshape(ROWS, COLUMNS)
    slit = [_slit_in_column(points[:, k], values[:, k], skin[:, k]) for k in range(COLUMNS)]
    run = _longest_run(slit, abs(y[1] - y[0]))
    if run is None:
        return None
    upper = np.array([points[found[0], k] for k, found in run])
    lower = np.array([points[found[1], k] for k, found in run])
    if upper[-1, 0] - upper[0, 0] < max(MIN_WIDTH, MIN_SHARE * np.ptp(region.corners[:, 0])):
        return None
    # The seam ends where both lips meet.
    first, last = (upper[0] + lower[0]) / 2, (upper[-1] + lower[-1]) / 2
    margins = [
        smooth(resample(np.concatenate([[first], points, [last]]), SAMPLES), 1.0)
        for points in (upper, lower)
    ]
    at = np.array([k for k, _ in run])
    ends = np.array([(values[found[0], k], values[found[1], k]) for k, found in run])
    return FoundSeam(
        LipSeam(margins[0], margins[1]),
        np.where(reachable, level, np.nan),
        x[at],
        ends.mean(axis=1),
        ends[:, 1] - ends[:, 0],
    )


def _slit_in_column(
    points: NDArray[np.float64], values: NDArray[np.float64], skin: NDArray[np.bool_]
) -> Slit | None:
    """Rows just above and below the slit in one column, and the size of the jump there."""
    rows = np.flatnonzero(skin)
    if len(rows) < 2:
        return None
    above, below = rows[:-1], rows[1:]
    jump = values[below] - values[above]
    distance = np.linalg.norm(points[below] - points[above], axis=1)
    hole = below - above > 1
    # Crossing plain skin changes the level by about twice the distance. Over an open mouth the
    # way round is longer than the opening is high.
    factor = np.where(hole, 2.2, 3.5)
    evident = (jump > MIN_JUMP) & (jump > factor * distance)
    if not evident.any():
        return None
    best = int(np.argmax(np.where(evident, jump - 2 * distance, -np.inf)))
    return int(above[best]), int(below[best]), float(jump[best])


def _longest_run(slit: list[Slit | None], row_height: float) -> list[tuple[int, Slit]] | None:
    """Neighbouring columns whose slit carries on without a leap in height; the strongest run."""
    runs: list[list[tuple[int, Slit]]] = [[]]
    for k, found in enumerate(slit):
        if found is None:
            continue
        if runs[-1]:
            before_k, before = runs[-1][-1]
            leap = abs((found[0] + found[1]) - (before[0] + before[1])) / 2 * row_height
            # One or two columns may be lost to a tooth or a stray ray.
            if k - before_k > 3 or leap > 0.08 * (k - before_k):
                runs.append([])
        runs[-1].append((k, found))
    runs = [run for run in runs if len(run) >= 5]
    if not runs:
        return None
    return max(runs, key=lambda run: sum(found[2] for _, found in run))


def lip_sides(
    vertices: NDArray[np.float64],
    skin: NDArray[np.bool_],
    visible: NDArray[np.bool_],
    graph: csr_matrix,
    found: FoundSeam,
) -> NDArray[np.int8]:
    """(N,) LipSide of each vertex, through the mouth bag as well.

    ``graph``: edge lengths over all skin, hidden too. A vertex is on the side whose lip it
    reaches first; past the corners, where both are equally far, it is on neither. Lips may touch,
    so which visible vertices belong to which is told by their level, never by their place.
    """
    seam, by_level = found.seam, found.sides(vertices)
    ids = np.flatnonzero(skin & visible)
    above = np.zeros(len(vertices), np.int8)
    if len(ids) == 0:
        return above
    tree = cKDTree(vertices[ids])
    inner = slice(2, -2)
    distance = []
    for margin, side in ((seam.upper, LipSide.UPPER), (seam.lower, LipSide.LOWER)):
        offsets, nearest = tree.query(margin[inner], k=4)
        nearest_ids = ids[nearest].ravel()
        keep = by_level[nearest_ids] == side
        if not keep.any():
            keep[:] = True
        distance.append(
            surface_distance(graph, nearest_ids[keep], limit=1.5, offsets=offsets.ravel()[keep])
        )
    upper, lower = distance
    nearest = np.minimum(upper, lower)
    difference = np.where(
        np.isfinite(upper) & np.isfinite(lower),
        np.where(np.isfinite(upper), upper, 0) - np.where(np.isfinite(lower), lower, 0),
        np.where(np.isfinite(upper), -np.inf, np.inf),
    )
    sure = np.abs(difference) > 0.3 * np.where(np.isfinite(nearest), nearest, np.inf) + 1e-6
    in_reach = skin & sure & (nearest < np.where(visible, LIP_REACH, 1.5))
    above[in_reach & (difference < 0)] = LipSide.UPPER
    above[in_reach & (difference > 0)] = LipSide.LOWER
    told = in_reach & visible & (by_level != LipSide.NONE)
    above[told] = by_level[told]
    return above
