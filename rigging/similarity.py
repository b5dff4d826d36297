# SPDX-License-Identifier: GPL-3.0-or-later
"""Similarity transforms and smooth warps between sets of corresponding points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator


@dataclass(frozen=True)
class Similarity:
    """x -> scale * rotation @ x + shift."""

    scale: float
    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.scale * points @ self.rotation.T + self.shift


def fit_similarity(
    source: NDArray[np.float64],
    target: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
) -> Similarity:
    """Least-squares similarity from ``source`` (P, 3) to ``target`` (P, 3).

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
    IEEE TPAMI 13 (1991), with weights (P,).
    """
    weight = np.ones(len(source)) if weights is None else weights
    weight = (weight / weight.sum())[:, None]
    source_mean, target_mean = (weight * source).sum(axis=0), (weight * target).sum(axis=0)
    centred, moved = source - source_mean, target - target_mean
    u, spread, vt = np.linalg.svd((weight * moved).T @ centred)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt)) or 1.0])
    rotation = (u * signs) @ vt
    variance = float((weight * centred**2).sum())
    scale = float((spread * signs).sum() / max(variance, 1e-30))
    return Similarity(scale, rotation, target_mean - scale * rotation @ source_mean)


def fit_warp(
    source: NDArray[np.float64],
    target: NDArray[np.float64],
    smoothing: NDArray[np.float64] | float = 0.0,
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Smooth map of space that takes ``source`` (P, 3) near ``target`` (P, 3).

    Linear radial basis functions with an affine part; ``smoothing`` per point, in units of the
    point set's own spread: 0 goes through the point.
    """
    centre, spread = source.mean(axis=0), float(source.std()) or 1.0
    # Coincident points would make the system singular.
    _, kept = np.unique(np.round((source - centre) / spread, 6), axis=0, return_index=True)
    kept.sort()
    smooth = np.broadcast_to(np.asarray(smoothing, np.float64), (len(source),))[kept]
    warp = RBFInterpolator(
        (source[kept] - centre) / spread,
        target[kept] - source[kept],
        kernel="linear",
        degree=1,
        smoothing=np.maximum(smooth, 1e-6),
    )
    return lambda points: points + warp((points - centre) / spread)
