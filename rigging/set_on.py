# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of skin that are stuck into the face, as a toon's nose: where they enter it they go along
with it, so that no gap opens and nothing comes through. Head frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import igl
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .certificate.folds import find_intersections
from .head import Head, Role, once_per_head
from .skin_patch import bump
from .surface import SurfaceSamples, closest, touching

Floats = NDArray[np.float64]

# How far from the face a piece goes along in part: IOD, and of the piece's size.
REACH: Final = 0.2
SHARE: Final = 0.5


@dataclass(frozen=True)
class Seat:
    """``rows`` (K,) vertices of pieces, ``under`` the face's surface next to each, and ``share``
    (K,) of its motion that they take.
    """

    rows: NDArray[np.int64]
    under: SurfaceSamples
    share: Floats

    def __call__(self, shape: Floats) -> Floats:
        """The shape (N, 3) with the pieces going along."""
        result = shape.copy()
        own = shape[self.rows]
        result[self.rows] = own + self.share[:, None] * (self.under.on(shape) - own)
        return result


@once_per_head
def seat_of(head: Head) -> Seat | None:
    """What is stuck into the largest piece of skin; None where nothing is."""
    skin = head.triangles_of(Role.SKIN)
    piece = head.component[skin[:, 0]]
    if len(np.unique(piece)) < 2:
        return None
    area = np.bincount(piece, igl.doublearea(head.vertices, skin))
    face = skin[piece == area.argmax()]
    others = head.vertices[skin[piece != area.argmax()]].reshape(-1, 3)
    near = touching(head.vertices, skin, others.min(axis=0), others.max(axis=0))
    pairs = find_intersections(head.vertices, skin, np.flatnonzero(near))
    between = pairs[(piece[pairs] == area.argmax()).sum(axis=1) == 1]
    entering = np.unique(between[piece[between] != area.argmax()])
    if not len(entering):
        return None
    rows, shares = [], []
    for number in np.unique(piece[entering]):
        own = np.unique(skin[piece == number])
        contact = np.unique(skin[entering[piece[entering] == number]])
        reach = min(REACH, SHARE * float(np.ptp(head.vertices[own], axis=0).max()))
        away = np.minimum(
            cKDTree(head.vertices[contact]).query(head.vertices[own])[0],
            closest(head.vertices, face, head.vertices[own]).distance,
        )
        rows.append(own)
        shares.append(np.where(head.visible[own], bump(away / max(reach, 1e-9)), 1.0))
    held, share = np.concatenate(rows), np.concatenate(shares)
    held, share = held[share > 0], share[share > 0]
    under = closest(head.vertices, face, head.vertices[held])
    return Seat(held, SurfaceSamples(under.corners, under.weights), share)
