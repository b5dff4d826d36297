# SPDX-License-Identifier: GPL-3.0-or-later
"""How far brows and lids move on a face that is built unlike a human one.

Deformation transfer keeps a motion's size against the triangles that it bends. On a cartoon whose
brows sit high over large eyes that is next to nothing: a frown that takes a human brow half-way to
the lid takes it a fifth of the way there. So these motions keep the share of the room that they
have on a human.

Head frame, unit IOD.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .head import Head, once_per_head

Shapes = dict[str, NDArray[np.float64]]

BROWS: Final = "brow"
LIDS: Final[tuple[str, ...]] = ("eyeSquint", "eyeWide")
# The upper end of what realistic heads have, by the landmarks of several scans and artists' heads:
# 0.16 to 0.22 from the upper lid to the brow, 0.12 to 0.19 between the lids.
USUAL_BROW_ROOM: Final = 0.20
USUAL_EYE_ROOM: Final = 0.17
MOST: Final = 2.5  # further, and skin folds over itself
# Shape -> how much more (of a brow's own motion, where it has the most room) the inner end and the
# outer one move. What tells anger and sadness apart is the slope of the brows; from a brow high
# above the eye that is bent upwards at rest, a frown that lowers all of it alike never gets there.
SLOPES: Final[dict[str, tuple[float, float]]] = {
    "browDown": (0.9, -0.6),
    "browInnerUp": (0.8, -0.6),
}


def suit_proportions(head: Head, shapes: Shapes) -> Shapes:
    """The transferred ``shapes`` (N, 3) with brows and lids moving as far as the face asks for:
    never less than transferred, and both sides alike.
    """
    brows, lids = brow_growth(head), _growth(head, "lid_upper", "lid_lower", USUAL_EYE_ROOM)
    result = dict(shapes)
    for name, shape in shapes.items():
        if name.startswith(BROWS):
            # There is no more room between the two brows than on any other face.
            further = np.ones_like(shape)
            further[:, 1:] = brows
            further[:, 1] *= _sloped(head, name)
            result[name] = shape + _above_lids(head)[:, None] * (further - 1.0) * shape
        elif name.startswith(LIDS):
            result[name] = lids * shape
    return result


@once_per_head
def brow_growth(head: Head) -> float:
    """How many times as far as a human's the brows of this head move."""
    return _growth(head, "brow_mid", "lid_upper", USUAL_BROW_ROOM)


def _sloped(head: Head, name: str) -> NDArray[np.float64]:
    """(N,) what the height of a brow's motion is multiplied by from its inner to its outer end."""
    inner, outer = next((ends for stem, ends in SLOPES.items() if name.startswith(stem)), (0, 0))
    first, last = (
        np.mean([abs(head.point(f"brow_{end}_{side}")[0]) for side in "LR"])
        for end in ("inner", "outer")
    )
    along = (np.abs(head.vertices[:, 0]) - first) / max(last - first, 1e-3)
    share = (brow_growth(head) - 1.0) / (MOST - 1.0)
    return 1.0 + share * (inner + (outer - inner) * np.clip(along, 0.0, 1.0))


def _above_lids(head: Head) -> NDArray[np.float64]:
    """(N,) 0 up to the upper lids, 1 from the brows on: what little of a brow's shape the lids
    themselves do would shut or widen the eyes.
    """
    lid = np.mean([head.point(f"lid_upper_{side}")[1] for side in "LR"])
    brow = np.mean([head.point(f"brow_mid_{side}")[1] for side in "LR"])
    share = np.clip((head.vertices[:, 1] - lid) / max(brow - lid, 1e-3), 0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)


def _growth(head: Head, upper: str, lower: str, usual: float) -> float:
    """The mean height between two landmarks of each side against the usual one, 1..MOST."""
    heights = [head.point(f"{upper}_{side}") - head.point(f"{lower}_{side}") for side in "LR"]
    return float(np.clip(np.mean(heights, axis=0)[1] / usual, 1.0, MOST))
