# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips that part, seal and don't cross. Head frame throughout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from .head import Head, LipSide, Role, once_per_head
from .polyline import resample
from .surface import SurfaceSamples, closest
from .topology import edge_graph, surface_distance

SAMPLES: Final[int] = 81
CROSSING_REACH: Final[float] = 0.18
SEAL_REACH: Final[float] = 0.35
STIFFNESS: Final[float] = 3e-3  # of the least squares that push the margins
BENDING: Final[float] = 3e-2
PUSHES: Final[int] = 8
PARTING: Final[float] = 0.02  # a shape that parts the lips by more opens the mouth
SLIDING: Final[float] = 0.05  # lips that slide on each other by more are meant to


@dataclass(frozen=True)
class _Spread:
    """How a push of the margins spreads: shares (K,) of the region on ``upper`` and ``lower`` lip,
    and ``solve`` (2 SAMPLES, SAMPLES) from wanted motion to pushes.
    """

    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    solve: NDArray[np.float64]


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
        self.upper_rest = self.on_upper.on(head.vertices)
        self.lower_rest = self.on_lower.on(head.vertices)
        self._spreads: dict[float, _Spread] = {}
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
        number = np.cumsum(near) - 1
        triangles = number[head.triangles[near[head.triangles].all(axis=1)]]
        graph = edge_graph(head.vertices[self.region], triangles)
        distances = []
        for samples in (self.on_upper, self.on_lower):
            sources = np.unique(samples.corners)
            distances.append(surface_distance(graph, number[sources[near[sources]]], limit=1.2))
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
        return (
            self.upper_rest + self.on_upper.on(displacement),
            self.lower_rest + self.on_lower.on(displacement),
        )

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
        """(K, 3) displacement of the region that moves the upper margin against the lower one by
        ``wanted`` (SAMPLES, 3), shared between both lips, and fades out over ``reach``.

        The margins lie between vertices, and at the corners both lips share some, so how far
        each margin must be pushed is a small regularised least-squares problem.
        """
        spread = self._spreads.get(reach) or self._prepare(reach)
        push = spread.solve @ wanted
        # Where the mesh doesn't let a margin move, no push of any size would.
        most = 2.0 * np.linalg.norm(wanted, axis=1).max()
        length = np.linalg.norm(push, axis=1, keepdims=True)
        push *= np.minimum(1.0, most / np.maximum(length, 1e-12))
        upper, lower = spread.upper[:, None], spread.lower[:, None]
        return upper * push[:SAMPLES][self.at] + lower * push[SAMPLES:][self.at]

    def _prepare(self, reach: float) -> _Spread:
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
        solve = np.linalg.solve(
            response.T @ response + smooth + STIFFNESS * np.eye(2 * SAMPLES), response.T
        )
        self._spreads[reach] = _Spread(upper, lower, solve)
        return self._spreads[reach]

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
        allowed = np.minimum(self.gap(np.zeros_like(displacement)), 0.003)

        def crossing(shape: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.maximum(0.0, allowed - self.gap(shape))

        original, best, least = displacement, displacement, np.inf
        for _ in range(PUSHES):
            need = crossing(displacement)
            # Where the lip line folds over itself a push can make things worse.
            if need.max() < least:
                best, least = displacement, float(need.max())
            if least < max(1e-3, tolerated):
                return best
            spread = np.maximum(need, gaussian_filter1d(need, 2.0))[:, None] * self.up
            displacement = self._pushed(displacement, spread, CROSSING_REACH)
        # For places (a closed fold in a mouth corner) where pushing them apart doesn't help.
        held = original
        for _ in range(PUSHES):
            held = self.hold_together(held, crossing(held) > max(1e-3, tolerated))
            if crossing(held).max() < least:
                best, least = held, float(crossing(held).max())
        return best

    def hold_together(
        self, displacement: NDArray[np.float64], where: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """The shape (N, 3) with lips that move as one, at the samples ``where`` and near them or
        everywhere. That can't cross them, whatever the lips' shape.
        """
        share = np.ones(SAMPLES)
        if where is not None:
            share = np.clip(2.0 * gaussian_filter1d(where.astype(np.float64), 2.0), 0.0, 1.0)
        return self._pushed(
            displacement, -share[:, None] * self.parted(displacement), CROSSING_REACH
        )

    def parted(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """(SAMPLES, 3) how far a shape moves the upper margin against the lower one."""
        return self.on_upper.on(displacement) - self.on_lower.on(displacement)

    def seal(
        self, jaw_open: NDArray[np.float64], mouth_close: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """MouthClose (N, 3) that, on top of jawOpen, brings the lips back to their rest gap."""
        for _ in range(3):
            excess = self.parted(jaw_open + mouth_close)
            if np.abs(excess).max() < 1e-3:
                break
            mouth_close = self._pushed(mouth_close, -excess, SEAL_REACH)
        return mouth_close

    def _pushed(
        self, displacement: NDArray[np.float64], wanted: NDArray[np.float64], reach: float
    ) -> NDArray[np.float64]:
        """The shape (N, 3) with its margins moved against each other (see spread_margins)."""
        result = displacement.copy()
        result[self.region] += self.spread_margins(wanted, reach)
        return result

    def opens(self, displacement: NDArray[np.float64]) -> bool:
        """Whether a shape (N, 3) changes the gap between the lips by more than PARTING."""
        change = self.gap(displacement) - self.gap(np.zeros_like(displacement))
        return bool(np.abs(change).max() > PARTING)

    def keeps_together(self, displacement: NDArray[np.float64]) -> bool:
        """Whether the lips stay shut in a shape (N, 3), and hardly slide on each other."""
        change = self.gap(displacement) - self.gap(np.zeros_like(displacement))
        slide = np.linalg.norm(self.parted(displacement), axis=1)
        return bool(change.max() < PARTING and slide.max() < SLIDING)


@once_per_head
def lips_of(head: Head) -> Lips:
    """The lips of a head whose mouth has a slit."""
    return Lips(head)
