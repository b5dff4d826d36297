# SPDX-License-Identifier: GPL-3.0-or-later
"""How pieces that are not skin hold on to it: lashes, brows, beards, glasses.

Every binding is a sparse matrix from values on visible skin to values on the piece, so that skin
weights and shape keys follow by the same rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from .head import Head, LidRim, LipSide, Role
from .laplacian import HarmonicSolver
from .mouth_hair import lip_of_hair
from .polyline import resample
from .proportions import face_height
from .skin_patch import bump, visible_skin_triangles
from .surface import closest
from .topology import triangles_within

Floats = NDArray[np.float64]

BROW_SMOOTHING = 0.18  # IOD; a loose brow bends no more sharply than this
BROW_SAMPLES = 300
CONTACT = 0.08  # IOD; what lies this close to the skin follows its finer motions
CLEARANCE = 0.30  # IOD; what stands off this far follows only skull and jaw
SEATS = 401  # places along a lid margin where a lash may sit


@dataclass(frozen=True)
class SkinBinding:
    """``rows`` (P, N): each row gives a piece's vertex its skin vertices' shares, summing to 1.
    ``distance`` (P,) from the skin. ``contact`` (P,) 1 on the skin, 0 well away from it.
    """

    rows: sparse.csr_matrix
    distance: Floats
    contact: Floats


def bind_to_skin(
    head: Head, points: Floats, triangles: NDArray[np.int64] | None = None
) -> SkinBinding | None:
    """The closest visible skin of points (P, 3), or the closest of ``triangles`` (M, 3); None where
    a head has no skin.
    """
    if triangles is None:
        triangles = visible_skin_triangles(head)
    if not len(triangles):
        return None
    found = closest(head.vertices, triangles, points)
    count = len(points)
    rows = sparse.csr_matrix(
        (found.weights.ravel(), found.corners.ravel(), np.arange(0, 3 * count + 1, 3)),
        shape=(count, len(head.vertices)),
    )
    contact = bump((found.distance - CONTACT) / (CLEARANCE - CONTACT))
    return SkinBinding(rows, found.distance, contact)


def pieces_of(head: Head, *roles: Role) -> list[NDArray[np.int64]]:
    """Vertices of each connected piece with one of these roles."""
    chosen = np.flatnonzero(np.isin(head.role, roles))
    if not len(chosen):
        return []
    order = chosen[np.argsort(head.component[chosen], kind="stable")]
    starts = np.flatnonzero(np.diff(head.component[order])) + 1
    return np.split(order, starts)


def bind_brow(head: Head, piece: NDArray[np.int64]) -> SkinBinding | None:
    """A loose brow: the skin below, averaged so that the brow bends along its length and keeps its
    thickness where the forehead below is squeezed.
    """
    points = head.vertices[piece]
    samples = spread_along(points, BROW_SAMPLES)
    binding = bind_to_skin(head, points[samples])
    if binding is None:
        return None
    along = points @ np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][0]
    squared = (along[:, None] - along[samples][None]) ** 2
    near = np.exp(-0.5 * squared / BROW_SMOOTHING**2) + 1e-12
    near /= near.sum(axis=1, keepdims=True)
    distance = near @ binding.distance
    return SkinBinding(sparse.csr_matrix(near @ binding.rows), distance, near @ binding.contact)


def bind_attached(head: Head, piece: NDArray[np.int64]) -> SkinBinding | None:
    """A beard, moustache, piercing or pair of glasses: where it touches, the skin's own motion,
    carried on smoothly to what hangs free.
    """
    points = head.vertices[piece]
    binding = _bind_around_mouth(head, piece)
    if binding is None:
        return None
    touching = binding.distance <= max(CONTACT, 1.5 * float(np.quantile(binding.distance, 0.05)))
    # A long beard may rest on the chest, but it grows on the chin.
    on_head = touching & ((binding.rows @ head.vertices)[:, 1] > _chin_line(head))
    touching = on_head if on_head.sum() >= 3 else touching
    if touching.all():
        return binding
    solver = HarmonicSolver(points, triangles_within(piece, head.triangles, len(head.vertices)))
    samples = np.flatnonzero(touching)
    samples = samples[spread_along(points[samples], 400)]
    # Values at up to 400 places of contact span all that the free part can do.
    nearest = cKDTree(points[samples]).query(points)[1]
    anchors = np.zeros((len(piece), len(samples)))
    anchors[np.arange(len(piece)), nearest] = 1.0
    spread = solver.fill(touching, anchors)
    unreached = spread.sum(axis=1) <= 0
    spread[unreached] = anchors[unreached]
    spread /= spread.sum(axis=1, keepdims=True)
    spread[spread < 1e-4] = 0.0
    spread /= spread.sum(axis=1, keepdims=True)
    carried = sparse.csr_matrix(spread) @ binding.rows[samples]
    keep = sparse.diags(touching.astype(np.float64))
    rows = keep @ binding.rows + sparse.diags((~touching).astype(np.float64)) @ carried
    return SkinBinding(sparse.csr_matrix(rows), binding.distance, binding.contact)


def _bind_around_mouth(head: Head, piece: NDArray[np.int64]) -> SkinBinding | None:
    """The closest visible skin, of the lip alone that each vertex belongs to."""
    points = head.vertices[piece]
    binding = bind_to_skin(head, points)
    if binding is None:
        return None
    sides = lip_of_hair(head, piece, binding.rows)
    if not sides.any():
        return binding
    # The lips' own piece: a moustache doesn't grow on a beard that counts as skin.
    lips = np.unique(head.component[head.lip_side != LipSide.NONE])
    skin = visible_skin_triangles(head)
    skin = skin[np.isin(head.component[skin[:, 0]], lips)]
    rows, distance, contact = binding.rows.tolil(), binding.distance.copy(), binding.contact.copy()
    for side, other in ((LipSide.UPPER, LipSide.LOWER), (LipSide.LOWER, LipSide.UPPER)):
        mine = np.flatnonzero(sides == side)
        if not len(mine):
            continue
        own = bind_to_skin(head, points[mine], skin[(head.lip_side[skin] != other).all(axis=1)])
        if own is not None:
            rows[mine], distance[mine], contact[mine] = own.rows, own.distance, own.contact
    return SkinBinding(rows.tocsr(), distance, contact)


def _chin_line(head: Head) -> float:
    """Height below which skin is neck or body."""
    return float(head.point("chin")[1]) - 0.2 * face_height(head)


def spread_along(points: Floats, count: int) -> NDArray[np.int64]:
    """At most ``count`` of the points, evenly along the piece's longest direction."""
    if len(points) <= count:
        return np.arange(len(points))
    centred = points - points.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    order = np.argsort(centred @ vectors[:, -1], kind="stable")
    return order[np.linspace(0, len(points) - 1, count).astype(int)]


