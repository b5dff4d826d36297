# SPDX-License-Identifier: GPL-3.0-or-later
"""Google's Face Landmarker on ONNX Runtime: faces and their 478 landmarks in a picture.

Detector (BlazeFace, short range) -> face mesh with irises -> optionally blendshape coefficients.
Model cards (Apache License 2.0) and the order of the points:
https://ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..vocabulary import ARKIT_SHAPES
from .assets import asset_path
from .crops import Crop, Picture, Pyramid, crop_around
from .runtime import run, session

POINTS: Final = 478
# Outer corners of the character's right and left eye among the 478 points: they give the roll.
RIGHT_EYE_OUTER: Final = 33
LEFT_EYE_OUTER: Final = 263
# Faces are cropped with a margin, as the networks were trained.
CROP_MARGIN: Final = 1.5
SAME_FACE_OVERLAP: Final = 0.3
# Below this no better crop makes a face of it.
HOPELESS_PRESENCE: Final = 0.02
# One each: callers look at several pictures at once, which uses two cores better.
THREADS: Final = 1
COEFFICIENTS: Final = ("_neutral", *(name for name in ARKIT_SHAPES if name != "tongueOut"))

# The points that the blendshape network reads, in its order.
_BLENDSHAPE_POINTS: Final = np.fromstring(
    """
    0 1 4 5 6 7 8 10 13 14 17 21 33 37 39 40 46 52 53 54 55 58 61 63 65 66 67 70 78 80 81 82
    84 87 88 91 93 95 103 105 107 109 127 132 133 136 144 145 146 148 149 150 152 153 154
    155 157 158 159 160 161 162 163 168 172 173 176 178 181 185 191 195 197 234 246 249 251
    263 267 269 270 276 282 283 284 285 288 291 293 295 296 297 300 308 310 311 312 314 317
    318 321 323 324 332 334 336 338 356 361 362 365 373 374 375 377 378 379 380 381 382 384
    385 386 387 388 389 390 397 398 400 402 405 409 415 454 466 468 469 470 471 472 473 474
    475 476 477
    """,
    dtype=np.int64,
    sep=" ",
)


@dataclass(frozen=True)
class FacePrediction:
    """One face in a picture. Pixel coordinates: x right, y down, whole numbers are pixel centres.

    ``score``: the detector's, 0..1. ``box``: (4,) left, top, right, bottom.
    ``points``: (478, 3), x and y, and z in pixels too, growing away from the camera.
    ``presence``: the mesh network's own, 0..1; it stays high on bad fits.
    ``blendshapes``: ARKit name -> coefficient, where they were asked for.
    """

    score: float
    box: NDArray[np.float64]
    points: NDArray[np.float64]
    presence: float
    blendshapes: dict[str, float] | None = None
    expected_error: None = None  # the network doesn't say


@dataclass(frozen=True)
class _Detection:
    score: float
    box: NDArray[np.float64]
    eyes: NDArray[np.float64]  # (2, 2): the character's right, then left


class FaceLandmarker:
    """The three networks, loaded once and asked often. Loading raises RigError when it can't be."""

    def __init__(self, threads: int = THREADS) -> None:
        self._detector = session(asset_path("face_detector.onnx"), threads)
        self._mesh = session(asset_path("face_landmarks.onnx"), threads)
        self._coefficients = session(asset_path("face_blendshapes.onnx"), threads)
        self._detector_size = int(self._detector.get_inputs()[0].shape[1])
        self._mesh_size = int(self._mesh.get_inputs()[0].shape[1])
        self._anchors = _anchors(self._detector_size)

    def predict(
        self,
        image: Picture,
        *,
        min_score: float = 0.5,
        blendshapes: bool = False,
        framed: bool = False,
    ) -> list[FacePrediction]:
        """Every face in an (H, W, 3) RGB picture of 0..255, uint8 or float32, the surest first.

        ``framed``: the picture is square and holds one upright face, whose points span
        about 1 / CROP_MARGIN of it. Then only this face is looked for, which takes half the time.
        May be called from several threads at once.
        """
        picture = Pyramid(image)
        detections = self._detect(picture, min_score)
        if not framed:
            return [self._describe(picture, detection, blendshapes) for detection in detections]
        if not detections:
            return []
        points, presence = self._locate(picture, picture.whole)
        coefficients = self._blendshapes(points) if blendshapes else None
        nearest = _nearest(points, detections)
        return [FacePrediction(nearest.score, nearest.box, points, presence, coefficients)]

    def _describe(
        self, picture: Pyramid, detection: _Detection, blendshapes: bool
    ) -> FacePrediction:
        points, presence = self._locate(picture, _crop_of_detection(detection))
        if presence > HOPELESS_PRESENCE:
            # The first crop follows the detector's coarse box; the mesh's own crop fits better.
            points, presence = self._locate(picture, _crop_of_points(points))
        coefficients = self._blendshapes(points) if blendshapes else None
        return FacePrediction(detection.score, detection.box, points, presence, coefficients)

    def _detect(self, picture: Pyramid, min_score: float) -> list[_Detection]:
        letterbox = picture.whole
        size = self._detector_size
        crop = picture.warp(letterbox, size, replicate_border=False) / 127.5 - 1.0
        outputs = run(self._detector, crop)
        regressors = next(output[0] for output in outputs if output.shape[-1] == 16)
        logits = next(output[0, :, 0] for output in outputs if output.shape[-1] == 1)
        scores = _sigmoid(logits)
        candidates = np.flatnonzero(scores > min_score)
        centres = self._anchors[candidates] * size
        middle = regressors[candidates, :2] + centres
        half = regressors[candidates, 2:4] / 2
        boxes = np.hstack([middle - half, middle + half]).reshape(-1, 2, 2)
        keypoints = regressors[candidates, 4:].reshape(-1, 6, 2) + centres[:, None]
        to_picture = letterbox.to_picture(size)
        corners_and_eyes = np.concatenate([boxes, keypoints[:, :2]], axis=1) - 0.5
        corners_and_eyes = corners_and_eyes @ to_picture[:, :2].T + to_picture[:, 2]
        return _merge_overlapping(scores[candidates].astype(np.float64), corners_and_eyes)

    def _locate(self, picture: Pyramid, crop: Crop) -> tuple[NDArray[np.float64], float]:
        """The 478 points (478, 3) in the picture's pixels, and the presence."""
        size = self._mesh_size
        pixels = picture.warp(crop, size, replicate_border=True) / 255.0
        outputs = run(self._mesh, pixels)
        local = outputs[0].reshape(POINTS, 3).astype(np.float64)
        to_picture = crop.to_picture(size)
        flat = (local[:, :2] - 0.5) @ to_picture[:, :2].T + to_picture[:, 2]
        depth = local[:, 2:] * (crop.size / size)
        return np.hstack([flat, depth]), float(_sigmoid(outputs[1].reshape(-1)[:1])[0])

    def _blendshapes(self, points: NDArray[np.float64]) -> dict[str, float]:
        flat = points[_BLENDSHAPE_POINTS, :2]
        (values,) = run(self._coefficients, flat)
        return dict(zip(COEFFICIENTS, (float(value) for value in values.reshape(-1)), strict=True))


