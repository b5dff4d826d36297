# SPDX-License-Identifier: GPL-3.0-or-later
"""A studio's own defaults: the options that every new file begins with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import bpy

from ..errors import RigError


def options_as_text(settings: bpy.types.PropertyGroup) -> str:
    """What the options say, as JSON; lists, such as a sequence of emotions, are left out."""
    return json.dumps(dict(_values(settings)), sort_keys=True)


def fill_in_options(settings: bpy.types.PropertyGroup, text: str) -> None:
    """Set the options that nobody has set yet, as ``text`` of ``options_as_text`` says.

    What this version doesn't know is left out: preferences live longer than versions. Raises
    RigError where the text can't be read.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise _damaged() from error
    if not isinstance(values, dict):
        raise _damaged()
    for name, group, prop in _properties(settings):
        if name in values and not group.is_property_set(prop):
            value = values[name]
            known = group.bl_rna.properties[prop]
            try:
                setattr(
                    group,
                    prop,
                    set(value) if known.type == "ENUM" and known.is_enum_flag else value,
                )
            except TypeError as error:
                raise _damaged() from error


def _values(settings: bpy.types.PropertyGroup) -> Iterator[tuple[str, Any]]:
    for name, group, prop in _properties(settings):
        value = getattr(group, prop)
        yield name, sorted(value) if isinstance(value, set) else value


def _properties(
    group: bpy.types.PropertyGroup, before: str = ""
) -> Iterator[tuple[str, bpy.types.PropertyGroup, str]]:
    """Name, group and identifier of every option, those of groups within it with them."""
    for prop in group.bl_rna.properties:
        if prop.identifier in {"rna_type", "name"} or prop.type == "COLLECTION":
            continue
        if prop.type == "POINTER":
            yield from _properties(getattr(group, prop.identifier), f"{before}{prop.identifier}.")
        else:
            yield f"{before}{prop.identifier}", group, prop.identifier


def _damaged() -> RigError:
    return RigError(
        "The saved defaults of Auto-Rig Face can't be read.",
        "Press Save as Defaults again, or Clear Defaults in the add-on's preferences.",
    )
