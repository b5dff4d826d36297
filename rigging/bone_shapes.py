# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes as motions of few rigid bones: linear blend skinning fitted to them, for engines and
formats without shape keys.

B. Le, Z. Deng, "Smooth Skinning Decomposition with Rigid Bones" (ACM Transactions on Graphics
31(6), 2012): weights and bone motions in turn, each the least-squares answer to the other. The
first bone never moves: it is the skull, and what no shape moves hangs on it alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

Floats = NDArray[np.float64]

BONES: Final = 30
INFLUENCES: Final = 4
_ROUNDS: Final = 10
_SEED: Final = 1
# Vertices that move less than this in every pose stay with the skull, of the unit.
_STILL: Final = 5e-4
# Vertices are grouped by where they go, and by where they are: units of the one for the other.
_MOTION: Final = 6.0
# How strongly a bone is kept from turning, of its vertices' spread; of a handful that lie in a line
# any turn is as good.
_STIFFNESS: Final = 1e-3
_LEAST_WEIGHT: Final = 1e-3
_RIDGE: Final = 1e-7
_AT_ONCE: Final = 1024  # vertices


@dataclass(frozen=True)
class BoneShapes:
    """Of P poses and B bones, the first of which is the skull: ``weights`` (V, B), at most
    INFLUENCES of each vertex and 1 in sum; ``places`` (B, 3) of the bones at rest; ``turns``
    (P, B, 3, 3) and ``moves`` (P, B, 3): a point x of bone b goes to turn x + move.
    """

    weights: Floats
    places: Floats
    turns: Floats
    moves: Floats

    def posed(self, vertices: Floats) -> Floats:
        """(P, V, 3) the poses as the bones show them."""
        return blended(self.weights, self.turns, self.moves, vertices)


def fit_bones(vertices: Floats, offsets: Floats, unit: float, bones: int = BONES) -> BoneShapes:
    """``bones`` bones, the skull among them, that move ``vertices`` (V, 3) by about ``offsets``
    (P, V, 3). ``unit``: the face's size in the same unit, its inter-ocular distance.

    Raises ValueError for fewer than two bones.
    """
    if bones < 2:
        raise ValueError("A face needs a bone beside its skull.")
    moved = np.linalg.norm(offsets, axis=2).max(axis=0) > _STILL * unit
    rest, targets = vertices[moved], vertices[moved] + offsets[:, moved]
    weights = _groups(rest, offsets[:, moved], unit, bones)
    poses, count = len(offsets), weights.shape[1]
    turns = np.tile(np.eye(3), (poses, count, 1, 1))
    moves = np.zeros((poses, count, 3))
    for _ in range(_ROUNDS):
        solve_bones(rest, targets, weights, turns, moves, unit)
        weights = _weights(rest, targets, turns, moves)
    solve_bones(rest, targets, weights, turns, moves, unit)
    everything = np.zeros((len(vertices), count))
    everything[:, 0] = 1.0
    everything[moved] = weights
    shares = weights / np.maximum(weights.sum(axis=0), 1e-9)
    places = shares.T @ rest
    places[0] = vertices.mean(axis=0)
    return BoneShapes(everything, places, turns, moves)


def solve_bones(
    rest: Floats, targets: Floats, weights: Floats, turns: Floats, moves: Floats, unit: float
) -> None:
    """Move the bones, in place, so that ``rest`` (V, 3) comes nearest to ``targets`` (P, V, 3).

    One bone after the other takes what all others leave: Procrustes' problem, in closed form.
    """
    posed = blended(weights, turns, moves, rest)
    for bone in range(1, weights.shape[1]):
        mine = np.flatnonzero(weights[:, bone] > _LEAST_WEIGHT)
        if len(mine) == 0:
            continue
        w = weights[mine, bone]
        p = rest[mine]
        before = p @ turns[:, bone].transpose(0, 2, 1) + moves[:, bone, None]
        q = targets[:, mine] - posed[:, mine] + w[:, None] * before
        total = (w**2).sum()
        centre = (w**2) @ p / total
        goal = np.einsum("v,pvi->pi", w, q) / total
        left = w[:, None] * q - (w**2)[:, None] * goal[:, None]
        spread = np.einsum("pvi,vj->pij", left, p - centre)
        spread += np.eye(3) * (_STIFFNESS * unit**2 * total)
        u, _, vt = np.linalg.svd(spread)
        u[..., 2] *= np.linalg.det(u @ vt)[:, None]
        turns[:, bone] = u @ vt
        moves[:, bone] = goal - np.einsum("pij,j->pi", turns[:, bone], centre)
        after = p @ turns[:, bone].transpose(0, 2, 1) + moves[:, bone, None]
        posed[:, mine] += w[:, None] * (after - before)


