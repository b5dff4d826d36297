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
from .views import LEVEL_LIGHT, Camera, render

SEARCH_RESOLUTION: Final = 256
MARGIN: Final = 1.12
# A face is this much of a whole body's height, from grown-ups to chibi figures.
HEAD_SHARES: Final = (0.17, 0.36)
# A slab at the top is a head on something larger when it is this much narrower than all of it.
MIN_SCORE: Final = 0.5
MIN_PRESENCE: Final = 0.5


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
    """Sightings from ever more unlikely directions, one batch a group of directions.

    Each batch is sorted, the surest first; the caller stops when a sighting proves true.
    """
    vertices = scene.vertices[np.unique(scene.triangles)]
    vertices = vertices[np.isfinite(vertices).all(axis=1)]
    for group in _direction_groups():
        batch: list[Sighting] = []
        for axes in group:
            batch += _look_from(face_mesh, scene, vertices, axes, detect)
        yield sorted(batch, key=lambda sighting: -sighting.confidence)


def _direction_groups() -> Iterator[list[NDArray[np.float64]]]:
    """Camera axes in groups: Blender's convention, the axes upright, all axes, in between."""
    yield [_axes(towards=(0, -1, 0), up=(0, 0, 1))]
    yield [_axes(towards, (0, 0, 1)) for towards in ((0, 1, 0), (1, 0, 0), (-1, 0, 0))]
    yield [_axes(towards, (0, 1, 0)) for towards in ((0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0))]
    upright = (((0, 0, 1), (0, -1, 0)), ((0, 0, -1), (0, -1, 0)))
    yield [
        *(_axes(towards, (0, 0, -1)) for towards in ((0, 1, 0), (0, -1, 0), (1, 0, 0), (-1, 0, 0))),
        *(_axes(towards, up) for towards, up in upright),
        *(_axes((0, sign, 0), (side, 0, 0)) for sign in (1, -1) for side in (1, -1)),
    ]
    yield [_axes(towards, _any_up(towards)) for towards in _diagonals()]


def _axes(
    towards: tuple[float, float, float], up: tuple[float, float, float]
) -> NDArray[np.float64]:
    """(3, 3) rows right, up, towards the camera; ``up`` need not be perpendicular."""
    back = np.asarray(towards, np.float64)
    back /= np.linalg.norm(back)
    right = np.cross(np.asarray(up, np.float64), back)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(back, right), back])


def _diagonals() -> list[tuple[float, float, float]]:
    """The directions halfway between axes: 12 to the edges and 8 to the corners of a cube."""
    steps = (-1.0, 0.0, 1.0)
    cube = [(x, y, z) for z in steps for y in steps for x in steps]
    return [direction for direction in cube if sum(map(abs, direction)) > 1]


def _any_up(towards: tuple[float, float, float]) -> tuple[float, float, float]:
    return (0, 0, 1) if abs(towards[2]) < 1.0 or towards[0] or towards[1] else (0, 1, 0)


def _look_from(
    face_mesh: FaceMesh,
    scene: RayScene,
    vertices: NDArray[np.float64],
    axes: NDArray[np.float64],
    detect: Detector,
) -> list[Sighting]:
    found: list[Sighting] = []
    for camera in _cameras(vertices, axes):
        found += look_at(face_mesh, scene, camera, detect)
    return found


def _cameras(vertices: NDArray[np.float64], axes: NDArray[np.float64]) -> list[Camera]:
    """One camera on everything, and nearer ones on the top of what may be a whole body."""
    local = vertices @ axes.T
    low, high = local.min(axis=0), local.max(axis=0)
    cameras = [_camera(low, high, axes)]
    height = high[1] - low[1]
    for share in HEAD_SHARES:
        slab = local[local[:, 1] > high[1] - share * height]
        low_slab, high_slab = slab.min(axis=0), slab.max(axis=0)
        low_slab[1] = high[1] - share * height
        if max(high_slab[:2] - low_slab[:2]) < 0.55 * max(high[:2] - low[:2]):
            cameras.append(_camera(low_slab, high_slab, axes))
    return cameras


def _camera(
    low: NDArray[np.float64], high: NDArray[np.float64], axes: NDArray[np.float64]
) -> Camera:
    size = float((high - low)[:2].max()) * MARGIN
    return Camera((low + high) / 2 @ axes, axes, size or 1.0, SEARCH_RESOLUTION)


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
