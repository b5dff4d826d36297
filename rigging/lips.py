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
STIFFNESS: Final[float] = 3e-3  # of the least squares that push the margins
BENDING: Final[float] = 3e-2
PARTING: Final[float] = 0.02  # a shape that parts the lips by more opens the mouth


class Lips:
    """The two lips of a mouth with a slit, prepared once for all of its shapes."""

    def __init__(self, head: Head) -> None:
        assert head.seam is not None
        self.head = head
        self.upper = resample(head.seam.upper, SAMPLES)
        self.lower = resample(head.seam.lower, SAMPLES)
        self.along = np.linspace(0.0, 1.0, SAMPLES)
        self.on_upper = self._attach(self.upper, LipSide.UPPER)
        self.on_lower = self._attach(self.lower, LipSide.LOWER)
        across = self.upper[-1] - self.upper[0]
        self.across = across / np.linalg.norm(across)
        up = head.point("lip_upper_top") - head.point("lip_lower_bottom")
        up -= (up @ self.across) * self.across
        self.up = up / max(float(np.linalg.norm(up)), 1e-9)
        self._measure_lips(self.across)

    def _attach(self, margin: NDArray[np.float64], side: LipSide) -> SurfaceSamples:
        """The margin's points on the skin of their own lip, inner side included."""
        head = self.head
        skin = head.triangles_of(Role.SKIN)
        own = skin[(head.lip_side[skin] == side).sum(axis=1) >= 2]
        found = closest(head.vertices, own if len(own) else skin, margin)
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

    def margins(
        self, displacement: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions (SAMPLES, 3) of upper and lower margin in a shape (N, 3)."""
        moved = self.head.vertices + displacement
        return self.on_upper.on(moved), self.on_lower.on(moved)

    def gap(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """(SAMPLES,) height of the upper margin over the lower one straight below it; negative
        where they cross.
        """
        upper, lower = self.margins(displacement)
        along = lower @ self.across
        order = np.argsort(along, kind="stable")
        below = np.interp(upper @ self.across, along[order], (lower @ self.up)[order])
        return upper @ self.up - below

    def spread_margins(self, wanted: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
        """(N, 3) displacement that moves the upper margin against the lower one by ``wanted``
        (SAMPLES, 3), shared between both lips, and fades out over ``reach``.

        The margins lie between vertices, and at the corners both lips share some, so how far
        each margin must be pushed is a small regularised least-squares problem.
        """
        x = np.clip(self.distance / reach, 0.0, 1.0)
        fade = (1 - x) ** 2 * (1 + 2 * x)
        upper, lower = fade * self.upper_share, fade * (1 - self.upper_share)
        response = self._response(self.on_upper, upper, lower) - self._response(
            self.on_lower, upper, lower
        )
        bend = np.zeros((SAMPLES - 2, SAMPLES))
        rows = np.arange(SAMPLES - 2)
        bend[rows, rows], bend[rows, rows + 1], bend[rows, rows + 2] = 1.0, -2.0, 1.0
        smooth = BENDING * np.kron(np.eye(2), bend.T @ bend)
        push = np.linalg.solve(
            response.T @ response + smooth + STIFFNESS * np.eye(2 * SAMPLES), response.T @ wanted
        )
        # Where the mesh doesn't let a margin move, no push of any size would.
        most = 2.0 * np.linalg.norm(wanted, axis=1).max()
        length = np.linalg.norm(push, axis=1, keepdims=True)
        push *= np.minimum(1.0, most / np.maximum(length, 1e-12))
        result = np.zeros_like(self.head.vertices)
        result[self.region] = (
            upper[:, None] * push[:SAMPLES][self.at] + lower[:, None] * push[SAMPLES:][self.at]
        )
        return result

    def _response(
        self, samples: SurfaceSamples, upper: NDArray[np.float64], lower: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(SAMPLES, 2 SAMPLES) how far a margin follows each push on the upper and lower lip."""
        index = np.full(len(self.head.vertices), -1)
        index[self.region] = np.arange(len(self.region))
        place = index[samples.corners]
        inside = place >= 0
        result = np.zeros((SAMPLES, 2 * SAMPLES))
        rows = np.repeat(np.arange(SAMPLES)[:, None], 3, axis=1)
        weight = np.where(inside, samples.weights, 0.0)
        np.add.at(result, (rows, self.at[place]), weight * upper[place])
        np.add.at(result, (rows, SAMPLES + self.at[place]), weight * lower[place])
        return result

    def uncross(
        self, displacement: NDArray[np.float64], tolerated: float = 0.0
    ) -> NDArray[np.float64]:
        """The shape (N, 3) with lips that cross by more than ``tolerated`` pushed apart until
        they just touch.
        """
        still = np.zeros_like(displacement)
        allowed = np.minimum(self.gap(still), 0.003)
        best, least = displacement, np.inf
        for _ in range(10):
            need = np.maximum(0.0, allowed - self.gap(displacement))
            # Where the lip line folds over itself a push can make things worse.
            if need.max() < least:
                best, least = displacement, float(need.max())
            if least < max(1e-3, tolerated):
                break
            spread = np.maximum(need, gaussian_filter1d(need, 2.0))[:, None] * self.up
            displacement = displacement + self.spread_margins(spread, CROSSING_REACH)
        return best

    def seal(
        self, jaw_open: NDArray[np.float64], mouth_close: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """MouthClose (N, 3) that, on top of jawOpen, brings the lips back to their rest gap."""
        still = np.zeros_like(jaw_open)
        upper_rest, lower_rest = self.margins(still)
        for _ in range(3):
            upper, lower = self.margins(jaw_open + mouth_close)
            excess = (upper - lower) - (upper_rest - lower_rest)
            if np.abs(excess).max() < 1e-3:
                break
            mouth_close = mouth_close + self.spread_margins(-excess, SEAL_REACH)
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
        np.array(
            [
                corner_r,
                (head.point("lip_upper_inner") + head.point("lip_lower_inner")) / 2,
                corner_l,
            ]
        ),
        41,
    )
    half_height = 0.6 * abs(head.point("lip_upper_top")[1] - head.point("lip_lower_bottom")[1])
    reach = float(np.clip(half_height + 0.08, 0.12, 0.35))
    near = cKDTree(line).query(head.vertices)[0] < reach
    skin = head.role == Role.SKIN
    known = skin & ~near
    if not (skin & near).any():
        return displacement
    return np.where((skin & near)[:, None], solver.fill(known | ~skin, displacement), displacement)
