# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the expressions of a film's frames together: what shakes in one its neighbours steady.

A recurrent network over what the expression reader says of each frame, forwards and backwards, so
that nothing comes late. It says which of the frames near by to believe, for every shape and frame.
Trained on rendered performances by ``training/performances``; what it can and can't do stands in
``models/performance_reader/README.md``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from .assets import asset_path
from .expression_reader import Reading
from .runtime import session

FOLDER: Final = Path(__file__).resolve().parent / "performance_reader"
NETWORK: Final = "performance_reader.onnx"
DESCRIPTION: Final = "performance_reader.json"
USUAL_RATE: Final = 30.0
FEWEST: Final = 2  # frames
# Logits of coefficients: 0.007 to 0.993. Beyond that the reader only says that it is sure.
_FARTHEST: Final = 5.0

Floats = NDArray[np.float64]


class PerformanceReader:
    """The network, loaded once. Loading raises RigError when it can't be."""

    def __init__(self, threads: int = 1, folder: Path = FOLDER) -> None:
        text = asset_path(DESCRIPTION, folder).read_text(encoding="utf-8")
        about: dict[str, Any] = json.loads(text)
        self._inputs = int(about["inputs"])
        self._network = session(asset_path(NETWORK, folder), threads)

    def read(
        self,
        readings: Sequence[Reading],
        rate: float,
        compared: Sequence[Reading] | None = None,
    ) -> Floats:
        """(F, 52) coefficients of F consecutive frames, at ``rate`` frames a second.

        ``compared``: readings of the same frames against a picture of the character at rest, if
        there is one. Raises RigError for fewer than two frames.
        """
        if len(readings) < FEWEST:
            raise RigError(
                "One frame is no performance.", "Choose a film, or read the frame as a picture."
            )
        return self.follow(
            inputs_of(
                np.array([reading.coefficients for reading in readings]),
                None if compared is None else np.array([one.coefficients for one in compared]),
                np.array([reading.emotions for reading in readings]),
                np.array([reading.intensity for reading in readings]),
                rate,
            )
        )

    def follow(self, inputs: Floats) -> Floats:
        """(F, 52) of what ``inputs_of`` makes of F frames."""
        if inputs.shape[1] != self._inputs:
            raise RigError(
                "The networks that read pictures and films don't match.", "Reinstall the extension."
            )
        feeds = {"frames": np.ascontiguousarray(inputs[None], np.float32)}
        found: NDArray[np.float32] = self._network.run(None, feeds)[0][0]
        return found.astype(np.float64).clip(0.0, 1.0)


def inputs_of(
    alone: Floats, compared: Floats | None, emotions: Floats, intensity: Floats, rate: float
) -> Floats:
    """(F, N) what the network sees of F frames: ``alone`` and ``compared`` (F, 52) readings,
    ``emotions`` (F, 7), ``intensity`` (F,), at ``rate`` frames a second.

    The first 52 are the logits of what it filters.
    """
    by_itself = logits(alone)
    likelier = by_itself if compared is None else logits(compared)
    facts = np.array([float(compared is not None), np.log2(rate / USUAL_RATE)])
    everywhere = np.broadcast_to(facts, (len(alone), len(facts)))
    return np.concatenate([likelier, by_itself, emotions, intensity[:, None], everywhere], axis=1)


def logits(coefficients: Floats) -> Floats:
    """Of values 0..1, not farther from 0 than what says something."""
    least = 1.0 / (1.0 + np.exp(_FARTHEST))
    inside = coefficients.clip(least, 1.0 - least)
    return np.asarray(np.log(inside / (1.0 - inside)))
