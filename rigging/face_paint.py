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
MIRROR_TOLERANCE: Final = 0.15
BROW_PROPORTION: Final = 1.35  # wider than high
SMALL_COLOUR_RANGE: Final = 0.03
COINCIDENT: Final = 2e-6  # of the mesh's size: vertices that exporters split


@dataclass(frozen=True)
class _Piece:
    """A connected piece in the head frame."""

    triangles: NDArray[np.int64]
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
        piece = piece_of_vertex[triangles[:, 0]]
        self._order = np.argsort(piece, kind="stable")
        self._starts = np.flatnonzero(np.diff(piece[self._order], prepend=-1))

    @property
    def has_loose_pieces(self) -> bool:
        """Whether there can be two eyes beside the skin."""
        return len(self._starts) > 2

    def paint(self, frame: HeadFrame) -> FaceMesh | None:
        """The same mesh with painted eyes; None where it has no loose ones."""
        corners = frame.to_head(self._face_mesh.vertices)[self._face_mesh.triangles]
        pairs = _mirrored_pairs(self._pieces(corners)) if self.has_loose_pieces else []
        if not pairs:
            return None
        count = len(corners)
        centroids = corners.mean(axis=1)
        colours = np.tile(np.asarray(CLAY, np.float32), (count, 1))
        for piece in _eyes(pairs):
            colours[piece.triangles] = _eye_colours(piece, centroids[piece.triangles])
        no_texture = np.full(count, -1, np.int32)
        look = Appearance(colours, np.zeros((count, 3, 2), np.float32), no_texture)
        return replace(self._face_mesh, appearance=look)

    def _pieces(self, corners: Floats) -> list[_Piece]:
        ordered = corners[self._order]
        lows = np.minimum.reduceat(ordered.min(axis=1), self._starts)
        highs = np.maximum.reduceat(ordered.max(axis=1), self._starts)
        groups = np.split(self._order, self._starts[1:])
        return [_Piece(*piece) for piece in zip(groups, lows, highs, strict=True)]


def _coincident(vertices: Floats) -> NDArray[np.int64]:
    """(V,) the first vertex at the same place, for each vertex."""
    finite = np.where(np.isfinite(vertices), vertices, 0.0)
    low = finite.min(axis=0)
    size = float(np.ptp(finite, axis=0).max()) or 1.0
    cells = np.rint((finite - low) / (size * COINCIDENT)).astype(np.int64)
    keys = (cells[:, 0] << 42) | (cells[:, 1] << 21) | cells[:, 2]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first[inverse]


def _mirrored_pairs(pieces: list[_Piece]) -> list[tuple[_Piece, _Piece]]:
    """Pieces on the character's left, each with its mirror image on the right."""
    candidates = [piece for piece in pieces if _may_be_eye_or_brow(piece)]
    lefts = [piece for piece in candidates if piece.centre[0] > 0]
    rights = [piece for piece in candidates if piece.centre[0] < 0]
    pairs = []
    for left in lefts:
        for right in rights:
            apart = np.abs(left.centre - right.centre * [-1, 1, 1]).max()
            unlike = np.abs(left.size - right.size).max()
            if apart < 2 * MIRROR_TOLERANCE and unlike < MIRROR_TOLERANCE:
                pairs.append((left, right))
                break
    return pairs


def _may_be_eye_or_brow(piece: _Piece) -> bool:
    return bool(
        SIDEWAYS[0] < abs(piece.centre[0]) < SIDEWAYS[1]
        and UPWARDS[0] < piece.centre[1] < UPWARDS[1]
        and piece.size.max() < LARGEST
        and piece.size[:2].min() > 0.02
    )


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


def _eye_colours(piece: _Piece, centroids: Floats) -> NDArray[np.float64]:
    """(T, 3): white with a dark disc at the front, or all dark for a dot eye."""
    is_ball = piece.size.min() > BALL * piece.size.max()
    if not is_ball and piece.size.max() < BUTTON_EYE:
        return np.tile(IRIS, (len(centroids), 1))
    flat = (centroids - piece.centre)[:, :2] / (piece.size[1] / 2)
    iris = np.linalg.norm(flat, axis=1) < IRIS_SHARE
    iris &= centroids[:, 2] > piece.centre[2]
    return np.where(iris[:, None], IRIS, EYE_WHITE)
