# SPDX-License-Identifier: GPL-3.0-or-later
"""A standard's keys: baked from what the rig shows, on the head and on every part that moves."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ..properties import parts_of, state_of
from .fcurves import require_shape_keys
from .head import SceneOptions
from .key_drivers import driven_values, follow, remove_driver
from .key_writer import RIG_SUFFIX, KeyWriter, key_name, remove_keys, remove_lone_basis
from .state import protect_state
from .transaction import Transaction

Floats = NDArray[np.float64]

# Motion of a part below this share of its size is rounding.
_STILL = 1e-6


@dataclass(frozen=True)
class Baked:
    """``names``: target -> the head's key that shows it. ``kept``: targets that are the artist's
    own keys and stay so. ``missing``: ARKit shapes of the recipes that the head doesn't have.
    """

    names: Mapping[str, str]
    kept: tuple[str, ...]
    missing: tuple[str, ...]


def write_standard_keys(
    head: bpy.types.Object,
    recipes: Mapping[str, Mapping[str, float]],
    options: SceneOptions,
    transaction: Transaction,
) -> Baked:
    """Bake each recipe (weights of ARKit shapes) as a key of the name it has in ``recipes``.

    The key moves every vertex as the rig does with the recipe's keys set: correctives are in it,
    and sticky lips as far as they are turned up. Parts follow the head's key. Raises RigError where
    the head has no shape keys.
    """
    require_shape_keys(head, "add a standard's keys to")
    parts = [part for part in parts_of(head) if part.data.shape_keys is not None]
    for obj in (head, *parts):
        protect_state(obj, transaction)
    names: dict[str, str] = {}
    kept, missing = [], set()
    writer = KeyWriter(head, options, transaction)
    for target, recipe in recipes.items():
        keys = {shape: key_name(head, shape) for shape in recipe}
        missing |= {shape for shape, key in keys.items() if key is None}
        values = {key: recipe[shape] for shape, key in keys.items() if key is not None}
        written = writer.write(target, _motion(head, head, values))
        if written != target:
            kept.append(target)
        if written is None:
            continue
        names[target] = written
        _note(head, written, recipe)
        for part in parts:
            _write_part(part, head, written, recipe, _motion(part, head, values), transaction)
    return Baked(names, tuple(kept), tuple(sorted(missing)))


def bake_again(head: bpy.types.Object, options: SceneOptions, transaction: Transaction) -> None:
    """Bake the standards' keys that a head has from the rig as it is now, in place."""
    recipes = {
        key.name.removesuffix(RIG_SUFFIX): json.loads(key.recipe)
        for key in state_of(head).keys
        if key.recipe
    }
    if recipes and head.data.shape_keys is not None:
        write_standard_keys(head, recipes, options, transaction)


def remove_standard_keys(head: bpy.types.Object, targets: Collection[str]) -> list[str]:
    """Take the keys of these names away, where they were baked here. Returns the names of those
    that the artist has sculpted since, which stay.
    """
    wanted = {name for target in targets for name in (target, target + RIG_SUFFIX)}
    kept: set[str] = set()
    for obj in (*parts_of(head), head):
        ours = [key.name for key in state_of(obj).keys if key.recipe and key.name in wanted]
        for name in remove_keys(obj, ours):
            remove_driver(obj, name)
            kept.add(name)
        remove_lone_basis(obj)
    return sorted(kept)


def _write_part(
    part: bpy.types.Object,
    head: bpy.types.Object,
    name: str,
    recipe: Mapping[str, float],
    motion: Floats,
    transaction: Transaction,
) -> None:
    """A part's key has the name of the head's; one of the artist's with that name stays."""
    writer = KeyWriter(part, SceneOptions(existing_keys="KEEP"), transaction)
    size = max(part.dimensions) or 1.0
    moves = np.abs(motion).max(initial=0.0) * max(map(abs, part.scale)) > _STILL * size
    if not (moves or writer.has_written(name)):
        return
    if writer.write(name, motion) is not None:
        _note(part, name, recipe)
        follow(part, name, head, name, transaction)


def _note(obj: bpy.types.Object, name: str, recipe: Mapping[str, float]) -> None:
    state_of(obj).keys[name].recipe = json.dumps(dict(recipe))


def _motion(obj: bpy.types.Object, head: bpy.types.Object, values: Mapping[str, float]) -> Floats:
    """(N, 3) object-space displacement of an object's vertices with the head's keys at ``values``.

    Blender adds what each key differs from the one it is relative to, times its value.
    """
    shown = driven_values(obj, head, values)
    if obj == head:
        shown = {**shown, **values}
    motion = np.zeros((len(obj.data.vertices), 3))
    for name, value in shown.items():
        key = obj.data.shape_keys.key_blocks[name]
        motion += value * (_positions(key) - _positions(key.relative_key))
    return motion


def _positions(key: bpy.types.ShapeKey) -> Floats:
    positions = np.empty(len(key.points) * 3, dtype=np.float32)
    key.points.foreach_get("co", positions)
    return positions.reshape(-1, 3).astype(np.float64)
