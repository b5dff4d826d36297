# SPDX-License-Identifier: GPL-3.0-or-later
"""A rigged head takes over the expression of a picture, or the performance of a film: for the
buttons and for the batch.

Two models explain the picture: the character's own face, and the average person's, whose ARKit
coefficients then mean the same on the character. The likelier one counts. What the expression
reader says of the picture is the prior of the fit.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from .animation.capture_table import Capture, frames_without_a_face
from .animation.emotions import exclude_opposites
from .errors import RigError
from .models.assets import asset_path
from .models.dense_landmarks import FACE_SCORE, DensePrediction
from .models.expression_reader import ExpressionReader, Reading
from .models.performance_reader import PerformanceReader
from .models.pictures import is_film, read_film, read_picture
from .pipeline import dense_landmarker, face_detectors
from .rigging.expression_fit import (
    ExpressionFit,
    FitOptions,
    Prior,
    fit_expression,
    neutral_from,
)
from .rigging.expression_model import (
    ExpressionModel,
    as_networks_see,
    rig_model,
    template_model,
)
from .rigging.picture_camera import FaceCamera
from .rigging.picture_points import PicturePoints, joined
from .rigging.template import load_template
from .rigging.views import LEVEL_LIGHT, look, render
from .scene.fcurves import require_shape_keys
from .scene.landmark_motion import RiggedSurface
from .scene.storage import required_landmarks
from .vocabulary import ARKIT_SHAPES

if TYPE_CHECKING:
    import bpy

    from .rigging.orientation import Prediction

Picture = NDArray[np.uint8]
Frames = Iterator[tuple[float, Picture]]  # each with its instant in seconds
Floats = NDArray[np.float64]

_RESOLUTION: Final = 448  # of the character's own picture: 80 pixels between the eyes
_LEAST_SCORE: Final = 0.5  # of Face Landmarker
# Median distance of the points from the fitted face, of the eye distance: 0.01 to 0.02 on pictures
# of rigged heads. From the first on the artist is warned, from the second on nothing is written.
POOR_FIT: Final = 0.05
NO_FIT: Final = 0.12
# Frames of a film that the proportions of its face are taken from.
_SAMPLES: Final = 9
# Measured costs of the character's own model are 5 to 30 on its own pictures and 80 to 170 on those
# of another face, of the average person's model 5 to 60 on both: in doubt the character counts.
_OWN_MARGIN: Final = 8.0
# Deviation of the character's own proportions, over people's.
_OWN_INDIVIDUALITY: Final = 0.25
# A frame begins where the one before it ended, so few steps do.
_STEPS_PER_FRAME: Final = 4
_JAW, _CLOSE = ARKIT_SHAPES.index("jawOpen"), ARKIT_SHAPES.index("mouthClose")


@dataclass(frozen=True)
class Match:
    """``coefficients`` (52,) 0..1 in ARKit order; ``residual``: how far the points of the picture
    are from the fitted face, of its eye distance; ``notes``: what the artist should know.
    """

    coefficients: Floats
    residual: float
    notes: tuple[str, ...] = ()


@dataclass
class Matcher:
    """Matches pictures onto one rigged head. ``own``: its model; ``average``: a person's;
    ``look``: a picture of the character at rest from where a camera stands; ``rest``: model of the
    face in the pictures, once its picture at rest is known, and ``rest_reading``: what that shows.
    """

    own: ExpressionModel
    average: ExpressionModel
    look: Callable[[FaceCamera], Picture]
    rest: ExpressionModel | None = None
    rest_reading: Reading | None = None
    options: FitOptions = field(default_factory=FitOptions)

    def learn_rest(self, picture: Picture) -> None:
        """Take the face of a picture as being at rest. Raises RigError where there is none."""
        face = find_face(picture)
        likelier, _ = self._likelier([face], at_rest=True)
        fit = fit_expression(likelier, face, self.options, at_rest=True)
        _refuse_poor(fit.residual)
        self.rest = neutral_from(likelier, fit, face)
        self.rest_reading = _read_rest(picture)

    def match(self, picture: Picture) -> Match:
        """The expression of the face in a picture. Raises RigError where there is none, or where
        it can't be explained as a face.
        """
        face = find_face(picture)
        seen = dense_landmarker().predict(picture)
        prior = _prior(picture, seen, self.rest_reading)
        if self.rest is not None:
            fit = fit_expression(self.rest, face, self.options, prior)
        else:
            model, options = self._likelier([face])
            fit = fit_expression(model, face, options, prior)
            if model is self.own:
                model, reading = self._own_as_seen(fit)
                fit = fit_expression(model, face, options, _prior(picture, seen, reading))
        _refuse_poor(fit.residual)
        notes = (_rough(fit.residual),) if fit.residual > POOR_FIT else ()
        return Match(_possible(fit.coefficients), fit.residual, notes)

    def follow(self, frames: Iterable[tuple[float, Picture]], name: str, rate: float) -> Capture:
        """The performance in the frames of a film, each with its instant in seconds.

        Frames without a face are left out, which is noted. Raises RigError where fewer than two
        show one.
        """
        seen = _faces_of(frames, self.rest_reading)
        faces = seen.faces
        if len(faces) < 2:
            raise RigError(
                f"{name} shows a face in fewer than two frames.",
                "Choose a film in which the face is seen from the front, and large enough.",
            )
        model = self.rest or self._face_of_all(faces)
        options = replace(self.options, steps=_STEPS_PER_FRAME)
        fits: list[ExpressionFit] = []
        for face, prior in zip(faces, _priors(seen, rate, self.rest_reading), strict=True):
            before = fits[-1] if fits else fit_expression(model, face, self.options, prior)
            fits.append(fit_expression(model, face, options, prior, start=before))
        residual = float(np.median([fit.residual for fit in fits]))
        _refuse_poor(residual)
        notes = frames_without_a_face(seen.missed)
        if residual > POOR_FIT:
            notes = (*notes, _rough(residual))
        values = np.stack([_possible(fit.coefficients) for fit in fits])
        seconds = np.array(seen.times) - seen.times[0]
        return Capture(seconds, values, None, None, rate, name, notes)

    def _likelier(
        self, faces: Sequence[PicturePoints], *, at_rest: bool = False
    ) -> tuple[ExpressionModel, FitOptions]:
        """The model that explains the faces better, and how to fit it."""
        # Its proportions are known already, but for what the networks make of them.
        choices = (
            (self.own, replace(self.options, individuality=_OWN_INDIVIDUALITY)),
            (self.average, self.options),
        )
        costs = [
            np.median([fit_expression(m, face, o, at_rest=at_rest).cost for face in faces])
            for m, o in choices
        ]
        return choices[0 if costs[0] < costs[1] + _OWN_MARGIN else 1]

    def _own_as_seen(self, fit: ExpressionFit) -> tuple[ExpressionModel, Reading | None]:
        """The character's model with the networks' own errors on its face at rest, from where the
        camera of a first fit stands, and what is read there: what they err by in both pictures
        isn't an expression.
        """
        picture = self.look(fit.camera)
        seen = _find(picture)
        if seen is None:
            return self.own, None
        at_rest = fit_expression(self.own, seen, self.options, at_rest=True)
        model = neutral_from(self.own, at_rest, seen)
        return replace(model, proportions=self.own.proportions), _read_rest(picture)

    def _face_of_all(self, faces: Sequence[PicturePoints]) -> ExpressionModel:
        """The likelier model with the proportions that the frames agree on."""
        rows = np.unique(np.linspace(0, len(faces) - 1, _SAMPLES).round().astype(int))
        sample = [faces[row] for row in rows]
        model, options = self._likelier(sample)
        if model is self.own:
            model, _ = self._own_as_seen(fit_expression(model, sample[len(sample) // 2], options))
        neutral = [fit_expression(model, face, options).neutral for face in sample]
        return model.moved_to(np.median(neutral, axis=0))


def matcher_for(context: bpy.types.Context, head: bpy.types.Object) -> Matcher:
    """Raises RigError where the head has no shape keys, or its landmarks are worth nothing any
    more because the mesh has changed.
    """
    require_shape_keys(head, "set")
    landmarks = required_landmarks(head)
    surface = RiggedSurface(context, head)
    face_mesh = surface.face_mesh
    own = rig_model(landmarks, face_mesh.vertices, surface.offsets, _average_model())

    def look_at_rest(camera: FaceCamera) -> Picture:
        across, upwards, front = camera.rotation[2]
        yaw = np.degrees(np.arctan2(across, front))
        pitch = np.degrees(np.arcsin(np.clip(upwards, -1.0, 1.0)))
        view = look(landmarks.frame, float(yaw), float(pitch), resolution=_RESOLUTION)
        return render(face_mesh, view, light=LEVEL_LIGHT)

    return Matcher(as_networks_see(own), as_networks_see(_average_model()), look_at_rest)


def frames_of(
    matcher: Matcher, paths: Sequence[Path], rate: float, *, first_is_neutral: bool = False
) -> Frames:
    """What ``Matcher.follow`` is given of files: the frames of one film, or pictures, one a frame
    of a scene of ``rate`` frames a second. ``first_is_neutral``: the first frame shows the face at
    rest, from which the matcher learns it as it comes, unless it knows it already.
    """
    frames = read_film(paths[0]) if is_film(paths[0]) else _pictures(paths, rate)
    return _learning_rest(matcher, frames) if first_is_neutral and matcher.rest is None else frames


def _pictures(paths: Sequence[Path], rate: float) -> Frames:
    for number, path in enumerate(paths):
        yield number / rate, read_picture(path)


def _learning_rest(matcher: Matcher, frames: Frames) -> Frames:
    for number, (instant, picture) in enumerate(frames):
        if number == 0:
            matcher.learn_rest(picture)
        yield instant, picture


def find_face(picture: Picture) -> PicturePoints:
    """The points of the surest face in an (H, W, 3) picture. Raises RigError without any."""
    face = _find(picture)
    if face is None:
        raise RigError(
            "No face was found in the picture.",
            "Choose a picture in which the face is upright, whole and turned to the viewer.",
        )
    return face


@functools.cache
def _average_model() -> ExpressionModel:
    """The average person's."""
    return template_model(load_template(asset_path("template.npz")))


