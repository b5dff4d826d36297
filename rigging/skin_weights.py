# SPDX-License-Identifier: GPL-3.0-or-later
"""Skin weights of the whole head: skull, jaw and small bones, and every loose part.

Method: body, skull and jaw share the skin by harmonic fields on the robust Laplacian (Sharp and
Crane 2020) with the lip seam as boundary; small bones take compact smooth regions out of the
share of the bone that carries them, so that turning a carrying bone never shows them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ..vocabulary import BONE_PARENTS, mirror_bone
from .data import Bone
from .head import Head, Role
from .jaw_weights import head_share, jaw_share
from .loose_parts import (
    SkinBinding,
    bind_attached,
    bind_brow,
    bind_to_skin,
    pieces_of,
    seat_lashes,
)
from .mirror import mirror_plane, partners
from .polyline import resample
from .proportions import Proportions, measure
from .skeleton import tongue_line
from .skin_patch import SkinPatch, cut_patch, smoothstep
from .small_bone_weights import (
    brow_shares,
    brow_weights,
    lid_weights,
    region_weight,
    small_bone_regions,
)
from .teeth import teeth_jaw_share

Floats = NDArray[np.float64]

MOST_INFLUENCES = 4
FAINT = 1e-4  # weights below this are left out


def skin_weights(head: Head, jaw_prior: Floats | None, bones: Sequence[Bone]) -> csr_matrix:
    """(N, B) weights of the head's welded vertices, columns in the order of ``bones``.

    ``jaw_prior`` (N,): the jaw's share by a registered template, NaN where unknown, or None.
    Rows sum to 1 with at most MOST_INFLUENCES entries, none negative. On a head that is
    symmetric (see mirror.py) each vertex and its partner get the mean of both sides, so
    mirrored topology gets mirrored weights.
    """
    columns = {bone.name: index for index, bone in enumerate(bones)}
    proportions = measure(head)
    table = np.zeros((len(head.vertices), len(bones)))
    _weigh_skin(head, proportions, jaw_prior, columns, table)
    _weigh_rigid_parts(head, columns, table)
    _weigh_tongue(head, columns, table)
    _weigh_followers(head, columns, table)
    plane = mirror_plane(head)
    if plane is not None:
        _symmetrise(table, partners(head, plane), bones, columns)
    return _limited(table, columns["head"])


def _weigh_skin(
    head: Head,
    proportions: Proportions,
    jaw_prior: Floats | None,
    columns: dict[str, int],
    table: Floats,
) -> None:
    of_head = head_share(head, proportions)
    of_jaw = jaw_share(head, proportions, jaw_prior) * of_head
    table[:, columns["root"]] = 1.0 - of_head
    table[:, columns["head"]] = of_head - of_jaw
    table[:, columns["jaw"]] = of_jaw
    patch = _face_patch(head, proportions)
    if not len(patch.index):
        return
    wanted: dict[str, Floats] = {}
    for side in head.rims:
        wanted |= lid_weights(head, patch, side)
    # The lids must close, whatever else lies around them.
    room = np.clip(1.0 - sum(wanted.values(), np.zeros(len(patch.index))), 0.0, 1.0)
    for region in small_bone_regions(head, proportions):
        wanted[region.bone] = room * region_weight(patch, region)
    for bone, weight in brow_weights(head, proportions, patch).items():
        wanted[bone] = room * weight
    _hand_over(patch, wanted, columns, table)


def _face_patch(head: Head, proportions: Proportions) -> SkinPatch:
    height = proportions.face_height
    points = head.vertices
    face = (
        (head.role == Role.SKIN)
        & (points[:, 1] > head.point("chin")[1] - 0.3 * height)
        & (points[:, 1] < 1.2 * height)
        & (np.abs(points[:, 0]) < 1.3 * proportions.half_width)
        & (points[:, 2] > proportions.jaw_pivot[2] - 0.2 * height)
    )
    return cut_patch(head, face)


def _hand_over(
    patch: SkinPatch, wanted: dict[str, Floats], columns: dict[str, int], table: Floats
) -> None:
    """Give the small bones their part of what skull and jaw hold.

    A bone takes from its parent only, so the other one's motion stays whole; the corners of the
    mouth, which both carry, take from both.
    """
    total = np.sum(list(wanted.values()), axis=0)
    crowded = np.maximum(total, 1.0)
    rows = patch.index
    from_head, from_jaw = table[rows, columns["head"]], table[rows, columns["jaw"]]
    left_head, left_jaw = from_head.copy(), from_jaw.copy()
    for bone, weight in wanted.items():
        part = weight / crowded
        taken_head, taken_jaw = part * from_head, part * from_jaw
        if not bone.startswith("lip_corner"):
            carried_by_jaw = BONE_PARENTS[bone] == "jaw"
            taken_head = taken_head * (not carried_by_jaw)
            taken_jaw = taken_jaw * carried_by_jaw
        table[rows, columns[bone]] = taken_head + taken_jaw
        left_head -= taken_head
        left_jaw -= taken_jaw
    table[rows, columns["head"]] = np.maximum(left_head, 0.0)
    table[rows, columns["jaw"]] = np.maximum(left_jaw, 0.0)


def _weigh_rigid_parts(head: Head, columns: dict[str, int], table: Floats) -> None:
    for role, bone in (
        (Role.EYE_L, "eye.L"),
        (Role.EYE_R, "eye.R"),
        (Role.HAIR, "head"),
        (Role.BODY, "root"),
    ):
        chosen = head.role == role
        table[chosen] = 0.0
        table[chosen, columns[bone]] = 1.0
    teeth = np.isin(head.role, (Role.TEETH_UPPER, Role.TEETH_LOWER))
    share = teeth_jaw_share(head)[teeth]
    table[teeth] = 0.0
    table[teeth, columns["head"]] = 1.0 - share
    table[teeth, columns["jaw"]] = share


def _weigh_tongue(head: Head, columns: dict[str, int], table: Floats) -> None:
    """The root of the tongue stays with the jaw, its middle and tip get a bone each."""
    tongue = np.flatnonzero(head.role == Role.TONGUE)
    if not len(tongue):
        return
    points = head.vertices[tongue]
    back, _, tip = tongue_line(points)
    along = np.clip((points[:, 2] - back[2]) / max(float(tip[2] - back[2]), 1e-6), 0.0, 1.0)
    middle = smoothstep(along / 0.4)
    front = smoothstep((along - 0.35) / 0.4)
    table[tongue] = 0.0
    table[tongue, columns["jaw"]] = 1.0 - middle
    table[tongue, columns["tongue"]] = middle * (1.0 - front)
    table[tongue, columns["tongue_tip"]] = middle * front


def _weigh_followers(head: Head, columns: dict[str, int], table: Floats) -> None:
    skin_table = table.copy()
    seats, homeless = seat_lashes(head)
    for seat in seats:
        margin = getattr(head.rims[seat.side], seat.lid)
        line = resample(margin, 81)
        binding = bind_to_skin(head, line)
        if binding is not None:
            nearest = np.round(seat.place * (len(line) - 1)).astype(int)
            table[seat.index] = (binding.rows @ skin_table)[nearest]
    for piece in homeless + pieces_of(head, Role.ATTACHED):
        _follow(piece, bind_attached(head, piece), columns, skin_table, table)
    _weigh_brows(head, columns, skin_table, table)


def _weigh_brows(head: Head, columns: dict[str, int], skin_table: Floats, table: Floats) -> None:
    """A loose brow moves as the skin below, so that it never sinks in.

    Where the skin is too coarse to feel the brow bones, the brow belongs to them alone.
    """
    names = [name for name in columns if name.startswith("brow")]
    for piece in pieces_of(head, Role.BROW):
        _follow(piece, bind_brow(head, piece), columns, skin_table, table)
        felt = table[piece][:, [columns[name] for name in names]].sum(axis=1).mean()
        trust = float(smoothstep(np.array((felt - 0.25) / 0.35)))
        table[piece] *= trust
        for bone, share in brow_shares(head, head.vertices[piece, 0]).items():
            table[piece, columns[bone]] += (1.0 - trust) * share


def _follow(
    piece: NDArray[np.int64],
    binding: SkinBinding | None,
    columns: dict[str, int],
    skin_table: Floats,
    table: Floats,
) -> None:
    """Weights of the skin below; lids and eyes never, small bones only where it touches."""
    table[piece] = 0.0
    if binding is None:
        table[piece, columns["head"]] = 1.0
        return
    weights = binding.rows @ skin_table
    for bone, column in columns.items():
        if bone in ("root", "head", "jaw"):
            continue
        parent = "jaw" if BONE_PARENTS[bone] == "jaw" else "head"
        kept = weights[:, column] * binding.contact
        if bone.startswith(("lid", "eye")):
            kept = np.zeros(len(piece))
        weights[:, columns[parent]] += weights[:, column] - kept
        weights[:, column] = kept
    table[piece] = weights


def _symmetrise(
    table: Floats,
    partner: NDArray[np.int64],
    bones: Sequence[Bone],
    columns: dict[str, int],
) -> None:
    paired = np.flatnonzero(partner >= 0)
    flipped = [columns[mirror_bone(bone.name)] for bone in bones]
    table[paired] = (table[paired] + table[partner[paired]][:, flipped]) / 2


def _limited(table: Floats, fallback: int) -> csr_matrix:
    """At most MOST_INFLUENCES per row, normalised; rows without any go to ``fallback``.

    The largest weight that must go is taken off the others too, so that weights stay continuous
    where the set of bones changes.
    """
    table = np.where(np.isfinite(table) & (table > 0.0), table, 0.0)
    crowded = np.flatnonzero((table > 0.0).sum(axis=1) > MOST_INFLUENCES)
    if len(crowded):
        rows = table[crowded]
        surplus = np.partition(rows, -MOST_INFLUENCES - 1, axis=1)[:, [-MOST_INFLUENCES - 1]]
        eased = np.maximum(rows - surplus, 0.0)
        tied = eased.sum(axis=1) < FAINT  # five equal weights: keep any four
        fifth = np.argsort(-rows[tied], axis=1, kind="stable")[:, MOST_INFLUENCES:]
        kept = rows[tied]
        np.put_along_axis(kept, fifth, 0.0, axis=1)
        eased[tied] = kept
        table[crowded] = eased
    sums = table.sum(axis=1, keepdims=True)
    table = np.divide(table, sums, out=np.zeros_like(table), where=sums > 1e-12)
    table[table < FAINT] = 0.0
    empty = table.sum(axis=1) <= 0.0
    table[empty, fallback] = 1.0
    table /= table.sum(axis=1, keepdims=True)
    return csr_matrix(table)
