# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig's shape keys on one object: written, told from the artist's, taken away."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

import bpy
import numpy as np
from numpy.typing import NDArray

from ..properties import OwnedKey, state_of
from .fcurves import remove_generated
from .head import SceneOptions, ScenePart
from .key_drivers import remove_driver
from .mesh_access import basis_positions, key_positions
from .motion_memory import knows_motion, remember_motion, unit_of
from .sculpting import find_corrections
from .transaction import Transaction

# The rig's key beside an artist's key of the same name.
RIG_SUFFIX: Final = ".rig"

_NONE: Final[Mapping[str, NDArray[np.float64]]] = MappingProxyType({})

# A key whose motion differs by more than this from what was written has been sculpted since.
_SCULPTED: Final = 1e-3


class Motion(NamedTuple):
    """A fingerprint of a key's displacements: how many vertices, their length, and a moment."""

    vertices: int
    length: float
    moment: float


class KeyWriter:
    """Writes keys on one object, and knows how to take each one back.

    ``unit``: the IOD in the object's space, by which the rig's own motion is remembered; None for
    keys that are made from others, of which nothing needs to be. ``corrections``: key -> (N, 3)
    object-space displacement that the artist sculpted on the rig's key of that name, to be kept;
    see scene.sculpting.
    """

    def __init__(
        self,
        obj: bpy.types.Object,
        options: SceneOptions,
        transaction: Transaction,
        unit: float | None = None,
        corrections: Mapping[str, NDArray[np.float64]] = _NONE,
    ) -> None:
        self._obj = obj
        self._options = options
        self._transaction = transaction
        self._basis = basis_positions(obj.data).astype(np.float64)
        self._unit = unit
        self._corrections = corrections
        self.left_out: frozenset[str] = frozenset()

    def write(self, name: str, displacement: NDArray[np.float64]) -> str | None:
        """Write one (N, 3) object-space displacement; return the key's name, None if left out."""
        if name in self.left_out:
            return None
        self._ensure_basis()
        key = _key(self._obj, name)
        if key is None:
            return self._create(name, displacement)
        if _is_ours(self._obj, key) or self._options.existing_keys == "REPLACE":
            return self._overwrite(key, displacement)
        self._disown(name)
        if self._options.existing_keys == "KEEP":
            return None
        beside = _key(self._obj, name + RIG_SUFFIX)
        if beside is not None and _is_ours(self._obj, beside):
            return self._overwrite(beside, displacement)
        return self._create(name + RIG_SUFFIX, displacement)

    def has_written(self, name: str) -> bool:
        """Whether a key of this name is there that the rig made, now or before."""
        return _key(self._obj, name) is not None and name in state_of(self._obj).keys

    def _ensure_basis(self) -> None:
        if self._obj.data.shape_keys is not None:
            return
        self._obj.shape_key_add(name="Basis", from_mix=False)
        state_of(self._obj).made_basis = True
        self._transaction.on_rollback(self._obj.shape_key_clear)

    def _create(self, name: str, displacement: NDArray[np.float64]) -> str:
        active = self._obj.active_shape_key_index
        key = self._obj.shape_key_add(name=name, from_mix=False)
        self._obj.active_shape_key_index = active
        created = key.name
        self._transaction.on_rollback(lambda: _remove_key(self._obj, _key(self._obj, created)))
        key.relative_key = self._obj.data.shape_keys.reference_key
        key.slider_min, key.slider_max, key.value = 0.0, 1.0, 0.0
        self._set_positions(key, displacement)
        return created

    def _overwrite(self, key: bpy.types.ShapeKey, displacement: NDArray[np.float64]) -> str:
        before = key_positions(key)
        name = key.name
        blocks = self._obj.data.shape_keys.key_blocks
        self._transaction.on_rollback(lambda: blocks[name].points.foreach_set("co", before.ravel()))
        self._set_positions(key, displacement)
        return name

    def _set_positions(self, key: bpy.types.ShapeKey, displacement: NDArray[np.float64]) -> None:
        correction = self._corrections.get(key.name)
        whole = displacement if correction is None else displacement + correction
        positions = (self._basis + whole).astype(np.float32)
        key.points.foreach_set("co", positions.ravel())
        keys = state_of(self._obj).keys
        record = keys[key.name] if key.name in keys else keys.add()
        record.name = key.name
        record.count, record.length, record.moment = _motion(positions - self._basis)
        if self._unit is not None:
            remember_motion(record, displacement, correction, self._unit)

    def _disown(self, name: str) -> None:
        index = state_of(self._obj).keys.find(name)
        if index >= 0:
            state_of(self._obj).keys.remove(index)


class PartWriter(KeyWriter):
    """Writes the rig's keys on a part of the head; ``scale``: world units per IOD."""

    def __init__(
        self,
        part: ScenePart,
        options: SceneOptions,
        transaction: Transaction,
        scale: float,
        corrections: Mapping[str, NDArray[np.float64]],
    ) -> None:
        unit = scale * float(np.cbrt(abs(np.linalg.det(part.to_local))))
        super().__init__(part.obj, options, transaction, unit, corrections)
        self.part = part
        self.left_out = frozenset() if options.deleted_keys else deleted_keys(part.obj)

    def keeping_mine(self) -> PartWriter:
        """The same, but where an artist's key has the name there is no second one beside it."""
        writer = copy.copy(self)
        if self._options.existing_keys == "KEEP_BOTH":
            writer._options = replace(self._options, existing_keys="KEEP")
        return writer


