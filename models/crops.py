# SPDX-License-Identifier: GPL-3.0-or-later
"""Square crops of pictures, as networks want them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8] | NDArray[np.float32]


@dataclass(frozen=True)
class Crop:
    """A square region of a picture, turned by ``roll`` radians so that the eyes are level.

    ``centre``: (2,) pixels. ``size``: pixels a side.
    """

    centre: NDArray[np.float64]
    size: float
    roll: float

    def to_picture(self, resolution: int) -> NDArray[np.float64]:
        """(2, 3) affine map from the crop's pixels to the picture's."""
        scale = self.size / resolution
        cosine, sine = np.cos(self.roll) * scale, np.sin(self.roll) * scale
        linear = np.array([[cosine, -sine], [sine, cosine]])
        middle = np.full(2, (resolution - 1) / 2)
        return np.column_stack([linear, self.centre - linear @ middle])


def crop_around(points: NDArray[np.float64], along: NDArray[np.float64], margin: float) -> Crop:
    """The crop with the direction ``along`` (2,) level, ``margin`` times as large as the square
    that holds ``points`` (N, 2).
    """
    roll = float(np.arctan2(along[1], along[0]))
    cosine, sine = np.cos(roll), np.sin(roll)
    to_level = np.array([[cosine, sine], [-sine, cosine]])
    level = points @ to_level.T
    low, high = level.min(axis=0), level.max(axis=0)
    size = max(float((high - low).max()), 1.0) * margin
    return Crop((low + high) / 2 @ to_level, size, roll)


def check_picture(image: Picture) -> None:
    """Raise ValueError unless ``image`` is an (H, W, 3) picture, uint8 or float32."""
    is_colour = image.ndim == 3 and image.shape[2] == 3 and image.size > 0
    if not is_colour or image.dtype not in (np.uint8, np.float32):
        raise ValueError(f"expected an (H, W, 3) picture, got {image.shape}, {image.dtype}")


class Pyramid:
    """A picture and its halves, quarters and so on, each made once when a crop first needs it."""

    def __init__(self, image: Picture) -> None:
        """Raises ValueError unless ``image`` is (H, W, 3), uint8 or float32."""
        check_picture(image)
        self._levels: list[NDArray[Any]] = [image]

    @property
    def whole(self) -> Crop:
        """The smallest crop around the whole picture."""
        height, width = self._levels[0].shape[:2]
        return Crop(np.array([width - 1, height - 1]) / 2, float(max(height, width)), 0.0)

    def warp(self, crop: Crop, resolution: int, *, replicate_border: bool) -> NDArray[np.float32]:
        """The crop as a (resolution, resolution, 3) picture of 0..255, without aliasing."""
        import cv2

        to_picture = crop.to_picture(resolution)
        pixels_apart, level = crop.size / resolution, 0
        while pixels_apart > 2 and min(self._levels[level].shape[:2]) > 1:
            height, width = self._levels[level].shape[:2]
            level += 1
            halved = self._level(level)
            ratio = np.array([halved.shape[0] / height, halved.shape[1] / width])[::-1]
            to_picture = to_picture * ratio[:, None]
            to_picture[:, 2] += ratio / 2 - 0.5
            pixels_apart /= 2
        return cv2.warpAffine(
            self._levels[level],
            to_picture,
            (resolution, resolution),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE if replicate_border else cv2.BORDER_CONSTANT,
        ).astype(np.float32)

    def _level(self, number: int) -> NDArray[Any]:
        import cv2

        while len(self._levels) <= number:
            height, width = self._levels[-1].shape[:2]
            size = (max(width // 2, 1), max(height // 2, 1))
            self._levels.append(cv2.resize(self._levels[-1], size, interpolation=cv2.INTER_AREA))
        return self._levels[number]
