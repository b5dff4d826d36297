# SPDX-License-Identifier: GPL-3.0-or-later
"""The rigged heads of the open file: the one that a script means, and what belongs to others."""

from __future__ import annotations

import bpy

from ..errors import RigError
from ..properties import head_of, is_rigged, state_of
from ..vocabulary import listed
from .script_fields import nearest


def choose_head(context: bpy.types.Context, name: str | None, file: str) -> bpy.types.Object:
    """The rigged head of that name, or the only one. ``file``: what messages call the file. Raises
    RigError where there is none, or several and ``name`` is None.
    """
    heads = {obj.name: obj for obj in context.view_layer.objects if is_rigged(obj)}
    if not heads:
        raise RigError(
            f"{file} holds no rigged head.",
            "Press Auto-Rig Face in Blender or run batch/rig.py, and name the .blend of the rig.",
        )
    names = sorted(heads)
    if name is None:
        if len(names) > 1:
            raise RigError(
                f"{file} holds several rigged heads: {listed(names)}.",
                f'Name one of them in the script, such as "head": "{names[0]}".',
            )
        return heads[names[0]]
    obj = context.view_layer.objects.get(name)
    # A part or the armature will do as well: each knows its head.
    head = head_of(obj)
    if head is None or head.name not in heads:
        raise RigError(
            f'The script: "head" is "{name}", which is no rigged head of {file}.',
            nearest(name, names),
        )
    return head


def not_of(context: bpy.types.Context, head: bpy.types.Object) -> set[str]:
    """Names of the objects that belong to other heads, and of all landmark markers."""
    names = set()
    for obj in context.view_layer.objects:
        owner = head_of(obj)
        is_others = owner != head and is_rigged(owner)
        if is_others or state_of(obj).role == "MARKER":
            names.add(obj.name)
    return names
