# SPDX-License-Identifier: GPL-3.0-or-later
"""The landmark networks of this project on ONNX Runtime: faces of any style, 301 points each.

A detector finds the face's box in a picture, a regressor places the points in a crop, each with an
uncertainty. Trained on rendered heads by ``training/landmarks``; what they can and can't do stands
in ``models/landmarks/README.md``.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .assets import asset_path
from .crops import Crop, Picture, Pyramid, crop_around
from .runtime import run, session

FOLDER: Final = Path(__file__).resolve().parent / "landmarks"
DESCRIPTION: Final = "landmarks.json"
# Side of the crop over the longer side of the face's box, in the middle of what was trained.
MARGIN: Final = 1.55
# Mean distance of a bivariate Student-t of 4 degrees of freedom from its centre, in sigmas.
EXPECTED: Final = np.pi / 2
THREADS: Final = 1
# The score from which one picture shows a face: of held-out pictures without one, one in two
# hundred reaches it (`make bench-landmarks` says how often it errs).
# Where several views of a mesh must agree, less is asked of each.
FACE_SCORE: Final = 0.995
# How sure a first look must be to need no second one: on held-out pictures, asking for more changes
# no figure but the time.
SURE: Final = 0.93
# Two looks at a picture whose points are nearer than this, on average, in distances of the outer
# eye corners, have seen the same face: a closer look at one of them is enough.
SAME: Final = 0.12


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

    ``names``: the N points, and ``rest`` (N, 3) where they are on the average head, in its frame;
    ``named``: the product's landmarks and which of the points they are.
    """

    def __init__(self, threads: int = THREADS, folder: Path = FOLDER) -> None:
        about = _description(folder)
        self.names: tuple[str, ...] = tuple(about["points"])
        self.rest: NDArray[np.float64] = np.array(about["rest"])
        self.named: dict[str, int] = {
            name: self.names.index(point) for name, point in about["named"].items()
        }
        self._box_points = np.array([self.names.index(name) for name in about["face_box"]])
        self._eyes = [self.names.index(name) for name in about["eyes"]]
        self._mirror = np.array(about["mirror"])
        self._crop_size, self._scene_size = int(about["crop"]), int(about["scene"])
        self._detector = session(asset_path("landmark_detector.onnx", folder), 1)
        self._regressor = session(asset_path("landmark_regressor.onnx", folder), 1)
        # Crops side by side: within one, the layers are too small for a second thread to help.
        self._workers = ThreadPoolExecutor(threads) if threads > 1 else None

    def predict(self, image: Picture, *, framed: bool = False) -> DensePrediction:
        """The likeliest face in an (H, W, 3) RGB picture of 0..255, uint8 or float32.

        ``framed``: the picture is square and holds one upright face, whose points span about
        1 / MARGIN of it. May be called from several threads at once.
        """
        picture = Pyramid(image)
        if framed:
            return self._locate_twice(picture, picture.whole)
        # The detector's box is coarse: the points' own box, with level eyes, fits better. It is
        # sometimes wrong: where that may be, the whole picture is tried as well.
        firsts = self._locate(picture, self._found(picture))
        if self._surety(firsts[0]) > SURE:
            return self._locate_twice(picture, self._crop_of(firsts[0].points))
        firsts += self._locate(picture, picture.whole)
        better = max(firsts, key=self._surety)
        if self._apart(*firsts) > SAME:
            seconds = self._locate(picture, *(self._crop_of(first.points) for first in firsts))
            better = firsts[max((0, 1), key=lambda index: self._surety(seconds[index]))]
        return self._locate_twice(picture, self._crop_of(better.points))

    def _apart(self, first: DensePrediction, second: DensePrediction) -> float:
        """Mean distance of two faces' points over the smaller distance of their eyes."""
        across = min(self._across(face) for face in (first, second))
        return float(np.linalg.norm(first.points - second.points, axis=1).mean()) / across

    def _across(self, face: DensePrediction) -> float:
        """Pixels between the outer eye corners."""
        right, left = face.points[self._eyes]
        return max(float(np.linalg.norm(left - right)), 1.0)

    def _surety(self, face: DensePrediction) -> float:
        """Higher for what is likelier a face, and of two faces for the one that is known better."""
        return face.score - float(np.median(face.expected_error)) / self._across(face)

    def _found(self, picture: Pyramid) -> Crop:
        """A crop around the likeliest face's box."""
        size, whole = self._scene_size, picture.whole
        pixels = picture.warp(whole, size, replicate_border=True)
        cells = run(self._detector, _as_input(pixels))[0]
        grid = cells.reshape(5, -1).astype(np.float64)
        columns = cells.shape[-1]
        best = int(grid[0].argmax())
        _, x, y, wide, high = grid[:, best]
        middle = (np.array([best % columns + x, best // columns + y]) + 0.5) * size / columns - 0.5
        half = np.exp(np.clip([wide, high], -5, 1)) * size / 2
        to_picture = whole.to_picture(size)
        corners = np.stack([middle - half, middle + half]) @ to_picture[:, :2].T + to_picture[:, 2]
        side = max(float((corners[1] - corners[0]).max()), 2.0)
        return Crop(corners.mean(axis=0), MARGIN * side, 0.0)

    def _locate(self, picture: Pyramid, *crops: Crop) -> list[DensePrediction]:
        rows, others = self._ask(*(self._pixels(picture, crop) for crop in crops))
        return [self._placed(*answer) for answer in zip(rows, others, crops, strict=True)]

    def _locate_twice(self, picture: Pyramid, crop: Crop) -> DensePrediction:
        """The mean of what is seen in the crop and in its mirror image, whose errors differ."""
        pixels = self._pixels(picture, crop)
        rows, others = self._ask(pixels, pixels[:, ::-1])
        mirrored = rows[1, self._mirror] * [-1.0, 1.0, 1.0, 1.0, 1.0]
        return self._placed((rows[0] + mirrored) / 2, others.mean(axis=0), crop)

    def _pixels(self, picture: Pyramid, crop: Crop) -> NDArray[np.float32]:
        return picture.warp(crop, self._crop_size, replicate_border=True)

    def _ask(self, *crops: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(B, N, 5) of each crop's points, and (B, 61) what is said of the whole face."""
        apply = map if self._workers is None else self._workers.map
        answers = apply(lambda pixels: run(self._regressor, _as_input(pixels)), crops)
        rows, others = zip(*answers, strict=True)
        return np.concatenate(rows).astype(np.float64), np.concatenate(others).astype(np.float64)

    def _placed(
        self, rows: NDArray[np.float64], others: NDArray[np.float64], crop: Crop
    ) -> DensePrediction:
        # Contiguous: numpy's exponential of a column that is strided isn't the same in every run.
        x, y, log_sigma, visible, exists = np.ascontiguousarray(rows.T)
        local = (np.stack([x, y], axis=1) + 1) / 2 * self._crop_size - 0.5
        to_picture = crop.to_picture(self._crop_size)
        return DensePrediction(
            _sigmoid(others[-1]),
            local @ to_picture[:, :2].T + to_picture[:, 2],
            EXPECTED * np.exp(log_sigma) * crop.size / 2,
            _sigmoids(visible),
            _sigmoids(exists),
        )

    def _crop_of(self, points: NDArray[np.float64]) -> Crop:
        """A crop around points with their eyes level."""
        right, left = points[self._eyes]
        return crop_around(points[self._box_points], left - right, MARGIN)


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