def record_motion(
    obj: bpy.types.Object, record: OwnedKey, own_positions: NDArray[np.float32] | None
) -> None:
    """Take a key as it is for what the rig has written, after its mesh has changed.

    ``own_positions``: (N, 3) where the key would be without what the artist has sculpted on it;
    None where nothing was.
    """
    positions = key_positions(_key(obj, record.name))
    basis = basis_positions(obj.data).astype(np.float64)
    own = positions if own_positions is None else own_positions
    correction = None if own_positions is None else positions.astype(np.float64) - own
    record.count, record.length, record.moment = _motion(positions - basis)
    if knows_motion(obj, record):
        remember_motion(record, own - basis, correction, unit_of(record))


def deleted_keys(obj: bpy.types.Object) -> frozenset[str]:
    """Names of the rig's keys that the artist has deleted or renamed.

    Where most of them are gone, the mesh has lost them in an edit, and nobody meant any of them.
    """
    names = [record.name for record in state_of(obj).keys]
    gone = frozenset(name for name in names if _key(obj, name) is None)
    return gone if 2 * len(gone) < len(names) else frozenset()


def own_key_name(obj: bpy.types.Object, shape: str) -> str | None:
    """The name of the rig's key for an ARKit shape; None where it has none."""
    keys, names = state_of(obj).keys, (shape, shape + RIG_SUFFIX)
    own = next((name for name in names if name in keys and _key(obj, name) is not None), None)
    if own is None and state_of(obj).renamed:
        own = next((key.name for key in keys if key.original in names), None)
    return own


def key_name(head: bpy.types.Object, shape: str) -> str | None:
    """The shape key that shows an ARKit shape: the rig's, else one of the artist's of that name."""
    blocks = head.data.shape_keys.key_blocks
    own = own_key_name(head, shape)
    return next((name for name in (own, shape) if name is not None and name in blocks), None)


def remove_keys(obj: bpy.types.Object, names: Iterable[str]) -> list[str]:
    """Remove those of the rig's keys that were not sculpted since; return the kept ones."""
    state = state_of(obj)
    sculpted = find_corrections(obj)
    kept = []
    for name in names:
        key = _key(obj, name)
        if key is not None:
            if _is_ours(obj, key) and name not in sculpted:
                _remove_key(obj, key)
            else:
                kept.append(name)
        index = state.keys.find(name)
        if index >= 0:
            state.keys.remove(index)
    return kept


def remove_lone_basis(obj: bpy.types.Object) -> None:
    """Remove a Basis key that the rig made once it is the only one left."""
    keys = obj.data.shape_keys
    if state_of(obj).made_basis and keys is not None and len(keys.key_blocks) == 1:
        obj.shape_key_clear()
        state_of(obj).made_basis = False


def _key(obj: bpy.types.Object, name: str) -> bpy.types.ShapeKey | None:
    keys = obj.data.shape_keys
    return None if keys is None else keys.key_blocks.get(name)


def _is_ours(obj: bpy.types.Object, key: bpy.types.ShapeKey) -> bool:
    """Whether the rig made this key, and what was sculpted on it since can be told apart.

    Rigs of old kept only a fingerprint of their motion: where that differs, the key is the
    artist's now. A mesh whose vertices were added or removed since is taken as ours: no key on it
    still fits.
    """
    record = state_of(obj).keys.get(key.name)
    if record is None:
        return False
    if knows_motion(obj, record) or record.count != len(key.points):
        return True
    now = _motion(key_positions(key) - basis_positions(obj.data).astype(np.float64))
    size = max(abs(record.length), abs(now.length), 1e-12)
    return bool(
        abs(now.length - record.length) <= _SCULPTED * size
        and abs(now.moment - record.moment) <= _SCULPTED * size
    )


def _motion(displacement: NDArray[np.float64]) -> Motion:
    return Motion(
        vertices=len(displacement),
        length=float(np.linalg.norm(displacement)),
        moment=float(displacement.ravel() @ _moment_weights(displacement.size)),
    )


@functools.lru_cache(maxsize=8)
def _moment_weights(size: int) -> NDArray[np.float64]:
    """Numbers in -1..1 without any regularity that a symmetric sculpt could cancel against."""
    return np.cos(np.arange(size, dtype=np.float64))


def _remove_key(obj: bpy.types.Object, key: bpy.types.ShapeKey | None) -> None:
    if key is None:
        return
    remove_driver(obj, key.name)
    remove_generated(obj, key.name)
    active = obj.active_shape_key_index
    obj.shape_key_remove(key)
    if obj.data.shape_keys is not None:
        obj.active_shape_key_index = min(active, len(obj.data.shape_keys.key_blocks) - 1)
