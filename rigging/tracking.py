# SPDX-License-Identifier: GPL-3.0-or-later
"""A face that was seen once, looked at from all sides until its points stay where they are."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .canonical_face import LEFT_EYE, RIGHT_EYE, eye_centres, frame_of
from .data import FaceMesh, HeadFrame
from .face_paint import Painter
from .orientation import Detector, Sighting, sightings
from .raycast import RayScene
from .triangulation import MIN_VIEWS, fuse, triangulate
from .views import LEVEL_LIGHT, Camera, look, render_unrounded

Floats = NDArray[np.float64]
Angles = Sequence[tuple[float, float]]

RESOLUTION: Final = 256
# A picture's side over that of the square that holds the points. MediaPipe crops to 1.5; landmarks
# on artists' heads are best at 1.55, and cartoons that aren't seen there are often seen nearer by.
FRAMINGS: Final = (1.55, 1.3)
LEVEL: Final = ((0.0, 0.0), (-20.0, 0.0), (20.0, 0.0))
ALL: Final = (*LEVEL, (-40.0, 0.0), (40.0, 0.0), (0.0, 20.0), (0.0, -20.0))
MAX_ROUNDS: Final = 4
SETTLED_DEGREES: Final = 5.0
SETTLED_SHIFT: Final = 0.12  # IOD


@dataclass(frozen=True)
class Track:
    """``points``: (P, 3) world positions. ``spread``: (P,) how far the lines of sight pass by
    them, world units. ``share``: views that agree among those that were tried. ``expected_error``:
    (P,) how far the points are off by the network's own estimate, world units, or None.
    """

    points: Floats
    spread: Floats
    share: float
    expected_error: Floats | None


@dataclass(frozen=True)
class Tracker:
    """The mesh under the camera. ``surface`` and ``scene`` are of the same triangles."""

    surface: FaceMesh
    scene: RayScene
    detect: Detector
    pool: Executor

    def follow(
        self, points: Floats, painter: Painter | None
    ) -> Generator[None, None, Track | None]:
        """The face around a first guess of its points (P, 3); None where it doesn't hold up.

        ``painter`` paints its loose eyes. Yields before each round of pictures.
        """
        angles: Angles = LEVEL
        for _ in range(MAX_ROUNDS):
            yield
            frame = frame_of(points)
            if not self._plausible_scale(frame):
                return None
            painted = painter.paint(frame) if painter else None
            seen = self._observe(painted or self.surface, frame, points, angles)
            if len(seen) < 2:
                return None
            points = triangulate(seen)[0]
            if angles is ALL and _close(frame, frame_of(points)):
                break
            angles = ALL
        seen, points, spread = fuse(seen)
        if len(seen) < MIN_VIEWS:
            return None
        return Track(points, spread, len(seen) / len(ALL), _expected(seen))

    def _observe(
        self, surface: FaceMesh, frame: HeadFrame, points: Floats, angles: Angles
    ) -> list[Sighting]:
        """The same face from several angles; angles from which it isn't seen are left out."""

        def see(angle: tuple[float, float]) -> Sighting | None:
            for framing in FRAMINGS:
                camera = camera_on(points, frame, *angle, framing=framing)
                picture = render_unrounded(surface, camera, self.scene, light=LEVEL_LIGHT)
                found = sightings(camera, self.detect(picture, framed=True))
                if found and _is_expected(found[0], frame):
                    return found[0]
            return None

        first = see(angles[0])
        if first is None:
            return []  # not worth more pictures
        return [first, *_seen(self.pool.map(see, angles[1:]))]

    def _plausible_scale(self, frame: HeadFrame) -> bool:
        """Whether the eyes are as far apart as eyes on this mesh can be."""
        return 1e-4 * self.scene.extent < frame.scale < self.scene.extent


def camera_on(
    points: Floats,
    frame: HeadFrame,
    yaw_degrees: float = 0.0,
    pitch_degrees: float = 0.0,
    *,
    framing: float = FRAMINGS[0],
) -> Camera:
    """A camera whose picture is framed as the landmark network wants a face at ``points``.

    The square around the points (P, 3) spans 1 / ``framing`` of the picture, the eyes are level.
    """
    camera = look(frame, yaw_degrees, pitch_degrees, size=5.0, resolution=RESOLUTION)
    right, left = camera.project(points[[RIGHT_EYE[0], LEFT_EYE[0]]])
    along = (left - right) * [1.0, -1.0]
    along = along / max(float(np.linalg.norm(along)), 1e-9)
    across, upwards, towards = camera.axes
    axes = np.stack(
        [along[0] * across + along[1] * upwards, along[0] * upwards - along[1] * across, towards]
    )
    local = points @ axes.T
    low, high = local.min(axis=0), local.max(axis=0)
    size = framing * float((high - low)[:2].max())
    return replace(camera, centre=(low + high) / 2 @ axes, axes=axes, size=size)


def _expected(seen: list[Sighting]) -> Floats | None:
    """(P,) the mean of the views' expected errors, those that are trusted more counting more.

    Views of one head are wrong in the same way, so that many of them aren't surer than one.
    """
    if any(sighting.expected_error is None for sighting in seen):
        return None
    errors = np.stack([sighting.error_in_space for sighting in seen])
    expected: Floats = np.average(errors, axis=0, weights=1.0 / np.maximum(errors, 1e-12))
    return expected


def _seen(found: Iterable[Sighting | None]) -> list[Sighting]:
    return [sighting for sighting in found if sighting is not None]


def _is_expected(sighting: Sighting, frame: HeadFrame) -> bool:
    """Whether a sighting is the face that the frame describes, and not another one beside it."""
    right, left = frame.to_world(np.array([[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0]]))
    expected = sighting.camera.project(np.stack([right, left]))
    seen = eye_centres(sighting.points[:, :2])
    iod = sighting.camera.resolution * frame.scale / sighting.camera.size
    shift = np.linalg.norm(seen.mean(axis=0) - expected.mean(axis=0)) / iod
    along, wanted = seen[1] - seen[0], expected[1] - expected[0]
    ratio = np.linalg.norm(along) / max(float(np.linalg.norm(wanted)), 1e-9)
    upright = along @ wanted > 0.5 * np.linalg.norm(along) * np.linalg.norm(wanted)
    return bool(shift < 1.0 and 0.5 < ratio < 2.0 and upright)


def _close(frame: HeadFrame, other: HeadFrame) -> bool:
    degrees, distance, ratio = frame.apart_from(other)
    return bool(
        degrees < SETTLED_DEGREES and distance / frame.scale < SETTLED_SHIFT and 0.87 < ratio < 1.15
    )
