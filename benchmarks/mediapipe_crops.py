# SPDX-License-Identifier: GPL-3.0-or-later
"""How Google's package crops pictures for its networks, and ours on the same crops.

Follows mediapipe/tasks/cc/vision/face_detector/face_detector_graph.cc,
mediapipe/tasks/cc/vision/face_landmarker/face_landmarks_detector_graph.cc and
mediapipe/calculators/tensor/image_to_tensor_converter_opencv.cc. Written down again here, for what
is ours must not be tested with what is ours. Pixel coordinates: whole numbers are pixel centres.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from auto_rig_face.models.crops import Crop, Pyramid, crop_around
from auto_rig_face.models.face_landmarker import FaceLandmarker
from numpy.typing import NDArray

MARGIN: Final = 1.5
DETECTOR_SIZE: Final = 128
NETWORK_SIZE: Final = 256
EYES: Final = (33, 263)  # outer corners, the character's right and left
# Our own crop, one difference to the package's after the other.
STEPS: Final = (
    "the package's crop",
    "pixels where their centres are",
    "averaged where it is shrunk",
    "its box level with the eyes",
)

Points = NDArray[np.float64]
Picture = NDArray[np.uint8]


def package_crop(points: Points) -> Crop:
    """The crop that the package takes after a frame with these landmarks (478, 3): upright bounds,
    their longer side, and only then turned to the eyes.
    """
    flat = points[:, :2]
    low, high = flat.min(axis=0), flat.max(axis=0)
    along = flat[EYES[1]] - flat[EYES[0]]
    roll = float(np.arctan2(along[1], along[0]))
    return Crop((low + high) / 2, float((high - low).max()) * MARGIN, roll)


def detected_crop(picture: Picture, landmarker: FaceLandmarker) -> Crop | None:
    """The crop that the package takes of a photograph, by our detector; None without a face."""
    whole = Pyramid(picture).whole
    pixels = package_pixels(picture, whole, DETECTOR_SIZE, replicate_border=False)
    detections = landmarker._detect(Pyramid(pixels), 0.5)
    if not detections:
        return None
    corners = detections[0].box.reshape(2, 2)
    to_picture = whole.to_picture(DETECTOR_SIZE)
    low, high, right, left = (
        np.concatenate([corners, detections[0].eyes]) @ to_picture[:, :2].T + to_picture[:, 2]
    )
    along = left - right
    # The package leaves a box that isn't square as it is. This detector's are, but for a few %.
    size = float((high - low).max()) * MARGIN
    return Crop((low + high) / 2, size, float(np.arctan2(along[1], along[0])))


def package_pixels(
    picture: Picture,
    crop: Crop,
    resolution: int = NETWORK_SIZE,
    *,
    centred: bool = False,
    replicate_border: bool = True,
) -> Picture:
    """The crop's pixels as the package takes them: bilinear, also where it shrinks.

    It maps corners of the crop to corners of the network's input, but then counts both from the
    centres of the first pixels: what is read lies half a pixel of the picture too far to the lower
    right, and half a pixel of the input too far to the upper left. ``centred``: without that.
    """
    import cv2

    to_picture = crop.to_picture(resolution)
    if not centred:
        to_picture[:, 2] += 0.5 - to_picture[:, :2] @ [0.5, 0.5]
    pixels = cv2.warpPerspective(
        picture,
        np.vstack([to_picture, [0.0, 0.0, 1.0]]),
        (resolution, resolution),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE if replicate_border else cv2.BORDER_CONSTANT,
    )
    return pixels.astype(np.uint8)


def landmarks_in(crop: Crop, pixels: NDArray[Any], landmarker: FaceLandmarker) -> Points | None:
    """The landmarks (478, 2) that our network sees in the pixels of a crop, in the picture's."""
    faces = landmarker.predict(pixels, framed=True, min_score=0.05)
    if not faces:
        return None
    to_picture = crop.to_picture(len(pixels))
    return faces[0].points[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]


def steps_to_ours(
    picture: Picture, before: Points, landmarker: FaceLandmarker
) -> dict[str, Points | None]:
    """STEPS -> our landmarks on the crop after a frame with the landmarks ``before``."""
    flat = before[:, :2]
    theirs = package_crop(before)
    level = crop_around(flat, flat[EYES[1]] - flat[EYES[0]], MARGIN)
    ours = Pyramid(picture)
    crops: tuple[tuple[Crop, NDArray[Any]], ...] = (
        (theirs, package_pixels(picture, theirs)),
        (theirs, package_pixels(picture, theirs, centred=True)),
        (theirs, ours.warp(theirs, NETWORK_SIZE, replicate_border=True)),
        (level, ours.warp(level, NETWORK_SIZE, replicate_border=True)),
    )
    found = (landmarks_in(crop, pixels, landmarker) for crop, pixels in crops)
    return dict(zip(STEPS, found, strict=True))
