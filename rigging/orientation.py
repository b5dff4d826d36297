# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way is the face: candidate views of a mesh in any scale, position, rotation and up axis.

Tries Blender's convention first (up +Z, front -Y), then the other axes, then directions between
them. Whole bodies are also looked at near their top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from .canonical_face import POINTS, SKIN_POINTS, frame_of
from .data import FaceMesh, HeadFrame
from .raycast import RayScene
from .search_views import UPRIGHT, search_views, turn
from .views import LEVEL_LIGHT, Camera, render

MIN_SCORE: Final = 0.5
MIN_PRESENCE: Final = 0.5
# Straight from the camera, so that turning the picture is the same as turning the camera.
TURNABLE_LIGHT: Final = (0.0, 0.0, 1.0)


class Prediction(Protocol):
    """What a landmark model says about one face in a picture; see models.face_landmarker."""

    @property
    def score(self) -> float: ...
    @property
    def points(self) -> NDArray[np.float64]: ...
    @property
    def presence(self) -> float: ...


Detector = Callable[[NDArray[np.uint8]], Sequence[Prediction]]


@dataclass(frozen=True)
class Sighting:
    """A face seen in one picture. ``points``: (478, 3) pixels, z away from the camera."""

    camera: Camera
    points: NDArray[np.float64]
    confidence: float

    def rays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Origins and unit directions (478, 3) in world space of the points' lines of sight."""
        return self.camera.rays_through(self.points[:, :2])


def look_at(
    face_mesh: FaceMesh, scene: RayScene, camera: Camera, detect: Detector
) -> list[Sighting]:
    """Every convincing face in one view of the mesh, the surest first."""
    picture = render(face_mesh, camera, scene=scene, light=LEVEL_LIGHT)
    return _sightings(camera, detect(picture))


def _sightings(camera: Camera, predictions: Sequence[Prediction]) -> list[Sighting]:
    seen = [
        Sighting(camera, np.asarray(found.points, np.float64), found.score * found.presence)
        for found in predictions
        if found.score >= MIN_SCORE
        and found.presence >= MIN_PRESENCE
        and np.shape(found.points) == (POINTS, 3)
    ]
    return sorted(seen, key=lambda sighting: -sighting.confidence)


def search(face_mesh: FaceMesh, scene: RayScene, detect: Detector) -> Iterator[list[Sighting]]:
    """Sightings from ever more unlikely directions, one batch for each group of directions.

    Each batch is sorted, the surest first; the caller stops when a sighting proves true.
    """
    vertices = scene.vertices[np.unique(scene.triangles)]
    vertices = vertices[np.isfinite(vertices).all(axis=1)]
    if not len(vertices):
        return
    for group in search_views(vertices):
        batch: list[Sighting] = []
        for view in group:
            light = LEVEL_LIGHT if view.quarter_turns == UPRIGHT else TURNABLE_LIGHT
            picture = render(face_mesh, view.camera, scene=scene, light=light)
            for turns in view.quarter_turns:
                turned = np.ascontiguousarray(np.rot90(picture, turns))
                batch += _sightings(turn(view.camera, turns), detect(turned))
        yield sorted(batch, key=lambda sighting: -sighting.confidence)


def frame_of_sighting(sighting: Sighting, scene: RayScene) -> HeadFrame | None:
    """A first head frame from a single picture: its pixels and its relative depths.

    The absolute depth comes from the mesh, where rays through firm skin meet it. None when they
    meet nothing.
    """
    camera = sighting.camera
    origins, directions = sighting.rays()
    forward = -(directions @ camera.axes[2])
    depth_px = sighting.points[:, 2]
    relative = depth_px * camera.size / camera.resolution
    skin = list(SKIN_POINTS)
    hits = scene.cast(origins[skin], directions[skin])
    if not hits.found.any():
        return None
    hit_depths = hits.distance[hits.found] * forward[skin][hits.found]
    offset = np.median(hit_depths - relative[skin][hits.found])
    distances = (offset + relative) / forward
    return frame_of(origins + directions * distances[:, None])
