# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that the rig adds to a scene."""

from __future__ import annotations

from typing import Final

import bpy

from .transaction import Transaction

# Names of data blocks were at most 63 bytes long before Blender 5.0.
_MAX_NAME_BYTES: Final = 63


def derived_name(obj: bpy.types.Object, suffix: str) -> str:
    """``<object><suffix>``, shortened in the object's part where Blender's limit asks for it."""
    room = _MAX_NAME_BYTES - len(suffix.encode())
    stem = obj.name.encode()[:room].decode(errors="ignore")
    return stem + suffix


def objects_in_view(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The view layer's objects. Those removed since Blender last updated it are left out: until
    then it may list them as None.
    """
    return [obj for obj in context.view_layer.objects if obj is not None]


def link_beside(
    context: bpy.types.Context, new: bpy.types.Object, beside: bpy.types.Object
) -> None:
    """Put ``new`` into the first collection of ``beside`` that shows it, local view included."""
    for collection in (*beside.users_collection, context.scene.collection):
        collection.objects.link(new)
        context.view_layer.update()
        if new.visible_get():
            break
        collection.objects.unlink(new)
    _follow_local_view(context, new)


def put_away(collection: bpy.types.Collection) -> None:
    """Take an empty collection out of every scene. Without users it isn't saved with the file.

    It isn't removed: where that is undone, Blender 5.2 may bring the collection back without its
    place in the scene, and nobody sees any more what lies in it.
    """
    for holder in (*(scene.collection for scene in bpy.data.scenes), *bpy.data.collections):
        if collection in holder.children.values():
            holder.children.unlink(collection)


def make_single_user(obj: bpy.types.Object, transaction: Transaction) -> bool:
    """Give ``obj`` its own copy of a mesh that other objects use too; whether that was needed."""
    shared = obj.data
    if shared.users - int(shared.use_fake_user) <= 1:
        return False
    own = shared.copy()
    obj.data = own

    def give_back() -> None:
        obj.data = shared
        bpy.data.meshes.remove(own)

    transaction.on_rollback(give_back)
    return True


def _follow_local_view(context: bpy.types.Context, new: bpy.types.Object) -> None:
    space = context.space_data
    if space is not None and space.type == "VIEW_3D" and space.local_view is not None:
        new.local_view_set(space, True)
