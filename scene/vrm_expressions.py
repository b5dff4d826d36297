# SPDX-License-Identifier: GPL-3.0-or-later
"""Preset expressions of the add-on "VRM format", bound to the keys that were baked for them.

The add-on (https://github.com/saturday06/VRM-Addon-for-Blender) keeps what it exports in a property
of the armature's data; ``editor/vrm1/property_group.py`` there declares what is used here. Without
the add-on the property isn't there, and nothing happens.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import bpy

from ..properties import parts_of, state_of
from .armature import existing_armature

_PROPERTY: Final = "vrm_addon_extension"
_NO_OVERRIDE: Final = "none"
_OVERRIDE: Final = "blend"


def bind_expressions(
    context: bpy.types.Context,
    head: bpy.types.Object,
    names: Mapping[str, str],
    addon_names: Mapping[str, str],
    overrides: Mapping[str, Collection[str]],
) -> int:
    """Let preset expressions show keys; how many were bound, on all armatures of the head.

    ``names``: preset -> the head's key for it, which parts have, too; ``addon_names``: preset ->
    the add-on's attribute, where that differs; ``overrides``: preset -> the overrides that are to
    blend. Binds of the artist's own to other keys stay, and overrides that are set.
    """
    objects, bound = [head, *parts_of(head)], 0
    for presets in _presets(context, head):
        for preset, key in names.items():
            expression = getattr(presets, addon_names.get(preset, preset), None)
            if expression is None:
                continue
            _unbind(expression.morph_target_binds, objects, {key})
            for obj in objects:
                keys = obj.data.shape_keys
                if keys is not None and key in keys.key_blocks:
                    bind = expression.morph_target_binds.add()
                    bind.node.mesh_object_name = obj.name
                    bind.index, bind.weight = key, 1.0
            for override in overrides.get(preset, ()):
                if getattr(expression, override) == _NO_OVERRIDE:
                    setattr(expression, override, _OVERRIDE)
            bound += 1
    return bound


def unbind_expressions(
    context: bpy.types.Context, head: bpy.types.Object, keys: Collection[str] | None = None
) -> None:
    """Take the binds to these keys of the head away; None: to all that were baked for standards."""
    if keys is None:
        keys = {key.name for key in state_of(head).keys if key.recipe}
    objects = [head, *parts_of(head)]
    for presets in _presets(context, head):
        for prop in presets.bl_rna.properties:
            expression = getattr(presets, prop.identifier, None)
            binds = getattr(expression, "morph_target_binds", None)
            if binds is not None and _unbind(binds, objects, keys) and not len(binds):
                _forget_overrides(expression)


def _presets(context: bpy.types.Context, head: bpy.types.Object) -> Iterator[Any]:
    """The preset expressions of each armature that the head hangs on."""
    seen = set()
    for armature in _armatures(context, head):
        extension = getattr(armature.data, _PROPERTY, None)
        if extension is not None and armature.data.name not in seen:
            seen.add(armature.data.name)
            yield extension.vrm1.expressions.preset


def _armatures(context: bpy.types.Context, head: bpy.types.Object) -> list[bpy.types.Object]:
    """What deforms or carries the head and the armature of its face rig."""
    rig = existing_armature(context, head)
    found = [m.object for m in head.modifiers if m.type == "ARMATURE" and m.object is not None]
    for start in (head, rig):
        carrier = start
        while carrier is not None:
            if carrier.type == "ARMATURE":
                found.append(carrier)
            carrier = carrier.parent
    return found


def _forget_overrides(expression: Any) -> None:
    for override in ("override_blink", "override_mouth"):
        if getattr(expression, override) == _OVERRIDE:
            setattr(expression, override, _NO_OVERRIDE)


def _unbind(binds: Any, objects: list[bpy.types.Object], keys: Collection[str]) -> int:
    """Take binds to these keys away; how many there were."""
    before, names = len(binds), {obj.name for obj in objects}
    for index in reversed(range(len(binds))):
        if binds[index].node.mesh_object_name in names and binds[index].index in keys:
            binds.remove(index)
    return before - len(binds)
