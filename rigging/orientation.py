# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way is the face: candidate views of a mesh in any scale, position, rotation and up axis.

Tries Blender's convention first (up +Z, front -Y), then the other axes, then directions between
them. Whole bodies are also looked at near their top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from .canonical_face import POINTS, SKIN_POINTS, frame_of
from .data import FaceMesh, HeadFrame
from .raycast import RayScene
from .views import LEVEL_LIGHT, Camera, render

SEARCH_RESOLUTION: Final = 224
MARGIN: Final = 1.12
# A head's share of a whole body's height: grown-ups, and chibi figures.
HEAD_SHARES: Final = (0.17, 0.36)
# The top of a body is looked at closely where it is this much smaller than the whole.
CLOSER: Final = 0.55
MIN_SCORE: Final = 0.5
MIN_PRESENCE: Final = 0.5
# Straight from the camera, so that turning the picture is the same as turning the camera.
SEARCH_LIGHT: Final = (0.0, 0.0, 1.0)


class Prediction(Protocol):
    """What a landmark model says about one face in a picture; see models.face_landmarker."""

    @property
    def score(self) -> float: ...
    @property
    def points(self) -> NDArray[np.float64]: ...
    @property
    def presence(self) -> float: ...


_Direction = tuple[float, float, float]
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
    for group in _groups(vertices):
        batch: list[Sighting] = []
        for camera, quarter_turns in group:
            picture = render(face_mesh, camera, scene=scene, light=SEARCH_LIGHT)
            for turns in quarter_turns:
                turned = np.ascontiguousarray(np.rot90(picture, turns))
                batch += _sightings(_turn(camera, turns), detect(turned))
        yield sorted(batch, key=lambda sighting: -sighting.confidence)


ALL_TURNS: Final = (0, 1, 2, 3)
_View = tuple[Camera, tuple[int, ...]]  # a camera, and the quarter turns of its picture


def _groups(vertices: NDArray[np.float64]) -> Iterator[list[_View]]:
    """What to look at, group by group: the likeliest directions first."""
    z_up, y_up = (0, 0, 1), (0, 1, 0)
    yield _upright_views(vertices, [(0, -1, 0)], z_up)
    yield _upright_views(vertices, [(0, 1, 0), (1, 0, 0), (-1, 0, 0)], z_up)
    yield _upright_views(vertices, [(0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0)], y_up)
    directions = [(0, -1, 0), (0, 1, 0), (1, 0, 0), (-1, 0, 0)]
    yield [
        *((_whole(vertices, _axes(towards, z_up)), (1, 2, 3)) for towards in directions),
        *((_whole(vertices, _axes((0, 0, z), y_up)), (1, 2, 3)) for z in (1, -1)),
    ]
    yield [(_whole(vertices, _axes(towards, z_up)), ALL_TURNS) for towards in _diagonals()]


def _upright_views(
    vertices: NDArray[np.float64], directions: Sequence[_Direction], up: _Direction
) -> list[_View]:
    """The whole mesh and, where it may be a body, its top, from each direction."""
    views: list[_View] = []
    for towards in directions:
        axes = _axes(towards, up)
        views.append((_whole(vertices, axes), (0,)))
        views += [(camera, (0,)) for camera in _tops(vertices, axes)]
    return views


def _axes(towards: _Direction, up: _Direction) -> NDArray[np.float64]:
    """(3, 3) rows right, up, towards the camera; ``up`` need not be perpendicular."""
    back = np.asarray(towards, np.float64)
    back /= np.linalg.norm(back)
    right = np.cross(np.asarray(up, np.float64), back)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(back, right), back])


def _turn(camera: Camera, quarter_turns: int) -> Camera:
    """The camera whose picture is ``camera``'s, turned anticlockwise as by numpy.rot90."""
    right, up, back = camera.axes
    for _ in range(quarter_turns):
        right, up = -up, right
    return replace(camera, axes=np.stack([right, up, back]))


def _diagonals() -> list[_Direction]:
    """The directions halfway between axes: to a cube's 12 edges and 8 corners."""
    steps = (-1, 0, 1)
    cube = [(x, y, z) for z in steps for y in steps for x in steps]
    return [direction for direction in cube if sum(map(abs, direction)) > 1]


def _whole(vertices: NDArray[np.float64], axes: NDArray[np.float64]) -> Camera:
    local = vertices @ axes.T
    return _camera(local.min(axis=0), local.max(axis=0), axes)


def _tops(vertices: NDArray[np.float64], axes: NDArray[np.float64]) -> list[Camera]:
    """Nearer cameras on the top of what may be a whole body."""
    local = vertices @ axes.T
    low, high = local.min(axis=0), local.max(axis=0)
    cameras = []
    for share in HEAD_SHARES:
        bottom = high[1] - share * (high[1] - low[1])
        slab = local[local[:, 1] >= bottom]
        slab_low, slab_high = slab.min(axis=0), slab.max(axis=0)
        slab_low[1] = bottom
        if max((slab_high - slab_low)[:2]) < CLOSER * max((high - low)[:2]):
            cameras.append(_camera(slab_low, slab_high, axes))
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