@dataclass(frozen=True)
class LashSeat:
    """Where a lash vertex sits: ``side``, ``lid`` ("upper" or "lower") and ``place`` 0..1 along
    the margin from the inner to the outer corner, for the lash vertices ``index``.
    """

    side: str
    lid: str
    index: NDArray[np.int64]
    place: Floats


def seat_lashes(
    head: Head, without: NDArray[np.int64] | None = None
) -> tuple[list[LashSeat], list[NDArray[np.int64]]]:
    """Every lash on its lid margin, but for pieces with vertices in ``without``; lashes without a
    lid near them come back as loose pieces.
    """
    seats: list[LashSeat] = []
    homeless: list[NDArray[np.int64]] = []
    for piece in pieces_of(head, Role.LASH):
        if without is not None and np.isin(piece, without).any():
            continue
        points = head.vertices[piece]
        distances = {side: _to_rim(rim, points) for side, rim in head.rims.items()}
        if not distances:
            homeless.append(piece)
            continue
        side = min(distances, key=lambda key: float(distances[key][0].min(axis=0).mean()))
        distance, place = distances[side]
        is_upper = distance[0] <= distance[1]
        # One lash, one lid; only a lash that runs all around the eye takes both.
        share = is_upper.mean()
        if share > 0.7 or share < 0.3:
            is_upper[:] = share > 0.5
        for lid, chosen, where in (("upper", is_upper, 0), ("lower", ~is_upper, 1)):
            if chosen.any():
                seats.append(LashSeat(side, lid, piece[chosen], place[where][chosen]))
    return seats, homeless


def _to_rim(rim: LidRim, points: Floats) -> tuple[Floats, Floats]:
    """(2, P) distance to the upper and lower margin, and (2, P) place on it, 0..1 of its length."""
    distances, places = [], []
    for margin in (rim.upper, rim.lower):
        # A rim's own vertices may be far apart, and closer in one place than in another.
        distance, nearest = cKDTree(resample(margin, SEATS)).query(points)
        distances.append(distance)
        places.append(nearest / (SEATS - 1))
    return np.array(distances), np.array(places)
