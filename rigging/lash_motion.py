# SPDX-License-Identifier: GPL-3.0-or-later
"""How lashes ride on the lid margin: they turn with it and stay before the skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csr_matrix
from scipy.spatial.transform import Rotation

from .head import Head
from .loose_parts import LashSeat, bind_to_skin
from .polyline import resample
from .raycast import RayScene
from .skeleton import eye_centre
from .skin_patch import visible_skin_triangles

Floats = NDArray[np.float64]

MARGIN_POINTS = 41
CLEARANCE = 0.008  # IOD; how far before the skin a lash stays that was before it at rest
REACH = 0.5  # IOD around the lid margin within which skin may come before a lash
STATIONS = 40  # along the margin, for evening out what a lash is lifted by
BENDING = 3.0  # margin points over which a lash's turn is evened out
EVENING = 2.5  # margin points over which a lash's shift is evened out
STILL = 1e-4  # IOD


@dataclass(frozen=True)
class LashFollower:
    """One lash on its lid margin.

    ``rows`` (K, N) carry skin values to the margin's points ``line`` (K, 3); ``points`` (P, 3)
    of the lash; ``pivot`` (3,) is the eye's centre; ``front`` (3,) the way out of the eye.
    ``skin``: (m, 3) triangles around the eye; ``before`` (P,) how far the lash lies before them.
    """

    seat: LashSeat
    rows: csr_matrix
    line: Floats
    points: Floats
    pivot: Floats
    front: Floats
    vertices: Floats
    skin: NDArray[np.int64]
    before: Floats

    @classmethod
    def of(cls, head: Head, seat: LashSeat) -> LashFollower | None:
        """None where the head has no skin to ride on."""
        rim = head.rims[seat.side]
        line = resample(getattr(rim, seat.lid), MARGIN_POINTS)
        binding = bind_to_skin(head, line)
        if binding is None:
            return None
        points, front = head.vertices[seat.index], rim.axes[2]
        skin = visible_skin_triangles(head)
        middle = line[MARGIN_POINTS // 2]
        reach = float(np.linalg.norm(line - middle, axis=1).max()) + REACH
        near = np.linalg.norm(head.vertices - middle, axis=1) < reach
        skin = skin[near[skin].any(axis=1)]
        before = _height_before(points, front, head.vertices, skin)
        pivot = eye_centre(head, seat.side)
        return cls(seat, binding.rows, line, points, pivot, front, head.vertices, skin, before)

    def follow(self, _: str, displacement: Floats, result: Floats) -> None:
        """The lash goes with the margin and swings with it about the eye's centre. It is never
        bent by the skin around, only kept in front of it.
        """
        # Evened out along the margin, or the wing of a long lash breaks off at the still corner.
        shift = gaussian_filter1d(self.rows @ displacement, EVENING, axis=0, mode="nearest")
        moved = self.line + shift
        turns = _swings(self.line - self.pivot, moved - self.pivot)
        exact = self.seat.place * (MARGIN_POINTS - 1)
        first = np.clip(np.floor(exact).astype(int), 0, MARGIN_POINTS - 2)
        share = (exact - first)[:, None]
        carried = [
            moved[k] + np.einsum("pij,pj->pi", turns[k], self.points - self.line[k])
            for k in (first, first + 1)
        ]
        goal = (1.0 - share) * carried[0] + share * carried[1]
        if np.abs(shift).max() > STILL:
            goal += self._lift(goal, displacement)[:, None] * self.front
        result[self.seat.index] = goal - self.points

    def _lift(self, goal: Floats, displacement: Floats) -> Floats:
        """(P,) how far forward the lash must go so that the moved skin doesn't cover it; the
        same for all that sits at one place of the margin.
        """
        wanted = np.minimum(self.before, CLEARANCE)
        moved = self.vertices + displacement
        short = wanted - _height_before(goal, self.front, moved, self.skin)
        short = np.where(np.isfinite(short), np.clip(short, 0.0, REACH), 0.0)
        station = np.round(self.seat.place * STATIONS).astype(int)
        lift = np.zeros(STATIONS + 1)
        np.maximum.at(lift, station, short)
        apart = np.subtract.outer(np.arange(STATIONS + 1), np.arange(STATIONS + 1))
        lift = (lift * np.exp(-0.5 * (apart / 1.5) ** 2)).max(axis=1)
        return lift[station]


def _swings(rest: Floats, moved: Floats) -> Floats:
    """(K, 3, 3) shortest rotations between directions from the eye's centre, evened out along
    the margin. The margin's own bending in the face's plane is left out: at the corners it would
    flip up the wing of a long lash.
    """
    rest, moved = unit(rest), unit(moved)
    axis = np.cross(rest, moved)
    sine = np.linalg.norm(axis, axis=1, keepdims=True)
    angle = np.arctan2(sine, (rest * moved).sum(axis=1, keepdims=True))
    vectors = axis * angle / np.maximum(sine, 1e-12)
    return Rotation.from_rotvec(gaussian_filter1d(vectors, BENDING, axis=0)).as_matrix()


def _height_before(
    points: Floats, front: Floats, vertices: Floats, triangles: NDArray[np.int64]
) -> Floats:
    """(P,) signed distance along ``front`` by which points lie before the foremost skin; +inf
    where there is none.
    """
    if not len(triangles):
        return np.full(len(points), np.inf)
    used, local = np.unique(triangles, return_inverse=True)
    corners = vertices[used]
    far = float((corners @ front).max()) + 1.0
    depth = points @ front
    origins = points + (far - depth)[:, None] * front
    hits = RayScene(corners, local.reshape(-1, 3)).cast(origins, np.tile(-front, (len(points), 1)))
    return np.where(hits.found, depth - (far - hits.distance), np.inf)


def unit(vectors: Floats) -> Floats:
    """Vectors (P, 3) at length 1; those without a direction point along x."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    safe = np.where(length > 1e-9, vectors, [1.0, 0.0, 0.0])
    return safe / np.where(length > 1e-9, length, 1.0)
