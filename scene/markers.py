# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmark markers: empties on the face that the artist drags, saved with the file.

A marker is a child of its head, so its location is in the head's own coordinates and it goes where
the head goes. A Shrinkwrap constraint shows it on the surface while it is dragged.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from ..properties import state_of
from ..vocabulary import MARKERS
from .mesh_access import matrix_array
from .objects import derived_name, put_away
from .transaction import Transaction

SUFFIX: Final = "_Markers"
ASKED_SIZE: Final = 1.6  # of the usual size: markers that should be looked at


def show_markers(
    context: bpy.types.Context,
    head: bpy.types.Object,
    points: Mapping[str, NDArray[np.float64]],
    size: float,
    transaction: Transaction,
    *,
    asked: Collection[str] = (),
) -> None:
    """Put the 13 markers on the head at world ``points``; those that are there already stay.

    ``size``: radius in world units. ``asked``: the only ones that are wanted, to be looked at; they
    are drawn larger, and stand at ``points`` unless they were dragged.
    """
    present = markers_of(context, head)
    missing = [name for name in asked or MARKERS if name not in present]
    to_local = np.linalg.inv(matrix_array(head.matrix_world))
    if missing:
        collection = _collection(context, head, transaction)
        local_size = size * float(np.cbrt(abs(np.linalg.det(to_local[:3, :3]))))
    for name in missing:
        marker = bpy.data.objects.new(name, None)
        transaction.on_rollback(functools.partial(bpy.data.objects.remove, marker))
        collection.objects.link(marker)
        marker.parent = head
        marker.empty_display_type, marker.empty_display_size = "SPHERE", local_size
        marker.show_in_front = marker.show_name = True
        marker.lock_rotation = marker.lock_scale = (True, True, True)
        _keep_on_surface(marker, head)
        state = state_of(marker)
        state.role, state.head, state.marker = "MARKER", head, name
        _set_home(marker, to_local[:3, :3] @ points[name] + to_local[:3, 3])
    shown, dragged = markers_of(context, head), moved_markers(context, head)
    for name in asked:
        marker = shown[name]
        if name in present:
            _protect_place(marker, transaction)
            if name not in dragged:
                _set_home(marker, to_local[:3, :3] @ points[name] + to_local[:3, 3])
        if not state_of(marker).asked:
            state_of(marker).asked = True
            marker.empty_display_size *= ASKED_SIZE
    context.view_layer.update()


def asked_markers(context: bpy.types.Context, head: bpy.types.Object) -> frozenset[str]:
    """Names of the markers that the artist was asked to look at."""
    present = markers_of(context, head)
    return frozenset(name for name, marker in present.items() if state_of(marker).asked)


def read_markers(
    context: bpy.types.Context, head: bpy.types.Object
) -> dict[str, NDArray[np.float64]]:
    """Marker name -> (3,) world position as dragged, which may be off the surface."""
    return {
        name: np.array(_free_matrix(marker).translation, dtype=np.float64)
        for name, marker in markers_of(context, head).items()
    }


def moved_markers(context: bpy.types.Context, head: bpy.types.Object) -> set[str]:
    """Names of the markers that the artist has moved since they were put there."""
    to_local = head.matrix_world.inverted()
    moved = set()
    for name, marker in markers_of(context, head).items():
        local = to_local @ _free_matrix(marker).translation
        home = Vector(state_of(marker).home)
        if (local - home).length > 1e-5 * max(marker.empty_display_size, home.length):
            moved.add(name)
    return moved


def settle_markers(
    context: bpy.types.Context,
    head: bpy.types.Object,
    points: Mapping[str, NDArray[np.float64]],
    transaction: Transaction,
) -> None:
    """Put the markers that are there on world ``points``, which then count as not moved."""
    to_local = np.linalg.inv(matrix_array(head.matrix_world))
    for name, marker in markers_of(context, head).items():
        _protect_place(marker, transaction)
        marker.parent = head
        marker.matrix_parent_inverse = Matrix.Identity(4)
        if state_of(marker).asked:
            state_of(marker).asked = False
            marker.empty_display_size /= ASKED_SIZE
        _set_home(marker, to_local[:3, :3] @ points[name] + to_local[:3, 3])
    context.view_layer.update()


def remove_markers(context: bpy.types.Context, head: bpy.types.Object) -> int:
    """Remove the head's markers and put their collection away; return how many there were."""
    markers = markers_of(context, head)
    collections = {item for marker in markers.values() for item in marker.users_collection}
    for marker in markers.values():
        bpy.data.objects.remove(marker)
    for collection in collections:
        is_ours = collection.name.startswith(derived_name(head, SUFFIX))
        if is_ours and len(collection.all_objects) == 0 and len(collection.children) == 0:
            put_away(collection)
    state_of(head).problem = state_of(head).remedy = ""
    return len(markers)


def markers_of(context: bpy.types.Context, head: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """The head's markers by name. What the artist deleted or duplicated does not count."""
    found: dict[str, bpy.types.Object] = {}
    for obj in context.scene.objects:
        state = state_of(obj)
        if state.role == "MARKER" and state.head == head:
            found.setdefault(state.marker, obj)
    return found


def _collection(
    context: bpy.types.Context, head: bpy.types.Object, transaction: Transaction
) -> bpy.types.Collection:
    for marker in markers_of(context, head).values():
        if marker.users_collection:
            return marker.users_collection[0]
    name = derived_name(head, SUFFIX)
    collection = bpy.data.collections.get((name, None))  # one that was put away before
    if collection is None or collection.users or len(collection.all_objects):
        collection = bpy.data.collections.new(name)
        transaction.on_rollback(lambda: bpy.data.collections.remove(collection))
    else:
        transaction.on_rollback(lambda: put_away(collection))
    context.scene.collection.children.link(collection)
    return collection


def _keep_on_surface(marker: bpy.types.Object, head: bpy.types.Object) -> None:
    constraint = marker.constraints.new("SHRINKWRAP")
    constraint.name = "On the Surface"
    constraint.target = head
    constraint.shrinkwrap_type = "NEAREST_SURFACE"


def _set_home(marker: bpy.types.Object, local: NDArray[np.float64]) -> None:
    marker.location = local
    state_of(marker).home = marker.location


def _protect_place(marker: bpy.types.Object, transaction: Transaction) -> None:
    parent, inverse = marker.parent, marker.matrix_parent_inverse.copy()
    location, home = marker.location.copy(), tuple(state_of(marker).home)
    asked, size = state_of(marker).asked, marker.empty_display_size

    def give_back() -> None:
        state_of(marker).asked, marker.empty_display_size = asked, size
        marker.parent, marker.matrix_parent_inverse = parent, inverse
        marker.location, state_of(marker).home = location, home

    transaction.on_rollback(give_back)


def _free_matrix(marker: bpy.types.Object) -> Matrix:
    """Where the artist dragged the marker to, without what the constraint makes of it."""
    if marker.parent is None:
        return marker.matrix_basis
    return marker.parent.matrix_world @ marker.matrix_parent_inverse @ marker.matrix_basis
