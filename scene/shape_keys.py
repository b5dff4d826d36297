# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape keys on the head and its parts. The artist's own keys are never lost silently."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Final, NamedTuple

import bpy
import numpy as np
from numpy.typing import NDArray

from ..properties import state_of
from ..rigging.data import FaceRig, Message
from .head import SceneHead, SceneOptions, ScenePart
from .mesh_access import basis_positions
from .transaction import Transaction

# The rig's key beside an artist's key of the same name.
RIG_SUFFIX: Final = ".rig"

# Shapes that an unapplied Mirror modifier can't show: both sides would move apart.
SIDEWAYS_SHAPES: Final = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")

# Motion below this share of the inter-ocular distance is numerical noise, not motion of a part.
_NOISE: Final = 1e-5

# Below this share, what the solvers leave is rounding, which may differ from run to run.
_STILL: Final = 1e-7

# A key whose motion differs by more than this from what was written has been sculpted since.
_SCULPTED: Final = 1e-3


class Motion(NamedTuple):
    """A fingerprint of a key's displacements: how many vertices, their length, and a moment."""

    vertices: int
    length: float
    moment: float


def write_shape_keys(
    scene_head: SceneHead,
    rig: FaceRig,
    shapes: Iterable[str],
    options: SceneOptions,
    transaction: Transaction,
    *,
    remove_others: bool,
) -> list[Message]:
    """Write ``shapes`` of the rig on the head, and on every part that they move.

    Keys that the rig made before and nobody sculpted since are overwritten in place, so that their
    values and animation stay. Parts follow the head's sliders through drivers.
    ``remove_others`` takes away keys of an earlier rig that this one doesn't have any more.
    """
    messages = _mirror_messages(scene_head)
    head_writer = _KeyWriter(scene_head.parts[0], options, transaction)
    kept = []
    names: dict[str, str] = {}
    for shape in shapes:
        displacement = _displacement(scene_head.parts[0], rig, shape)
        written = head_writer.write(shape, displacement)
        names[shape] = written or shape
        if written != shape:
            kept.append(shape)
    if kept:
        messages.append(_kept_message(scene_head.obj, kept, options))
    for part in scene_head.parts[1:]:
        _write_part(scene_head, part, rig, names, options, transaction)
    if remove_others:
        _remove_stale_on_commit(scene_head, set(names.values()), transaction)
    return messages


def remove_keys(obj: bpy.types.Object, names: Iterable[str]) -> list[str]:
    """Remove those of the rig's keys that were not sculpted since; return the kept ones."""
    state = state_of(obj)
    kept = []
    for name in names:
        key = _key(obj, name)
        if key is not None:
            if _is_ours(obj, key):
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


class _KeyWriter:
    """Writes keys on one object, and knows how to take each one back."""

    def __init__(self, part: ScenePart, options: SceneOptions, transaction: Transaction) -> None:
        self._obj = part.obj
        self._options = options
        self._transaction = transaction
        self._basis = basis_positions(part.obj.data).astype(np.float64)

    def write(self, name: str, displacement: NDArray[np.float64]) -> str | None:
        """Write one (N, 3) object-space displacement; return the key's name, None if left out."""
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
        before = _positions(key)
        name = key.name
        blocks = self._obj.data.shape_keys.key_blocks
        self._transaction.on_rollback(lambda: blocks[name].points.foreach_set("co", before.ravel()))
        self._set_positions(key, displacement)
        return name

    def _set_positions(self, key: bpy.types.ShapeKey, displacement: NDArray[np.float64]) -> None:
        positions = (self._basis + displacement).astype(np.float32)
        key.points.foreach_set("co", positions.ravel())
        keys = state_of(self._obj).keys
        record = keys[key.name] if key.name in keys else keys.add()
        record.name = key.name
        record.count, record.length, record.moment = _motion(positions - self._basis)

    def _disown(self, name: str) -> None:
        index = state_of(self._obj).keys.find(name)
        if index >= 0:
            state_of(self._obj).keys.remove(index)


def _displacement(part: ScenePart, rig: FaceRig, shape: str) -> NDArray[np.float64]:
    """(N, 3) object-space displacement of the part's own vertices."""
    if part.mirrored and shape in SIDEWAYS_SHAPES:
        return np.zeros((len(part.source), 3))
    rows = part.own_rows(rig.shapes[shape])
    # Vertices that the shape does not move stay exactly where they are.
    moved = np.abs(rows) > _STILL * rig.landmarks.frame.scale
    moving = np.flatnonzero(moved[:, 0] | moved[:, 1] | moved[:, 2])  # far faster than any()
    displacement = np.zeros(rows.shape)
    displacement[moving] = rows[moving].astype(np.float64) @ part.to_local.T
    return displacement