def _anchors(size: int) -> NDArray[np.float64]:
    """(896, 2) centres in 0..1 of the detector's cells: two a cell at stride 8, six at 16."""
    centres = []
    for stride, repeat in ((8, 2), (16, 6)):
        cells = size // stride
        axis = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        centres.append(np.repeat(grid, repeat, axis=0))
    return np.concatenate(centres)


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return 1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0)))


def _merge_overlapping(
    scores: NDArray[np.float64], corners_and_eyes: NDArray[np.float64]
) -> list[_Detection]:
    """Weighted non-maximum suppression: overlapping candidates become their mean."""
    detections = []
    waiting = np.argsort(-scores, kind="stable")
    while len(waiting):
        overlaps = _overlap(corners_and_eyes[waiting[0], :2], corners_and_eyes[waiting, :2])
        same = overlaps > SAME_FACE_OVERLAP
        same[0] = True
        members = waiting[same]
        mean = np.average(corners_and_eyes[members], axis=0, weights=scores[members])
        detections.append(_Detection(float(scores[waiting[0]]), mean[:2].reshape(4), mean[2:]))
        waiting = waiting[~same]
    return detections


def _overlap(box: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) intersection over union of ``box`` (2, 2) with ``boxes`` (N, 2, 2)."""
    low = np.maximum(box[0], boxes[:, 0])
    high = np.minimum(box[1], boxes[:, 1])
    common = np.prod(np.maximum(high - low, 0.0), axis=1)
    areas = np.prod(boxes[:, 1] - boxes[:, 0], axis=1)
    return common / np.maximum(np.prod(box[1] - box[0]) + areas - common, 1e-9)


def _crop_of_detection(detection: _Detection) -> Crop:
    left, top, right, bottom = detection.box
    along = detection.eyes[1] - detection.eyes[0]
    centre = np.array([left + right, top + bottom]) / 2
    size = max(right - left, bottom - top, 1.0) * CROP_MARGIN
    return Crop(centre, float(size), float(np.arctan2(along[1], along[0])))


def _nearest(points: NDArray[np.float64], detections: list[_Detection]) -> _Detection:
    """The detection whose box covers most of what the points (478, 3) cover."""
    box = np.stack([points[:, :2].min(axis=0), points[:, :2].max(axis=0)])
    boxes = np.stack([detection.box for detection in detections]).reshape(-1, 2, 2)
    return detections[int(_overlap(box, boxes).argmax())]


def _crop_of_points(points: NDArray[np.float64]) -> Crop:
    flat = points[:, :2]
    return crop_around(flat, flat[LEFT_EYE_OUTER] - flat[RIGHT_EYE_OUTER], CROP_MARGIN)
