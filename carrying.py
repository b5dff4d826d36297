# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig knew before its mesh was edited, on the mesh as it is now: landmarks, the artist's
corrections of them, and how the keys of each object are carried over.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .rigging.data import FaceLandmarks, FaceMesh, Message
from .scene.head import SceneHead, ScenePart
from .scene.mesh_access import matrix_array
from .scene.storage import outdated_base_landmarks
from .scene.surface_memory import (
    RememberedSurface,
    present_surface,
    remembered_surface,
    topology_digest,
)

if TYPE_CHECKING:
    from .rigging.carry import SurfaceCarry


@dataclass(frozen=True)
class CarriedFace:
    """``landmarks``: all of them on the edited mesh, or None where the face must be found again.
    ``placed``: the artist's markers, by name in world space, that are still good then.
    """

    landmarks: FaceLandmarks | None
    placed: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()


_NOTHING = CarriedFace(None)


def surface_carries(scene_head: SceneHead, face_mesh: FaceMesh) -> dict[str, SurfaceCarry]:
    """Object's name -> how displacements go from its old mesh to the new one, for those objects
    whose topology has changed since they were rigged.
    """
    return {
        part.obj.name: _carry(part, face_mesh, old, _unit(scene_head, part))
        for part in scene_head.parts
        if (old := remembered_surface(part.obj)) is not None
        and old.topology != topology_digest(part)
    }


def carry_face(
    scene_head: SceneHead, face_mesh: FaceMesh, carries: dict[str, SurfaceCarry]
) -> CarriedFace:
    """The landmarks of a rig whose mesh was edited since, carried over; see CarriedFace."""
    head = scene_head.parts[0]
    last, old = outdated_base_landmarks(head.obj), remembered_surface(head.obj)
    if last is None or old is None:
        return _NOTHING
    names = list(last.named)
    dense = np.empty((0, 3)) if last.dense is None else last.dense
    matrix = matrix_array(head.obj.matrix_world)
    points_world = np.concatenate([np.array([last.named[name] for name in names]), dense])
    points = (points_world - matrix[:3, 3]) @ head.to_local.T
    carry = carries.get(head.obj.name)
    if carry is None:
        from .rigging.carry import on_same_topology

        now = present_surface(head, face_mesh)[0]
        places = on_same_topology((old.vertices, old.triangles), now[old.rows], points)
        return CarriedFace(_landmarks_at(last, names, _to_world(matrix, places)), messages=_KEPT)
    found = carry.points(points)
    landmarks = _landmarks_at(last, names, _to_world(matrix, found.points))
    residual = 100.0 * found.residual[: len(names)] / carry.unit
    safe = found.safe[: len(names)]
    if safe.all():
        text = (
            "The topology of the mesh has changed: the landmarks were carried over from the "
            f"surface as it was. They are off it by {residual.max():.2g} % of the distance between "
            f"the eyes at most, {residual.mean():.2g} % on average."
        )
        return CarriedFace(landmarks, messages=(Message("info", text),))
    return _partly(last, landmarks, dict(zip(names, safe.tolist(), strict=True)), residual)


_KEPT = (
    Message("info", "The mesh was edited since the last rig: the landmarks went with its surface."),
)


def _partly(
    last: FaceLandmarks,
    carried: FaceLandmarks,
    safe: dict[str, bool],
    residual: NDArray[np.float64],
) -> CarriedFace:
    from .rigging.landmarks import PLACED

    corrected = [name for name in last.named if last.confidence[name] >= PLACED]
    kept = {name: carried.named[name] for name in corrected if safe[name]}
    lost = [name for name in corrected if not safe[name]]
    text = (
        "The surface has changed too much to carry all landmarks over (by up to "
        f"{residual.max():.0f} % of the distance between the eyes; more than 4 % is not trusted), "
        "so the face was found again."
    )
    if kept:
        text += f" Your corrections of {', '.join(kept)} were kept."
    if lost:
        text += f" Those of {', '.join(lost)} were lost: press Edit Markers and look at them."
    return CarriedFace(None, kept, (Message("warning" if lost else "info", text),))


def _landmarks_at(
    last: FaceLandmarks, names: list[str], places: NDArray[np.float64]
) -> FaceLandmarks:
    """The landmarks at new world places, and their frame turned as they were."""
    from .rigging.landmarks import frame_of
    from .rigging.similarity import fit_similarity

    before = np.array([last.named[name] for name in names])
    turn = fit_similarity(before, places[: len(names)])
    named = dict(zip(names, places[: len(names)], strict=True))
    return replace(
        last,
        named=named,
        dense=None if last.dense is None else places[len(names) :],
        frame=frame_of(named, last.frame.axes @ turn.rotation.T),
    )


def _carry(
    part: ScenePart, face_mesh: FaceMesh, old: RememberedSurface, unit: float
) -> SurfaceCarry:
    from .rigging.carry import SurfaceCarry

    new, triangles = present_surface(part, face_mesh)
    source = np.where(part.source >= 0, part.source - part.start, -1)
    before = (old.vertices, old.triangles)
    return SurfaceCarry(before, (new, triangles), unit, old.box, old.own, source, old.count)


def _unit(scene_head: SceneHead, part: ScenePart) -> float:
    """The inter-ocular distance in the object's space, as far as it is known."""
    last = outdated_base_landmarks(scene_head.obj)
    scale = 1.0 if last is None else last.frame.scale
    return scale * float(np.cbrt(abs(np.linalg.det(part.to_local))))


def _to_world(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    return points @ matrix[:3, :3].T + matrix[:3, 3]
