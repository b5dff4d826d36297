# SPDX-License-Identifier: GPL-3.0-or-later
"""Open curves through points in space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d


def arc_length(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K,) distance along the curve from its first point."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return np.r_[0.0, np.cumsum(steps)]


def resample(points: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """(count, 3) points evenly spaced along the curve through ``points`` (K, 3)."""
    along = arc_length(points)
    wanted = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(wanted, along, points[:, axis]) for axis in range(3)], axis=1)


def smooth(points: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Gaussian smoothing along the curve (sigma in points); the ends stay where they are."""
    result = gaussian_filter1d(points, sigma, axis=0, mode="nearest")
    ease = np.clip(np.minimum(np.arange(len(points)), np.arange(len(points))[::-1]) / sigma, 0, 1)
    return points + ease[:, None] * (result - points)
