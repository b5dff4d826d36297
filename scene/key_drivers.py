# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers between shape keys that Blender evaluates without Python, so that playback stays fast
and files open without permission to run scripts.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Final

import bpy

from .fcurves import value_path
from .transaction import Transaction

# Names of the variables; a driver that has others is the artist's own.
_FOLLOWED: Final = ("slider",)
_FACTORS: Final = ("a", "b")
_STICKY: Final = ("jaw", "amount", "closed")


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
        _add_variable(curve, _FOLLOWED[0], head.data.shape_keys, value_path(head_name))


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
        _add_variable(curve, variable, head.data.shape_keys, value_path(head_name))
    # Blender takes so simple an expression for itself and calls no Python.
    curve.driver.type = "SCRIPTED"
    curve.driver.expression = " * ".join(_FACTORS)


def follow_sticky_lips(
    obj: bpy.types.Object,
    name: str,
    head: bpy.types.Object,
    sources: Mapping[str, str],
    slider: str,
    transaction: Transaction,
) -> None:
    """Let a key keep the corners of the mouth shut while the jaw opens: see rigging.sticky_lips.

    ``sources``: the names of the head's keys for jawOpen and, where it has one, mouthClose, which
    closes the same gap; ``slider``: the head's own property. A driver that the rig made before is
    made anew, since its sources may be others now; the artist's own stays.
    """
    curve = _driver_of(obj, name)
    if curve is not None and not set(curve.driver.variables.keys()) <= set(_STICKY):
        return
    if curve is not None:
        before = [(v.name, v.targets[0].id, v.targets[0].data_path) for v in curve.driver.variables]
        transaction.on_rollback(functools.partial(_drive_sticky, curve, before))
    else:
        curve = _add(obj, name, transaction)
    wanted = [("jaw", head.data.shape_keys, value_path(sources["jawOpen"]))]
    wanted.append(("amount", head, f'["{bpy.utils.escape_identifier(slider)}"]'))
    if "mouthClose" in sources:
        wanted.append(("closed", head.data.shape_keys, value_path(sources["mouthClose"])))
    _drive_sticky(curve, wanted)


def _drive_sticky(curve: bpy.types.FCurve, wanted: Sequence[tuple[str, bpy.types.ID, str]]) -> None:
    """Give a sticky-lips driver these variables (name, owner, data path), and its expression."""
    variables = curve.driver.variables
    for variable in list(variables):
        variables.remove(variable)
    for name, owner, data_path in wanted:
        _add_variable(curve, name, owner, data_path)
    is_closed = any(name == "closed" for name, _, _ in wanted)
    left = " * max(0, 1 - closed / max(jaw, 0.001))" if is_closed else ""
    curve.driver.type = "SCRIPTED"
    curve.driver.expression = f"amount * max(0, min(jaw, 1 - jaw)){left}"


def driven_values(
    obj: bpy.types.Object, head: bpy.types.Object, values: Mapping[str, float]
) -> dict[str, float]:
    """What the drivers that the rig made on an object's keys come to, key name -> value, where the
    head's keys have ``values`` and all others rest. The artist's own drivers aren't followed.
    """
    keys = obj.data.shape_keys
    if keys is None or keys.animation_data is None:
        return {}
    names = {value_path(block.name): block.name for block in keys.key_blocks}
    paths = {value_path(name): value for name, value in values.items()}
    result = {}
    for curve in keys.animation_data.drivers:
        value = _outcome(curve.driver, head, paths)
        if value and curve.data_path in names:
            result[names[curve.data_path]] = min(max(value, 0.0), 1.0)
    return result


def _outcome(
    driver: bpy.types.Driver, head: bpy.types.Object, paths: Mapping[str, float]
) -> float | None:
    """The value of a driver that the rig made; None of any other."""
    inputs = {v.name: _input(v.targets[0], head, paths) for v in driver.variables}
    if tuple(inputs) == _FACTORS:
        return inputs["a"] * inputs["b"]
    if tuple(inputs) == _FOLLOWED:
        return inputs["slider"]
    if "amount" in inputs and set(inputs) <= set(_STICKY):
        jaw = inputs["jaw"]
        left = max(0.0, 1.0 - inputs.get("closed", 0.0) / max(jaw, 0.001))
        return inputs["amount"] * max(0.0, min(jaw, 1.0 - jaw)) * left
    return None


def _input(
    target: bpy.types.DriverTarget, head: bpy.types.Object, paths: Mapping[str, float]
) -> float:
    if target.id == head:
        return float(head.path_resolve(target.data_path))
    return paths.get(target.data_path, 0.0) if target.id == head.data.shape_keys else 0.0


def remove_driver(obj: bpy.types.Object, name: str) -> None:
    """Take the driver off a key, if it has one."""
    if _driver_of(obj, name) is not None:
        obj.data.shape_keys.driver_remove(value_path(name))


def _driver_of(obj: bpy.types.Object, name: str) -> bpy.types.FCurve | None:
    keys = obj.data.shape_keys
    return (
        None if keys.animation_data is None else keys.animation_data.drivers.find(value_path(name))
    )


def _add(obj: bpy.types.Object, name: str, transaction: Transaction) -> bpy.types.FCurve:
    transaction.on_rollback(lambda: remove_driver(obj, name))
    return obj.data.shape_keys.driver_add(value_path(name))


def _add_variable(curve: bpy.types.FCurve, name: str, owner: bpy.types.ID, data_path: str) -> None:
    """A variable with the value of a property of an object or of shape keys."""
    variable = curve.driver.variables.new()
    variable.name = name
    variable.type = "SINGLE_PROP"
    target = variable.targets[0]
    target.id_type = "OBJECT" if isinstance(owner, bpy.types.Object) else "KEY"
    target.id = owner
    target.data_path = data_path


def _point(target: bpy.types.DriverTarget, head_name: str, transaction: Transaction) -> None:
    before, path = target.data_path, value_path(head_name)
    if path != before:
        transaction.on_rollback(lambda: setattr(target, "data_path", before))
        target.data_path = path
