# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers between shape keys that Blender evaluates without Python, so that playback stays fast
and files open without permission to run scripts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import bpy

from .transaction import Transaction

# Names of the variables; a driver that has others is the artist's own.
_FACTORS: Final = ("a", "b")


def follow(
    obj: bpy.types.Object,
    name: str,
    head: bpy.types.Object,
    head_name: str,
    transaction: Transaction,
) -> None:
    """Let a part's key have the value of the head's."""
    if _driver_of(obj, name) is None:
        curve = _add(obj, name, transaction)
        curve.driver.type = "AVERAGE"
        _add_variable(curve, "slider", head, head_name)


def follow_product(
    obj: bpy.types.Object,
    name: str,
    head: bpy.types.Object,
    head_names: Sequence[str],
    transaction: Transaction,
) -> None:
    """Let a key have the product of the values of two of the head's.

    A driver that the rig made before is pointed to these two; the artist's own stays.
    """
    curve = _driver_of(obj, name)
    if curve is not None:
        if tuple(curve.driver.variables.keys()) == _FACTORS:
            for variable, head_name in zip(_FACTORS, head_names, strict=True):
                _point(curve.driver.variables[variable].targets[0], head_name, transaction)
        return
    curve = _add(obj, name, transaction)
    for variable, head_name in zip(_FACTORS, head_names, strict=True):
        _add_variable(curve, variable, head, head_name)
    # Blender takes so simple an expression for itself and calls no Python.
    curve.driver.type = "SCRIPTED"
    curve.driver.expression = " * ".join(_FACTORS)


def remove_driver(obj: bpy.types.Object, name: str) -> None:
    """Take the driver off a key, if it has one."""
    if _driver_of(obj, name) is not None:
        obj.data.shape_keys.driver_remove(_path(name))


def _driver_of(obj: bpy.types.Object, name: str) -> bpy.types.FCurve | None:
    keys = obj.data.shape_keys
    return None if keys.animation_data is None else keys.animation_data.drivers.find(_path(name))


def _add(obj: bpy.types.Object, name: str, transaction: Transaction) -> bpy.types.FCurve:
    transaction.on_rollback(lambda: remove_driver(obj, name))
    return obj.data.shape_keys.driver_add(_path(name))


def _add_variable(
    curve: bpy.types.FCurve, name: str, head: bpy.types.Object, head_name: str
) -> None:
    variable = curve.driver.variables.new()
    variable.name = name
    variable.type = "SINGLE_PROP"
    target = variable.targets[0]
    target.id_type = "KEY"
    target.id = head.data.shape_keys
    target.data_path = _path(head_name)


def _point(target: bpy.types.DriverTarget, head_name: str, transaction: Transaction) -> None:
    before, path = target.data_path, _path(head_name)
    if path != before:
        transaction.on_rollback(lambda: setattr(target, "data_path", before))
        target.data_path = path


def _path(name: str) -> str:
    return f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'
