# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scene remembers of a head while its rig is built: objects and vertex maps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import bpy
import numpy as np
from numpy.typing import NDArray

from ..rigging.data import Appearance, FaceMesh, HeadFrame, MeshPart, Message


@dataclass(frozen=True)
class SceneOptions:
    """How the artist wants the scene to be treated.

    ``parts``: which other objects belong to the head: "NEAR" finds them, "SELECTED" takes the
    selected ones near the head, "NONE" only the head itself.
    ``existing_keys``: what happens to an artist's shape key that has an ARKit name: "KEEP_BOTH"
    adds the rig's as ``<name>.rig``, "KEEP" leaves the rig's out, "REPLACE" overwrites.
    ``sculpted_keys``: what becomes of what the artist has sculpted on the rig's own keys.
    ``deleted_keys``: whether those of the rig's keys that the artist has deleted are made again.
    """

    parts: Literal["NEAR", "SELECTED", "NONE"] = "NEAR"
    existing_keys: Literal["KEEP_BOTH", "KEEP", "REPLACE"] = "KEEP_BOTH"
    sculpted_keys: Literal["KEEP", "DISCARD"] = "KEEP"
    deleted_keys: bool = False


@dataclass(frozen=True)
class ScenePart:
    """One object and where its vertices are in the FaceMesh.

    ``start``, ``stop``: the object's rows in FaceMesh.vertices.
    ``to_local``: (3, 3) float64; a world displacement d is ``to_local @ d`` in object space.
    ``source``: (N,) int64 for the object's own N vertices: the row of FaceMesh.vertices that each
    one is, or -1 for a vertex that a Mirror modifier's bisection takes away.
    ``mirrored``: the object shows itself through Mirror modifiers, which are not applied.
    """

    obj: bpy.types.Object
    start: int
    stop: int
    to_local: NDArray[np.float64]
    source: NDArray[np.int64]
    mirrored: bool = False

    def own_rows(self, values: NDArray) -> NDArray:
        """The rows of a per-FaceMesh-vertex array for the object's own vertices; 0 where none."""
        if not self.mirrored:
            return values[self.start : self.stop]
        rows = values[np.maximum(self.source, 0)]
        return np.where((self.source >= 0)[:, None], rows, 0)


@dataclass(frozen=True)
class SceneHead:
    """The objects behind a FaceMesh, in the order of its parts; the first is the head."""

    parts: tuple[ScenePart, ...]
    messages: tuple[Message, ...] = ()

    @property
    def obj(self) -> bpy.types.Object:
        return self.parts[0].obj


# A part belongs to the face if this share of its vertices is within this many IOD of the middle of
# the skull. Shirts and shoes of a whole body are not; long hair and beards are.
_NEAR_SHARE: Final = 0.2
_NEAR_REACH: Final = 3.5


def keep_near_parts(
    face_mesh: FaceMesh, scene_head: SceneHead, frame: HeadFrame
) -> tuple[FaceMesh, SceneHead]:
    """Leave out parts that lie away from the face, such as the clothes of a whole body.

    They lie inside the body's bounding box, so only where the face is can tell.
    """
    skull = frame.to_world(np.array([0.0, 0.0, -1.0]))
    reach = _NEAR_REACH * frame.scale

    def near(part: ScenePart) -> bool:
        if part is scene_head.parts[0]:
            return True
        distances = np.linalg.norm(face_mesh.vertices[part.start : part.stop] - skull, axis=1)
        return bool(np.mean(distances < reach) >= _NEAR_SHARE)

    kept = [near(part) for part in scene_head.parts]
    if all(kept):
        return face_mesh, scene_head
    return _subset(face_mesh, scene_head, kept)


def _subset(
    face_mesh: FaceMesh, scene_head: SceneHead, kept: list[bool]
) -> tuple[FaceMesh, SceneHead]:
    vertex_kept = np.zeros(len(face_mesh.vertices), dtype=bool)
    for part, keep in zip(scene_head.parts, kept, strict=True):
        vertex_kept[part.start : part.stop] = keep
    new_row = np.cumsum(vertex_kept) - 1
    triangle_kept = vertex_kept[face_mesh.triangles[:, 0]]

    scene_parts, mesh_parts = [], []
    for part, mesh_part, keep in zip(scene_head.parts, face_mesh.parts, kept, strict=True):
        if keep:
            start = int(new_row[part.start])
            stop = start + part.stop - part.start
            source = np.where(part.source >= 0, part.source - part.start + start, -1)
            scene_parts.append(replace(part, start=start, stop=stop, source=source))
            mesh_parts.append(MeshPart(mesh_part.name, start, stop))
    smaller = FaceMesh(
        vertices=face_mesh.vertices[vertex_kept],
        triangles=new_row[face_mesh.triangles[triangle_kept]],
        parts=tuple(mesh_parts),
        appearance=_appearance_rows(face_mesh.appearance, triangle_kept),
    )
    return smaller, replace(scene_head, parts=tuple(scene_parts))


def _appearance_rows(
    appearance: Appearance | None, triangle_kept: NDArray[np.bool_]
) -> Appearance | None:
    if appearance is None:
        return None
    return replace(
        appearance,
        colours=appearance.colours[triangle_kept],
        uv=appearance.uv[triangle_kept],
        image_index=appearance.image_index[triangle_kept],
    )
