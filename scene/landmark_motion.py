# SPDX-License-Identifier: GPL-3.0-or-later
"""A rigged head and its parts at rest, and how each shape key moves them, as plain arrays.

Unlike scene.reader, it reads what was rigged, whatever is selected and in whichever mode.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ..properties import parts_of
from ..rigging.data import Appearance, FaceMesh, MeshPart
from .appearance import Textures, join_appearances, read_appearance
from .key_writer import key_name, own_key_name
from .mesh_access import (
    basis_positions,
    has_mirror,
    loop_triangles,
    matrix_array,
    mirrored_mesh,
    present_vertices,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Piece:
    """One object. ``vertices`` (N, 3) world, as seen through its Mirror modifiers; ``source`` (N,)
    the own vertex behind each, -1 for none; ``linear`` (N, 3, 3) or (3, 3): what turns the own
    vertex's object-space motion into its world motion.
    """

    obj: bpy.types.Object
    vertices: Floats
    triangles: NDArray[np.int64]
    source: NDArray[np.int64]
    linear: Floats
    appearance: Appearance


class RiggedSurface:
    """The undeformed surface of a rigged head with its parts, as ``face_mesh`` in world space.

    Holds references to objects: use it at once.
    """

    def __init__(self, context: bpy.types.Context, head: bpy.types.Object) -> None:
        self._head = head
        textures = Textures()
        self._pieces = [_read(context, obj, textures) for obj in (head, *parts_of(head))]
        ends = np.cumsum([0, *(len(piece.vertices) for piece in self._pieces)]).tolist()
        self.face_mesh = FaceMesh(
            vertices=np.concatenate([piece.vertices for piece in self._pieces]),
            triangles=np.concatenate(
                [p.triangles + start for p, start in zip(self._pieces, ends[:-1], strict=True)]
            ),
            parts=tuple(
                MeshPart(piece.obj.name, start, stop)
                for piece, start, stop in zip(self._pieces, ends[:-1], ends[1:], strict=True)
            ),
            appearance=join_appearances([p.appearance for p in self._pieces], textures),
        )

    def offsets(self, shape: str) -> Floats | None:
        """(V, 3) world displacement of an ARKit shape at 1; None where the head has no key."""
        name = key_name(self._head, shape)
        if name is None:
            return None
        rows = [_own_offsets(self._pieces[0].obj, name)]
        rows += [_own_offsets(p.obj, own_key_name(p.obj, name)) for p in self._pieces[1:]]
        return np.concatenate(
            [_shown(piece, own) for piece, own in zip(self._pieces, rows, strict=True)]
        )


def _read(context: bpy.types.Context, obj: bpy.types.Object, textures: Textures) -> _Piece:
    own = basis_positions(obj.data).astype(np.float64)
    if not has_mirror(obj):
        return _piece(obj, obj.data, own, np.arange(len(own)), np.eye(3), textures)
    with mirrored_mesh(context, obj) as (mesh, source):
        shown = basis_positions(mesh)
        present = present_vertices(obj, shown, source)
        linear = _reflections(own, shown.astype(np.float64), source, present)
        return _piece(obj, mesh, shown.astype(np.float64), source, linear, textures)


def _piece(
    obj: bpy.types.Object,
    mesh: bpy.types.Mesh,
    shown: Floats,
    source: NDArray[np.int64],
    linear: Floats,
    textures: Textures,
) -> _Piece:
    """``linear``: what turns own motion into the motion seen, both in object space."""
    matrix = matrix_array(obj.matrix_world)
    triangles, corners, slots = loop_triangles(mesh)
    return _Piece(
        obj,
        shown @ matrix[:3, :3].T + matrix[:3, 3],
        triangles,
        source,
        matrix[:3, :3] @ linear,
        read_appearance(obj, mesh, triangles, corners, slots, textures),
    )


def _reflections(
    own: Floats, shown: Floats, source: NDArray[np.int64], present: NDArray[np.int64]
) -> Floats:
    """(N, 3, 3) how the own vertex's motion is seen at each shown one: as it is, or mirrored.

    The mirror isn't asked of the modifier, which may have several axes and an object of its own: it
    is the affine map that takes the vertices to their images.
    """
    linear = np.tile(np.eye(3), (len(shown), 1, 1))
    image = (source >= 0) & (source < len(own))
    image[present[present >= 0]] = False
    rows = np.flatnonzero(image)
    if len(rows):
        start = own[source[rows]]
        # What the vertices don't show, as across a flat mesh, stays as it is.
        change, *_ = np.linalg.lstsq(
            np.column_stack([start, np.ones(len(rows))]), shown[rows] - start, rcond=None
        )
        linear[rows] += change[:3].T
    return linear


def _own_offsets(obj: bpy.types.Object, name: str | None) -> Floats | None:
    """(N, 3) object-space displacement of a shape key at 1; None where there is none."""
    if name is None or obj.data.shape_keys is None:
        return None
    key = obj.data.shape_keys.key_blocks.get(name)
    return None if key is None else _positions(key) - _positions(key.relative_key)


def _positions(key: bpy.types.ShapeKey) -> Floats:
    positions = np.empty(len(key.points) * 3, dtype=np.float32)
    key.points.foreach_get("co", positions)
    return positions.reshape(-1, 3).astype(np.float64)


def _shown(piece: _Piece, own: Floats | None) -> Floats:
    """(N, 3) world displacement of a piece's shown vertices."""
    if own is None:
        return np.zeros(piece.vertices.shape)
    rows = np.where((piece.source >= 0)[:, None], own[np.maximum(piece.source, 0)], 0.0)
    if piece.linear.ndim == 2:
        return rows @ piece.linear.T
    return np.einsum("nij,nj->ni", piece.linear, rows)
