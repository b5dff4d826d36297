# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig's keys under a standard's names, and back under their own.

Blender takes drivers, F-curves and strips along when a key is renamed; the head's state says what
each key was called before, so that everything that looks for an ARKit shape still finds it.
"""

from __future__ import annotations

from collections.abc import Mapping

import bpy

from ..properties import parts_of, state_of
from .key_writer import own_key_name
from .transaction import Transaction


def rename_keys(
    head: bpy.types.Object, names: Mapping[str, str], transaction: Transaction
) -> list[str]:
    """Give the rig's keys new names, ARKit shape -> name, on the head and its parts.

    Returns the names that other keys have already: those shapes keep theirs. Keys that have a
    standard's name already get their own back first.
    """
    restore_names(head, transaction)
    objects = [obj for obj in (head, *parts_of(head)) if obj.data.shape_keys is not None]
    taken = []
    for shape, name in names.items():
        own = own_key_name(head, shape)
        if own is None or own == name:
            continue
        if any(name in obj.data.shape_keys.key_blocks for obj in objects):
            taken.append(name)
            continue
        for obj in objects:
            _rename(obj, own, name, transaction)
    return taken


def restore_names(head: bpy.types.Object, transaction: Transaction) -> dict[str, str]:
    """Give the rig's keys their own names back; returns what they had, own name -> name."""
    had = {key.original: key.name for key in state_of(head).keys if key.original}
    for obj in (head, *parts_of(head)):
        renamed = [(key.name, key.original) for key in state_of(obj).keys if key.original]
        for name, original in renamed:
            _rename(obj, name, original, transaction)
    return had


def _rename(obj: bpy.types.Object, name: str, new: str, transaction: Transaction) -> None:
    state = state_of(obj)
    record = state.keys.get(name)
    key = obj.data.shape_keys.key_blocks.get(name)
    if record is None or key is None:
        return
    before = (record.original, state.renamed)

    def undo() -> None:
        key = obj.data.shape_keys.key_blocks[new]
        key.name = name
        record = state_of(obj).keys.get(new)
        if record is not None:
            record.name, record.original = name, before[0]
        state_of(obj).renamed = before[1]

    transaction.on_rollback(undo)
    key.name = new
    record.original = "" if new == record.original else name
    record.name = new
    state.renamed = any(item.original for item in state.keys)
