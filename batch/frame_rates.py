# SPDX-License-Identifier: GPL-3.0-or-later
"""Frame rates as people write them, and as Blender keeps them."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from ..errors import RigError

# Blender keeps a rate as a whole number over a base in single precision, which acting.frame_rate
# reads as the nearest fraction with at most this denominator.
_FINEST_BASE: Final = 1001
_NTSC: Final = Fraction(1001, 1000)
_SAME_RATE: Final = 0.005  # 29.97 is said where 30000/1001 is meant


def exact_rate(rate: float) -> Fraction:
    """The frame rate that a number means: 29.97 is 30000/1001. Raises RigError for one that a
    scene can't have exactly.
    """
    whole = round(rate)
    if rate == whole:
        return Fraction(whole)
    ntsc = Fraction(round(rate * _NTSC)) / _NTSC
    exact = ntsc if abs(rate - ntsc) < _SAME_RATE else Fraction(rate).limit_denominator(1000)
    if split_rate(exact)[1].denominator > _FINEST_BASE:
        raise RigError(
            f"A scene can't have exactly {rate} frames a second.",
            "Take a usual frame rate, such as 24, 25, 29.97, 30, 50, 59.94 or 60.",
        )
    return exact


def split_rate(rate: Fraction) -> tuple[int, Fraction]:
    """A rate as Blender keeps it: (fps, fps_base) whose quotient it is, the base at least 1."""
    fps = -(-rate.numerator // rate.denominator)
    return fps, fps / rate
