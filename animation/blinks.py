# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks: how shut the lids are over time.

Lids shut in about half of the time that they take to open: K.-A. Kwon et al., "High-speed camera
characterization of voluntary eye blinking kinematics" (J. R. Soc. Interface 10, 2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..vocabulary import ARKIT_SHAPES
from .data import Floats
from .easing import cubic_ease

SHUTTING: Final = 0.08  # seconds
HELD: Final = (0.05, 0.1)
OPENING: Final = 0.15
_LIDS: Final = [ARKIT_SHAPES.index(f"eyeBlink{side}") for side in ("Left", "Right")]
_WIDE: Final = [ARKIT_SHAPES.index(f"eyeWide{side}") for side in ("Left", "Right")]
LIDS: Final = (*_LIDS, *_WIDE)  # all that a blink moves


@dataclass(frozen=True)
class Blink:
    """``frames``: when the lids begin to shut, are shut, begin to open, and are open again."""

    frames: tuple[float, float, float, float]

    def shut(self, frames: Floats) -> Floats:
        """How shut the lids are, 0..1, at each of ``frames``."""
        first, closed, opens, last = self.frames
        closing = cubic_ease((frames - first) / (closed - first))
        opening = cubic_ease((frames - opens) / (last - opens))
        return closing - opening


def blink_at(start: float, fps: float, held: float) -> Blink:
    """A blink that begins at a frame; every phase takes whole frames, at least one (no lid is shut
    for no time). ``held``: 0..1 between the shortest and the longest time that lids stay shut.
    """
    seconds = (SHUTTING, HELD[0] + held * (HELD[1] - HELD[0]), OPENING)
    lengths = [max(1.0, float(round(length * fps))) for length in seconds]
    closed, opens, last = (float(end) for end in start + np.cumsum(lengths))
    return Blink((start, closed, opens, last))


def length(fps: float) -> float:
    """Frames that the longest blink takes."""
    return blink_at(0.0, fps, 1.0).frames[-1]


def add_blink(values: Floats, blink: Blink) -> None:
    """Shut the lids of (F, 52) ``values``, one row a frame, in place. Eyes that were wide fall with
    the lids, and those that come to be wide open out of the blink.
    """
    frames = np.arange(len(values), dtype=np.float64)
    values[:, _LIDS] += (1.0 - values[:, _LIDS]) * blink.shut(frames)[:, None]
    first, closed, opens, last = blink.frames
    falls = cubic_ease((frames - first) / (closed - first))[:, None]
    widens = cubic_ease((frames - opens) / (_settled(values, last) - opens))[:, None]
    values[:, _WIDE] = values[0, _WIDE] * (1.0 - falls) + values[-1, _WIDE] * widens


def _settled(values: Floats, last: float) -> float:
    """The frame from which wide eyes rest, not before the blink is over."""
    moving = np.abs(values[:, _WIDE] - values[-1, _WIDE]).max(axis=1) > 1e-9
    return max(last, float(np.flatnonzero(moving).max(initial=0) + 1))
