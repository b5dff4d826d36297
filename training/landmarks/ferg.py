# SPDX-License-Identifier: GPL-3.0-or-later
"""FERG-DB, where the user has it: pictures of stylised characters with their emotions.

D. Aneja et al., "Modeling Stylized Character Expressions via Deep Learning" (ACCV 2016);
https://grail.cs.washington.edu/projects/deepexpr/ferg-2d-db.html . For research only, so it never
ships: the folder ``FERG_DB_256/<character>/<character>_<emotion>/*.png`` is read where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from auto_rig_face.errors import RigError
from numpy.typing import NDArray

CHARACTERS: Final = ("aia", "bonnie", "jules", "malcolm", "mery", "ray")
# FERG-DB's word -> ours.
EMOTION_NAMES: Final = {
    "anger": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "joy": "joy",
    "neutral": "neutral",
    "sadness": "sadness",
    "surprise": "surprise",
}


@dataclass(frozen=True)
class FergPicture:
    """One picture of the database; it has no landmarks."""

    path: Path
    character: str
    emotion: str

    def read(self) -> NDArray[np.uint8]:
        """(H, W, 3) RGB; a transparent background becomes white. Raises RigError where the file
        is no picture.
        """
        picture = cv2.imread(str(self.path), cv2.IMREAD_UNCHANGED)
        if picture is None:
            raise RigError(f"{self.path} is not a picture.", "Unpack the database again.")
        if picture.ndim == 2:
            picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        if picture.shape[2] == 4:
            cover = picture[..., 3:].astype(np.float32) / 255
            picture = (picture[..., :3] * cover + 255 * (1 - cover)).astype(np.uint8)
        return np.ascontiguousarray(picture[..., ::-1]).astype(np.uint8)


def list_pictures(folder: Path) -> list[FergPicture]:
    """All pictures of the database in ``folder``, in the order of their names.

    Raises RigError where the folder doesn't have the database's layout.
    """
    found = []
    for character in CHARACTERS:
        for word, emotion in EMOTION_NAMES.items():
            place = folder / character / f"{character}_{word}"
            paths = sorted(place.glob("*.png")) if place.is_dir() else []
            found += [FergPicture(path, character, emotion) for path in paths]
    if not found:
        raise RigError(
            f"{folder} doesn't hold FERG-DB.",
            "Choose the folder FERG_DB_256 that holds aia, bonnie, jules, malcolm, mery and ray.",
        )
    return found


def by_character(
    pictures: list[FergPicture], held_out: str
) -> tuple[list[FergPicture], list[FergPicture]]:
    """Pictures for training and for testing, with one character kept apart."""
    return (
        [picture for picture in pictures if picture.character != held_out],
        [picture for picture in pictures if picture.character == held_out],
    )