def _groups(rest: Floats, offsets: Floats, unit: float, bones: int) -> Floats:
    """(V, B) each vertex on one bone: those that lie near each other and go the same way."""
    motion = offsets.transpose(1, 0, 2).reshape(len(rest), -1) / unit
    # Poses are many and alike: what tells vertices apart lies in few directions.
    _, sizes, directions = np.linalg.svd(motion.T @ motion)
    kept = directions[sizes > 1e-6 * sizes[0]][: 3 * bones]
    features = np.concatenate(
        [_MOTION * motion @ kept.T, (rest - rest.mean(axis=0)) / unit], axis=1
    )
    _, group = kmeans2(features, bones - 1, iter=20, minit="++", seed=_SEED)
    weights = np.zeros((len(rest), bones))
    weights[np.arange(len(rest)), group + 1] = 1.0
    return weights


def _weights(rest: Floats, targets: Floats, turns: Floats, moves: Floats) -> Floats:
    """(V, B) the weights that bring each vertex nearest to its targets: not negative, 1 in sum, at
    most INFLUENCES of them.
    """
    found = np.empty((len(rest), turns.shape[1]))
    for first in range(0, len(rest), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        by_bone = np.einsum("pbij,vj->vpib", turns, rest[some]) + moves.transpose(0, 2, 1)
        by_bone = by_bone.reshape(by_bone.shape[0], -1, by_bone.shape[-1])
        goal = targets[:, some].transpose(1, 0, 2).reshape(by_bone.shape[0], -1)
        # Where a vertex is says nothing, where it goes all: about the goal, numbers stay small.
        away = by_bone - goal[..., None]
        gram = away.transpose(0, 2, 1) @ away
        found[some] = _convex(gram)
    return found


def _convex(gram: Floats) -> Floats:
    """(V, B) the x that minimise x' gram x: not negative, 1 in sum, at most INFLUENCES of them."""
    count = gram.shape[1]
    ridge = _RIDGE * np.trace(gram, axis1=1, axis2=2)[:, None, None] / count + 1e-18
    gram = gram + ridge * np.eye(count)
    chosen = np.ones(gram.shape[:2], bool)
    for most in (2 * INFLUENCES, INFLUENCES, INFLUENCES, INFLUENCES):
        x = _affine(gram, chosen)
        least = -np.sort(-x, axis=1)[:, min(most, count) - 1, None]
        chosen = (x >= least) & (x > 0.0)
    x = np.where(chosen, np.maximum(_affine(gram, chosen), 0.0), 0.0)
    return x / np.maximum(x.sum(axis=1, keepdims=True), 1e-12)


def _affine(gram: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """The same without the bounds, among the ``chosen``."""
    both = chosen[:, :, None] & chosen[:, None, :]
    system = np.where(both, gram, 0.0)
    scale = np.trace(gram, axis1=1, axis2=2)[:, None] / gram.shape[1]
    diagonal = np.arange(gram.shape[1])
    system[:, diagonal, diagonal] += np.where(chosen, 0.0, scale)
    x = np.linalg.solve(system, chosen[..., None].astype(np.float64))[..., 0]
    return np.asarray(x / x.sum(axis=1, keepdims=True))


def blended(weights: Floats, turns: Floats, moves: Floats, rest: Floats) -> Floats:
    """(P, V, 3) ``rest`` (V, 3) as bones pose it: ``turns`` (P, B, 3, 3), ``moves`` (P, B, 3)."""
    posed = np.empty((len(turns), len(rest), 3))
    for pose, (turn, move) in enumerate(zip(turns, moves, strict=True)):
        # Blended first: three by four numbers a vertex instead of a place for each bone.
        blended = np.tensordot(weights, turn, axes=1)
        posed[pose] = np.einsum("vij,vj->vi", blended, rest) + weights @ move
    return posed
