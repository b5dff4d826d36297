# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface that a rig was made on, near the face, kept so that what the artist has corrected can
be carried over to the mesh as it is after an edit.
"""

from __future__ import annotations

import base64
import functools
import json
import zlib
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..properties import state_of
from ..rigging.data import FaceMesh, FaceRig
from .head import SceneHead, ScenePart
from .packed import multiples, pack_whole, unpack_vectors, unpack_whole
from .surface_walk import SurfaceWalk

# To how many inter-ocular distances positions are rounded, and how far around the point between the
# eyes the surface is kept where no shape moves it.
_STEP: Final = 1e-5
_REACH: Final = 1.6

_MOST_VERTICES: Final = 1 << 24  # what a file says is no reason to ask for more memory than that


# A walk over a remembered surface; which of the object's vertices each one was; how many it had.
Walk = tuple[SurfaceWalk, NDArray[np.int64], int]


@dataclass(frozen=True)
class RememberedSurface:
    """``vertices`` (K, 3) object space; ``triangles`` (T, 3) of them. ``rows`` (K,): which vertex
    of the object, as its Mirror modifiers show it, each one was; ``own`` (K,): which of its own
    ``count`` vertices, -1 for one that only the Mirror showed. ``box`` (2, 3) around all of it.
    ``topology`` tells whether the polygons are the same still.
    """

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int64]
    rows: NDArray[np.int64]
    own: NDArray[np.int64]
    count: int
    box: NDArray[np.float64]
    topology: str


def remember_surfaces(scene_head: SceneHead, face_mesh: FaceMesh, rig: FaceRig) -> None:
    """Keep the surface of the head and of each part that has keys of the rig."""
    frame = rig.landmarks.frame
    near = np.linalg.norm(face_mesh.vertices - frame.origin, axis=1) < _REACH * frame.scale
    for shape in rig.shapes.values():
        near |= shape.any(axis=1)
    for part in scene_head.parts:
        state = state_of(part.obj)
        if part is scene_head.parts[0] or len(state.keys):
            state.surface = _to_text(part, face_mesh, near, frame.scale)
        else:
            state.surface = ""


def remembered_surface(obj: bpy.types.Object) -> RememberedSurface | None:
    """The surface that the object's present rig was made on; None where it isn't known."""
    try:
        values = json.loads(state_of(obj).surface)
        triangles, rows, own = (unpack_whole(values[name]) for name in ("triangles", "rows", "own"))
        vertices = _vertices(values, triangles, rows)
        box = np.array(values["box"], dtype=np.float64)
        count, topology = int(values["count"]), str(values["topology"])
    except (KeyError, TypeError, ValueError):
        return None
    if vertices is None or triangles is None or rows is None or own is None:
        return None
    fits = box.shape == (2, 3) and len(vertices) == len(rows) == len(own) > 0
    fits = fits and triangles.ndim == 2 and triangles.shape[1] == 3 and len(triangles) > 0
    if not fits or triangles.min() < 0 or triangles.max() >= len(vertices):
        return None
    if own.max() >= count or rows.min() < 0:
        return None
    return RememberedSurface(vertices, triangles, rows, own, count, box, topology)


def walk_of(obj: bpy.types.Object) -> Walk | None:
    """A walk over the remembered surface of an object; (K,) which of its own vertices each of the
    surface's was, -1 for none; and how many it had. None where it isn't known.
    """
    try:
        values = json.loads(state_of(obj).surface)
        own, count = unpack_whole(values["own"]), int(values["count"])
        walk = None if own is None else _walk(values["triangles"], own.size)
    except (KeyError, TypeError, ValueError):
        return None
    if walk is None or own is None or own.ndim != 1 or count > _MOST_VERTICES:
        return None
    if not -1 <= own.min() <= own.max() < count:
        return None
    return walk, own, count


def present_surface(
    part: ScenePart, face_mesh: FaceMesh
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The object's (V, 3) object-space vertices and (T, 3) triangles, as its Mirror shows them."""
    inside = (face_mesh.triangles >= part.start) & (face_mesh.triangles < part.stop)
    triangles = face_mesh.triangles[inside.all(axis=1)] - part.start
    world = face_mesh.vertices[part.start : part.stop]
    shift = np.array(part.obj.matrix_world.translation, dtype=np.float64)
    return (world - shift) @ part.to_local.T, triangles


def topology_digest(part: ScenePart) -> str:
    """Changes when the object's polygons, or the order of its vertices, do."""
    mesh = part.obj.data
    corners = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    starts = np.empty(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    code = zlib.crc32(starts.tobytes(), zlib.crc32(corners.tobytes()))
    return f"{len(part.source)}-{part.stop - part.start}-{code:08x}"


@functools.lru_cache(maxsize=8)
def _walk(triangles_text: str, count: int) -> SurfaceWalk | None:
    """A walk over ``count`` vertices along packed triangles; None where they aren't of those."""
    triangles = unpack_whole(triangles_text)
    if triangles is None or triangles.ndim != 2 or triangles.shape[1] != 3 or not len(triangles):
        return None
    if triangles.min() < 0 or triangles.max() >= count:
        return None
    return SurfaceWalk(triangles, count)


def _vertices(
    values: dict[str, Any], triangles: NDArray[np.int64] | None, rows: NDArray[np.int64] | None
) -> NDArray[np.float64] | None:
    """Along the surface, or one by one, as earlier versions kept them."""
    if "along" not in values:
        return unpack_vectors(values["vertices"])
    walk = None if triangles is None or rows is None else _walk(values["triangles"], rows.size)
    if walk is None:
        return None
    (whole,) = walk.unpack([base64.b85decode(values["along"])])
    return None if whole is None else whole[0] * whole[1]


def _to_text(part: ScenePart, face_mesh: FaceMesh, near: NDArray[np.bool_], scale: float) -> str:
    vertices, triangles = present_surface(part, face_mesh)
    kept = triangles[near[part.start : part.stop][triangles].any(axis=1)]
    if len(kept) == 0:
        kept = triangles
    rows, flat = np.unique(kept, return_inverse=True)
    own = np.full(len(vertices), -1, dtype=np.int64)
    shown = part.source >= 0
    own[part.source[shown] - part.start] = np.flatnonzero(shown)
    step = _STEP * scale * float(np.cbrt(abs(np.linalg.det(part.to_local))))
    triangles_text = pack_whole(flat.reshape(-1, 3))
    walk = _walk(triangles_text, len(rows))
    assert walk is not None  # of what was packed just now
    along = walk.pack(multiples(vertices[rows], step))
    return json.dumps(
        {
            "along": base64.b85encode(along).decode("ascii"),
            "triangles": triangles_text,
            "rows": pack_whole(rows),
            "own": pack_whole(own[rows]),
            "count": len(part.source),
            "box": [vertices.min(axis=0).tolist(), vertices.max(axis=0).tolist()],
            "topology": topology_digest(part),
        }
    )
