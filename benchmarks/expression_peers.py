# SPDX-License-Identifier: GPL-3.0-or-later
"""Other networks that name emotions or ARKit coefficients, on one scale with ours.

Face Landmarker is there with the product. Others take part where they are installed:

- face-api: ``npm install --prefix .cache/face-api @vladmandic/face-api @tensorflow/tfjs
  @tensorflow/tfjs-backend-wasm``
- fer: ``python3.11 -m venv .cache/fer`` and ``.cache/fer/bin/pip install fer tensorflow-cpu
  "setuptools<81"``

They were made for photographs of people, and each looks for the face itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import cv2
import numpy as np
from auto_rig_face.models.face_landmarker import FaceLandmarker
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from numpy.typing import NDArray

from .peer_process import Missing, PeerProcess, face_api, fer

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]
# The peers' words for the emotions of vocabulary.EMOTIONS, in that order.
FACE_API_WORDS: Final = ("neutral", "happy", "sad", "surprised", "fearful", "angry", "disgusted")
FER_WORDS: Final = ("neutral", "happy", "sad", "surprise", "fear", "angry", "disgust")
# Peers see no face in the smallest pictures; what is enlarged shows no more, but is found.
ENLARGED: Final = 384  # pixels a side, at least


def enlarged(picture: Picture) -> Picture:
    """An (H, W, 3) picture in which the peers' detectors see a face if they ever do."""
    grow = ENLARGED / max(picture.shape[:2])
    if grow <= 1.0:
        return picture
    larger = cv2.resize(picture, None, fx=grow, fy=grow, interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(larger)


class GoogleCoefficients:
    """The 52 coefficients of Face Landmarker's blendshape network."""

    name: Final = "Face Landmarker"

    def __init__(self) -> None:
        self._network = FaceLandmarker()

    def coefficients(self, picture: Picture) -> Floats | None:
        """(52,) in ARKit order, of the surest face; None without one."""
        faces = self._network.predict(enlarged(picture), blendshapes=True)
        if not faces:
            return None
        found = max(faces, key=lambda face: face.score).blendshapes or {}
        return np.array([found.get(name, 0.0) for name in ARKIT_SHAPES])


class Emotions:
    """A process that names emotions. ``words``: its own for ours, in our order."""

    def __init__(self, name: str, process: PeerProcess, words: tuple[str, ...]) -> None:
        self.name = name
        self._process, self._words = process, words

    def emotions(self, picture: Picture) -> Floats | None:
        """(7,) what it gives to each emotion, of the surest face; None without one."""
        answer = self._process.answer(enlarged(picture))
        if answer is None:
            return None
        said: Mapping[str, float] = answer.get("emotions", answer)
        return np.array([float(said[word]) for word in self._words])


def installed_peers() -> tuple[list[Emotions], dict[str, str]]:
    """The emotion networks that can take part, and for each other one what isn't installed."""
    makers: dict[str, tuple[Callable[[], PeerProcess], tuple[str, ...]]] = {
        "face-api": (face_api, FACE_API_WORDS),
        "fer": (fer, FER_WORDS),
    }
    peers, lacking = [], {}
    for name, (start, words) in makers.items():
        assert len(words) == len(EMOTIONS)
        try:
            peers.append(Emotions(name, start(), words))
        except Missing as missing:
            lacking[name] = str(missing)
    return peers, lacking
