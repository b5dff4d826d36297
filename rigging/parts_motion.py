# SPDX-License-Identifier: GPL-3.0-or-later
"""Make everything that isn't skin follow each shape key: eyes, lashes, brows, teeth, tongue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from .brow_motion import BrowFollower
from .button_eyes import button_eyes
from .data import Bone
from .drawn_lips import drawn_mouth, open_mouth
from .eye_motion import eye_motions
from .head import Head, Role
from .lash_motion import LashFollower
from .loose_parts import (
    SkinBinding,
    bind_attached,
    pieces_of,
    seat_lashes,
)
from .mouth_motion import carried_by_jaw, jaw_bone_motion, tongue_out
from .teeth import teeth_jaw_share

Floats = NDArray[np.float64]
# (shape name, (N, 3) skin displacement, (N, 3) displacement to fill in)
Follower = Callable[[str, Floats, Floats], None]

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
    Eyes move in the eyeLook shapes alone, those without lids in a few more; upper teeth, hair and
    body never.
    """
    parts = np.flatnonzero(head.role != Role.SKIN)
    followers = list(_followers(head, bones, weights))
    filled: dict[str, Floats] = {}
    for name, given in shapes.items():
        displacement = np.where(np.isfinite(given), given, 0.0)
        displacement[parts] = 0.0
        result = displacement.copy()
        for follower in followers:
            follower(name, displacement, result)
        result[parts[np.abs(result[parts]).max(axis=1) < ROUNDING]] = 0.0
        filled[name] = result
    return filled


def _followers(head: Head, bones: Sequence[Bone], weights: csr_matrix) -> Iterator[Follower]:
    yield _eyes(head)
    yield _mouth(head, bones, weights)
    buttons = button_eyes(head)
    taken = [eye.index for eye in buttons]
    seats, homeless = seat_lashes(head, np.concatenate(taken) if taken else None)
    for seat in seats:
        binding = LashFollower.of(head, seat)
        if binding is not None:
            yield binding.follow
    for piece in pieces_of(head, Role.BROW):
        brow = BrowFollower.of(head, piece)
        if brow is not None:
            yield brow.follow
    for piece in homeless + pieces_of(head, Role.ATTACHED):
        bound = bind_attached(head, piece)
        if bound is not None:
            yield _attached(head, piece, bound)
    yield _drawn_mouth(head)
    for eye in buttons:
        yield eye.follow


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


def _drawn_mouth(head: Head) -> Follower:
    mouth = drawn_mouth(head)

    def follow(name: str, displacement: Floats, result: Floats) -> None:
        if name == "jawOpen":
            open_mouth(mouth, displacement, result)

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
