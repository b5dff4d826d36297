# SPDX-License-Identifier: GPL-3.0-or-later
"""PyPI's fer on pictures: what benchmarks/expression_peers.py starts with the Python of .cache/fer.

Standard input: for each picture its width and height (uint32, little endian), then its RGB bytes.
Standard output: for each a line of JSON, null without a face, else the package's own emotions.
"""

from __future__ import annotations

import json
import os
import struct
import sys

import numpy as np


def main() -> None:
    """Answers until the input ends."""
    # The package logs to the standard output.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    from fer.fer import FER

    network = FER(mtcnn=False, use_tflite=False)
    while len(size := sys.stdin.buffer.read(8)) == 8:
        width, height = struct.unpack("<II", size)
        pixels = np.frombuffer(sys.stdin.buffer.read(width * height * 3), np.uint8)
        faces = network.detect_emotions(pixels.reshape(height, width, 3)[:, :, ::-1].copy())
        largest = max(faces, key=lambda face: face["box"][2] * face["box"][3], default=None)
        answer = None if largest is None else {k: float(v) for k, v in largest["emotions"].items()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
