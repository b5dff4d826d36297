# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig's state on an object as plain data, so that a failed job can put it back."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ..properties import state_of
from .transaction import Transaction

CHOSEN: Final = ("reference", "gains", "gain")


def protect_state(obj: bpy.types.Object, transaction: Transaction) -> None:
    """Put the object's state back as it is now, should the work fail."""
    before = _dump(state_of(obj))
    transaction.on_rollback(lambda: _load(state_of(obj), before))


def clear_state(obj: bpy.types.Object) -> None:
    """Forget all that the rig knew about an object, but not what the artist has chosen."""
    state = state_of(obj)
    for prop in _own_properties(state):
        if prop.identifier not in CHOSEN:
            state.property_unset(prop.identifier)


def _own_properties(group: bpy.types.PropertyGroup) -> list[bpy.types.Property]:
    return [prop for prop in group.bl_rna.properties if prop.identifier != "rna_type"]


def _dump(group: bpy.types.PropertyGroup) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for prop in _own_properties(group):
        value = getattr(group, prop.identifier)
        if prop.type == "COLLECTION":
            values[prop.identifier] = [_dump(item) for item in value]
        elif getattr(prop, "is_array", False):
            values[prop.identifier] = tuple(value)
        else:
            values[prop.identifier] = value
    return values


def _load(group: bpy.types.PropertyGroup, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, list):
            items = getattr(group, name)
            items.clear()
            for item in value:
                _load(items.add(), item)
        else:
            setattr(group, name, value)
