# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a face that act one after another, and the shapes of each."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..vocabulary import ARKIT_SHAPES, FACE_REGIONS

# Beginnings of the ARKit names of each region.
_PREFIXES: Final[dict[str, tuple[str, ...]]] = {
    "brows": ("brow",),
    "eyes": ("eye",),
    "cheeks": ("cheek", "nose"),
    "mouth": ("mouth", "jaw", "tongue"),
}


def region_of(shape: str) -> str:
    """The region that a shape belongs to."""
    return next(name for name in FACE_REGIONS if shape.startswith(_PREFIXES[name]))


# Region -> indices of its shapes in ARKit order.
MEMBERS: Final[dict[str, NDArray[np.int64]]] = {
    region: np.array([i for i, name in enumerate(ARKIT_SHAPES) if region_of(name) == region])
    for region in FACE_REGIONS
}
SIDE: Final[NDArray[np.int64]] = np.array(
    [name.endswith("Left") - name.endswith("Right") for name in ARKIT_SHAPES]
)
