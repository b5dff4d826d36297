# SPDX-License-Identifier: GPL-3.0-or-later
"""Make everything that isn't skin follow each shape key: eyes, lashes, brows, teeth, tongue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from .data import Bone
from .eye_motion import eye_motions
from .head import Head, Role
from .loose_parts import (
    LashSeat,
    SkinBinding,
    bind_attached,
    bind_brow,
    bind_to_skin,
    pieces_of,
    seat_lashes,
)
from .mouth_motion import carried_by_jaw, jaw_bone_motion, tongue_out
from .polyline import resample
from .skeleton import eye_centre
from .teeth import teeth_jaw_share

Floats = NDArray[np.float64]
# (shape name, (N, 3) skin displacement, (N, 3) displacement to fill in)
Follower = Callable[[str, Floats, Floats], None]

MARGIN_POINTS = 41
ROUNDING = 1e-9  # IOD; what a part moves less than that, it doesn't move
PIERCING = 0.2  # IOD; an attached piece no larger than this moves as one


def follow_skin(
    head: Head,
    shapes: dict[str, Floats],
    bones: Sequence[Bone],
    weights: csr_matrix,
) -> dict[str, Floats]:
    """Shapes with the motion of all parts filled in.

    ``shapes``: ARKit name -> (N, 3) displacement of the welded vertices in the head frame, of
    which only skin is read. ``weights`` (N, B): the head's skin weights, columns as ``bones``.
    Eyes move in the eyeLook shapes alone; upper teeth, hair and body never.
    """
    skin = (head.role == Role.SKIN)[:, None]
    followers = list(_followers(head, bones, weights))
    filled: dict[str, Floats] = {}
    for name, given in shapes.items():
        displacement = np.where(skin & np.isfinite(given), given, 0.0)
        result = displacement.copy()
        for follower in followers:
            follower(name, displacement, result)
        result[~skin[:, 0] & (np.abs(result).max(axis=1) < ROUNDING)] = 0.0
        filled[name] = result
    return filled


def _followers(head: Head, bones: Sequence[Bone], weights: csr_matrix) -> Iterator[Follower]:
    yield _eyes(head)
    yield _mouth(head, bones, weights)
    seats, homeless = seat_lashes(head)
    for seat in seats:
        binding = _LashBinding.of(head, seat)
        if binding is not None:
            yield binding.follow
    for piece in pieces_of(head, Role.BROW):
        bound = bind_brow(head, piece)
        if bound is not None:
            yield _brow(head, piece, bound)
    for piece in homeless + pieces_of(head, Role.ATTACHED):
        bound = bind_attached(head, piece)
        if bound is not None:
            yield _attached(head, piece, bound)


def _eyes(head: Head) -> Follower:
    motions = eye_motions(head)

    def follow(name: str, _: Floats, result: Floats) -> None:
        if name in motions:
            result += motions[name]

    return follow


def _mouth(head: Head, bones: Sequence[Bone], weights: csr_matrix) -> Follower:
    """Lower teeth and tongue go rigidly with the jaw bone; the tongue also comes out."""
    carriers = [index for index, bone in enumerate(bones) if bone.name in ("jaw", "lip_lower")]
    jaw = np.asarray(weights[:, carriers].sum(axis=1)).ravel()
    share = np.where(head.role == Role.TONGUE, 1.0, teeth_jaw_share(head))

    def follow(name: str, displacement: Floats, result: Floats) -> None:
        if not share.any() or not (name.startswith("jaw") or name == "tongueOut"):
            return
        motion = jaw_bone_motion(head, displacement, jaw)
        carried = np.zeros_like(result) if motion is None else carried_by_jaw(head, motion, share)
        if name == "tongueOut":
            tongue = head.role == Role.TONGUE
            carried[tongue] = tongue_out(head, displacement)[tongue]
        result += carried

    return follow


@dataclass(frozen=True)
class _LashBinding:
    """A lash on its lid margin. ``rows`` (K, N) carry skin values to the margin's points
    ``line`` (K, 3); ``pivot`` (3,) is the eye's centre.
    """

    seat: LashSeat
    rows: csr_matrix
    line: Floats
    points: Floats
    pivot: Floats

    @classmethod
    def of(cls, head: Head, seat: LashSeat) -> _LashBinding | None:
        line = resample(getattr(head.rims[seat.side], seat.lid), MARGIN_POINTS)
        binding = bind_to_skin(head, line)
        if binding is None:
            return None
        points = head.vertices[seat.index]
        return cls(seat, binding.rows, line, points, eye_centre(head, seat.side))

    def follow(self, _: str, displacement: Floats, result: Floats) -> None:
        """The lash goes and turns with the margin's own frame: along the margin and away from
        the eye's centre. It is never bent by the skin around.
        """
        moved = self.line + self.rows @ displacement
        turns = self._frames(moved) @ self._frames(self.line).transpose(0, 2, 1)
        exact = self.seat.place * (MARGIN_POINTS - 1)
        first = np.clip(np.floor(exact).astype(int), 0, MARGIN_POINTS - 2)
        share = (exact - first)[:, None]
        carried = [
            moved[k] + np.einsum("pij,pj->pi", turns[k], self.points - self.line[k])
            for k in (first, first + 1)
        ]
        goal = (1.0 - share) * carried[0] + share * carried[1]
        result[self.seat.index] = goal - self.points

    def _frames(self, line: Floats) -> Floats:
        """(K, 3, 3) columns along the margin, outwards and across."""
        along = _unit(np.gradient(line, axis=0))
        outward = line - self.pivot
        outward = _unit(outward - (outward * along).sum(axis=1, keepdims=True) * along)
        return np.stack([along, outward, np.cross(along, outward)], axis=2)


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    safe = np.where(length > 1e-9, vectors, [1.0, 0.0, 0.0])
    return safe / np.where(length > 1e-9, length, 1.0)


def _brow(head: Head, piece: NDArray[np.int64], binding: SkinBinding) -> Follower:
    """Bends gently with the skin below, and gives way where that rises."""
    feet = bind_to_skin(head, head.vertices[piece])
    assert feet is not None  # the brow itself is bound to the same skin
    outward = _unit(feet.rows @ head.normals)

    def follow(_: str, displacement: Floats, result: Floats) -> None:
        smooth = binding.rows @ displacement
        rise = ((feet.rows @ displacement - smooth) * outward).sum(axis=1, keepdims=True)
        result[piece] = smooth + np.maximum(rise, 0.0) * outward

    return follow


def _attached(head: Head, piece: NDArray[np.int64], binding: SkinBinding) -> Follower:
    """A beard goes with what it hangs from; what stands off the upper face keeps still there."""
    points = head.vertices[piece]
    as_one = float(np.ptp(points, axis=0).max()) < PIERCING
    is_beard = float(points[:, 1].mean()) < float(head.point("nose_base")[1])
    contact = binding.contact[:, None]

    def follow(name: str, displacement: Floats, result: Floats) -> None:
        motion = binding.rows @ displacement
        if not (is_beard or name.startswith("jaw")):
            motion = motion * contact
        result[piece] = motion.mean(axis=0) if as_one else motion

    return follow
