# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, once, for the button and for the batch: from a bare mesh to a face rig.

It runs as a generator that says what comes next before each stage, so that a window can show
progress and stop it between stages. Closing the generator early takes everything back.
"""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import bpy
import numpy as np
from numpy.typing import NDArray

from .carrying import CarriedFace, carry_face, surface_carries
from .errors import RigError
from .properties import is_rigged, state_of
from .rigging.data import FaceLandmarks, FaceMesh, FaceRig, Message, RigOptions, Status
from .scene import markers, storage
from .scene.head import SceneHead, SceneOptions, keep_near_parts
from .scene.motion_memory import remember_face
from .scene.reader import read
from .scene.transaction import Transaction
from .scene.writer import write
from .vocabulary import MARKERS

if TYPE_CHECKING:
    from .models.dense_landmarks import DenseLandmarker
    from .rigging.orientation import Detector, Prediction
    from .rigging.template import Template

# Shares of the whole job at which its stages begin.
_AT_READ, _AT_FIND, _AT_BUILD, _AT_WRITE = 0.0, 0.03, 0.25, 0.88

_DEFAULT_OPTIONS = RigOptions()
_DEFAULT_SCENE_OPTIONS = SceneOptions()


@dataclass(frozen=True)
class Progress:
    """What comes next, and which share of the whole job is done."""

    stage: str
    fraction: float


@dataclass(frozen=True)
class RigOutcome:
    """A rigged head.

    ``objects``: names of the head and its parts. ``messages``: remarks of the scene, which come
    before those of ``rig``. ``status``: of the rig with all these.
    """

    face_mesh: FaceMesh
    rig: FaceRig
    armature: bpy.types.Object | None
    objects: tuple[str, ...]
    seconds: dict[str, float]
    messages: tuple[Message, ...]
    status: Status


class UnriggableFaceError(RigError):
    """A face was found, but no rig could be built on it.

    ``landmarks`` say where it is, ``base`` what they come from; ``asked``: the markers that the
    artist should look at, or none for all of them.
    """

    def __init__(
        self,
        error: RigError,
        base: FaceLandmarks,
        landmarks: FaceLandmarks | None = None,
        asked: tuple[str, ...] = (),
    ) -> None:
        super().__init__(
            error.problem,
            error.remedy,
            refused=error.refused,
            wants_markers=error.wants_markers,
        )
        self.base, self.landmarks, self.asked = base, landmarks or base, asked


_LEAST_PICTURE_SCORE = 0.5

# Shares of the usual room in which a mouth bag is tried.
_ROOMS = (1.0, 0.7, 0.45)

_GUESSED = Message(
    "warning",
    "The landmark markers are where they were put at a guess. Look at them: drag those that are "
    "wrong to their places, and press Auto-Rig Face again.",
)


@dataclass(frozen=True)
class _Face:
    """Where the face is by the mesh and the markers, and which markers were moved on a head that is
    rigged already, if nothing else has changed.
    """

    landmarks: FaceLandmarks
    moved: frozenset[str] | None
    messages: tuple[Message, ...] = ()


@dataclass
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def lap(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


def rig_head(
    context: bpy.types.Context,
    obj: bpy.types.Object | None,
    options: RigOptions = _DEFAULT_OPTIONS,
    reference: NDArray[np.uint8] | None = None,
    *,
    scene_options: SceneOptions = _DEFAULT_SCENE_OPTIONS,
) -> RigOutcome:
    """Rig a head in one go; see rig_stages."""
    stages = rig_stages(context, obj, options, reference, scene_options=scene_options)
    while True:
        try:
            next(stages)
        except StopIteration as finished:
            return finished.value


def rig_stages(
    context: bpy.types.Context,
    obj: bpy.types.Object | None,
    options: RigOptions = _DEFAULT_OPTIONS,
    reference: NDArray[np.uint8] | None = None,
    *,
    scene_options: SceneOptions = _DEFAULT_SCENE_OPTIONS,
    find_again: bool = False,
) -> Generator[Progress, None, RigOutcome]:
    """Rig the head ``obj`` with its parts, yielding before each stage.

    ``reference``: (H, W, 3) uint8 sRGB picture of the character's face, which corrects the
    landmarks where it is surer of them. Landmarks of an earlier run are used again, corrected by
    markers that the artist has moved; then only what depends on those markers is written.
    ``find_again`` looks for the face as if it had never been found, and moves the markers there.
    Raises RigError where the head can't be rigged; the scene is then as it was.
    """
    clock = _Clock()
    yield Progress("Reading the head", _AT_READ)
    with clock.lap("read"):
        face_mesh, scene_head = read(context, obj, options=scene_options)
        template = _template()
    yield Progress("Finding the face", _AT_FIND)
    picture = "" if reference is None else hashlib.sha256(reference.tobytes()).hexdigest()
    with clock.lap("find face"):
        carries = surface_carries(scene_head, face_mesh)
        carried = None
        if storage.stored_base_landmarks(scene_head.obj) is None and not find_again:
            carried = carry_face(scene_head, face_mesh, carries)
    if find_again:
        face = _Face((yield from _detect(face_mesh, template, clock)), None)
    else:
        face = yield from _find_face(
            context, face_mesh, scene_head, template, clock, picture, carried
        )
    with clock.lap("find face"):
        base = storage.row_major(face.landmarks)
        landmarks, of_picture = _with_picture(reference, base, face_mesh)
        landmarks = storage.row_major(replace(landmarks, picture=picture))
        face_mesh, scene_head = keep_near_parts(face_mesh, scene_head, landmarks.frame)
        remarks = (*scene_head.messages, *face.messages, *of_picture)
    rig = yield from _build(face_mesh, landmarks, base, template, options, clock)
    yield Progress("Writing the rig", _AT_WRITE)
    with clock.lap("write"), Transaction() as transaction:
        written = write(
            *(context, scene_head, rig, options, scene_options, transaction),
            moved_markers=face.moved,
            carries=carries,
        )
        messages = (*remarks, *written.messages)
        status = _status(rig, messages)
        storage.store_rig(scene_head, rig, status, (*messages, *rig.messages))
        storage.store_landmarks(scene_head.obj, rig.landmarks, base)
        remember_face(scene_head, face_mesh, rig)
        markers.settle_markers(context, scene_head.obj, rig.landmarks.named, transaction)
    objects = tuple(part.obj.name for part in scene_head.parts)
    seconds = {**clock.seconds, **rig.seconds}
    return RigOutcome(face_mesh, rig, written.armature, objects, seconds, messages, status)


def cut_mouth(
    context: bpy.types.Context,
    obj: bpy.types.Object | None,
    *,
    scene_options: SceneOptions = _DEFAULT_SCENE_OPTIONS,
) -> bpy.types.Object:
    """Take the rig off a head whose mouth is sealed, and open the mouth; return the head.

    The cut follows the rig's landmarks, which are kept for the next rig. Raises RigError where
    there is none, or no room for a mouth; the scene is then as it was.
    """
    from .rigging.analyse import analyse
    from .rigging.mouth_bag import BadCutError, check_mouth, plan_mouth
    from .scene.open_mouth import open_mouth
    from .scene.remove import remove_rig

    face_mesh, scene_head = read(context, obj, options=scene_options)
    head = scene_head.obj
    known = storage.stored_landmarks(head)
    if known is None:
        raise RigError(
            f"Where the mouth of '{head.name}' is isn't known.",
            "Press Auto-Rig Face first: the cut follows the landmarks that it finds.",
        )
    count = len(head.data.vertices)
    for room in _ROOMS:
        plan = plan_mouth(face_mesh, known, _template(), room)
        try:
            with Transaction() as transaction:
                open_mouth(context, head, plan, transaction)
                cut_mesh, _ = read(context, head, options=replace(scene_options, parts="NONE"))
                check_mouth(analyse(cut_mesh, known), plan, count)
            break
        except BadCutError:
            if room == _ROOMS[-1]:
                raise
    remove_rig(context, head)
    storage.store_landmarks(head, known, known)
    return head


def offer_markers(
    context: bpy.types.Context,
    obj: bpy.types.Object | None,
    size: float,
    *,
    scene_options: SceneOptions = _DEFAULT_SCENE_OPTIONS,
    error: RigError | None = None,
) -> bpy.types.Object:
    """Show the head's 13 landmark markers, ``size`` inter-ocular distances large; return the head.

    They stand at the present landmarks, at those that ``error`` tells of, or at a guess from the
    shape of the head. Those that are there already stay where they are. Where the error asks about
    a few points only, their markers are shown and no others.
    """
    from .rigging.marker_guess import guess_markers

    face_mesh, scene_head = read(context, obj, options=scene_options)
    head = scene_head.obj
    found = error if isinstance(error, UnriggableFaceError) else None
    known = storage.stored_landmarks(head) if found is None else found.landmarks
    places = guess_markers(face_mesh, _template()) if known is None else known.named
    with Transaction() as transaction:
        size *= _eye_distance(places)
        asked = () if found is None else found.asked
        markers.show_markers(context, head, places, size, transaction, asked=asked)
    if found is not None:
        storage.store_landmarks(head, found.landmarks, found.base)
    if error is not None:
        state = state_of(head)
        state.problem, state.remedy = error.problem, error.remedy
    return head


def _eye_distance(places: dict[str, NDArray[np.float64]]) -> float:
    eyes = [(places[f"eye_outer_{side}"] + places[f"eye_inner_{side}"]) / 2 for side in "LR"]
    return float(np.linalg.norm(eyes[0] - eyes[1]))


def _find_face(
    context: bpy.types.Context,
    face_mesh: FaceMesh,
    scene_head: SceneHead,
    template: Template,
    clock: _Clock,
    picture: str,
    carried: CarriedFace | None,
) -> Generator[Progress, None, _Face]:
    """Landmarks from an earlier run, from markers, from both, or from the detector.

    ``picture``: the digest of the reference picture, or "". Where it is another one than the rig
    was built with, everything is written anew. ``carried``: what is left of an earlier run's where
    the mesh was edited since.
    """
    from .rigging.landmarks import confirmed, landmarks_from_markers

    head = scene_head.obj
    with clock.lap("find face"):
        known = base = storage.stored_base_landmarks(head)
        remarks = () if carried is None else carried.messages
        if base is None and carried is not None:
            base = carried.landmarks
        placed = _on_surface(face_mesh, markers.read_markers(context, head))
        if base is None and placed and storage.landmarks_source(head) in {"", "markers"}:
            guessed = not markers.moved_markers(context, head)
            found = landmarks_from_markers(face_mesh, placed, template, None)
            return _Face(found, None, (_GUESSED,) if guessed else ())
    if base is None:
        base = yield from _detect(face_mesh, template, clock)
        if carried is not None:
            base = confirmed(base, carried.placed, carried.placed)
    with clock.lap("find face"):
        last = storage.stored_landmarks(head)
        is_same_picture = last is not None and last.picture == picture
        dragged = frozenset(markers.moved_markers(context, head))
        # Who brings a picture instead of an answer leaves the question to the picture.
        asked = markers.asked_markers(context, head)
        answered = asked if is_same_picture else asked & dragged
        moved = dragged | answered
        if not moved:
            return _Face(base, None, remarks)
        automatic = None if base.source == "markers" else confirmed(base, placed, answered)
        start = base if automatic is None else automatic
        points = {name: placed[name] if name in moved else start.named[name] for name in MARKERS}
        corrected = landmarks_from_markers(face_mesh, points, template, automatic)
        # What was asked about was never rigged, or rigged before the mesh changed.
        partly = known is not None and is_rigged(head) and is_same_picture and not answered
        return _Face(corrected, moved if partly else None, remarks)


def _detect(
    face_mesh: FaceMesh, template: Template, clock: _Clock
) -> Generator[Progress, None, FaceLandmarks]:
    with clock.lap("find face"):
        from .rigging.fusion import locate_stages
        from .rigging.landmarks import landmarks_from_dense

        stages = locate_stages(face_mesh, *face_detectors())
    while True:
        try:
            with clock.lap("find face"):
                stage, fraction = next(stages)
        except StopIteration as finished:
            return landmarks_from_dense(finished.value, template)
        yield Progress(stage, _AT_FIND + (_AT_BUILD - _AT_FIND) * fraction)


def _with_picture(
    picture: NDArray[np.uint8] | None, landmarks: FaceLandmarks, face_mesh: FaceMesh
) -> tuple[FaceLandmarks, tuple[Message, ...]]:
    """The landmarks as a picture of the character corrects them, and what to say about that."""
    from .rigging.reference import surest_face, use_picture

    if picture is None:
        return landmarks, ()
    pixels = picture.astype(np.float32)
    seen = [found for detect in face_detectors() for found in detect(pixels)[:1]]
    face = surest_face([found for found in seen if found.score >= _least_score(found)])
    if face is None:
        text = "No face was found on the reference picture, so it was not used."
        return landmarks, (Message("warning", text),)
    corrected, message = use_picture(landmarks, face, face_mesh)
    return corrected, (message,)


def _least_score(found: Prediction) -> float:
    """The score from which a network's find counts as a face in a single picture."""
    from .models.dense_landmarks import FACE_SCORE

    return _LEAST_PICTURE_SCORE if found.expected_error is None else FACE_SCORE


