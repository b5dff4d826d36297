# SPDX-License-Identifier: GPL-3.0-or-later
"""The landmark networks as detectors of the same points.

The search, the tracking and the template all speak of Face Landmarker's 478 points, and of the
named landmarks. What a network doesn't give itself is a fixed linear map of what it gives: the
smooth interpolation between the two sets on the average face, exact for every affine view of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from .dense_points import NAMED_POINTS
from .orientation import Detector, Prediction
from .template import Template

Floats = NDArray[np.float64]

# Smoothing of the interpolation, in units of the face's spread: single points are noisy.
SMOOTHING: Final = 0.02


class Found(Protocol):
    """What the network says of one face; see models.dense_landmarks."""

    @property
    def score(self) -> float: ...
    @property
    def points(self) -> Floats: ...
    @property
    def expected_error(self) -> Floats: ...


class Network(Protocol):
    """The network, with the N points' places (N, 3) on the average head, and which of them the
    named landmarks are.
    """

    @property
    def rest(self) -> Floats: ...
    @property
    def named(self) -> Mapping[str, int]: ...
    def predict(self, image: NDArray[np.float32], *, framed: bool = False) -> Found: ...


def detectors(template: Template, landmarker: Detector, network: Network) -> tuple[Detector, ...]:
    """Face Landmarker's and our own network, in the order in which they are asked.

    Both give 478 + 28 points (dense_points.name_points).
    """
    canonical = template.dense.on(template.head.vertices)
    return named_landmarker(template, landmarker), DenseDetector(network, canonical)


def named_landmarker(template: Template, landmarker: Detector) -> NamedLandmarker:
    """Face Landmarker with the named landmarks."""
    vertices = template.head.vertices
    places = dict(zip(template.landmark_names, template.named.on(vertices), strict=True))
    named = np.array([places[name] for name in NAMED_POINTS])
    return NamedLandmarker(landmarker, template.dense.on(vertices), named)


@dataclass(frozen=True)
class Face:
    """A face as the search wants it. ``points``: (506, 3) pixels, z away from the camera.
    ``expected_error``: (506,) pixels that a point is off by, on average, where it is known.
    """

    score: float
    points: Floats
    presence: float
    expected_error: Floats | None


class NamedLandmarker:
    """Face Landmarker with the named landmarks, on which it has no points of its own.

    ``canonical`` (478, 3) its points and ``named`` (28, 3) the landmarks, both on the average head.
    """

    def __init__(self, landmarker: Detector, canonical: Floats, named: Floats) -> None:
        self._landmarker = landmarker
        self._map = _interpolation(canonical, named)

    def __call__(self, picture: NDArray[np.float32], *, framed: bool = False) -> list[Face]:
        """Every face in an (H, W, 3) picture of 0..255."""
        return [self._with_names(face) for face in self._landmarker(picture, framed=framed)]

    def _with_names(self, face: Prediction) -> Face:
        points = np.asarray(face.points, np.float64)
        every = np.concatenate([points, _summed(self._map, points)])
        return Face(face.score, every, face.presence, None)


class DenseDetector:
    """May be called from several threads at once.

    ``canonical``: (478, 3) Face Landmarker's points on the average head of ``network.rest``.
    """

    def __init__(self, network: Network, canonical: Floats) -> None:
        self._network = network
        self._rest = np.asarray(network.rest, np.float64)
        self._map = _interpolation(self._rest, canonical)
        self._named = [network.named[name] for name in NAMED_POINTS]

    def __call__(self, picture: NDArray[np.float32], *, framed: bool = False) -> list[Face]:
        """The likeliest face in an (H, W, 3) picture of 0..255."""
        found = self._network.predict(picture, framed=framed)
        depth = _depths(self._rest, found.points, found.expected_error)
        points = np.column_stack([found.points, depth])
        error = found.expected_error
        return [
            Face(
                found.score,
                np.concatenate([_summed(self._map, points), points[self._named]]),
                1.0,
                np.concatenate([_summed(np.abs(self._map), error), error[self._named]]),
            )
        ]


def _interpolation(source: Floats, target: Floats) -> Floats:
    """(T, S) weights of the values at ``source`` (S, 3) that give those at ``target`` (T, 3)."""
    centre, spread = source.mean(axis=0), float(source.std())
    smooth = RBFInterpolator(
        (source - centre) / spread,
        np.eye(len(source)),
        kernel="linear",
        degree=1,
        smoothing=SMOOTHING,
    )
    weights: Floats = smooth((target - centre) / spread)
    return weights


def _summed(weights: Floats, values: Floats) -> Floats:
    """``weights @ values``, without BLAS: where several threads ask at once, it shares out the work
    as it comes, and the last bits with it.
    """
    total: Floats = np.einsum("ts,s...->t...", weights, values)
    return total


def _depths(rest: Floats, points: Floats, expected_error: Floats) -> Floats:
    """(N,) pixels away from the camera, by the scaled orthographic view of the average face that
    fits ``points`` (N, 2) best.
    """
    weight = 1.0 / (expected_error + 0.25 * np.median(expected_error))
    weight = (weight / weight.sum())[:, None]
    source = rest - (weight * rest).sum(axis=0)
    target = (points - (weight * points).sum(axis=0)) * [1.0, -1.0]
    view = np.linalg.solve(
        np.einsum("ni,nj->ij", weight * source, source),
        np.einsum("ni,nj->ij", weight * source, target),
    )
    # The nearest two rows of a scaled rotation: right and up of the picture.
    u, sizes, vt = np.linalg.svd(view.T, full_matrices=False)
    right, up = u @ vt
    towards = np.cross(right, up)
    return -float(sizes.mean()) * _summed(rest, towards)
