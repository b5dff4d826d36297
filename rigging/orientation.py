# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces in pictures of a mesh, and where they are in space by the first picture alone."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from .canonical_face import SKIN_POINTS
from .data import FaceMesh
from .dense_points import FACE_LANDMARKER
from .raycast import RayScene
from .search_views import UPRIGHT, SearchView, turn
from .views import LEVEL_LIGHT, Camera, render_unrounded

MIN_SCORE: Final = 0.5
MIN_PRESENCE: Final = 0.5
# Straight from the camera, so that turning the picture is the same as turning the camera.
TURNABLE_LIGHT: Final = (0.0, 0.0, 1.0)


class Prediction(Protocol):
    """What a landmark model says about one face in a picture; see models.face_landmarker. Its P
    points are Face Landmarker's 478, and the named landmarks after them where it knows them.
    """

    @property
    def score(self) -> float: ...
    @property
    def points(self) -> NDArray[np.float64]: ...
    @property
    def presence(self) -> float: ...
    @property
    def expected_error(self) -> NDArray[np.float64] | None: ...


class Detector(Protocol):
    """Every face in an (H, W, 3) picture of 0..255; ``framed``: of one upright face that fills it.

    Is called from several threads at once.
    """

    def __call__(
        self, picture: NDArray[np.float32], /, *, framed: bool = False
    ) -> Sequence[Prediction]: ...


@dataclass(frozen=True)
class Sighting:
    """A face seen in one picture. ``points``: (P, 3) pixels, z away from the camera.

    ``expected_error``: (P,) pixels that the points are off by on average, where it is known.
    """

    camera: Camera
    points: NDArray[np.float64]
    confidence: float
    expected_error: NDArray[np.float64] | None = None

    @property
    def trust(self) -> NDArray[np.float64]:
        """(P,) or () weight of each point's line of sight, in any unit that all views share."""
        if self.expected_error is None:
            return np.asarray(self.confidence)
        return self.confidence / np.maximum(self.error_in_space, 1e-12)

    @property
    def error_in_space(self) -> NDArray[np.float64]:
        """(P,) the expected error in world units, at the distance of the camera's centre."""
        assert self.expected_error is not None
        return self.expected_error * self.camera.size / self.camera.resolution

    def rays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Origins and unit directions (P, 3) in world space of the points' lines of sight."""
        return self.camera.rays_through(self.points[:, :2])


def look_around(
    surface: FaceMesh,
    scene: RayScene,
    views: Sequence[SearchView],
    detect: Detector,
    pool: Executor,
) -> list[Sighting]:
    """Every convincing face in the views of a mesh, the surest first."""

    def see(view: SearchView) -> list[Sighting]:
        light = LEVEL_LIGHT if view.quarter_turns == UPRIGHT else TURNABLE_LIGHT
        picture = render_unrounded(surface, view.camera, scene, light=light)
        seen: list[Sighting] = []
        for turns in view.quarter_turns:
            turned = np.ascontiguousarray(np.rot90(picture, turns))
            seen += sightings(turn(view.camera, turns), detect(turned))
        return seen

    return surest_first([sighting for seen in pool.map(see, views) for sighting in seen])


def surest_first(seen: list[Sighting]) -> list[Sighting]:
    """Sorted by confidence. Where it is alike, as on both sides of a head, the order stays."""
    return sorted(seen, key=lambda sighting: -round(sighting.confidence, 2))


def sightings(camera: Camera, predictions: Sequence[Prediction]) -> list[Sighting]:
    """The convincing faces among those that a model has seen in one picture."""
    return surest_first(
        [
            Sighting(
                camera,
                np.asarray(found.points, np.float64),
                found.score * found.presence,
                found.expected_error,
            )
            for found in predictions
            if found.score >= MIN_SCORE
            and found.presence >= MIN_PRESENCE
            and len(found.points) >= FACE_LANDMARKER
        ]
    )


def points_of_sighting(sighting: Sighting, scene: RayScene) -> NDArray[np.float64] | None:
    """A first guess of the points (P, 3) in world space, from one picture's relative depths.

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
    return origins + directions * distances[:, None]