def _build(
    face_mesh: FaceMesh,
    landmarks: FaceLandmarks,
    base: FaceLandmarks,
    template: Template,
    options: RigOptions,
    clock: _Clock,
) -> Generator[Progress, None, FaceRig]:
    from .rigging.asking import UnsureFaceError
    from .rigging.build import build_stages

    stages = build_stages(face_mesh, landmarks, template, options)
    while True:
        try:
            with clock.lap("build"):
                stage, fraction = next(stages)
        except StopIteration as finished:
            return finished.value
        except UnsureFaceError as error:
            raise UnriggableFaceError(error, base, error.landmarks, error.asked) from error
        except RigError as error:
            raise UnriggableFaceError(error, base, landmarks) from error
        yield Progress(stage, _AT_BUILD + (_AT_WRITE - _AT_BUILD) * fraction)


def _on_surface(
    face_mesh: FaceMesh, points: dict[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """The nearest points on the head itself, not on its eyeballs, teeth or hair."""
    from .rigging.surface import closest

    if not points:
        return {}
    skin = face_mesh.parts[0]
    mine = face_mesh.triangles[face_mesh.triangles[:, 0] < skin.stop]
    found = closest(face_mesh.vertices[: skin.stop], mine, np.array(list(points.values())))
    return dict(zip(points, found.points, strict=True))


def _status(rig: FaceRig, messages: tuple[Message, ...]) -> Status:
    if rig.status == "green" and any(message.severity != "info" for message in messages):
        return "amber"
    return rig.status


@functools.cache
def _template() -> Template:
    from .models.assets import asset_path
    from .rigging.template import load_template

    return load_template(asset_path("template.npz"))


@functools.cache
def dense_landmarker() -> DenseLandmarker:
    """Our own landmark networks, loaded on first use."""
    from .models.dense_landmarks import DenseLandmarker

    return DenseLandmarker()


@functools.cache
def face_detectors() -> tuple[Detector, ...]:
    """The networks that find faces, in the order in which they are asked."""
    from .models.face_landmarker import FaceLandmarker
    from .rigging.dense_detector import detectors

    return detectors(_template(), FaceLandmarker().predict, dense_landmarker())
