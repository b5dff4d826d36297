# SPDX-License-Identifier: GPL-3.0-or-later
"""The face in space: landmarks of several views, triangulated robustly and checked for sense.

Points are never back-projected onto the mesh from one view: rays fall through eye holes and the
mouth's slit. Lines of sight from several views are intersected instead, by iteratively reweighted
least squares, and snapped to the skin by whoever needs that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from .canonical_face import POINTS, eye_centres, frame_of
from .data import FaceMesh, HeadFrame
from .face_evidence import judge
from .face_paint import Painter, is_plain
from .orientation import Detector, Sighting, frame_of_sighting, look_at, search
from .raycast import RayScene
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
MIN_VIEWS: Final = 3

ROBUST_STEPS: Final = 12
ROBUST_SCALE: Final = 0.01  # IOD: lines of sight that pass nearer than this count alike
OUTLYING_VIEW: Final = 3.0  # times the typical residual
OUTLYING_FLOOR: Final = 0.04  # IOD: views that agree this well are never thrown out
ACCEPT_SCORE: Final = 0.25
SURE_SCORE: Final = 0.6
CANDIDATES_PER_BATCH: Final = 3


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
    for number, batch in enumerate(search(face_mesh, subject.scene, detect)):
        report("Looking for the face", 0.1 + 0.1 * number)
        for sighting in batch[:CANDIDATES_PER_BATCH]:
            located = subject.follow(sighting)
            if located and (best is None or located.score > best.score):
                best = located
            if best is not None and best.score >= SURE_SCORE:
                break
        if best is not None and best.score >= ACCEPT_SCORE:
            report("Found the face", 1.0)
            return best
    raise RigError(
        f"No face was found on '{_name(face_mesh)}'.",
        "Place the landmark markers by hand and press Auto-Rig Face again.",
        refused=True,
        wants_markers=True,
    )


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
        """Look again around one sighting until the frame settles, then from more sides."""
        frame = frame_of_sighting(sighting, self.scene)
        if frame is None:
            return None
        located = self._settle(frame, self._painter)
        if self._painter is not None and (located is None or located.score < ACCEPT_SCORE):
            plain = self._settle(frame, None)
            if plain is not None and (located is None or plain.score > located.score):
                return plain
        return located

    def _settle(self, frame: HeadFrame, painter: Painter | None) -> LocatedFace | None:
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
        seen, points, spread = _fuse(seen)
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


def _fuse(
    seen: list[Sighting],
) -> tuple[list[Sighting], NDArray[np.float64], NDArray[np.float64]]:
    """Triangulate, throwing out one view after another that contradicts the rest."""
    while True:
        points, residuals = triangulate(seen)
        right, left = eye_centres(points)
        iod = float(np.linalg.norm(left - right))
        by_view = np.median(residuals, axis=1)
        worst = int(np.argmax(by_view))
        limit = max(OUTLYING_VIEW * float(np.median(by_view)), OUTLYING_FLOOR * iod)
        if len(seen) <= MIN_VIEWS or by_view[worst] <= limit:
            return seen, points, np.sqrt(np.mean(residuals**2, axis=0))
        seen = [sighting for index, sighting in enumerate(seen) if index != worst]


def triangulate(
    sightings: list[Sighting],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """World points (478, 3) nearest to all lines of sight, and residuals (views, 478).

    Minimises the sum of distances instead of their squares (iteratively reweighted least
    squares), so that a minority of wrong views moves a point little.
    """
    rays = [sighting.rays() for sighting in sightings]
    origins = np.stack([origin for origin, _ in rays])
    directions = np.stack([direction for _, direction in rays])
    trust = np.array([sighting.confidence for sighting in sightings])[:, None]
    across = np.eye(3) - directions[..., :, None] * directions[..., None, :]
    centre = origins.mean(axis=(0, 1))
    pulled = np.einsum("vnij,vnj->vni", across, origins - centre)
    weights = np.broadcast_to(trust, directions.shape[:2])
    points = np.zeros((POINTS, 3))
    residuals = np.zeros(directions.shape[:2])
    for _ in range(ROBUST_STEPS):
        matrices = np.einsum("vn,vnij->nij", weights, across)
        # Nearly parallel lines of sight leave the depth open; keep the system solvable.
        matrices += np.eye(3) * (1e-9 * np.trace(matrices, axis1=1, axis2=2)[:, None, None])
        targets = np.einsum("vn,vni->ni", weights, pulled)
        points = np.linalg.solve(matrices, targets[..., None])[..., 0]
        passing = np.einsum("vnij,vnj->vni", across, points + centre - origins)
        residuals = np.linalg.norm(passing, axis=-1)
        right, left = eye_centres(points)
        floor = max(ROBUST_SCALE * float(np.linalg.norm(left - right)), 1e-12)
        weights = trust / (residuals + floor)
    return points + centre, residuals
