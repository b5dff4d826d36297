# SPDX-License-Identifier: GPL-3.0-or-later
"""The expression of a face in a picture: camera, proportions and ARKit coefficients that explain
its points best.

Maximum a posteriori by Gauss-Newton, as morphable models are fitted to pictures (V. Blanz and
T. Vetter, "A Morphable Model for the Synthesis of 3D Faces", SIGGRAPH 1999), with bounds on the
coefficients, an exponential prior on them (a face moves few muscles at a time), and Student's t for
the points, some of which are far off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..vocabulary import ARKIT_SHAPES, mirror_shape
from .box_minimum import box_minimum
from .expression_model import ExpressionModel
from .picture_camera import (
    MOST_NEARNESS,
    NEARNESS_PLACE,
    PARAMETERS,
    USUAL_NEARNESS,
    FaceCamera,
    first_camera,
)
from .picture_points import PicturePoints

Floats = NDArray[np.float64]

_SIDEWAYS: Final = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
# What faces seldom do, and what the errors of networks look like.
_SELDOM: Final = (
    *_SIDEWAYS,
    *("jawForward", "mouthShrugUpper", "mouthRollUpper", "mouthRollLower"),
    *("mouthDimpleLeft", "mouthDimpleRight"),
)
# Both eyes look to the same side: one inwards, the other outwards.
_PARTNERS: Final[dict[str, str]] = {
    f"eyeLook{way}{side}": f"eyeLook{other}{across}"
    for way, other in (("In", "Out"), ("Out", "In"))
    for side, across in (("Left", "Right"), ("Right", "Left"))
}
_KEYS: Final = slice(PARAMETERS, PARAMETERS + len(ARKIT_SHAPES))
_MODES: Final = slice(_KEYS.stop, None)
_HALVINGS: Final = 5
_SETTLED: Final = 1e-3  # of the cost, that a step gains
_RIDGE: Final = 1e-9
_HELD: Final = 1e-12  # how far a coefficient may move that may not


@dataclass(frozen=True)
class FitOptions:
    """``noise``: of each point, in eye distances, that no network knows of; ``sharing``: how many
    points are off together, so that they count once; ``freedom``: of Student's t; ``spread``: a
    coefficient's deviation, ``evenness``: of its difference between the sides, over that;
    ``sparsity``: weight of a coefficient's size, ``seldom``: of rare ones, over that;
    ``individuality``: deviation of a face's proportions over people's.
    """

    noise: float = 0.02
    sharing: float = 6.0
    freedom: float = 4.0
    spread: float = 0.6
    evenness: float = 0.35
    sparsity: float = 1.0
    seldom: float = 4.0
    individuality: float = 1.0
    steps: int = 12


@dataclass(frozen=True)
class Prior:
    """What somebody else says of the coefficients: ``mean`` (52,) and its ``deviation`` (52,)."""

    mean: Floats
    deviation: Floats


@dataclass(frozen=True)
class ExpressionFit:
    """``coefficients`` (52,) 0..1; ``neutral`` (478, 3) the face's points at rest, by the fit, in
    its head frame; ``residual``: median distance of the picture's points from the model's, in eye
    distances; ``cost``: negative logarithm of the posterior, to compare models of the same face.
    """

    coefficients: Floats
    camera: FaceCamera
    neutral: Floats
    residual: float
    cost: float


@dataclass(frozen=True)
class _State:
    camera: FaceCamera
    coefficients: Floats
    proportions: Floats


def fit_expression(
    model: ExpressionModel,
    face: PicturePoints,
    options: FitOptions | None = None,
    prior: Prior | None = None,
    start: ExpressionFit | None = None,
    *,
    at_rest: bool = False,
) -> ExpressionFit:
    """Fit a face model to the points of a picture. ``at_rest``: the face is known to be neutral;
    ``start``: the fit of the frame before.
    """
    options = options or FitOptions()
    problem = _Problem(model, face, options, prior, at_rest=at_rest)
    proportions = np.zeros(len(model.proportions))
    if start is None:
        camera = first_camera(problem.neutral, problem.target)
        state = _State(camera, np.zeros(len(ARKIT_SHAPES)), proportions)
    else:
        state = _State(start.camera, start.coefficients, proportions)
    cost = problem.cost(state)
    for _ in range(options.steps):
        state, improved = problem.step(state, cost)
        settled = cost - improved < _SETTLED * max(abs(improved), 1e-6)
        cost = improved
        if settled:
            break
    neutral = model.neutral + np.tensordot(state.proportions, model.proportions, 1)
    off = np.linalg.norm(state.camera.project(problem.place(state)) - problem.target, axis=1)
    residual = float(np.median(off)) / problem.unit
    return ExpressionFit(state.coefficients, state.camera, neutral, residual, cost)


def neutral_from(
    model: ExpressionModel, fit: ExpressionFit, face: PicturePoints
) -> ExpressionModel:
    """The model of the person whose face at rest was fitted: what the model can't explain of the
    picture moves its points across the line of sight.
    """
    off = (face.points - fit.camera.project(fit.neutral)) * [1.0, -1.0]
    nearer = 1.0 - fit.camera.nearness * (fit.neutral @ fit.camera.rotation[2])
    across = off * nearer[:, None] / fit.camera.scale @ fit.camera.rotation[:2]
    return model.moved_to(fit.neutral + across)


class _Problem:
    """One picture's points against one model, as least squares around a state."""

    def __init__(
        self,
        model: ExpressionModel,
        face: PicturePoints,
        options: FitOptions,
        prior: Prior | None,
        *,
        at_rest: bool,
    ) -> None:
        rows = np.flatnonzero(model.used)
        self._options, self._at_rest = options, at_rest
        self.unit = face.eye_distance
        self.target = face.points[rows]
        self.neutral = model.neutral[rows]
        self._sigma = np.hypot(face.expected_error[rows], options.noise * self.unit)[:, None]
        self._bend = np.concatenate([model.motion[:, rows], model.proportions[:, rows]])
        self._flat = self._bend.reshape(len(self._bend), -1)
        self._sparsity = np.full(len(ARKIT_SHAPES), options.sparsity)
        self._sparsity[[ARKIT_SHAPES.index(name) for name in _SELDOM]] *= options.seldom
        self._precision = np.linalg.inv(_covariance(options))
        self._mean = np.zeros(len(ARKIT_SHAPES))
        if prior is not None:
            said = prior.deviation**-2.0
            self._precision = self._precision + np.diag(said)
            self._mean = np.linalg.solve(self._precision, said * prior.mean)

    def place(self, state: _State) -> Floats:
        """(N, 3) points in the head frame."""
        shares = np.concatenate([state.coefficients, state.proportions])
        return self.neutral + (shares @ self._flat).reshape(-1, 3)

    def cost(self, state: _State) -> float:
        """Negative logarithm of the posterior, up to a constant."""
        options, off = self._options, state.coefficients - self._mean
        squared = (self._residuals(state) ** 2).sum(axis=1)
        points = 0.5 * (options.freedom + 2.0) * np.log1p(squared / options.freedom)
        nearness = (state.camera.nearness - USUAL_NEARNESS) / USUAL_NEARNESS
        return float(
            points.sum() / options.sharing
            + 0.5 * off @ self._precision @ off
            + self._sparsity @ state.coefficients
            + 0.5 * (state.proportions @ state.proportions) / options.individuality**2
            + 0.5 * nearness**2
        )

    def step(self, state: _State, cost: float) -> tuple[_State, float]:
        """A Gauss-Newton step within the bounds, halved until it is one for the better; the state
        and cost after it.
        """
        hessian, gradient = self._normal_equations(state)
        low, high = self._bounds(state, len(hessian))
        move = box_minimum(hessian, gradient, low, high)
        for _ in range(_HALVINGS):
            tried = _State(
                state.camera.moved(move[:PARAMETERS], self.unit),
                np.clip(state.coefficients + move[_KEYS], 0.0, 1.0),
                state.proportions + move[_MODES],
            )
            better = self.cost(tried)
            if better <= cost:
                return tried, better
            move = move / 2.0
        return state, cost

    def _residuals(self, state: _State) -> Floats:
        pixels = state.camera.project(self.place(state))
        return np.asarray((pixels - self.target) / self._sigma)

    def _normal_equations(self, state: _State) -> tuple[Floats, Floats]:
        options, residual = self._options, self._residuals(state)
        by_camera, by_points = state.camera.slopes(self.place(state), self.unit)
        by_shapes = by_points @ self._bend.transpose(1, 2, 0)
        jacobian = np.concatenate([by_camera, by_shapes], axis=2) / self._sigma[:, :, None]
        squared = (residual**2).sum(axis=1)
        weight = (options.freedom + 2.0) / (options.freedom + squared) / options.sharing
        root = np.sqrt(weight)[:, None]
        rows = (jacobian * root[:, :, None]).reshape(-1, jacobian.shape[2])
        hessian = rows.T @ rows
        gradient = rows.T @ (root * residual).ravel()
        off = state.coefficients - self._mean
        hessian[_KEYS, _KEYS] += self._precision
        gradient[_KEYS] += self._precision @ off + self._sparsity
        diagonal = np.zeros(len(hessian))
        diagonal[_MODES] = options.individuality**-2.0
        gradient[_MODES] += diagonal[_MODES] * state.proportions
        diagonal[NEARNESS_PLACE] = USUAL_NEARNESS**-2.0
        gradient[NEARNESS_PLACE] += (state.camera.nearness - USUAL_NEARNESS) / USUAL_NEARNESS**2
        diagonal += _RIDGE * (1.0 + hessian.diagonal())
        return hessian + np.diag(diagonal), gradient

    def _bounds(self, state: _State, count: int) -> tuple[Floats, Floats]:
        low, high = np.full(count, -np.inf), np.full(count, np.inf)
        low[_KEYS], high[_KEYS] = -state.coefficients, 1.0 - state.coefficients
        if self._at_rest:
            low[_KEYS], high[_KEYS] = -_HELD, _HELD
        low[NEARNESS_PLACE] = -state.camera.nearness
        high[NEARNESS_PLACE] = MOST_NEARNESS - state.camera.nearness
        return low, high


def _covariance(options: FitOptions) -> Floats:
    """(52, 52): both sides of a face do about the same, and the eyes look the same way."""
    covariance = np.eye(len(ARKIT_SHAPES)) * options.spread**2
    together = (1.0 - options.evenness**2) / (1.0 + options.evenness**2)
    for row, name in enumerate(ARKIT_SHAPES):
        other = ARKIT_SHAPES.index(_PARTNERS.get(name) or mirror_shape(name))
        if other != row and name not in _SIDEWAYS:
            covariance[row, other] = together * options.spread**2
    return covariance
