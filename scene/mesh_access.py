# SPDX-License-Identifier: GPL-3.0-or-later
"""Bulk arrays across Blender's border: positions, triangles, and the mesh behind a Mirror."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

_SOURCE_ATTRIBUTE: Final = "auto_rig_face_source"


def matrix_array(matrix: object) -> NDArray[np.float64]:
    """A mathutils matrix as a float64 array."""
    return np.array(matrix, dtype=np.float64)


def basis_positions(mesh: bpy.types.Mesh) -> NDArray[np.float32]:
    """The undeformed (N, 3) object-space positions: the Basis key where there are shape keys."""
    positions = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    if mesh.shape_keys is None:
        mesh.vertices.foreach_get("co", positions)
    else:
        mesh.shape_keys.reference_key.points.foreach_get("co", positions)
    return positions.reshape(-1, 3)


def key_positions(key: bpy.types.ShapeKey) -> NDArray[np.float32]:
    """The (N, 3) object-space positions of a shape key."""
    positions = np.empty(len(key.points) * 3, dtype=np.float32)
    key.points.foreach_get("co", positions)
    return positions.reshape(-1, 3)


def loop_triangles(
    mesh: bpy.types.Mesh,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Triangles as (T, 3) vertices, (T, 3) face corners and (T,) material slots."""
    mesh.calc_loop_triangles()
    count = len(mesh.loop_triangles)
    vertices = np.empty(count * 3, dtype=np.int32)
    corners = np.empty(count * 3, dtype=np.int32)
    slots = np.empty(count, dtype=np.int32)
    mesh.loop_triangles.foreach_get("vertices", vertices)
    mesh.loop_triangles.foreach_get("loops", corners)
    mesh.loop_triangles.foreach_get("material_index", slots)
    return (
        vertices.reshape(-1, 3).astype(np.int64),
        corners.reshape(-1, 3).astype(np.int64),
        slots.astype(np.int64),
    )


def has_mirror(obj: bpy.types.Object) -> bool:
    """Whether the artist sees the object through a Mirror modifier."""
    return any(_is_shown_mirror(modifier) for modifier in obj.modifiers)


@contextmanager
def bare_copy(obj: bpy.types.Object) -> Iterator[bpy.types.Object]:
    """The same as ``copy_without_keys``, for the time being."""
    copy = copy_without_keys(obj)
    data = copy.data
    try:
        yield copy
    finally:
        bpy.data.objects.remove(copy)
        bpy.data.meshes.remove(data)


def copy_without_keys(obj: bpy.types.Object) -> bpy.types.Object:
    """A copy of the object and its mesh, at rest and without shape keys, in no collection.

    Blender 4.5 counts one user too many of the keys that a mesh's copy comes with, and would leave
    them in the file without a mesh; such a file can't be saved without an error.
    """
    copy = obj.copy()
    copy.data = obj.data.copy()
    keys = copy.data.shape_keys
    if keys is not None:
        name = keys.name
        copy.shape_key_clear()
        left = bpy.data.shape_keys.get(name)
        if left is not None:
            bpy.data.batch_remove([left])
        copy.data.vertices.foreach_set("co", basis_positions(obj.data).ravel())
    return copy


@contextmanager
def mirrored_mesh(
    context: bpy.types.Context, obj: bpy.types.Object
) -> Iterator[tuple[bpy.types.Mesh, NDArray[np.int64]]]:
    """The undeformed mesh with only its Mirror modifiers applied, from a temporary copy.

    Yields the mesh and (E,) the vertex of ``obj`` that each of its vertices came from. Vertices
    cut in by a bisection have an arbitrary source.
    """
    with bare_copy(obj) as copy:
        evaluated = None
        try:
            _strip_to_mirror(copy)
            context.scene.collection.objects.link(copy)
            context.view_layer.update()
            evaluated = copy.evaluated_get(context.evaluated_depsgraph_get())
            mesh = evaluated.to_mesh()
            source = np.empty(len(mesh.vertices), dtype=np.int32)
            mesh.attributes[_SOURCE_ATTRIBUTE].data.foreach_get("value", source)
            yield mesh, source.astype(np.int64)
        finally:
            if evaluated is not None:
                evaluated.to_mesh_clear()
    context.view_layer.update()


def present_vertices(
    obj: bpy.types.Object, mirrored: NDArray[np.float32], source: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(N,) which mirrored vertex each own vertex of ``obj`` is, -1 where bisection removed it.

    ``mirrored``: (E, 3) object-space positions. An own vertex and its mirror image have the same
    source; the one that stayed in its place is the vertex itself.
    """
    own = basis_positions(obj.data).astype(np.float64)
    rows = np.flatnonzero((source >= 0) & (source < len(own)))
    distance = np.linalg.norm(mirrored[rows] - own[source[rows]], axis=1)
    order = np.lexsort((distance, source[rows]))
    first_of_source, first = np.unique(source[rows][order], return_index=True)
    nearest = rows[order][first]
    in_place = distance[order][first] <= _merge_distance(obj, own)
    present = np.full(len(own), -1, dtype=np.int64)
    present[first_of_source[in_place]] = nearest[in_place]
    return present


def _merge_distance(obj: bpy.types.Object, own: NDArray[np.float64]) -> float:
    thresholds = [mod.merge_threshold for mod in obj.modifiers if _is_shown_mirror(mod)]
    return max([*thresholds, 1e-5 * float(np.ptp(own, axis=0).max())])


def _is_shown_mirror(modifier: bpy.types.Modifier) -> bool:
    return modifier.type == "MIRROR" and modifier.show_viewport


def _strip_to_mirror(copy: bpy.types.Object) -> None:
    for modifier in list(copy.modifiers):
        if not _is_shown_mirror(modifier):
            copy.modifiers.remove(modifier)
    attribute = copy.data.attributes.new(_SOURCE_ATTRIBUTE, "INT", "POINT")
    attribute.data.foreach_set("value", np.arange(len(copy.data.vertices), dtype=np.int32))
