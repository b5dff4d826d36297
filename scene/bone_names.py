# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rig's bones and vertex groups are called on a head that has names of its own."""

from __future__ import annotations

from typing import Final

import bpy

from ..properties import state_of
from ..vocabulary import BONES
from .head import SceneHead

# Goes before a bone's name where the artist's own group or bone has it; .L and .R stay at the end.
_PREFIX: Final = "face_"


def bone_names(scene_head: SceneHead) -> dict[str, str]:
    """Bone of the vocabulary -> name in this scene.

    A vertex group belongs to every Armature modifier that has a bone of its name, so a name that
    another armature or the artist uses would let the body's rig pull the face.
    """
    taken = _taken_names(scene_head)
    names = {}
    for bone in BONES:
        name = bone
        while name in taken:
            name = _PREFIX + name
        names[bone] = name
    return names


def is_our_modifier(obj: bpy.types.Object, modifier: bpy.types.Modifier) -> bool:
    """Whether the rig made this modifier."""
    return modifier.type == "ARMATURE" and modifier.name == state_of(obj).modifier


def _taken_names(scene_head: SceneHead) -> set[str]:
    taken: set[str] = set()
    for part in scene_head.parts:
        ours = {group.name for group in state_of(part.obj).groups}
        taken |= {group.name for group in part.obj.vertex_groups} - ours
        for modifier in part.obj.modifiers:
            is_other = modifier.type == "ARMATURE" and not is_our_modifier(part.obj, modifier)
            if is_other and modifier.object is not None:
                taken |= {bone.name for bone in modifier.object.data.bones}
    return taken