@functools.cache
def expression_reader() -> ExpressionReader:
    """The network, loaded on first use."""
    return ExpressionReader(landmarker=dense_landmarker())


@functools.cache
def _performance_reader() -> PerformanceReader:
    """The network, loaded on first use."""
    return PerformanceReader()


def _read(picture: Picture, seen: DensePrediction, rest: Reading | None = None) -> Reading | None:
    """What the reader says of the face ``seen`` in a picture; None where it isn't sure of one."""
    reading = expression_reader().read_face(picture, seen, rest=rest)
    return reading if reading.score >= FACE_SCORE else None


def _read_rest(picture: Picture) -> Reading | None:
    """The same of a face at rest. Its coefficients are those that it has compared with itself:
    what the reader makes of a face that hasn't moved.
    """
    seen = dense_landmarker().predict(picture)
    alone = _read(picture, seen)
    return None if alone is None else _read(picture, seen, alone)


def _prior(picture: Picture, seen: DensePrediction, rest: Reading | None) -> Prior | None:
    reading = _read(picture, seen, rest)
    return None if reading is None else _prior_of(reading.coefficients, rest)


def _prior_of(coefficients: Floats, rest: Reading | None) -> Prior:
    """``coefficients``: as read, compared with the face at ``rest`` where there is one."""
    deviations = expression_reader().deviations
    if rest is None:
        return Prior(coefficients, deviations["alone"])
    return Prior(np.maximum(coefficients - rest.coefficients, 0.0), deviations["compared"])


