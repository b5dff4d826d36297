# SPDX-License-Identifier: GPL-3.0-or-later
"""The face in space: found in one picture, followed from several sides, checked for sense.

A sighting in any one picture is only a guess. It is looked at again from several angles, the
views are triangulated, and the result must agree with itself and with the mesh.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from .canonical_face import frame_of
from .canonical_order import canonical_surface
from .data import FaceMesh
from .expected_error import LocatedFace, combined, expected_error
from .face_evidence import judge
from .face_paint import Painter, is_plain
from .orientation import Detector, Sighting, look_around, points_of_sighting, surest_first
from .raycast import RayScene
from .search_views import (
    CONVENTIONAL_GROUPS,
    GROUPS,
    UPRIGHT_GROUPS,
    SearchView,
    search_views,
    turn,
)
from .tracking import Tracker, camera_on

Stage = tuple[str, float]
Steps = Generator[None, None, "LocatedFace | None"]

# Scores: looking on is a waste; believed in any direction; upright on any side; upright where
# Blender's convention says that the face is. A network that was trained on photographs sees faces
# upside down in heads of animals and dolls, and is half sure of them.
SURE_SCORE: Final = 0.6
ODD_SCORE: Final = 0.5
FAIR_SCORE: Final = 0.28
LEAST_SCORE: Final = 0.2
UPRIGHT: Final = 0.5  # cosine between the face's upward direction and the picture's
CANDIDATES_PER_GROUP: Final = 3
MAX_CANDIDATES: Final = 12
VIEWS_AT_ONCE: Final = 6  # between two chances to stop
# Pictures that are made and looked at side by side; each is the same whatever the number is.
MAX_WORKERS: Final = 4


def locate_face(face_mesh: FaceMesh, *detectors: Detector) -> LocatedFace:
    """Find the face on a mesh in one go; see locate_stages."""
    stages = locate_stages(face_mesh, *detectors)
    while True:
        try:
            next(stages)
        except StopIteration as finished:
            return finished.value


def locate_stages(face_mesh: FaceMesh, *detectors: Detector) -> Generator[Stage, None, LocatedFace]:
    """Find the face on a mesh of any scale, position, rotation and up axis.

    ``detectors`` take a picture and return its faces, from several threads. What several of them
    find is made one by what they expect to be off. Yields (stage, fraction) before each step, none
    of which takes long, and returns the face. The order of vertices and triangles makes no
    difference. Raises RigError, with ``wants_markers``, when no face is found or what was found
    doesn't hold up from several sides.
    """
    surface = canonical_surface(face_mesh)
    best = None
    if len(surface.triangles):
        with ThreadPoolExecutor(min(MAX_WORKERS, os.cpu_count() or 1)) as pool:
            best = yield from _search(_subjects(surface, detectors, pool))
    if best is not None:
        return best
    raise RigError(
        f"No face was found on '{_name(face_mesh)}'.",
        "Place the landmark markers by hand and press Auto-Rig Face again.",
        refused=True,
        wants_markers=True,
    )


def _search(subjects: Sequence[_Subject]) -> Generator[Stage, None, LocatedFace | None]:
    """The best face, looked for in ever more unlikely directions until one is good enough."""
    for number, group in enumerate(search_views(subjects[0].surface.vertices)):
        best: LocatedFace | None = None
        # Faces in odd directions are rare, and there are many of these.
        asked = [
            subject
            for rank, subject in enumerate(subjects)
            if (rank == 0 or number in UPRIGHT_GROUPS) and not subject.is_exhausted
        ]
        for rank, subject in enumerate(asked):
            begin, end = ((number + part / len(asked)) / GROUPS for part in (rank, rank + 1))
            found = yield from _look_through(subject, group, number, begin, end)
            best = combined(best, found) if best and found else best or found
        if best is not None:
            return best
    return None


def _look_through(
    subject: _Subject, group: list[SearchView], number: int, begin: float, end: float
) -> Generator[Stage, None, LocatedFace | None]:
    """The best face that one detector finds in a group of views; it takes the shares of the whole
    search from ``begin`` to ``end``.
    """
    stage = f"Finding the face, round {number + 1} of {GROUPS}"
    followed_at = begin + 0.9 * (end - begin)
    seen: list[Sighting] = []
    for start in range(0, len(group), VIEWS_AT_ONCE):
        yield stage, begin + (followed_at - begin) * start / len(group)
        seen += subject.look(group[start : start + VIEWS_AT_ONCE])
    best: LocatedFace | None = None
    for sighting in surest_first(seen)[:CANDIDATES_PER_GROUP]:
        if subject.is_exhausted or _reaches(best, SURE_SCORE):
            break
        located = yield from _saying((stage, followed_at), subject.follow(sighting))
        if _reaches(located, _needed(number, sighting, located)):
            best = _better(best, located)
    return best


def _saying(stage: Stage, steps: Steps) -> Generator[Stage, None, LocatedFace | None]:
    """The same steps, each announced as ``stage``."""
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            return finished.value
        yield stage


def _needed(group: int, sighting: Sighting, located: LocatedFace | None) -> float:
    """The score from which a face is believed that was followed from a ``sighting``."""
    if located is None or located.frame.axes[1] @ sighting.camera.axes[1] < UPRIGHT:
        return ODD_SCORE
    if group in CONVENTIONAL_GROUPS:
        return LEAST_SCORE
    return FAIR_SCORE if group in UPRIGHT_GROUPS else ODD_SCORE


def _better(one: LocatedFace | None, other: LocatedFace | None) -> LocatedFace | None:
    if one is None or other is None:
        return one or other
    return other if other.score > one.score else one


def _reaches(located: LocatedFace | None, score: float) -> bool:
    return located is not None and located.score >= score


def _name(face_mesh: FaceMesh) -> str:
    return face_mesh.parts[0].name if face_mesh.parts else "the mesh"


def _subjects(surface: FaceMesh, detectors: Sequence[Detector], pool: Executor) -> list[_Subject]:
    """The mesh prepared once, for each of the detectors."""
    scene = RayScene(surface.vertices, surface.triangles)
    # Made on first use, which must not be by several threads at once.
    _ = scene.vertex_normals, scene.triangle_normals
    painter = Painter(surface) if is_plain(surface) else None
    if painter is not None and not painter.has_loose_pieces:
        painter = None
    return [_Subject(surface, scene, painter, detect, pool) for detect in detectors]


class _Subject:
    """The mesh under the camera, as one detector sees it."""

    def __init__(
        self,
        surface: FaceMesh,
        scene: RayScene,
        painter: Painter | None,
        detect: Detector,
        pool: Executor,
    ) -> None:
        self.surface, self.scene = surface, scene
        self._painter, self._detect, self._pool = painter, detect, pool
        self._tracker = Tracker(surface, scene, detect, pool)
        self._followed = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether so many sightings came to nothing that more of them would."""
        return self._followed >= MAX_CANDIDATES

    def look(self, views: list[SearchView]) -> list[Sighting]:
        """Every convincing face in the views."""
        return look_around(self.surface, self.scene, views, self._detect, self._pool)

    def follow(self, sighting: Sighting) -> Steps:
        """The face around one sighting, or None when it doesn't hold up."""
        self._followed += 1
        located = yield from self._locate(sighting)
        if located is None or located.score >= SURE_SCORE:
            return located
        # Foreheads pass for chins: an upside-down face fits badly, but it fits.
        camera = camera_on(located.dense, located.frame)
        turned = self.look([SearchView(turn(camera, 2))])
        return _better(located, (yield from self._locate(turned[0]))) if turned else located

    def _locate(self, sighting: Sighting) -> Steps:
        """The face around one sighting, with painted eyes where that helps."""
        points = points_of_sighting(sighting, self.scene)
        if points is None:
            return None
        located = yield from self._settle(points, self._painter)
        if self._painter is not None and not _reaches(located, FAIR_SCORE):
            located = _better(located, (yield from self._settle(points, None)))
        return located

    def _settle(self, points: NDArray[np.float64], painter: Painter | None) -> Steps:
        track = yield from self._tracker.follow(points, painter)
        if track is None:
            return None
        frame = frame_of(track.points)
        score = judge(track.points, track.spread, frame, self.scene, share_of_views=track.share)
        error = expected_error(track.expected_error, track.spread, frame.scale, score)
        return LocatedFace(frame, track.points, error, score)
