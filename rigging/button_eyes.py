# SPDX-License-Identifier: GPL-3.0-or-later
"""How an eye that lies on the face like a button blinks: it is flattened, as toons' eyes are.

Such an eye has no lids that could cover it. A blink leaves a line of it, a little wider than the
eye, a squint lowers it, and wide eyes are larger. Whatever lies on it (pupil, glint) and the lashes
around it go along, and all of it stays before the skin, whatever that does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ..vocabulary import SIDE_NAMES
from .front_depth import front_depths, front_hits
from .head import EYE_ROLES, Head, Role, once_per_head
from .loose_parts import pieces_of

Floats = NDArray[np.float64]
Shapes = dict[str, Floats]


@dataclass(frozen=True)
class Squash:
    """What is left of an eye at 1, in shares: ``height``, or ``lashed`` of an eye with lashes, and
    ``lashes``, theirs, which are the line of an eye that is shut; ``width``; ``depth`` of what
    stands out further than a drawn eye. ``anchor``: where the eye keeps its height, from its lower
    edge, 0, to its upper one, 1.
    """

    height: float
    lashed: float
    lashes: float
    width: float
    depth: float
    anchor: float


SQUASHES: Final[dict[str, Squash]] = {
    "eyeBlink": Squash(0.1, lashed=0.04, lashes=0.3, width=1.25, depth=0.6, anchor=0.3),
    "eyeSquint": Squash(0.6, lashed=0.6, lashes=0.7, width=1.04, depth=0.9, anchor=0.6),
    "eyeWide": Squash(1.3, lashed=1.3, lashes=1.25, width=1.12, depth=1.0, anchor=0.35),
}
# What a blink must not be added to: the sum would turn the eye over, or leave it open.
_BESIDES_A_BLINK: Final = ("eyeSquint", "eyeWide")
CLEARANCE: Final = 0.012  # IOD; how much further before the skin a flattened eye lies
LAYERS: Final = 0.03  # IOD; what is drawn in layers lies within this before the skin
AROUND: Final = 0.6  # of the eye's size: lashes that are nearer belong to it
STANDS_OUT: Final = 0.4  # of the eye's width before the skin: a ball, not a drawing
UNIFORM: Final = 1e-9  # IOD; what differs less between an eye's vertices is one slide
MOST_LIFT: Final = 0.3  # IOD


@dataclass(frozen=True)
class ButtonEye:
    """One eye and its lashes. ``index`` (E,) their vertices, the eye's ``own`` first, ``motions``:
    name -> (E, 3) of the shapes that flatten or enlarge it. ``rows`` (E, N): the skin behind each
    vertex, with ``slope`` (E, 2), how steeply that comes forward per step left and up.
    """

    index: NDArray[np.int64]
    own: int
    motions: Shapes
    rows: csr_matrix
    slope: Floats

    @classmethod
    def of(cls, head: Head, side: str, lashes: Sequence[NDArray[np.int64]]) -> ButtonEye:
        """The eye of one side with the pieces of ``lashes`` that lie around it."""
        eye = np.flatnonzero(head.role == EYE_ROLES[side])
        box = np.stack([head.vertices[eye].min(axis=0), head.vertices[eye].max(axis=0)])
        own = [piece for piece in lashes if _lies_around(box, head.vertices[piece])]
        index = np.concatenate([eye, *own])
        # All of the skin: what lies under the eye counts as hidden.
        points, skin = head.vertices[index], head.triangles_of(Role.SKIN)
        motions = {}
        for name, squash in SQUASHES.items():
            heights = np.full(len(index), squash.lashes)
            heights[: len(eye)] = squash.lashed if own else squash.height
            motions[name + SIDE_NAMES[side]] = _squashed(head, skin, points, box, squash, heights)
        return cls(index, len(eye), motions, *_skin_behind(head, skin, points))

    def follow(self, name: str, displacement: Floats, result: Floats) -> None:
        """Fill in the motion of a shape, given that of the skin (N, 3)."""
        if name in self.motions:
            result[self.index] += self.motions[name]
        if name.startswith("eyeLook"):
            # The upper half of its outline goes with an eye that slides as a whole.
            eye, lashes = self.index[: self.own], self.index[self.own :]
            if np.ptp(result[eye, :2], axis=0).max(initial=0.0) < UNIFORM:
                result[lashes] += result[eye].mean(axis=0)
        moved = self.rows @ displacement
        forward = moved[:, 2] - np.einsum("ej,ej->e", self.slope, moved[:, :2])
        result[self.index, 2] += np.clip(forward.max(initial=0.0), 0.0, MOST_LIFT)


@once_per_head
def button_eyes(head: Head) -> list[ButtonEye]:
    """The eyes of a head that have no lids, each with its lashes."""
    lashes = pieces_of(head, Role.LASH)
    return [ButtonEye.of(head, side, lashes) for side in sorted(head.buttons)]


def button_correctives(head: Head, shapes: Shapes) -> dict[tuple[str, str], Floats]:
    """What takes a squint or a wide eye away where the eye blinks as well, by the two shapes."""
    pairs = (
        (f"eyeBlink{SIDE_NAMES[side]}", other + SIDE_NAMES[side])
        for side in sorted(head.buttons)
        for other in _BESIDES_A_BLINK
    )
    return {pair: -shapes[pair[1]] for pair in pairs if {*pair} <= shapes.keys()}


def _lies_around(box: Floats, lash: Floats) -> bool:
    middle, half = box.mean(axis=0)[:2], np.ptp(box, axis=0)[:2] / 2
    away = np.abs((lash.min(axis=0) + lash.max(axis=0))[:2] / 2 - middle)
    return bool((away < half + AROUND * half.max()).all())


def _squashed(
    head: Head,
    skin: NDArray[np.int64],
    points: Floats,
    box: Floats,
    squash: Squash,
    heights: Floats,
) -> Floats:
    """(E, 3) displacement of the eye's points, and its lashes'. ``box`` (2, 3): the lowest and
    highest corner of the eye; ``heights`` (E,): what shall be left of each point's height.
    """
    anchor = np.array([box[:, 0].mean(), box[0, 1] + squash.anchor * (box[1, 1] - box[0, 1])])
    shares = np.c_[np.full(len(points), squash.width), heights] - 1.0
    motion = np.c_[shares * (points[:, :2] - anchor), np.zeros(len(points))]
    above = points[:, 2] - front_depths(head.vertices, skin, points)
    further = CLEARANCE * max(1.0 - squash.height, 0.0)
    if np.nanmax(above, initial=0.0) > STANDS_OUT * (box[1, 0] - box[0, 0]):
        # Nothing of a ball before the face shows how the skin runs behind it.
        base = float(np.nanmedian(points[:, 2] - above))
        scaled = base + squash.depth * (points[:, 2] - base) + further
        least = front_depths(head.vertices, skin, points + motion) + np.minimum(above, LAYERS)
        least[~(above > 0.0)] = np.nan
        motion[:, 2] = np.fmax(scaled, least) - points[:, 2]
        return motion
    # The layers of a drawn eye keep their distance.
    bulge = np.maximum(above - LAYERS, 0.0)
    wanted = np.where(above > 0.0, above + further - (1.0 - squash.depth) * bulge, above)
    rise = front_depths(head.vertices, skin, points + motion) + wanted - points[:, 2]
    # Beside the skin, or over a hole in it, a vertex goes with the others.
    usual = float(np.nanmedian(rise)) if np.isfinite(rise).any() else 0.0
    deepest = float(np.ptp(points, axis=0).max())
    sound = np.isfinite(rise) & (np.abs(rise - usual) < deepest)
    motion[:, 2] = np.where(sound, rise, usual)
    return motion


def _skin_behind(head: Head, skin: NDArray[np.int64], points: Floats) -> tuple[csr_matrix, Floats]:
    """(E, N) the skin behind points, without a share where there is none, and its slope (E, 2)."""
    count = len(points)
    if not len(skin):
        return csr_matrix((count, len(head.vertices))), np.zeros((count, 2))
    hits, _ = front_hits(head.vertices, skin, points)
    seen = np.flatnonzero(hits.found)
    corners = skin[hits.triangle[seen]]
    rows = csr_matrix(
        (hits.barycentric[seen].ravel(), (np.repeat(seen, 3), corners.ravel())),
        shape=(count, len(head.vertices)),
    )
    a, b, c = (head.vertices[corners[:, n]] for n in range(3))
    normal = np.cross(b - a, c - a)
    steep = np.abs(normal[:, 2]) < 0.2 * np.linalg.norm(normal, axis=1)
    normal[steep] = [0.0, 0.0, 1.0]
    slope = np.zeros((count, 2))
    slope[seen] = -normal[:, :2] / normal[:, 2:]
    return rows, slope
