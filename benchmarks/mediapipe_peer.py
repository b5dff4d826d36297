# SPDX-License-Identifier: GPL-3.0-or-later
"""Google's own package on a folder of pictures: mediapipe_peer.py TASK FOLDER RESULT.

Run by benchmarks/mediapipe_check.py with the Python of .venv-mediapipe, for this package wants
other versions than Blender's. TASK is Google's bundle of networks, FOLDER holds PNG pictures, and
RESULT becomes JSON. Landmarks are as the package gives them: 0..1 across the picture and down it,
and the depth in widths of the picture.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import mediapipe
from mediapipe.tasks.python import BaseOptions, vision

# The package looks for a face where it was in the frame before; then its crop has settled.
FRAMES = 4
# Milliseconds from frame to frame: after a day its filter against jitter has forgotten them.
DAY = 24 * 3600 * 1000


def _options(task: Path, mode: vision.RunningMode) -> vision.FaceLandmarkerOptions:
    return vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(task)),
        running_mode=mode,
        output_face_blendshapes=True,
        num_faces=1,
    )


def _face(result: vision.FaceLandmarkerResult) -> dict[str, Any] | None:
    if not result.face_landmarks:
        return None
    return {
        "points": [[point.x, point.y, point.z] for point in result.face_landmarks[0]],
        "blendshapes": {shape.category_name: shape.score for shape in result.face_blendshapes[0]},
    }


def describe(task: Path, folder: Path) -> dict[str, Any]:
    """The package's version, and the face in each picture: taken as a photograph ("image"), and in
    each of FRAMES frames of a film in which nothing moves ("frames"). None where it sees no face.
    """
    pictures: dict[str, Any] = {}
    paths = sorted(folder.glob("*.png"))
    with vision.FaceLandmarker.create_from_options(
        _options(task, vision.RunningMode.IMAGE)
    ) as landmarker:
        for path in paths:
            picture = mediapipe.Image.create_from_file(str(path))
            pictures[path.stem] = {"image": _face(landmarker.detect(picture))}
    for path in paths:
        picture = mediapipe.Image.create_from_file(str(path))
        options = _options(task, vision.RunningMode.VIDEO)
        with vision.FaceLandmarker.create_from_options(options) as landmarker:
            frames = [landmarker.detect_for_video(picture, k * DAY) for k in range(FRAMES)]
        pictures[path.stem]["frames"] = [_face(frame) for frame in frames]
    return {"version": mediapipe.__version__, "pictures": pictures}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("result", type=Path)
    given = parser.parse_args()
    described = describe(given.task, given.folder)
    given.result.write_text(json.dumps(described), encoding="utf-8")


if __name__ == "__main__":
    main()
