# SPDX-License-Identifier: GPL-3.0-or-later
"""Other projects' networks in processes of their own, asked picture by picture."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from . import ROOT

FACE_API: Final = ROOT / ".cache" / "face-api" / "node_modules"
FACE_API_PACKAGES: Final = (
    "@vladmandic/face-api",
    "@tensorflow/tfjs",
    "@tensorflow/tfjs-backend-wasm",
)
FER_PYTHON: Final = ROOT / ".cache" / "fer" / "bin" / "python"

Picture = NDArray[np.uint8]


class Missing(Exception):  # noqa: N818 - no error: a peer that isn't installed
    """A peer can't take part; the text says what isn't there."""


class PeerProcess:
    """Gets a picture's width and height (uint32, little endian) and its RGB bytes, and answers with
    a line of JSON.
    """

    def __init__(self, name: str, command: Sequence[str], extra: Mapping[str, str]) -> None:
        self._name = name
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **extra},
        )

    def answer(self, picture: Picture) -> Any:
        """What it says of an (H, W, 3) RGB picture. Raises RuntimeError where it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        height, width = picture.shape[:2]
        try:
            self._process.stdin.write(struct.pack("<II", width, height) + picture.tobytes())
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise RuntimeError(f"{self._name} ended before its answer")
        return json.loads(line)


def face_api(folder: Path = FACE_API) -> PeerProcess:
    """@vladmandic/face-api. Raises Missing where it can't be started."""
    node = shutil.which("node")
    if node is None:
        raise Missing("node")
    for package in FACE_API_PACKAGES:
        if not (folder / package).is_dir():
            raise Missing(package)
    script = Path(__file__).with_name("face_api.js")
    return PeerProcess("face-api", [node, str(script)], {"NODE_PATH": str(folder)})


def fer(python: Path = FER_PYTHON) -> PeerProcess:
    """PyPI's fer. Raises Missing where it isn't installed."""
    if not python.is_file():
        raise Missing("fer")
    script = Path(__file__).with_name("fer_peer.py")
    return PeerProcess("fer", [str(python), str(script)], {"TF_CPP_MIN_LOG_LEVEL": "3"})
