# SPDX-License-Identifier: GPL-3.0-or-later
"""From a recording's own instants to the frames of a scene."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np

from .data import Floats

_SAME_FRAME: Final = 1e-6  # frames; closer than rounding can tell apart
_SAME_RATE: Final = 1e-4  # of a frame
_SHORTEST_MEAN: Final = 1e-5  # seconds; below it the integrals' difference is mostly rounding


def resample(
    times: Floats, values: Floats, fps: Fraction, start_frame: float
) -> tuple[Floats, Floats]:
    """Values at every frame of the scene, so that instant t lies at ``start_frame`` + t * fps.

    ``times`` (F,) seconds from 0, increasing; ``values`` (F, C); ``fps`` of the scene, exact: 29.97
    is Fraction(30000, 1001). Returns frames (G,) and values (G, C): ``start_frame``, the whole
    steps after it and, where the recording ends between two of them, its end. The first and last
    sample stay as they are; between samples the recording is taken to run straight. Where the scene
    has fewer frames than the recording, each is a short mean around its instant.
    """
    if len(times) != len(values) or not len(times):
        raise ValueError("Every sample needs its time.")
    end = float(times[-1]) * float(fps)
    steps = np.arange(int(np.floor(end + _SAME_FRAME)) + 1)
    # One division of whole numbers: no error adds up over the length of a recording.
    instants = np.minimum(steps * fps.denominator / fps.numerator, times[-1])
    offsets = steps.astype(np.float64)
    if end - offsets[-1] > _SAME_FRAME:
        instants, offsets = np.append(instants, times[-1]), np.append(offsets, end)
    sampled = _means(times, values, instants, _width(times, fps))
    sampled[0] = values[0]
    if len(sampled) > 1:
        sampled[-1] = values[-1]
    return start_frame + offsets, sampled


def _width(times: Floats, fps: Fraction) -> float:
    """Seconds to average over: together with what straight lines between samples smooth already,
    that is a frame of the scene, and nothing where the scene has as many frames or more.
    """
    if len(times) < 2:
        return 0.0
    step, frame = float(np.median(np.diff(times))), float(1 / fps)
    return float(np.sqrt(frame**2 - step**2)) if step < frame * (1.0 - _SAME_RATE) else 0.0


def _means(times: Floats, values: Floats, instants: Floats, width: float) -> Floats:
    """(G, C) means of the straight lines between samples over ``width`` around each instant, less
    near the ends so that every mean stays centred.
    """
    half = np.minimum(width / 2.0, np.minimum(instants - times[0], times[-1] - instants))
    at = _between(times, values, instants)
    wide = half > _SHORTEST_MEAN
    if wide.any():
        after = _integral(times, values, instants[wide] + half[wide])
        before = _integral(times, values, instants[wide] - half[wide])
        at[wide] = (after - before) / (2.0 * half[wide])[:, None]
    return at


def _segments(times: Floats, instants: Floats) -> np.ndarray:
    """The sample before each instant, but never the last one."""
    return np.clip(np.searchsorted(times, instants, side="right") - 1, 0, max(len(times) - 2, 0))


def _between(times: Floats, values: Floats, instants: Floats) -> Floats:
    """(G, C) on the straight lines between samples."""
    if len(times) < 2:
        return np.repeat(values, len(instants), axis=0)
    left = _segments(times, instants)
    share = ((instants - times[left]) / (times[left + 1] - times[left]))[:, None]
    return (1.0 - share) * values[left] + share * values[left + 1]


def _integral(times: Floats, values: Floats, instants: Floats) -> Floats:
    """(G, C) of the straight lines from the first sample to each instant."""
    trapezoids = 0.5 * (values[1:] + values[:-1]) * np.diff(times)[:, None]
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(trapezoids, axis=0)])
    left = _segments(times, instants)
    rest = (instants - times[left])[:, None]
    return sums[left] + 0.5 * rest * (values[left] + _between(times, values, instants))
