# SPDX-License-Identifier: GPL-3.0-or-later
"""The face in space: found in one picture, followed from several sides, checked for sense.

A sighting in any one picture is only a guess. It is looked at again from several angles, the
views are triangulated, and the result must agree with itself and with the mesh.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from .canonical_face import eye_centres, frame_of
from .data import FaceMesh, HeadFrame
from .face_evidence import judge
from .face_paint import Painter, is_plain
from .orientation import Detector, Sighting, frame_of_sighting, look_at, search
from .raycast import RayScene
from .search_views import turn
from .triangulation import MIN_VIEWS, fuse, triangulate
from .views import look

Report = Callable[[str, float], None]

VIEW_RESOLUTION: Final = 384
VIEW_SIZES: Final = (5.0, 3.8)  # IOD: with the whole head in view, else closer
VIEW_CENTRE: Final = (0.0, -0.45, -0.3)
FIRST_ANGLES: Final = ((0.0, 0.0), (-20.0, 0.0), (20.0, 0.0))
MORE_ANGLES: Final = ((-40.0, 0.0), (40.0, 0.0), (0.0, 20.0), (0.0, -20.0))
MAX_ROUNDS: Final = 4
SETTLED_DEGREES: Final = 5.0
SETTLED_SHIFT: Final = 0.12  # IOD

# Scores: looking on is a waste; good enough for any direction; good enough where Blender's
# convention says that the face is, or when nothing better is found.
SURE_SCORE: Final = 0.6
FAIR_SCORE: Final = 0.28
LEAST_SCORE: Final = 0.2
CANDIDATES_PER_BATCH: Final = 3
MAX_CANDIDATES: Final = 12
CONVENTIONAL_BATCHES: Final = 2


@dataclass(frozen=True)
class LocatedFace:
    """A face found on a mesh.

    ``dense``: (478, 3) float64 world positions of Face Landmarker's points, triangulated and not
    snapped to the surface. ``spread``: (478,) how far the views' lines of sight pass by the point,
    world units. ``score``: 0..1, how well views, proportions and surface agree.
    """

    frame: HeadFrame
    dense: NDArray[np.float64]
    spread: NDArray[np.float64]
    score: float


def locate_face(face_mesh: FaceMesh, detect: Detector, report: Report | None = None) -> LocatedFace:
    """Find the face on a mesh of any scale, position, rotation and up axis.

    ``detect`` takes an (H, W, 3) uint8 picture and returns its faces. ``report(stage, fraction)``
    is called between steps. Raises RigError, with ``wants_markers``, when no face is found or
    what was found doesn't hold up from several sides.
    """
    report = report or _silent
    subject = _Subject(face_mesh, detect)
    best: LocatedFace | None = None
    followed = 0
    for number, batch in enumerate(search(face_mesh, subject.scene, detect)):
        report("Looking for the face", 0.1 + 0.1 * number)
        for sighting in batch[: min(CANDIDATES_PER_BATCH, MAX_CANDIDATES - followed)]:
            followed += 1
            best = _better(best, subject.follow(sighting))
            if _reaches(best, SURE_SCORE):
                break
        enough = LEAST_SCORE if number < CONVENTIONAL_BATCHES else FAIR_SCORE
        if _reaches(best, enough) or followed == MAX_CANDIDATES:
            break
    if best is not None and _reaches(best, LEAST_SCORE):
        report("Found the face", 1.0)
        return best
    raise RigError(
        f"No face was found on '{_name(face_mesh)}'.",
        "Place the landmark markers by hand and press Auto-Rig Face again.",
        refused=True,
        wants_markers=True,
    )


def _better(one: LocatedFace | None, other: LocatedFace | None) -> LocatedFace | None:
    if one is None or other is None:
        return one or other
    return other if other.score > one.score else one


def _reaches(located: LocatedFace | None, score: float) -> bool:
    return located is not None and located.score >= score


def _silent(_stage: str, _fraction: float) -> None:
    """Report to nobody."""


def _name(face_mesh: FaceMesh) -> str:
    return face_mesh.parts[0].name if face_mesh.parts else "the mesh"


class _Subject:
    """The mesh under the camera, prepared once."""

    def __init__(self, face_mesh: FaceMesh, detect: Detector) -> None:
        self.scene = RayScene(face_mesh.vertices, face_mesh.triangles)
        self._face_mesh = face_mesh
        self._detect = detect
        painter = Painter(face_mesh) if is_plain(face_mesh) else None
        self._painter = painter if painter and painter.has_loose_pieces else None

    def follow(self, sighting: Sighting) -> LocatedFace | None:
        """The face around one sighting, or None when it doesn't hold up."""
        located = self._locate(sighting)
        if located is None or located.score >= SURE_SCORE:
            return located
        # Foreheads pass for chins: an upside-down face fits badly, but it fits.
        camera = look(located.frame, size=VIEW_SIZES[0], resolution=VIEW_RESOLUTION)
        turned = look_at(self._face_mesh, self.scene, turn(camera, 2), self._detect)
        return _better(located, self._locate(turned[0])) if turned else located

    def _locate(self, sighting: Sighting) -> LocatedFace | None:
        """The face around one sighting, with painted eyes where that helps."""
        frame = frame_of_sighting(sighting, self.scene)
        if frame is None:
            return None
        located = self._settle(frame, self._painter)
        if self._painter is not None and not _reaches(located, FAIR_SCORE):
            located = _better(located, self._settle(frame, None))
        return located

    def _settle(self, frame: HeadFrame, painter: Painter | None) -> LocatedFace | None:
        """Look again until the frame settles, then from more sides."""
        seen: list[Sighting] = []
        for _ in range(MAX_ROUNDS):
            if not _plausible_scale(frame, self.scene):
                return None
            painted = painter.paint(frame) if painter else None
            seen = self._observe(painted, frame, FIRST_ANGLES[:1])
            if not seen:
                return None  # not worth more pictures
            seen += self._observe(painted, frame, FIRST_ANGLES[1:])
            if len(seen) < 2:
                return None
            previous, frame = frame, frame_of(triangulate(seen)[0])
            if _close(previous, frame):
                break
        painted = painter.paint(frame) if painter else None
        seen += self._observe(painted, frame, MORE_ANGLES)
        seen, points, spread = fuse(seen)
        if len(seen) < MIN_VIEWS:
            return None
        frame = frame_of(points)
        share = len(seen) / (len(FIRST_ANGLES) + len(MORE_ANGLES))
        score = judge(points, spread, frame, self.scene, share_of_views=share)
        return LocatedFace(frame, points, spread, score)

    def _observe(
        self, painted: FaceMesh | None, frame: HeadFrame, angles: tuple[tuple[float, float], ...]
    ) -> list[Sighting]:
        """The same face from several angles; angles from which it isn't seen are left out."""
        seen: list[Sighting] = []
        for yaw, pitch in angles:
            for size in VIEW_SIZES:
                camera = look(
                    frame, yaw, pitch, size=size, centre=VIEW_CENTRE, resolution=VIEW_RESOLUTION
                )
                faces = look_at(painted or self._face_mesh, self.scene, camera, self._detect)
                expected = [face for face in faces if _is_expected(face, frame)]
                if expected:
                    seen.append(expected[0])
                    break
        return seen


def _plausible_scale(frame: HeadFrame, scene: RayScene) -> bool:
    """Whether the eyes are as far apart as eyes on this mesh can be."""
    return 1e-4 * scene.extent < frame.scale < scene.extent


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
    cosine = (np.trace(frame.axes @ other.axes.T) - 1) / 2
    shift = np.linalg.norm(frame.origin - other.origin) / frame.scale
    ratio = other.scale / frame.scale
    return bool(
        np.degrees(np.arccos(np.clip(cosine, -1, 1))) < SETTLED_DEGREES
        and shift < SETTLED_SHIFT
        and 0.87 < ratio < 1.15
    )
