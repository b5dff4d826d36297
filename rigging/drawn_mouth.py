# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips that are a piece of their own, laid over the mouth: they can't part, whatever lies below.

Head frame.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .head import LipSeam
from .polyline import resample
from .raycast import RayScene

Floats = NDArray[np.float64]

SAMPLES: Final = 31
BESIDE_LINE: Final = 0.015  # IOD; a piece that spans the lip line is seen so far above and below it
COVERED: Final = 0.6  # of the line, corners apart, by lips that lie over it
SHARE: Final = 0.25  # of its height that a piece which spans the line has on either side at least
IN_FRONT: Final = 0.6  # IOD; what is further in front is held before the mouth
# Of the way from the lip line to the nose: what reaches further is a beard, or the head.
LIPS_UP: Final = 1.1
LIPS_DOWN: Final = 1.5
HAIRY: Final = ("hair", "attached")


def is_drawn_over(
    seam: LipSeam,
    vertices: Floats,
    triangles: NDArray[np.int64],
    component: NDArray[np.int64],
    hints: list[str],
    scene: RayScene,
    nose_base: Floats,
) -> bool:
    """Whether pieces that span the lip line cover it, seen from the front.

    ``component`` (N,) piece of each vertex, ``hints`` what their names say; ``scene`` of the same
    ``triangles`` (M, 3).
    """
    line = resample((seam.upper + seam.lower) / 2, SAMPLES)[SAMPLES // 6 : -SAMPLES // 6]
    # In the middle: the corners of a smile reach up, too.
    third = len(line) // 3
    height = line[third:-third, 1].mean()
    middle = (vertices[:, 0] > line[third, 0]) & (vertices[:, 0] < line[-third, 0])
    low, high = np.full(len(hints), np.inf), np.full(len(hints), -np.inf)
    np.minimum.at(low, component[middle], vertices[middle, 1])
    np.maximum.at(high, component[middle], vertices[middle, 1])
    room = nose_base[1] - height
    lips = (high < height + LIPS_UP * room) & (low > height - LIPS_DOWN * room)
    lips &= ~np.isin(hints, HAIRY)
    # Of lips that can part, one piece lies above the line and one below it.
    least = np.maximum(BESIDE_LINE, SHARE * (high - low))
    spans = (low < height - least) & (high > height + least)
    above, below = (
        _foremost(line + np.array([0.0, offset, 0.0]), triangles, component, scene)
        for offset in (BESIDE_LINE, -BESIDE_LINE)
    )
    covered = (above >= 0) & (below >= 0) & lips[above] & lips[below]
    is_one = covered & (spans[above] | spans[below])
    return bool(covered.mean() > COVERED and is_one.mean() > COVERED / 2)


def _foremost(
    points: Floats, triangles: NDArray[np.int64], component: NDArray[np.int64], scene: RayScene
) -> NDArray[np.int64]:
    """(P,) the piece that is seen before each point; -1 where none is, but teeth behind it."""
    ahead = points + np.array([0.0, 0.0, IN_FRONT])
    hits = scene.cast(ahead, np.tile([0.0, 0.0, -1.0], (len(points), 1)))
    near = hits.found & (hits.distance < IN_FRONT)
    piece = component[triangles[hits.triangle, 0]]
    return np.where(near, piece, -1)
