# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips that part, seal and don't cross. Head frame throughout."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from .head import Head, LipSide, Role
from .laplacian import HarmonicSolver
from .polyline import resample
from .surface import SurfaceSamples, closest
from .topology import edge_graph, surface_distance

SAMPLES: Final[int] = 81
CROSSING_REACH: Final[float] = 0.18
SEAL_REACH: Final[float] = 0.35
PARTING: Final[float] = 0.02  # a shape that parts the lips by more opens the mouth


class Lips:
    """The two lips of a mouth with a slit, prepared once for all of its shapes."""

    def __init__(self, head: Head) -> None:
        assert head.seam is not None
        self.head = head
        self.upper = resample(head.seam.upper, SAMPLES)
        self.lower = resample(head.seam.lower, SAMPLES)
        self.along = np.linspace(0.0, 1.0, SAMPLES)
        self.on_upper = self._attach(self.upper, LipSide.LOWER)
        self.on_lower = self._attach(self.lower, LipSide.UPPER)
        across = self.upper[-1] - self.upper[0]
        self.across = across / np.linalg.norm(across)
        up = head.point("lip_upper_top") - head.point("lip_lower_bottom")
        up -= (up @ self.across) * self.across
        self.up = up / max(float(np.linalg.norm(up)), 1e-9)
        self._measure_lips(self.across)

    def _attach(self, margin: NDArray[np.float64], barred: LipSide) -> SurfaceSamples:
        """The margin's points on the skin of their own lip."""
        head = self.head
        skin = (head.role == Role.SKIN) & head.visible & (head.lip_side != barred)
        triangles = head.triangles[skin[head.triangles].all(axis=1)]
        if len(triangles) == 0:
            triangles = head.triangles_of(Role.SKIN)
        found = closest(head.vertices, triangles, margin)
        return SurfaceSamples(found.corners, found.weights)

    def _measure_lips(self, across: NDArray[np.float64]) -> None:
        head = self.head
        middle = (self.upper + self.lower).mean(axis=0)
        near = (head.role == Role.SKIN) & (np.linalg.norm(head.vertices - middle, axis=1) < 1.5)
        self.region = np.flatnonzero(near)
        triangles = head.triangles[near[head.triangles].all(axis=1)]
        graph = edge_graph(head.vertices, triangles)
        distances = [
            surface_distance(graph, np.unique(samples.corners), limit=1.2)[self.region]
            for samples in (self.on_upper, self.on_lower)
        ]
        to_upper, to_lower = (np.where(np.isfinite(d), d, 9.0) for d in distances)
        self.distance = np.minimum(to_upper, to_lower)
        side = head.lip_side[self.region]
        share = np.clip(0.5 + (to_lower - to_upper) / 0.06, 0.0, 1.0)
        share[side == LipSide.UPPER] = 1.0
        share[side == LipSide.LOWER] = 0.0
        self.upper_share = share
        self.at = cKDTree((self.upper @ across)[:, None]).query(
            (head.vertices[self.region] @ across)[:, None]
        )[1]

    def margins(self, displacement: NDArray[np.float64]):
        """Positions (SAMPLES, 3) of upper and lower margin in a shape (N, 3)."""
        moved = self.head.vertices + displacement
        return self.on_upper.on(moved), self.on_lower.on(moved)

    def gap(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """(SAMPLES,) height of the upper margin over the lower one straight below it; negative
        where they cross."""
        upper, lower = self.margins(displacement)
        along = lower @ self.across
        order = np.argsort(along, kind="stable")
        below = np.interp(upper @ self.across, along[order], (lower @ self.up)[order])
        return upper @ self.up - below

    def sweep(
        self, upper: NDArray[np.float64], lower: NDArray[np.float64], reach: float
    ) -> NDArray[np.float64]:
        """(N, 3) displacement that moves the margins by ``upper`` and ``lower`` and fades out."""
        x = np.clip(self.distance / reach, 0.0, 1.0)
        fade = ((1 - x) ** 2 * (1 + 2 * x))[:, None]
        share = self.upper_share[:, None]
        result = np.zeros_like(self.head.vertices)
        result[self.region] = fade * (share * upper[self.at] + (1 - share) * lower[self.at])
        return result

    def uncross(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """The shape (N, 3) with lips that cross pushed apart until they just touch."""
        still = np.zeros_like(displacement)
        allowed = np.minimum(self.gap(still), 0.003)
        for _ in range(8):
            need = np.maximum(0.0, allowed - self.gap(displacement))
            if need.max() < 1e-3:
                break
            spread = np.maximum(need, gaussian_filter1d(need, 2.0))[:, None] * self.up
            displacement = displacement + self.sweep(0.5 * spread, -0.5 * spread, CROSSING_REACH)
        return displacement

    def seal(
        self, jaw_open: NDArray[np.float64], mouth_close: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """mouthClose (N, 3) that, on top of jawOpen, brings the lips back to their rest gap."""
        still = np.zeros_like(jaw_open)
        upper_rest, lower_rest = self.margins(still)
        for _ in range(8):
            upper, lower = self.margins(jaw_open + mouth_close)
            excess = (upper - lower) - (upper_rest - lower_rest)
            if np.abs(excess).max() < 1e-3:
                break
            excess = gaussian_filter1d(excess, 0.7, axis=0, mode="nearest")
            mouth_close = mouth_close + self.sweep(-0.5 * excess, 0.5 * excess, SEAL_REACH)
        return mouth_close


def parts_lips(template_gap: NDArray[np.float64]) -> bool:
    """Whether a shape opens the template's mouth (``template_gap``: Lips.gap minus at rest)."""
    return bool(np.abs(template_gap).max() > PARTING)


def close_sealed_mouth(
    head: Head, solver: HarmonicSolver, displacement: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A lip-parting shape (N, 3) for a mouth without a slit.

    Around the lip line the motion is filled in smoothly from the skin about it, so that the
    painted or sculpted mouth stays one piece while chin and cheeks move.
    """
    corner_r, corner_l = head.point("mouth_corner_R"), head.point("mouth_corner_L")
    line = resample(
        np.array([corner_r, (head.point("lip_upper_inner") + head.point("lip_lower_inner")) / 2,
                  corner_l]),
        41,
    )
    half_height = 0.6 * abs(head.point("lip_upper_top")[1] - head.point("lip_lower_bottom")[1])
    reach = float(np.clip(half_height + 0.08, 0.12, 0.35))
    near = cKDTree(line).query(head.vertices)[0] < reach
    skin = head.role == Role.SKIN
    known = skin & ~near
    if not (skin & near).any():
        return displacement
    return np.where(
        (skin & near)[:, None], solver.fill(known | ~skin, displacement, order=1), displacement
    )
