# SPDX-License-Identifier: GPL-3.0-or-later
"""Paint for clay heads: loose eyes get the colours that a photograph would show.

The landmark networks were trained on photographs and mistake the brows of a grey cartoon for its
eyes. Separate pieces that mirror each other in front of a face are eyes or brows; the eyes are
painted. Brows keep the skin's colour: painted dark, they were taken for eyes more often.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .data import Appearance, FaceMesh, HeadFrame
from .topology import components
from .views import CLAY

Floats = NDArray[np.float64]

EYE_WHITE: Final = (0.93, 0.92, 0.90)
IRIS: Final = (0.12, 0.08, 0.06)
IRIS_SHARE: Final = 0.48  # of an eyeball's radius
BUTTON_EYE: Final = 0.45  # IOD: eyes smaller than this that aren't balls are dots
BALL: Final = 0.8  # smallest over largest side of what counts as a ball
# Where loose eyes and brows are, in IOD from the point between the eyes; generous, because the
# frame comes from landmarks that may have taken brows for eyes.
SIDEWAYS: Final = (0.15, 1.1)
UPWARDS: Final = (-0.9, 0.9)
LARGEST: Final = 1.3
SMALLEST: Final = 0.02
MIRROR_TOLERANCE: Final = 0.15
BROW_PROPORTION: Final = 1.35  # wider than high
SMALL_COLOUR_RANGE: Final = 0.03
COINCIDENT: Final = 2e-6  # of the mesh's size: vertices that exporters split
FLAT: Final = 0.35  # depth over height of eyes that have no back
# A square picture of an eye; EYE_REACH half-heights of the eye from its middle to its sides.
EYE_PIXELS: Final = 128
EYE_REACH: Final = 4.0


@dataclass(frozen=True)
class _Piece:
    """A connected piece in the head frame; ``number`` among all of the mesh's pieces."""

    number: int
    low: Floats
    high: Floats

    @property
    def centre(self) -> Floats:
        return (self.low + self.high) / 2

    @property
    def size(self) -> Floats:
        return self.high - self.low


def is_plain(face_mesh: FaceMesh) -> bool:
    """Whether the head has no colours of its own that show eyes and brows."""
    look = face_mesh.appearance
    if look is None:
        return True
    if (look.image_index >= 0).any():
        return False
    return bool(np.ptp(look.colours, axis=0).max(initial=0.0) < SMALL_COLOUR_RANGE)


class Painter:
    """A mesh whose connected pieces are known, to be painted by one frame after another."""

    def __init__(self, face_mesh: FaceMesh) -> None:
        self._face_mesh = face_mesh
        triangles = face_mesh.triangles
        same = _coincident(face_mesh.vertices)
        piece_of_vertex = components(same[triangles], len(same))[same]
        used = np.zeros(len(same), bool)
        used[triangles] = True
        self._order = np.flatnonzero(used)
        self._order = self._order[np.argsort(piece_of_vertex[used], kind="stable")]
        self._starts = np.flatnonzero(np.diff(piece_of_vertex[self._order], prepend=-1))
        number = np.cumsum(np.diff(piece_of_vertex[self._order], prepend=-1) != 0) - 1
        piece_of_vertex[self._order] = number
        self._piece = piece_of_vertex[triangles[:, 0]]

    @property
    def has_loose_pieces(self) -> bool:
        """Whether there can be two eyes beside the skin."""
        return len(self._starts) > 2

    def paint(self, frame: HeadFrame) -> FaceMesh | None:
        """The same mesh with painted eyes; None where it has no loose ones."""
        pairs = _mirrored_pairs(self._candidates(frame)) if self.has_loose_pieces else []
        if not pairs:
            return None
        count = len(self._face_mesh.triangles)
        colours = np.tile(np.asarray(CLAY, np.float32), (count, 1))
        uv = np.zeros((count, 3, 2), np.float32)
        image_index = np.full(count, -1, np.int32)
        for piece in _eyes(pairs):
            rows = np.flatnonzero(self._piece == piece.number)
            if _is_dot(piece):
                colours[rows] = IRIS
                continue
            corners = frame.to_head(self._face_mesh.vertices[self._face_mesh.triangles[rows]])
            colours[rows] = EYE_WHITE
            uv[rows] = _on_eye_picture(piece, corners)
            image_index[rows[_is_front(piece, corners)]] = 0
        look = Appearance(colours, uv, image_index, (_eye_picture(),))
        return replace(self._face_mesh, appearance=look)

    def _candidates(self, frame: HeadFrame) -> list[_Piece]:
        """Pieces that may be eyes or brows, by their size and place."""
        local = frame.to_head(self._face_mesh.vertices[self._order])
        lows = np.minimum.reduceat(local, self._starts)
        highs = np.maximum.reduceat(local, self._starts)
        centres, sizes = (lows + highs) / 2, highs - lows
        possible = (
            (np.abs(centres[:, 0]) > SIDEWAYS[0])
            & (np.abs(centres[:, 0]) < SIDEWAYS[1])
            & (centres[:, 1] > UPWARDS[0])
            & (centres[:, 1] < UPWARDS[1])
            & (sizes.max(axis=1) < LARGEST)
            & (sizes[:, :2].min(axis=1) > SMALLEST)
        )
        return [_Piece(int(row), lows[row], highs[row]) for row in np.flatnonzero(possible)]


