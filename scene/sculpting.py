# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist has sculpted on the rig's keys: the key as it is now, less the rig's own motion.

The rig's own motion is kept with each key's record (scene.motion_memory). What every key has in
common is not sculpting: a Basis that was moved alone changes all of them by the same amount, and
applying an object's scale stretches all of them alike.
"""

from __future__ import annotations

from typing import Final, Protocol

import bpy
import numpy as np
from numpy.typing import NDArray

from ..properties import OwnedKey, state_of
from .mesh_access import basis_positions, key_positions
from .motion_memory import kept_motions
from .packed import unpack_vectors

# A vertex that is farther off than so many steps of the record was sculpted.
_NOTICED: Final = 2.0

# What so large a share of the keys have in common was not sculpted on each of them.
_COMMON: Final = 0.6
_FEWEST: Final = 4


class Carry(Protocol):
    """Displacements of the mesh as it was, of ``count`` vertices, on the mesh as it is.

    ``slack``: (M,) object units by which what was carried may be off, and (M,) the share of its
    length likewise.
    """

    count: int
    slack: tuple[NDArray[np.float64], NDArray[np.float64]]

    def vectors(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 3) of the old mesh's vertices -> (M, 3) of the new one's."""

    def credible(self, differs: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of the (M,) vertices that seem to differ from what was carried really do."""


def find_corrections(
    obj: bpy.types.Object, carry: Carry | None = None
) -> dict[str, NDArray[np.float64]]:
    """Key of the rig -> (N, 3) object-space displacement that the artist added to it.

    ``carry`` is for a mesh whose topology has changed since the keys were written. Without it, keys
    of another number of vertices than the mesh's are left out. Keys that a mesh has lost come back
    with the corrections that an earlier run knew of.
    """
    basis = basis_positions(obj.data).astype(np.float64)
    motions = kept_motions(obj)
    written = {
        record.name: item
        for record in state_of(obj).keys
        if (item := _as_written(record, motions.get(record.name), len(basis), carry)) is not None
    }
    keys = obj.data.shape_keys
    now = {
        name: key_positions(keys.key_blocks[name]) - basis
        for name in written
        if keys is not None and name in keys.key_blocks
    }
    if carry is None:
        written, now = _without_common(written, now)
    found = {}
    for name, (motion, known, step) in written.items():
        correction = known
        if name in now:
            limits = _limits(motion, basis, step, carry)
            correction = _sculpted(now[name] - motion, known, limits, carry)
        if correction is not None and correction.any():
            found[name] = correction
    return found


# The rig's own motion, the correction that is known of, and the step of the motion.
_Written = tuple[NDArray[np.float64], NDArray[np.float64] | None, float]


def _as_written(
    record: OwnedKey, motion: NDArray[np.float64] | None, count: int, carry: Carry | None
) -> _Written | None:
    known = unpack_vectors(record.correction)
    if motion is None or len(motion) != record.count:
        return None
    if known is not None and len(known) != record.count:
        known = None
    if carry is not None and record.count == carry.count:
        return carry.vectors(motion), None if known is None else carry.vectors(known), record.step
    return (motion, known, record.step) if record.count == count else None


def _limits(
    motion: NDArray[np.float64], basis: NDArray[np.float64], step: float, carry: Carry | None
) -> NDArray[np.float64]:
    """(N,) how far a vertex may be off without having been sculpted."""
    rounding = 4 * float(np.finfo(np.float32).eps) * float(np.abs(basis).max(initial=0.0))
    limit = np.full(len(motion), max(_NOTICED * step, rounding))
    if carry is None:
        return limit
    least, share = carry.slack
    return np.maximum(limit, least) + share * np.linalg.norm(motion, axis=1)


def _sculpted(
    deviation: NDArray[np.float64],
    known: NDArray[np.float64] | None,
    limits: NDArray[np.float64],
    carry: Carry | None,
) -> NDArray[np.float64]:
    """The deviation where it is more than rounding, and what was known where that says the same."""
    reference = np.zeros_like(deviation) if known is None else known
    differs = np.linalg.norm(deviation - reference, axis=1) > limits
    if carry is not None:
        differs = carry.credible(differs)
    return np.where(differs[:, None], deviation, reference)


def _without_common(
    written: dict[str, _Written], now: dict[str, NDArray[np.float64]]
) -> tuple[dict[str, _Written], dict[str, NDArray[np.float64]]]:
    """Both without what most of the keys have in common, if they have: a stretch, then a shift."""
    names = [name for name in written if name in now]
    if len(names) < _FEWEST or not _most_differ(written, now, names):
        return written, now
    before = {name: _whole(written[name]) for name in names}
    stretch = _common_stretch([before[name] for name in names], [now[name] for name in names])
    stretched = {
        name: (motion @ stretch, None if known is None else known @ stretch, step)
        for name, (motion, known, step) in written.items()
    }
    if _most_differ(stretched, now, names):
        offsets = np.stack([now[name] - _whole(written[name]) for name in names])
        shift = np.median(offsets, axis=0)
        shifted = {name: motion - shift for name, motion in now.items()}
        return (written, now) if _most_differ(written, shifted, names) else (written, shifted)
    return stretched, now


def _whole(item: _Written) -> NDArray[np.float64]:
    motion, known, _ = item
    return motion if known is None else motion + known


def _most_differ(
    written: dict[str, _Written], now: dict[str, NDArray[np.float64]], names: list[str]
) -> bool:
    different = 0
    for name in names:
        difference = np.abs(now[name] - _whole(written[name])).max(initial=0.0)
        scale = np.abs(now[name]).max(initial=0.0)
        different += bool(difference > _NOTICED * written[name][2] + 1e-5 * scale)
    return different > _COMMON * len(names)


def _common_stretch(
    before: list[NDArray[np.float64]], now: list[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """The (3, 3) matrix m with ``before @ m`` nearest to ``now`` over all keys, or the identity.

    Least squares, then once more without the tenth that fits worst: what was sculpted besides.
    """
    first, second = np.concatenate(before), np.concatenate(now)
    moving = np.flatnonzero(first.any(axis=1))
    if len(moving) < 8:
        return np.eye(3)
    first, second = first[moving], second[moving]
    matrix = np.linalg.lstsq(first, second, rcond=None)[0]
    error = np.linalg.norm(second - first @ matrix, axis=1)
    good = error <= np.quantile(error, 0.9)
    return np.linalg.lstsq(first[good], second[good], rcond=None)[0]
