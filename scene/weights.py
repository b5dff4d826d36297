# SPDX-License-Identifier: GPL-3.0-or-later
"""Skin weights as vertex groups, and the Armature modifier that uses them."""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..properties import state_of
from ..rigging.data import FaceRig
from ..vocabulary import mirror_bone
from .bone_names import is_our_modifier
from .head import SceneHead, ScenePart
from .transaction import Transaction

MODIFIER_NAME: Final = "FaceRig"


def write_weights(
    scene_head: SceneHead,
    rig: FaceRig,
    names: dict[str, str],
    transaction: Transaction,
    *,
    only: Collection[str] | None = None,
) -> set[str]:
    """Write the rig's skin weights on the head and its parts; return the groups' names.

    ``names``: bone of the vocabulary -> name in this scene. ``only``: the bones whose skin may
    change where groups exist already; None for all, which replaces the rig's earlier groups.
    """
    columns = [names[bone.name] for bone in rig.bones]
    written: set[str] = set()
    for part in scene_head.parts:
        weights = _part_weights(part, rig)
        if only is None or len(state_of(part.obj).groups) == 0:
            _replace_groups(part, weights, columns, transaction)
        else:
            _update_groups(part.obj, weights, columns, {names[bone] for bone in only}, transaction)
        written |= {group.name for group in state_of(part.obj).groups}
    return written


def write_modifier(
    obj: bpy.types.Object, armature: bpy.types.Object, transaction: Transaction
) -> None:
    """Add the Armature modifier, after Mirror and the body's Armature, before Subdivision."""
    state = state_of(obj)
    for modifier in obj.modifiers:
        if is_our_modifier(obj, modifier):
            before = modifier.object
            transaction.on_rollback(functools.partial(setattr, modifier, "object", before))
            modifier.object = armature
            return
    modifier = obj.modifiers.new(MODIFIER_NAME, "ARMATURE")
    transaction.on_rollback(lambda: obj.modifiers.remove(modifier))
    modifier.object = armature
    state.modifier = modifier.name
    last = len(obj.modifiers) - 1
    earlier = [
        index
        for index, item in enumerate(obj.modifiers)
        if index != last and item.type in {"MIRROR", "ARMATURE"}
    ]
    obj.modifiers.move(last, max(earlier, default=-1) + 1)


def remove_groups(obj: bpy.types.Object, names: Collection[str]) -> None:
    """Remove vertex groups by name; the artist's active group stays active."""
    active = obj.vertex_groups.active
    active_name = active.name if active is not None else None
    for name in names:
        group = obj.vertex_groups.get(name)
        if group is not None:
            obj.vertex_groups.remove(group)
    if active_name is not None and active_name in obj.vertex_groups:
        obj.vertex_groups.active_index = obj.vertex_groups[active_name].index


def _part_weights(part: ScenePart, rig: FaceRig) -> NDArray[np.float32]:
    """(N, B) weights of the part's own vertices; what bisection hides goes with the head."""
    weights = rig.weights[np.maximum(part.source, 0)].toarray().astype(np.float32)
    hidden = part.source < 0
    if hidden.any():
        weights[hidden] = 0.0
        weights[hidden, [bone.name for bone in rig.bones].index("head")] = 1.0
    return weights


def _replace_groups(
    part: ScenePart,
    weights: NDArray[np.float32],
    columns: list[str],
    transaction: Transaction,
) -> None:
    """New groups beside the rig's earlier ones, which go once everything has worked."""
    obj = part.obj
    state = state_of(obj)
    # A bone that the artist has renamed took its group along, which is theirs now.
    old = [group.name for group in state.groups if group.name in obj.vertex_groups]
    active = obj.vertex_groups.active_index
    created: list[tuple[str, str]] = []
    needed = _needed_columns(weights, columns, mirrored=part.mirrored)
    for column in needed:
        vertices, name = np.flatnonzero(weights[:, column]), columns[column]
        group = obj.vertex_groups.new(name=name)
        created.append((group.name, name))
        transaction.on_rollback(functools.partial(remove_groups, obj, [group.name]))
        add_weights(group, vertices, weights[vertices, column])
    if active >= 0:
        obj.vertex_groups.active_index = active

    def finish() -> None:
        remove_groups(obj, old)
        state.groups.clear()
        for present, wanted in created:
            obj.vertex_groups[present].name = wanted
            state.groups.add().name = wanted

    transaction.on_commit(finish)
    for _present, wanted in created:
        if wanted not in state.groups:
            state.groups.add().name = wanted


def _needed_columns(
    weights: NDArray[np.float32], columns: list[str], *, mirrored: bool
) -> list[int]:
    """Columns that hold skin; behind a Mirror also their other sides, which it looks for."""
    held = np.flatnonzero(weights.any(axis=0)).tolist()
    if mirrored:
        names = {mirror_bone(columns[column]) for column in held}
        held += [column for column, name in enumerate(columns) if name in names]
    return sorted(set(held))


def _update_groups(
    obj: bpy.types.Object,
    weights: NDArray[np.float32],
    columns: list[str],
    changing: Collection[str],
    transaction: Transaction,
) -> None:
    """Rewrite only the vertices that a bone in ``changing`` holds, before or now."""
    state = state_of(obj)
    old = _read_weights(obj, columns)
    is_changing = np.array([name in changing for name in columns])
    held = (weights[:, is_changing] > 0) | (old[:, is_changing] > 0)
    rows = np.flatnonzero(held.any(axis=1))
    missing = [name for name in columns if name not in obj.vertex_groups]
    for name in missing:
        obj.vertex_groups.new(name=name)
        state.groups.add().name = name
    transaction.on_rollback(functools.partial(remove_groups, obj, missing))
    transaction.on_rollback(functools.partial(_write_rows, obj, old, columns, rows))
    _write_rows(obj, weights, columns, rows)


def _write_rows(
    obj: bpy.types.Object, weights: NDArray[np.float32], columns: list[str], rows: NDArray[np.int64]
) -> None:
    everything = rows.tolist()
    for column, name in enumerate(columns):
        group = obj.vertex_groups[name]
        group.remove(everything)
        held = rows[weights[rows, column] > 0]
        add_weights(group, held, weights[held, column])


def _read_weights(obj: bpy.types.Object, columns: list[str]) -> NDArray[np.float32]:
    """(N, B) weights in the vertex groups called ``columns``; 0 where there is no such group."""
    column_of = {
        obj.vertex_groups[name].index: column
        for column, name in enumerate(columns)
        if name in obj.vertex_groups
    }
    weights = np.zeros((len(obj.data.vertices), len(columns)), dtype=np.float32)
    for vertex in obj.data.vertices:
        for element in vertex.groups:
            if element.group in column_of:
                weights[vertex.index, column_of[element.group]] = element.weight
    return weights


def add_weights(
    group: bpy.types.VertexGroup, vertices: NDArray[np.int64], values: NDArray[np.float32]
) -> None:
    """One call for each distinct weight: Blender takes many vertices but one weight at a time."""
    order = np.argsort(values, kind="stable")
    distinct, first = np.unique(values[order], return_index=True)
    ordered, stops = vertices[order].tolist(), [*first.tolist()[1:], len(order)]
    for value, start, stop in zip(distinct.tolist(), first.tolist(), stops, strict=False):
        group.add(ordered[start:stop], value, "REPLACE")