def _coincident(vertices: Floats) -> NDArray[np.int64]:
    """(V,) the first vertex at the same place, for each vertex."""
    finite = np.where(np.isfinite(vertices), vertices, 0.0)
    low = finite.min(axis=0)
    size = float(np.ptp(finite, axis=0).max()) or 1.0
    cells = np.rint((finite - low) / (size * COINCIDENT)).astype(np.int64)
    keys = (cells[:, 0] << 42) | (cells[:, 1] << 21) | cells[:, 2]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first[inverse]


def _mirrored_pairs(candidates: list[_Piece]) -> list[tuple[_Piece, _Piece]]:
    """Pieces on the character's left, each with its best mirror image on the right."""
    lefts = [piece for piece in candidates if piece.centre[0] > 0]
    rights = [piece for piece in candidates if piece.centre[0] < 0]
    pairs = []
    for left in lefts:
        apart = [np.abs(left.centre - right.centre * [-1, 1, 1]).max() for right in rights]
        unlike = [np.abs(left.size - right.size).max() for right in rights]
        fitting = [
            index
            for index in range(len(rights))
            if apart[index] < 2 * MIRROR_TOLERANCE and unlike[index] < MIRROR_TOLERANCE
        ]
        if fitting:
            pairs.append((left, rights[min(fitting, key=lambda k: apart[k] + unlike[k])]))
    return pairs


def _eyes(pairs: list[tuple[_Piece, _Piece]]) -> list[_Piece]:
    """All but the pairs that are wider than high and above another pair: those are brows."""
    eyes: list[_Piece] = []
    for number, (left, right) in enumerate(pairs):
        wide = left.size[0] > BROW_PROPORTION * left.size[1]
        above = any(
            left.centre[1] > other.centre[1] + other.size[1] / 4
            for rank, (other, _) in enumerate(pairs)
            if rank != number
        )
        if not (wide and above):
            eyes += [left, right]
    return eyes


def _is_dot(piece: _Piece) -> bool:
    """Whether an eye is a small button, all dark."""
    is_ball = piece.size.min() > BALL * piece.size.max()
    return bool(not is_ball and piece.size.max() < BUTTON_EYE)


def _on_eye_picture(piece: _Piece, corners: Floats) -> NDArray[np.float32]:
    """(T, 3, 2) where the corners (T, 3, 3) of an eye's triangles are on its picture."""
    flat = (corners - piece.centre)[..., :2] / (piece.size[1] / 2)
    return (0.5 + np.clip(flat / EYE_REACH, -1, 1) * 0.49).astype(np.float32)


def _is_front(piece: _Piece, corners: Floats) -> NDArray[np.bool_]:
    """(T,) whether a triangle is on the eye's front; a flat eye has nothing else."""
    if piece.size[2] < FLAT * piece.size[1]:
        return np.ones(len(corners), bool)
    return corners[..., 2].mean(axis=1) > piece.centre[2]


def _eye_picture() -> NDArray[np.uint8]:
    """(EYE_PIXELS, EYE_PIXELS, 3): a dark disc on white, its edge one pixel soft."""
    middle = (EYE_PIXELS - 1) / 2
    y, x = np.mgrid[:EYE_PIXELS, :EYE_PIXELS] - middle
    radius = IRIS_SHARE / EYE_REACH * 0.49 * EYE_PIXELS
    dark = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)[..., None]
    colours = dark * np.asarray(IRIS) + (1 - dark) * np.asarray(EYE_WHITE)
    return np.rint(255 * colours).astype(np.uint8)
