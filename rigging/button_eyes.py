# SPDX-License-Identifier: GPL-3.0-or-later
"""How an eye that lies on the face like a button blinks: it is flattened, as toons' eyes are.

Such an eye has no lids that could cover it. A blink leaves a line of it, a little wider than the
eye, a squint lowers it, and wide eyes are larger. Whatever lies on it (pupil, glint) goes along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..vocabulary import SIDE_NAMES
from .head import EYE_ROLES, Head

Floats = NDArray[np.float64]
Shapes = dict[str, Floats]


@dataclass(frozen=True)
class Squash:
    """``height``, ``width``, ``depth``: of the eye at 1, in shares of what they are at rest.
    ``anchor``: where the eye keeps its height, from its lower edge, 0, to its upper one, 1.
    """

    height: float
    width: float
    depth: float
    anchor: float


SQUASHES: Final[dict[str, Squash]] = {
    "eyeBlink": Squash(height=0.12, width=1.25, depth=0.6, anchor=0.3),
    "eyeSquint": Squash(height=0.6, width=1.04, depth=0.9, anchor=0.6),
    "eyeWide": Squash(height=1.3, width=1.12, depth=1.0, anchor=0.35),
}
# What a blink must not be added to: the sum would turn the eye over, or leave it open.
_BESIDES_A_BLINK: Final = ("eyeSquint", "eyeWide")


def button_motion(head: Head, side: str, slope: Floats) -> Shapes:
    """Displacement (N, 3) of the eye of one side for its blink, squint and wide shape, head frame.

    ``slope`` (2,): how steeply the face behind it comes forward, per step left and up.
    """
    eye = np.flatnonzero(head.role == EYE_ROLES[side])
    points = head.vertices[eye]
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    along_face = (points[:, :2] - middle[:2]) @ slope
    above_face = points[:, 2] - along_face
    above_face = above_face - above_face.min()
    motions: Shapes = {}
    for name, squash in SQUASHES.items():
        anchor = low[1] + squash.anchor * (high[1] - low[1])
        motion = np.zeros((len(head.vertices), 3))
        motion[eye, 0] = (squash.width - 1.0) * (points[:, 0] - middle[0])
        motion[eye, 1] = (squash.height - 1.0) * (points[:, 1] - anchor)
        motion[eye, 2] = motion[eye, :2] @ slope + (squash.depth - 1.0) * above_face
        motions[name + SIDE_NAMES[side]] = motion
    return motions


def button_correctives(head: Head, shapes: Shapes) -> dict[tuple[str, str], Floats]:
    """What takes a squint or a wide eye away where the eye blinks as well, by the two shapes."""
    pairs = (
        (f"eyeBlink{SIDE_NAMES[side]}", other + SIDE_NAMES[side])
        for side in sorted(head.buttons)
        for other in _BESIDES_A_BLINK
    )
    return {pair: -shapes[pair[1]] for pair in pairs if {*pair} <= shapes.keys()}
