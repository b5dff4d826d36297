# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads an expression from a picture of a face: coefficients, emotion and intensity.

Trained on rendered heads by ``training/expressions``; what it can and can't do stands in
``models/expression_reader/README.md``. Faces are found and aligned by the landmark networks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from .assets import asset_path
from .crops import Crop, Picture, Pyramid
from .dense_landmarks import DenseLandmarker, DensePrediction
from .runtime import session

FOLDER: Final = Path(__file__).resolve().parent / "expression_reader"
NETWORK: Final = "expression_reader.onnx"
DESCRIPTION: Final = "expression_reader.json"
THREADS: Final = 2
# A face whose anchors lie nearer to each other than this shows nothing, in pixels.
SMALLEST: Final = 4.0
# Farther from the middle of the aligned crop, in half crops, a point is lost anyway.
FARTHEST: Final = 2.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """What a face shows. ``coefficients`` (52,) 0..1 in ARKit order; ``emotions`` (7,)
    probabilities in the order of ``vocabulary.EMOTIONS``; ``intensity`` 0..2 of the likeliest;
    ``score`` 0..1 that there is a face at all; ``features`` (F,): what another picture of the
    same character is compared with.
    """

    coefficients: Floats
    emotions: Floats
    intensity: float
    score: float
    features: NDArray[np.float32]


class ExpressionReader:
    """The network, loaded once and asked often. Loading raises RigError when it can't be."""

    def __init__(
        self,
        threads: int = THREADS,
        folder: Path = FOLDER,
        landmarker: DenseLandmarker | None = None,
    ) -> None:
        about = _description(folder)
        self._landmarker = landmarker or DenseLandmarker(threads)
        if list(self._landmarker.names) != about["points"]:
            raise RigError(
                "The network that reads expressions and the landmark networks don't match.",
                "Reinstall the extension.",
            )
        self._size = int(about["size"])
        self._anchors = np.array(about["anchors"])
        self._targets = np.array(about["targets"])
        self._strongest = float(about["strongest"])
        self._features = int(about["features"])
        # (52,) RMS errors of readings "alone", and "compared" with the character at rest.
        self.deviations: Final = {way: np.array(v) for way, v in about["deviations"].items()}
        self._network = session(asset_path(NETWORK, folder), threads)
        self._inputs = {value.name for value in self._network.get_inputs()}

    def read(self, image: Picture, *, rest: Reading | None = None, framed: bool = False) -> Reading:
        """The expression of the likeliest face in an (H, W, 3) RGB picture of 0..255, uint8 or
        float32. ``framed`` as in ``DenseLandmarker.predict``.

        ``rest``: the reading of a picture of the same character at rest, which makes the new
        reading better. Raises RigError where the face is too small to be read.
        """
        return self.read_face(image, self._landmarker.predict(image, framed=framed), rest=rest)

    def read_face(
        self, image: Picture, face: DensePrediction, *, rest: Reading | None = None
    ) -> Reading:
        """The expression of a face whose landmarks are known already."""
        inverse = alignment(face.points[self._anchors], self._targets)
        if not np.isfinite(inverse).all() or 2 * _scale(inverse) < SMALLEST:
            raise RigError(
                "The face in the picture is too small to be read.",
                "Use a picture in which the face is larger.",
            )
        pixels = Pyramid(image).warp(_crop_of(inverse), self._size, replicate_border=True)
        picture = np.ascontiguousarray(pixels.transpose(2, 0, 1)) / np.float32(255)
        points = np.clip(undone(inverse, face.points), -FARTHEST, FARTHEST)
        before = np.zeros(self._features) if rest is None else rest.features
        shapes, emotions, intensity, features = self._run(
            picture=picture, points=points, rest=before, known=np.array([float(rest is not None)])
        )
        return Reading(
            coefficients=np.clip(shapes.astype(np.float64), 0.0, 1.0),
            emotions=emotions.astype(np.float64) / float(emotions.sum()),
            intensity=float(np.clip(intensity[0], 0.0, self._strongest)),
            score=face.score,
            features=features,
        )

    def _run(self, **values: NDArray[Any]) -> list[NDArray[np.float32]]:
        feeds = {
            name: np.ascontiguousarray(value[None], np.float32)
            for name, value in values.items()
            if name in self._inputs  # a network may do without the picture or the points
        }
        return [output[0] for output in self._network.run(None, feeds)]


def alignment(points: Floats, targets: Floats) -> Floats:
    """(..., 2, 3) similarity from the aligned frame, -1..1 over the crop, to the frame of
    ``points`` (..., A, 2), such that ``targets`` (A, 2) come to lie nearest to them.

    Least squares in closed form, after Umeyama (1991), without reflections. Not finite where the
    points aren't.
    """
    from_, to = (plane[..., 0] + 1j * plane[..., 1] for plane in (targets, points))
    centre, middle = from_.mean(), to.mean(axis=-1, keepdims=True)
    spread = from_ - centre
    turn = ((to - middle) @ spread.conj()) / (np.abs(spread) ** 2).sum()
    shift = middle[..., 0] - turn * centre
    rows = [
        np.stack([turn.real, -turn.imag, shift.real], axis=-1),
        np.stack([turn.imag, turn.real, shift.imag], axis=-1),
    ]
    return np.stack(rows, axis=-2)


def undone(inverse: Floats, points: Floats) -> Floats:
    """``points`` (..., N, 2) in the aligned frame of ``alignment``'s result (..., 2, 3)."""
    linear, shift = inverse[..., :2], inverse[..., 2]
    back = np.swapaxes(np.linalg.inv(linear), -1, -2)
    return (points - shift[..., None, :]) @ back


def _scale(inverse: Floats) -> float:
    return float(np.hypot(inverse[0, 0], inverse[1, 0]))


def _crop_of(inverse: Floats) -> Crop:
    roll = float(np.arctan2(inverse[1, 0], inverse[0, 0]))
    return Crop(inverse[:, 2], 2 * _scale(inverse), roll)


def _description(folder: Path) -> dict[str, Any]:
    """What inputs and outputs mean, written with the network."""
    about: dict[str, Any] = json.loads(asset_path(DESCRIPTION, folder).read_text(encoding="utf-8"))
    return about