def _write_part(
    scene_head: SceneHead,
    part: ScenePart,
    rig: FaceRig,
    names: dict[str, str],
    options: SceneOptions,
    transaction: Transaction,
) -> None:
    noise = _NOISE * rig.landmarks.frame.scale
    writer = _KeyWriter(part, options, transaction)
    for shape, head_key in names.items():
        rows = part.own_rows(rig.shapes[shape])
        was_written = _key(part.obj, head_key) is not None and head_key in state_of(part.obj).keys
        if not np.abs(rows).max(initial=0.0) > noise and not was_written:
            continue
        written = writer.write(head_key, _displacement(part, rig, shape))
        if written is not None:
            _drive(part.obj, written, scene_head.obj, head_key, transaction)


def _remove_stale_on_commit(
    scene_head: SceneHead, written: set[str], transaction: Transaction
) -> None:
    for part in scene_head.parts:
        stale = [key.name for key in state_of(part.obj).keys if key.name not in written]
        transaction.on_commit(functools.partial(remove_keys, part.obj, stale))


def _drive(
    obj: bpy.types.Object,
    name: str,
    head: bpy.types.Object,
    head_name: str,
    transaction: Transaction,
) -> None:
    """Let a part's key follow the head's slider, without Python, so that playback stays fast."""
    keys = obj.data.shape_keys
    path = f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'
    source = f'key_blocks["{bpy.utils.escape_identifier(head_name)}"].value'
    curves = keys.animation_data.drivers if keys.animation_data is not None else ()
    if any(curve.data_path == path for curve in curves):
        return
    curve = keys.driver_add(path)
    transaction.on_rollback(lambda: obj.data.shape_keys.driver_remove(path))
    curve.driver.type = "AVERAGE"
    variable = curve.driver.variables.new()
    variable.name = "slider"
    variable.type = "SINGLE_PROP"
    target = variable.targets[0]
    target.id_type = "KEY"
    target.id = head.data.shape_keys
    target.data_path = source


def _key(obj: bpy.types.Object, name: str) -> bpy.types.ShapeKey | None:
    keys = obj.data.shape_keys
    return None if keys is None else keys.key_blocks.get(name)


def _positions(key: bpy.types.ShapeKey) -> NDArray[np.float32]:
    positions = np.empty(len(key.points) * 3, dtype=np.float32)
    key.points.foreach_get("co", positions)
    return positions.reshape(-1, 3)


def _is_ours(obj: bpy.types.Object, key: bpy.types.ShapeKey) -> bool:
    """Whether the rig made this key and it still moves as it was written.

    A mesh whose vertices were added or removed since is taken as ours: no key on it still fits.
    """
    record = state_of(obj).keys.get(key.name)
    if record is None:
        return False
    if record.count != len(key.points):
        return True
    now = _motion(_positions(key) - basis_positions(obj.data).astype(np.float64))
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
    path = f'key_blocks["{bpy.utils.escape_identifier(key.name)}"].value'
    keys = obj.data.shape_keys
    if keys.animation_data is not None and keys.animation_data.drivers.find(path) is not None:
        keys.driver_remove(path)
    active = obj.active_shape_key_index
    obj.shape_key_remove(key)
    if obj.data.shape_keys is not None:
        obj.active_shape_key_index = min(active, len(obj.data.shape_keys.key_blocks) - 1)


def _kept_message(obj: bpy.types.Object, kept: list[str], options: SceneOptions) -> Message:
    names = ", ".join(kept)
    if options.existing_keys == "KEEP":
        text = f'"{obj.name}" has its own {names}; they were kept and the rig\'s left out.'
    else:
        text = (
            f'"{obj.name}" has its own {names}; they were kept, and the rig\'s are beside them '
            f'with "{RIG_SUFFIX}" after the name.'
        )
    return Message("warning", text)


def _mirror_messages(scene_head: SceneHead) -> list[Message]:
    mirrored = [f'"{part.obj.name}"' for part in scene_head.parts if part.mirrored]
    if not mirrored:
        return []
    text = (
        f"{', '.join(mirrored)}: a Mirror modifier makes both sides move alike, so "
        f"{', '.join(SIDEWAYS_SHAPES)} are left empty there. "
        "Apply the modifier and rig again for one-sided expressions."
    )
    return [Message("warning", text)]
