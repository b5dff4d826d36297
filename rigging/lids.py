# SPDX-License-Identifier: GPL-3.0-or-later
"""Lids that close: both margins are swept on to one closing curve, then lifted clear of the eye.

Eyes are spheres, flat or concave discs, so clearance is measured against the eye part itself
along the direction in which the eye looks, never against an ideal sphere. Head frame throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from scipy.sparse import diags
from scipy.spatial import cKDTree

from .head import EYE_ROLES, Head, LidRim, Role, once_per_head
from .polyline import resample
from .raycast import RayScene
from .surface import closest
from .topology import edge_graph, surface_distance

SAMPLES: Final[int] = 121
LOWER_SHARE: Final[float] = 0.15  # how far up the lower lid comes; the upper does the rest
OVERLAP: Final[float] = 0.035  # of the opening: the upper lid comes to rest upon the lower one
CLEARANCE: Final[float] = 0.006
UPPER_IN_FRONT: Final[float] = 0.01  # the upper lid passes before the lower one
MOVED: Final[float] = 1e-4
LARGE_TRIANGLE: Final[float] = 0.02  # sinks 0.0003 into an eye of the usual size (radius 0.2)
MAX_LIFT: Final[float] = 0.09  # a lid further inside the eye than this isn't in front of it
PLATEAU: Final[float] = 0.12
MENDING_ROUNDS: Final[int] = 10
MAY_SHOW: Final[float] = 0.004  # share of the opening; the certificate allows five times as much
TOUCHING: Final[float] = 0.02  # IOD; skin of the two lids that lies no further apart touches
CARRIES: Final[float] = 0.05  # weight from which a vertex holds a place of the margin
REACH_UPPER: Final[float] = 1.15  # of the opening: how far from the margin the sweep reaches
REACH_LOWER: Final[float] = 0.9
BLINK_STEPS: Final[tuple[float, ...]] = (0.25, 0.5, 0.75, 1.0)  # where a blink is kept clear


@dataclass(frozen=True)
class Leaks:
    """Where an eye shows past shut lids. ``share`` of the opening; ``gap`` (SAMPLES,): how much
    further down the upper lid must come; ``lift`` (K,): how far forward skin must come that lies
    behind the eye's surface.
    """

    share: float
    gap: NDArray[np.float64]
    lift: NDArray[np.float64]

    def __bool__(self) -> bool:
        return self.share > MAY_SHOW


class Lids:
    """The lids of one eye, prepared once for all of its shapes."""

    def __init__(self, head: Head, side: str) -> None:
        self.head, self.side = head, side
        self.rim: LidRim = head.rims[side]
        self.upper = resample(self.rim.upper, SAMPLES)
        self.lower = resample(self.rim.lower, SAMPLES)
        self.along = np.linspace(0.0, 1.0, SAMPLES)
        eye = head.triangles[np.isin(head.role[head.triangles[:, 0]], (EYE_ROLES[side],))]
        self.eye = RayScene(head.vertices, eye) if len(eye) else None
        self._measure_lids()
        self._place_probes()

    def _measure_lids(self) -> None:
        """For each skin vertex near: which lid, where along it, how far from its margin.

        ``region`` (K,) are those vertices; ``skin`` (T, 3) their triangles, numbered within it.
        """
        head, opening = self.head, self.rim.opening
        skin = (head.role == Role.SKIN) & (
            np.linalg.norm(head.vertices - self.upper.mean(axis=0), axis=1)
            < 2.5 * np.ptp(self.upper[:, 0]) + opening
        )
        self.region = np.flatnonzero(skin)
        triangles = head.triangles[skin[head.triangles].all(axis=1)]
        self.skin = (np.cumsum(skin) - 1)[triangles]
        self.points = points = head.vertices[self.region]
        graph = edge_graph(points, self.skin)
        near = (graph + graph.T).tocsr()
        near.data[:] = 1.0
        self.mean = diags(1.0 / np.maximum(np.diff(near.indptr), 1.0)) @ near
        seen = np.flatnonzero(head.visible[self.region])
        tree = cKDTree(points[seen])
        distances = []
        for margin in (self.upper, self.lower):
            offset, nearest = tree.query(margin, k=3)
            ids = seen[nearest.ravel()]
            unique, first = np.unique(ids, return_index=True)
            distances.append(
                surface_distance(
                    graph, unique, limit=4.0 * max(opening, 0.05), offsets=offset.ravel()[first]
                )
            )
        to_upper, to_lower = distances
        far = 9.0
        to_upper = np.where(np.isfinite(to_upper), to_upper, far)
        to_lower = np.where(np.isfinite(to_lower), to_lower, far)
        gap_upper, self.at_upper = cKDTree(self.upper).query(points)
        gap_lower, self.at_lower = cKDTree(self.lower).query(points)
        # Surface distance starts at the vertices next to the margin; on the margin itself the
        # straight distance is the truer one.
        to_upper = np.maximum(gap_upper, np.minimum(to_upper, 1.5 * gap_upper + 0.5 * opening))
        to_lower = np.maximum(gap_lower, np.minimum(to_lower, 1.5 * gap_lower + 0.5 * opening))
        blend = 0.15 * opening
        self.upper_share = np.clip(0.5 + (to_lower - to_upper) / blend, 0.0, 1.0)
        self.fade_upper = _fade(to_upper / (REACH_UPPER * opening + 0.02))
        self.fade_lower = _fade(to_lower / (REACH_LOWER * opening + 0.02))

    def _place_probes(self) -> None:
        """Where the lids are kept clear of the eye: vertices, and places inside of the triangles
        that are so large that a round eye would come through between them.

        Skin behind the margin (the lid's inner side) lies against the eye and may stay there.
        """
        shown = self.head.visible[self.region]
        faces = self.skin[shown[self.skin].all(axis=1)]
        corners = self.points[faces]
        edges = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
        self.probe_corners, self.probe_weights = _probe_places(
            faces[edges.max(axis=1) > LARGE_TRIANGLE], np.flatnonzero(shown)
        )
        self.probes = self._at_probes(self.points)
        # How the head was modelled may stay, but not at the edge of the lid, which slides over
        # the eye as it closes.
        self.buried = self._lift_out(self.probes, 0.0)
        edge = np.maximum(
            self.upper_share * self.fade_upper, (1 - self.upper_share) * self.fade_lower
        )
        self.probe_edge = (edge[self.probe_corners] * self.probe_weights).sum(axis=1)

    @cached_property
    def upper_carriers(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Corners and weights (SAMPLES, 3) of the upper lid's skin at its margin."""
        shown = self.skin[self.head.visible[self.region][self.skin].any(axis=1)]
        return carriers_of(self.points, shown, self.upper_share, self.upper)

    def _at_probes(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (K, 3) of the region at the probes: (P, 3)."""
        return (values[self.probe_corners] * self.probe_weights[..., None]).sum(axis=1)

    def sweep(
        self,
        displacement: NDArray[np.float64],
        upper: NDArray[np.float64],
        lower: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """A shape (N, 3) whose margins move by ``upper`` and ``lower`` (SAMPLES, 3) exactly; away
        from them it turns smoothly into ``displacement``.
        """
        share = self.upper_share[:, None]
        fade = share * self.fade_upper[:, None] + (1 - share) * self.fade_lower[:, None]
        swept = share * upper[self.at_upper] + (1 - share) * lower[self.at_lower]
        result = displacement.copy()
        result[self.region] += fade * (swept - displacement[self.region])
        return result

    def close(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """A blink (N, 3) whose lids meet, made out of the transferred one.

        Between its vertices a coarse lid runs straight, so what still shows through after the
        first sweep is closed by lowering the upper lid there.
        """
        up, front = self.rim.axes[1], self.rim.axes[2]
        meeting = (1 - LOWER_SHARE) * self.lower + LOWER_SHARE * self.upper
        meeting = meeting + self._lift_out(meeting, CLEARANCE)[:, None] * front
        height = np.linalg.norm(self.upper - self.lower, axis=1)
        overlap = OVERLAP * self.rim.opening * np.clip(height / self.rim.opening * 4, 0, 1)
        # The corners stay: there the lids meet already.
        inner = np.clip(np.minimum(self.along, 1 - self.along) / 0.04, 0.0, 1.0)[:, None]
        lower = inner * (meeting - self.lower)
        mended = np.zeros((len(self.region), 3))
        for _ in range(MENDING_ROUNDS):
            goal = meeting - overlap[:, None] * up + UPPER_IN_FRONT * front
            blink = self.sweep(displacement, inner * (goal - self.upper), lower)
            blink[self.region] += mended
            blink = self.clear_path(blink)
            leaks = self._leaks(blink, meeting - overlap[:, None] * up)
            if not leaks:
                break
            overlap = overlap + leaks.gap
            mended += leaks.lift[:, None] * front - self._owed(leaks.gap)[:, None] * up
        return blink

    def _owed(self, gap: NDArray[np.float64]) -> NDArray[np.float64]:
        """(K,) how much more than the ``gap`` (SAMPLES,) at its own place a vertex must come down
        for the places that it carries: an edge of a coarse lid spans many, its ends but two.
        """
        corners, weights = self.upper_carriers
        most = np.zeros(len(self.region))
        np.maximum.at(most, corners, np.where(weights > CARRIES, gap[:, None], 0.0))
        return np.maximum(most - gap[self.at_upper], 0.0)

    def shows_through(self, blink: NDArray[np.float64]) -> bool:
        """Whether the eye can be seen from the front past the lids of a blink (N, 3)."""
        return bool(self._leaks(blink, self.lower))

    def _leaks(self, blink: NDArray[np.float64], edge: NDArray[np.float64]) -> Leaks:
        """Where the eye can be seen from the front past the lids of a blink (N, 3).

        ``edge`` (SAMPLES, 3): where the upper margin is meant to be.
        """
        front = self.rim.axes[2]
        origins, start = self._rays()
        skin = RayScene(self.points + blink[self.region], self.skin).cast(origins, -front)
        # Past the margins lies the inside of the socket, which closes nothing.
        outline = np.concatenate([self.upper, self.lower]) @ front
        deepest = float(outline.min()) - 0.5 * self.rim.opening
        covered = skin.found & (start - skin.distance > deepest)
        lift = np.zeros(len(self.region))
        shows = ~covered
        if self.eye is not None:
            depth = np.where(skin.found, skin.distance, 0.0)
            sunk = depth - self.eye.cast(origins, -front).distance
            shows |= covered & (sunk > 0) & (sunk < MAX_LIFT)
            sunk = np.where(shows & covered, sunk + CLEARANCE, 0.0)
            # The least motion of a triangle's corners that raises the place by so much.
            weights = (
                skin.barycentric / np.maximum((skin.barycentric**2).sum(axis=1), 1e-9)[:, None]
            )
            np.maximum.at(lift, self.skin[skin.triangle], sunk[:, None] * weights)
        share = float(shows.mean()) if len(shows) else 0.0
        return Leaks(share, self._gap(origins[~covered], edge), lift)

    def _rays(self) -> tuple[NDArray[np.float64], float]:
        """Origins (R, 3) of rays from the front that fill the opening, and how far in front of the
        head frame's origin they start.
        """
        right, up, front = self.rim.axes
        outline = np.concatenate([self.upper, self.lower])
        x, y = outline @ right, outline @ up
        grid_x, grid_y = np.meshgrid(
            np.linspace(x.min(), x.max(), 72), np.linspace(y.min(), y.max(), 48)
        )
        ray_x, ray_y = grid_x.ravel(), grid_y.ravel()
        order = np.argsort(self.upper @ right)
        top = np.interp(ray_x, (self.upper @ right)[order], (self.upper @ up)[order])
        order_low = np.argsort(self.lower @ right)
        bottom = np.interp(ray_x, (self.lower @ right)[order_low], (self.lower @ up)[order_low])
        inside = (ray_y < top) & (ray_y > bottom)
        start = float((outline @ front).max()) + 1.0
        return ray_x[inside, None] * right + ray_y[inside, None] * up + start * front, start

    def _gap(
        self, uncovered: NDArray[np.float64], edge: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(SAMPLES,) how much further down the upper lid must come, by the origins (R, 3) of rays
        that it doesn't cover.
        """
        gap = np.zeros(SAMPLES)
        if not len(uncovered):
            return gap
        right, up = self.rim.axes[:2]
        nearest = cKDTree((edge @ right)[:, None]).query((uncovered @ right)[:, None])[1]
        np.maximum.at(gap, nearest, np.abs((edge @ up)[nearest] - uncovered @ up) + 0.004)
        gap = np.minimum(maximum_filter1d(gap, 13), 0.35 * self.rim.opening)
        return np.maximum(gap, gaussian_filter1d(gap, 3))

    def _lift_out(self, points: NDArray[np.float64], clearance: float) -> NDArray[np.float64]:
        """(P,) how far forward points must go to lie ``clearance`` before the eye; 0 if they do
        or if no eye lies there.
        """
        if self.eye is None or len(points) == 0:
            return np.zeros(len(points))
        front = self.rim.axes[2]
        hits = self.eye.cast(points + 2.0 * front, np.tile(-front, (len(points), 1)))
        lift = np.where(hits.triangle >= 0, 2.0 - hits.distance + clearance, 0.0)
        return np.where((lift > 0) & (lift < MAX_LIFT + clearance), lift, 0.0)

    def clear_path(
        self, displacement: NDArray[np.float64], amounts: tuple[float, ...] = BLINK_STEPS
    ) -> NDArray[np.float64]:
        """Bulge a shape (N, 3) outwards until its straight path from rest misses the eye.

        A shape key moves each vertex along a line; over a round eye the middle of that line is
        what cuts in, so the end must bulge. What is inside the eye at rest doesn't count.
        """
        if self.eye is None:
            return displacement
        local = displacement[self.region]
        moves = np.abs(local).max(axis=1) > MOVED
        used = np.flatnonzero(moves[self.probe_corners].any(axis=1))
        if len(used) == 0:
            return displacement
        corners, weights = self.probe_corners[used], self.probe_weights[used]
        probes, buried = self.probes[used], self.buried[used]
        moved = (local[corners] * weights[..., None]).sum(axis=1)
        lift = np.zeros(len(used))
        for amount in amounts:
            need = self._lift_out(probes + amount * moved, CLEARANCE)
            lift = np.maximum(
                lift, (need - buried * (1.0 - amount * self.probe_edge[used])) / amount
            )
        lift = np.minimum(lift, MAX_LIFT)
        if not (lift > 0).any():
            return displacement
        field = np.zeros(len(self.region))
        np.maximum.at(field, corners, lift[:, None] * (weights > 0))
        result = displacement.copy()
        result[self.region] += self._spread(field)[:, None] * self.rim.axes[2]
        return result

    def _spread(self, field: NDArray[np.float64]) -> NDArray[np.float64]:
        """Even out a lift (K,) over the neighbours without taking any of it away."""
        result = field.copy()
        for _ in range(4):
            result = np.maximum(field, 0.5 * result + 0.5 * (self.mean @ result))
        return result


def carriers_of(
    points: NDArray[np.float64],
    triangles: NDArray[np.int64],
    share: NDArray[np.float64],
    margin: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Corners and weights (SAMPLES, 3) of the skin that carries a lid's ``margin`` (SAMPLES, 3).

    ``share`` (K,): how much a vertex of ``points`` (K, 3) belongs to that lid. Where the lids
    touch, the nearest skin may be the other's; a triangle of a coarse head may belong to both.
    """
    found = closest(points, triangles, margin)
    corners, weights = found.corners, found.weights
    own = triangles[(share[triangles] > 0.5).all(axis=1)]
    if len(own):
        on_own = closest(points, own, margin)
        near = on_own.distance < found.distance + TOUCHING
        corners = np.where(near[:, None], on_own.corners, corners)
        weights = np.where(near[:, None], on_own.weights, weights)
    return corners, weights


@once_per_head
def lids_of(head: Head) -> dict[str, Lids]:
    """The lids of each eye that has any, by side."""
    return {side: Lids(head, side) for side in EYE_ROLES if side in head.rims}


def _probe_places(
    triangles: NDArray[np.int64], ids: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Places that are kept clear of the eye, as corners (P, 3) and weights (P, 3): the vertices
    ``ids``, and the middles of the triangles and of their edges. Between its corners a flat
    triangle lies deeper than they do on a round eye.
    """
    inside = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [1 / 3, 1 / 3, 1 / 3]])
    corners = np.concatenate([np.repeat(ids[:, None], 3, axis=1), np.repeat(triangles, 4, axis=0)])
    weights = np.concatenate(
        [np.tile([1.0, 0.0, 0.0], (len(ids), 1)), np.tile(inside, (len(triangles), 1))]
    )
    return corners, weights


def _fade(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 up to PLATEAU, 0 from 1 on, with a smooth start and end.

    The edge of the lid moves as one: its thickness must not be squeezed as it closes.
    """
    x = np.clip((x - PLATEAU) / (1.0 - PLATEAU), 0.0, 1.0)
    return (1 - x) ** 2 * (1 + 2 * x)