def _find(picture: Picture) -> PicturePoints | None:
    pixels = picture.astype(np.float32)
    detectors = face_detectors()
    with ThreadPoolExecutor(len(detectors)) as pool:
        found_by = list(pool.map(lambda detect: detect(pixels)[:1], detectors))
    seen: list[Prediction] = [found for several in found_by for found in several]
    return joined([found for found in seen if found.score >= _least_score(found)])


def _least_score(found: Prediction) -> float:
    return _LEAST_SCORE if found.expected_error is None else FACE_SCORE


@dataclass
class _Film:
    """Of the frames that show a face: their instants in seconds, the face's points, and what is
    read of them, by themselves and against the face at rest. ``missed``: how many show none.
    """

    times: list[float] = field(default_factory=list)
    faces: list[PicturePoints] = field(default_factory=list)
    alone: list[Reading] = field(default_factory=list)
    compared: list[Reading] = field(default_factory=list)
    missed: int = 0


def _faces_of(frames: Iterable[tuple[float, Picture]], rest: Reading | None) -> _Film:
    film = _Film()
    for instant, picture in frames:
        face = _find(picture)
        if face is None:
            film.missed += 1
            continue
        seen = dense_landmarker().predict(picture)
        film.times.append(instant)
        film.faces.append(face)
        film.alone.append(expression_reader().read_face(picture, seen))
        if rest is not None:
            film.compared.append(expression_reader().read_face(picture, seen, rest=rest))
    return film


def _priors(film: _Film, rate: float, rest: Reading | None) -> list[Prior | None]:
    """What the networks make of all frames together; None of frames in which they aren't sure of a
    face.
    """
    values = _performance_reader().read(film.alone, rate, film.compared or None)
    return [
        _prior_of(mean, rest) if reading.score >= FACE_SCORE else None
        for mean, reading in zip(values, film.alone, strict=True)
    ]


def _refuse_poor(residual: float) -> None:
    if not residual < NO_FIT:
        raise RigError(
            "What was found in the picture can't be explained as a face: its points are "
            f"{100.0 * residual:.0f} % of the eye distance off.",
            "Choose a picture in which the face is larger, or less turned away.",
        )


def _rough(residual: float) -> str:
    return (
        "The face in the picture is unlike this character's and unlike a person's: its points are "
        f"{100.0 * residual:.0f} % of the eye distance off, so the match is rough."
    )


def _possible(coefficients: Floats) -> Floats:
    """Muscles that can't pull at once let go; lips close no more than the jaw has opened them."""
    values = coefficients.astype(np.float32)
    exclude_opposites(values)
    values[_CLOSE] = min(values[_CLOSE], values[_JAW])
    return values.astype(np.float64)
