# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig's world displacements as motion of one object's own vertices."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .head import ScenePart

# Shapes that an unapplied Mirror modifier can't show: both sides would move apart.
SIDEWAYS_SHAPES: Final = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")

# Motion below this share of the inter-ocular distance is numerical noise, not motion of a part.
_NOISE: Final = 1e-5

# Below this share, what the solvers leave is rounding, which may differ from run to run.
_STILL: Final = 1e-7


def moves(rows: NDArray[np.float32], scale: float) -> bool:
    """Whether world displacements (N, 3) are more than noise; ``scale``: world units per IOD."""
    return bool(np.abs(rows).max(initial=0.0) > _NOISE * scale)


def displacement(
    part: ScenePart, rows: NDArray[np.float32], shapes: Collection[str], scale: float
) -> NDArray[np.float64]:
    """(N, 3) object-space displacement for the world displacements ``rows`` (N, 3) of the part's
    own vertices; nothing where one of the ``shapes`` behind it can't be shown.
    """
    if part.mirrored and not set(shapes).isdisjoint(SIDEWAYS_SHAPES):
        return np.zeros((len(part.source), 3))
    # Vertices that the shape does not move stay exactly where they are.
    moved = np.abs(rows) > _STILL * scale
    moving = np.flatnonzero(moved[:, 0] | moved[:, 1] | moved[:, 2])  # far faster than any()
    result = np.zeros(rows.shape)
    result[moving] = rows[moving].astype(np.float64) @ part.to_local.T
    return result
