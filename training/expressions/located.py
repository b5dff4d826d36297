# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the product's landmark network places the points of pictures on disk, looked up once.

A reader that learnt from exact points would trust them too much: the network's errors are not
noise, they lean towards the usual face.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from auto_rig_face.models.assets import asset_path
from auto_rig_face.models.dense_landmarks import DESCRIPTION, FOLDER
from auto_rig_face.models.runtime import session
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from ..landmarks import points as scheme

_BATCH: Final = 64
_CHECKED: Final = 16  # pictures that tell whether a file on disk still belongs to them
_NEAR: Final = 0.02  # rounded to half precision, in half pictures


class Locator:
    """The landmark regressor on pictures of its own size. ``rest`` (N, 3): the average head."""

    def __init__(self, threads: int = 1, folder: Path = FOLDER) -> None:
        about = json.loads(asset_path(DESCRIPTION, folder).read_text(encoding="utf-8"))
        if about["points"] != list(scheme.NAMES):
            raise ValueError("The landmark network was trained on other points")
        self.rest = np.array(about["rest"])
        self.size = int(about["crop"])
        self._network = session(asset_path("landmark_regressor.onnx", folder), threads)

    def points(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(B, N, 2) in the picture frame of ``pictures`` (B, 3, size, size)."""
        values = pictures.astype(np.float32) / 255
        placed: NDArray[np.float32] = self._network.run(None, {"picture": values})[0]
        return placed[..., :2].clip(-4, 4)


def located(locator: Locator, pictures: NDArray[np.uint8], file: Path) -> NDArray[np.floating[Any]]:
    """(M, N, 2) float16 of ``pictures`` (M, 3, S, S); taken from ``file`` where it holds them.

    A file of fewer pictures is gone on with, since a bank may have grown.
    """
    count = len(pictures)
    known = _known(locator, pictures, file)
    if known is not None and len(known) >= count:
        return known[:count]
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    grown = open_memmap(partial, "w+", np.float16, (count, scheme.COUNT, 2))
    start = 0 if known is None else len(known)
    if known is not None:
        grown[:start] = known
    for first in range(start, count, _BATCH):
        grown[first : first + _BATCH] = locator.points(np.asarray(pictures[first : first + _BATCH]))
    grown.flush()
    partial.replace(file)
    return np.load(file, mmap_mode="r")


def _known(locator: Locator, pictures: NDArray[np.uint8], file: Path) -> NDArray[Any] | None:
    """What is in the file, unless it was another bank or another network."""
    if not file.is_file():
        return None
    known = np.load(file, mmap_mode="r")
    rows = np.linspace(0, min(len(known), len(pictures)) - 1, _CHECKED).astype(int)
    again = locator.points(np.asarray(pictures[rows]))
    # Compared where they lie within the picture; outside of it half precision is coarser.
    return known if np.abs(again.clip(-1, 1) - known[rows].clip(-1, 1)).max() < _NEAR else None
