# SPDX-License-Identifier: GPL-3.0-or-later
"""Modifiers applied on a mesh with shape keys, which Blender itself refuses: every key goes through
the modifiers by itself.

The mesh is changed in place, as Edit Mode does it, so that the keys stay the same data block: their
drivers, animation, and whatever points to them go on working.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import bmesh
import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..properties import state_of
from .bone_names import is_our_modifier
from .key_writer import record_motion
from .mesh_access import bare_copy, basis_positions, key_positions
from .objects import make_single_user
from .sculpting import find_corrections
from .transaction import Transaction

# Modifiers that move the mesh by what is outside of it: applied, they would freeze it there.
_POSES = frozenset({"ARMATURE", "HOOK", "CLOTH", "SOFT_BODY", "COLLISION", "PARTICLE_SYSTEM"})


def applicable_modifiers(obj: bpy.types.Object) -> list[str]:
    """Names of the modifiers that are shown and can be applied, in their order."""
    return [
        modifier.name
        for modifier in obj.modifiers
        if modifier.show_viewport and modifier.type not in _POSES
    ]


def apply_modifiers(
    context: bpy.types.Context, obj: bpy.types.Object, names: Collection[str] = ()
) -> list[str]:
    """Apply the modifiers of these names, or all that can be, keeping the shape keys.

    Returns the names of those applied. Raises RigError, and changes nothing, where there are none,
    one belongs to the rig, or a modifier makes another mesh of a key than of the Basis.
    """
    chosen = [item for item in obj.modifiers if item.name in (names or applicable_modifiers(obj))]
    _check(obj, chosen, names)
    names = [item.name for item in chosen]
    keys = obj.data.shape_keys
    blocks = [] if keys is None else list(keys.key_blocks)
    corrections = find_corrections(obj)
    basis = basis_positions(obj.data)
    built = bmesh.new()
    try:
        with _copy(context, obj, names) as copy:
            shown = {block.name: _shown(context, copy, key_positions(block)) for block in blocks}
            own = {
                name: _shown(context, copy, key_positions(keys.key_blocks[name]) - added)
                for name, added in corrections.items()
            }
            _check_counts(obj, {**shown, **own}, len(_shown(context, copy, basis)))
            # Emptied of its vertices, it still knows the keys that the mesh has.
            built.from_mesh(obj.data)
            bmesh.ops.delete(built, geom=built.verts[:], context="VERTS")
            built.from_mesh(_evaluated(context, copy))
        with Transaction() as transaction:
            make_single_user(obj, transaction)
        built.to_mesh(obj.data)
    finally:
        built.free()
    _set_keys(obj.data, shown)
    for name in names:
        obj.modifiers.remove(obj.modifiers[name])
    for record in state_of(obj).keys:
        if record.name in shown:
            record_motion(obj, record, own.get(record.name))
    obj.data.update()
    context.view_layer.update()
    return names


def _check(obj: bpy.types.Object, chosen: list[bpy.types.Modifier], names: Collection[str]) -> None:
    missing = set(names) - {item.name for item in chosen}
    if missing or not chosen:
        what = ", ".join(sorted(missing)) or "modifier that can be applied"
        raise RigError(
            f'"{obj.name}" has no {what}.', "Choose a modifier that is shown in the viewport."
        )
    for item in chosen:
        if is_our_modifier(obj, item) or item.type in _POSES:
            raise RigError(
                f'"{item.name}" poses "{obj.name}" and stays: applied, it would freeze the pose.',
                "Choose the other modifiers.",
            )


def _check_counts(obj: bpy.types.Object, shown: dict[str, NDArray[np.float32]], count: int) -> None:
    other = [name for name, positions in shown.items() if len(positions) != count]
    if other:
        raise RigError(
            f'The modifiers make another mesh of {len(other)} shape keys of "{obj.name}" than of '
            f"the Basis ({', '.join(other[:3])}), so the keys can't be kept.",
            "Leave out modifiers that merge or remove vertices by where they are, such as "
            "Decimate, Weld, or a Mirror with Merge; turn Merge off, apply, and merge afterwards.",
        )


@contextmanager
def _copy(
    context: bpy.types.Context, obj: bpy.types.Object, names: Collection[str]
) -> Iterator[bpy.types.Object]:
    """A copy of the object with these modifiers only and without keys, in the scene for now."""
    with bare_copy(obj) as copy:
        for modifier in list(copy.modifiers):
            if modifier.name in names:
                modifier.show_viewport = True
            else:
                copy.modifiers.remove(modifier)
        context.scene.collection.objects.link(copy)
        yield copy
    context.view_layer.update()


def _put(
    context: bpy.types.Context, copy: bpy.types.Object, positions: NDArray[np.float32]
) -> None:
    copy.data.vertices.foreach_set("co", np.asarray(positions, np.float32).ravel())
    copy.data.update()
    context.view_layer.update()


def _shown(
    context: bpy.types.Context, copy: bpy.types.Object, positions: NDArray[np.float32]
) -> NDArray[np.float32]:
    _put(context, copy, positions)
    return basis_positions(_evaluated(context, copy))


def _evaluated(context: bpy.types.Context, copy: bpy.types.Object) -> bpy.types.Mesh:
    return copy.evaluated_get(context.evaluated_depsgraph_get()).data


def _set_keys(mesh: bpy.types.Mesh, shown: dict[str, NDArray[np.float32]]) -> None:
    """Put (M, 3) positions into each of the mesh's keys."""
    for name, positions in shown.items():
        mesh.shape_keys.key_blocks[name].points.foreach_set("co", positions.ravel())
    if shown:
        mesh.vertices.foreach_set("co", basis_positions(mesh).ravel())
