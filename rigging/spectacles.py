# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectacles whose glass can't be seen through: the eyes are what lies behind them. Head frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .pieces import Pieces

NEAR_EYE: Final = 0.35  # IOD; so far from the eye the middle of a rim may be
SMALLEST: Final = 0.4  # IOD across; a smaller ring is no rim
HOLLOW: Final = 0.6  # of its half size: how far from the middle all of a rim lies
TOUCHING: Final = 0.05  # IOD
GLASS: Final = 0.75  # of the rim's size at least has the glass in it
BEHIND: Final = 0.1  # IOD; what lies further behind the rim is no glass


def find_spectacles(pieces: Pieces, eye: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    """(P,) which pieces are the rims, glasses and bridge of spectacles.

    Two rings around the eyes that something joins over the nose; an outline that is drawn around an
    eye has no such bridge. ``eye``: side -> (3,) middle of the eye.
    """
    found = np.zeros(pieces.count, bool)
    rims = {side: _rims(pieces, place) for side, place in eye.items()}
    for left in rims["L"]:
        for right in rims["R"]:
            bridges = _bridges(pieces, left, right)
            if not bridges.any():
                continue
            found |= bridges
            for rim in (left, right):
                found[rim] = True
                found |= _glass(pieces, rim)
    return found


def _rims(pieces: Pieces, place: NDArray[np.float64]) -> list[int]:
    extent = pieces.extent[:, :2]
    near = (np.abs(pieces.centre[:, :2] - place[:2]) < NEAR_EYE).all(axis=1)
    sized = (extent.min(axis=1) > SMALLEST) & (extent.max(axis=1) < 1.5)
    unnamed = np.array([hint == "" for hint in pieces.hints])
    return [int(n) for n in np.flatnonzero(near & sized & unnamed) if _is_ring(pieces, int(n))]


def _is_ring(pieces: Pieces, piece: int) -> bool:
    points = pieces.vertices[pieces.component == piece][:, :2]
    half = pieces.extent[piece][:2] / 2
    return bool(np.linalg.norm((points - pieces.centre[piece][:2]) / half, axis=1).min() > HOLLOW)


def _bridges(pieces: Pieces, left: int, right: int) -> NDArray[np.bool_]:
    """(P,) what spans the gap between two rims: it is small, and lies where they do."""
    inner_left, inner_right = pieces.low[left][0], pieces.high[right][0]
    # Within the height and depth of both: what lies behind a rim, such as a lid, is a ring, too.
    low, high = np.maximum(*pieces.low[[left, right]]), np.minimum(*pieces.high[[left, right]])
    small = pieces.extent.max(axis=1) < 0.5
    among = (pieces.low[:, 1:] > low[1:] - TOUCHING).all(axis=1)
    among &= (pieces.high[:, 1:] < high[1:] + TOUCHING).all(axis=1)
    spans = pieces.low[:, 0] < inner_right + TOUCHING
    spans &= pieces.high[:, 0] > inner_left - TOUCHING
    spans &= np.abs(pieces.centre[:, 0]) < 0.1
    return small & among & spans & (pieces.size > 3)


def _glass(pieces: Pieces, rim: int) -> NDArray[np.bool_]:
    inside = (pieces.low[:, :2] > pieces.low[rim][:2] - TOUCHING).all(axis=1)
    inside &= (pieces.high[:, :2] < pieces.high[rim][:2] + TOUCHING).all(axis=1)
    fills = (pieces.extent[:, :2] > GLASS * pieces.extent[rim][:2]).all(axis=1)
    return inside & fills & (pieces.centre[:, 2] > pieces.centre[rim][2] - BEHIND)
