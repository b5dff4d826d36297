# SPDX-License-Identifier: GPL-3.0-or-later
"""The landmark networks of this project on ONNX Runtime: faces of any style, 301 points each.

A detector finds the face's box in a picture, a regressor places the points in a crop, each with an
uncertainty. Trained on rendered heads by ``training/landmarks``; what they can and can't do stands
in ``models/landmarks/README.md``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .assets import asset_path
from .crops import Crop, Picture, check_picture, crop_around, warp
from .runtime import run, session

FOLDER: Final = Path(__file__).resolve().parent / "landmarks"
DESCRIPTION: Final = "landmarks.json"
# Side of the crop over the longer side of the face's box, in the middle of what was trained.
MARGIN: Final = 1.55
# Mean distance of a bivariate Student-t of 4 degrees of freedom from its centre, in sigmas.
EXPECTED: Final = np.pi / 2
THREADS: Final = 1


@dataclass(frozen=True)
class DensePrediction:
    """One face in a picture. Pixel coordinates: x right, y down, whole numbers are pixel centres.

    ``score``: 0..1, that it is a face at all. ``points``: (N, 2). ``expected_error``: (N,) mean
    distance, in pixels, that such a point is off. ``visible``, ``exists``: (N,) 0..1.
    """

    score: float
    points: NDArray[np.float64]
    expected_error: NDArray[np.float64]
    visible: NDArray[np.float64]
    exists: NDArray[np.float64]


class DenseLandmarker:
    """Both networks, loaded once and asked often. Loading raises RigError when it can't be.

    ``names``: the N points, and ``rest`` (N, 3) where they are on the average head, in its frame.
    """

    def __init__(self, threads: int = THREADS, folder: Path = FOLDER) -> None:
        about = _description(folder)
        self.names: tuple[str, ...] = tuple(about["points"])
        self.rest: NDArray[np.float64] = np.array(about["rest"])
        self._box_points = np.array([self.names.index(name) for name in about["face_box"]])
        self._eyes = [self.names.index(name) for name in about["eyes"]]
        self._crop_size, self._scene_size = int(about["crop"]), int(about["scene"])
        self._detector = session(asset_path("landmark_detector.onnx", folder), threads)
        self._regressor = session(asset_path("landmark_regressor.onnx", folder), threads)

    def predict(self, image: Picture, *, framed: bool = False) -> DensePrediction | None:
        """The face in an (H, W, 3) RGB picture of 0..255, uint8 or float32; None without one.

        ``framed``: the picture is square and holds one upright face, whose points span about
        1 / MARGIN of it. May be called from several threads at once.
        """
        check_picture(image)
        whole = Crop.of_whole(image)
        if framed:
            return self._locate(image, whole)
        score, box = self._detect(image, whole)
        first = self._locate(image, _around(box))
        # The detector's box is coarse; the points' own, with level eyes, fits better.
        second = self._locate(image, self._crop_of(first.points))
        return DensePrediction(
            min(score, second.score),
            second.points,
            second.expected_error,
            second.visible,
            second.exists,
        )

    def _detect(self, image: Picture, whole: Crop) -> tuple[float, NDArray[np.float64]]:
        """The best cell's score, and its box in pixels (4,): left, top, right, bottom."""
        size = self._scene_size
        cells = run(self._detector, _as_input(warp(image, whole, size, replicate_border=True)))[0]
        grid = cells.reshape(5, -1).astype(np.float64)
        side = cells.shape[-1]
        best = int(grid[0].argmax())
        logit, x, y, wide, high = grid[:, best]
        middle = (np.array([best % side + x, best // side + y]) + 0.5) * size / side - 0.5
        half = np.exp(np.clip([wide, high], -5, 1)) * size / 2
        to_picture = whole.to_picture(size)
        corners = np.stack([middle - half, middle + half]) @ to_picture[:, :2].T + to_picture[:, 2]
        return _sigmoid(logit), corners.reshape(4)

    def _locate(self, image: Picture, crop: Crop) -> DensePrediction:
        size = self._crop_size
        values = _as_input(warp(image, crop, size, replicate_border=True))
        points, others = (output[0].astype(np.float64) for output in run(self._regressor, values))
        local = (points[:, :2] + 1) / 2 * size - 0.5
        to_picture = crop.to_picture(size)
        return DensePrediction(
            _sigmoid(others[-1]),
            local @ to_picture[:, :2].T + to_picture[:, 2],
            EXPECTED * np.exp(points[:, 2]) * crop.size / 2,
            _sigmoids(points[:, 3]),
            _sigmoids(points[:, 4]),
        )

    def _crop_of(self, points: NDArray[np.float64]) -> Crop:
        """A crop around points with their eyes level."""
        right, left = points[self._eyes]
        return crop_around(points[self._box_points], left - right, MARGIN)


def _around(box: NDArray[np.float64]) -> Crop:
    low, high = box[:2], box[2:]
    return Crop((low + high) / 2, MARGIN * float(max((high - low).max(), 2.0)), 0.0)


def _as_input(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(3, S, S) in 0..1."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)) / np.float32(255)


def _sigmoid(logit: float) -> float:
    return float(1.0 / (1.0 + np.exp(-np.clip(logit, -80.0, 80.0))))


def _sigmoids(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0)))


def _description(folder: Path) -> dict[str, Any]:
    """What the outputs mean, written with the networks."""
    about: dict[str, Any] = json.loads(asset_path(DESCRIPTION, folder).read_text(encoding="utf-8"))
    return about
