# SPDX-License-Identifier: GPL-3.0-or-later
"""Other face detectors and landmark networks, on one scale with ours.

Face Landmarker and OpenCV's Haar cascade are there with the benchmark's packages. Others take part
where they are installed:

- dlib: ``pip install dlib-bin face_recognition_models`` into ``.venv-benchmark``
- face-api: ``npm install --prefix .cache/face-api @vladmandic/face-api @tensorflow/tfjs
  @tensorflow/tfjs-backend-wasm``

Face Landmarker has no points on some of the named landmarks; they are interpolated, as the product
does it. The others differ in what they call the middle of a brow or a lid; part of their error is
that.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from auto_rig_face.models.assets import asset_path
from auto_rig_face.models.dense_landmarks import FACE_SCORE, DenseLandmarker
from auto_rig_face.models.face_landmarker import FaceLandmarker
from auto_rig_face.rigging.dense_detector import named_landmarker
from auto_rig_face.rigging.dense_points import name_points
from auto_rig_face.rigging.template import load_template
from numpy.typing import NDArray

from training.landmarks import points as scheme

from .peer_process import Missing, face_api

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]
LARGEST_TO_ENLARGE: Final = 400  # pixels a side; dlib sees no face below 80 pixels

_IBUG: Final = scheme.indices(scheme.IBUG_68)
# Of these, iBUG-68 has the two neighbours along the lid.
_BETWEEN: Final = {
    f"lid_{lid}_{side}_05": (f"lid_{lid}_{side}_03", f"lid_{lid}_{side}_07")
    for lid in ("upper", "lower")
    for side in scheme.SIDES
}


@dataclass(frozen=True)
class Guess:
    """The surest face in a picture. ``points``, ``expected``: (N, 2) and (N,) pixels in the order
    of the scheme, NaN for those that aren't given; ``box`` (4,) where there are no points.
    """

    score: float
    points: Floats
    expected: Floats
    box: Floats | None = None


class Network(Protocol):
    """Whatever finds a face in an (H, W, 3) uint8 RGB picture."""

    name: str

    def find(self, picture: Picture) -> Guess | None: ...


class Ours:
    """The product's own networks."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self.name = "Auto-Rig Face"
        self._landmarker = DenseLandmarker(threads, folder)
        if self._landmarker.names != scheme.NAMES:
            raise ValueError("The networks place other points than training.landmarks.points names")

    def find(self, picture: Picture) -> Guess | None:
        face = self._landmarker.predict(picture)
        if face.score < FACE_SCORE:
            return None
        return Guess(face.score, face.points, face.expected_error)


class GoogleFaceLandmarker:
    """Google's networks on ONNX Runtime, as the product runs them."""

    def __init__(self, threads: int = 1) -> None:
        self.name = "Face Landmarker"
        template = load_template(asset_path("template.npz"))
        self._landmarker = named_landmarker(template, FaceLandmarker(threads).predict)

    def find(self, picture: Picture) -> Guess | None:
        faces = self._landmarker(picture.astype(np.float32))
        if not faces:
            return None
        points, unknown = _unknown()
        for name, place in name_points(faces[0].points).items():
            points[scheme.INDEX[scheme.PRODUCT_POINTS[name]]] = place[:2]
        return Guess(faces[0].score, points, unknown)


class HaarCascade:
    """OpenCV's frontal faces: boxes only."""

    def __init__(self) -> None:
        import cv2

        self.name = "OpenCV Haar"
        folder = Path(cv2.__file__).parent / "data"
        self._cascade = cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_default.xml"))
        if self._cascade.empty():
            raise Missing("OpenCV's cascades")

    def find(self, picture: Picture) -> Guess | None:
        import cv2

        boxes = self._cascade.detectMultiScale(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
        if not len(boxes):
            return None
        x, y, width, height = max(boxes, key=lambda box: box[2] * box[3])
        return Guess(1.0, *_unknown(), np.array([x, y, x + width, y + height], np.float64))


class Dlib:
    """dlib's frontal face detector and its 68 points."""

    def __init__(self) -> None:
        try:
            import dlib
        except ImportError as error:
            raise Missing("dlib") from error
        # Importing it needs pkg_resources, which newer setuptools lack; only its file is wanted.
        models = importlib.util.find_spec("face_recognition_models")
        if models is None or models.origin is None:
            raise Missing("face_recognition_models")
        self.name = "dlib 68"
        self._detector: Any = dlib.get_frontal_face_detector()
        self._predictor: Any = dlib.shape_predictor(
            str(Path(models.origin).parent / "models" / "shape_predictor_68_face_landmarks.dat")
        )

    def find(self, picture: Picture) -> Guess | None:
        enlarge = int(max(picture.shape[:2]) <= LARGEST_TO_ENLARGE)
        boxes, scores, _ = self._detector.run(picture, enlarge, 0.0)
        if not boxes:
            return None
        best = int(np.argmax(scores))
        shape = self._predictor(picture, boxes[best])
        points = np.array([[shape.part(n).x, shape.part(n).y] for n in range(shape.num_parts)])
        return of_68(1.0, points.astype(np.float64))


class FaceApi:
    """@vladmandic/face-api in a Node process of its own."""

    def __init__(self) -> None:
        self.name = "face-api 68"
        self._process = face_api()

    def find(self, picture: Picture) -> Guess | None:
        face = self._process.answer(picture)
        return None if face is None else of_68(face["score"], np.array(face["points"]) - 0.5)


def of_68(score: float, places: Floats) -> Guess:
    """A guess from the 68 points (68, 2) of iBUG, in pixels."""
    points, unknown = _unknown()
    points[_IBUG] = places
    for name, neighbours in _BETWEEN.items():
        points[scheme.INDEX[name]] = points[scheme.indices(neighbours)].mean(axis=0)
    return Guess(score, points, unknown)


def _unknown() -> tuple[Floats, Floats]:
    return np.full((scheme.COUNT, 2), np.nan), np.full(scheme.COUNT, np.nan)


def installed_peers() -> tuple[list[Network], dict[str, str]]:
    """The peers that can take part, and for each other one what isn't installed."""
    makers: dict[str, Callable[[], Network]] = {
        "Face Landmarker": GoogleFaceLandmarker,
        "face-api 68": FaceApi,
        "dlib 68": Dlib,
        "OpenCV Haar": HaarCascade,
    }
    peers: list[Network] = []
    lacking: dict[str, str] = {}
    for name, make in makers.items():
        try:
            peers.append(make())
        except Missing as missing:
            lacking[name] = str(missing)
    return peers, lacking
