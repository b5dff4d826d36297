# SPDX-License-Identifier: GPL-3.0-or-later
"""From a surface as it was to the same surface after an edit: points, displacements, and how far
the two are apart.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .similarity import Similarity, fit_similarity
from .surface import ClosestPoints, Surface, barycentric

# Shares of the inter-ocular distance. Nearer than _SAME the surfaces count as one that was not
# moved as a whole; motion is carried no farther than _REACH; the surface around a point is what
# lies within _AROUND, and where it moved by more than _TRUSTED, what was carried is not trusted.
_SAME = 0.01
_REACH = 0.25
_AROUND = 0.2
_TRUSTED = 0.04

_SAMPLES = 1500
_ROUNDS = 30
_KEPT_SHARE = 0.8  # what was edited or deleted is left out of the alignment
_CANDIDATES = 24


@dataclass(frozen=True)
class CarriedPoints:
    """``points`` (P, 3) on the new surface. ``residual`` (P,): how far it is from where the aligned
    old one had them; ``safe`` (P,): whether the surface around them is still there.
    """

    points: NDArray[np.float64]
    residual: NDArray[np.float64]
    safe: NDArray[np.bool_]


class SurfaceCarry:
    """Carries from an old surface (V, 3), (T, 3) to a new one of another topology.

    ``unit``: the inter-ocular distance on the old one. ``box`` (2, 3): around all of the old mesh,
    of which the surface may be a piece. ``own`` (V,): which of the old object's own vertices each
    is, or -1. ``source`` (M,): which of the new ones each of the new object's own is, or -1.
    ``count``: how many own vertices the old object had. ``slack``: (M,) by how much a carried
    displacement may be off, and by which share of its length: hardly where an old vertex is, more
    between them, where Blender interpolates by other rules.
    """

    def __init__(
        self,
        old: tuple[NDArray[np.float64], NDArray[np.int64]],
        new: tuple[NDArray[np.float64], NDArray[np.int64]],
        unit: float,
        box: NDArray[np.float64],
        own: NDArray[np.int64],
        source: NDArray[np.int64],
        count: int,
    ) -> None:
        self.count = count
        self._new = Surface(*new)
        self._own = own
        self.alignment = align(old[0], self._new, unit, box)
        self.unit = unit * self.alignment.scale
        self._old = Surface(self.alignment(old[0]), old[1])
        self._gap = self._new.closest(self._old.vertices).distance
        self._tree = cKDTree(self._old.vertices)
        mine = np.maximum(source, 0)
        found = closest_facing(self._old, new[0][mine], vertex_normals(*new)[mine])
        near = (found.distance < _REACH * self.unit) & (source >= 0)
        self._corners, self._weights = found.corners, found.weights * near[:, None]
        stays = (found.weights.max(axis=1) > 0.99) & (found.distance < 1e-4 * self.unit)
        self._stays = stays
        self.slack = (np.where(stays, 4e-4, 4e-3) * self.unit, np.where(stays, 0.02, 0.1))

    def vectors(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 3) displacements of the old vertices -> (M, 3) of the new ones."""
        kept = np.where((self._own >= 0)[:, None], values[np.maximum(self._own, 0)], 0.0)
        turned = self.alignment.scale * kept @ self.alignment.rotation.T
        return (turned[self._corners] * self._weights[:, :, None]).sum(axis=1)

    def credible(self, differs: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of the new vertices (M,) that seem to differ from what was carried really do: those
        between old vertices that are still there, and as they were, only follow another rule.
        """
        rows = np.flatnonzero(self._stays)
        old = self._corners[rows, self._weights[rows].argmax(axis=1)]
        may_differ = np.ones(len(self._old.vertices), dtype=bool)
        may_differ[old] = differs[rows]
        return differs & (self._stays | may_differ[self._corners].any(axis=1))

    def points(self, points: NDArray[np.float64]) -> CarriedPoints:
        """Points (P, 3) on or near the old surface, before its alignment."""
        moved = self.alignment(points)
        at_old = self._old.closest(moved)
        normals = triangle_normals(self._old.vertices, self._old.triangles)[at_old.triangle]
        found = closest_facing(self._new, at_old.points, normals)
        around = self._tree.query_ball_point(at_old.points, _AROUND * self.unit)
        gaps = np.array([self._gap[rows].mean() if rows else 0.0 for rows in around])
        limit = _TRUSTED * self.unit
        safe = (found.distance <= limit) & (gaps <= limit)
        return CarriedPoints(found.points + (moved - at_old.points), found.distance, safe)


def on_same_topology(
    old: tuple[NDArray[np.float64], NDArray[np.int64]],
    vertices: NDArray[np.float64],
    points: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Points (P, 3) of an old surface where its vertices are now at ``vertices`` (V, 3)."""
    found = Surface(*old).closest(points)
    turn = fit_similarity(old[0], vertices)
    away = turn.scale * (points - found.points) @ turn.rotation.T
    return found.interpolate(vertices) + away


def align(
    old: NDArray[np.float64], new: Surface, unit: float, box: NDArray[np.float64]
) -> Similarity:
    """The similarity that takes the old vertices (V, 3) on to the new surface.

    None, if they are on it already but for what was edited; else trimmed iterative closest points
    (Chetverikov and others, 2005) from where they are and from the box of all.
    """
    samples = old[:: max(1, len(old) // _SAMPLES)]
    still = Similarity(1.0, np.eye(3), np.zeros(3))
    if _trimmed(new.closest(samples).distance).mean() <= _SAME * unit:
        return still
    low, high = new.vertices.min(axis=0), new.vertices.max(axis=0)
    scale = float(np.linalg.norm(high - low)) / max(float(np.linalg.norm(box[1] - box[0])), 1e-12)
    boxes = Similarity(scale, np.eye(3), (low + high) / 2 - scale * box.mean(axis=0))
    tried = [_closest_points(samples, new, start) for start in (still, boxes)]
    return min(tried, key=_error_of)[1]


def _error_of(tried: tuple[float, Similarity]) -> float:
    return tried[0]


def _closest_points(
    samples: NDArray[np.float64], new: Surface, fit: Similarity
) -> tuple[float, Similarity]:
    """Mean distance of the samples that fit best, in the samples' own units, and the fit."""
    least, best = float("inf"), fit
    for _ in range(_ROUNDS):
        found = new.closest(fit(samples))
        limit = np.quantile(found.distance, _KEPT_SHARE)
        error = float(_trimmed(found.distance).mean()) / max(fit.scale, 1e-12)
        if error < least:
            least, best = error, fit
        kept = found.distance <= limit
        fit = fit_similarity(samples[kept], found.points[kept])
    return least, best


def _trimmed(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sort(distance)[: max(1, int(_KEPT_SHARE * len(distance)))]


def closest_facing(
    surface: Surface, points: NDArray[np.float64], normals: NDArray[np.float64]
) -> ClosestPoints:
    """The closest points of a surface that faces as ``normals`` (P, 3) do: on a shut mouth the
    other lip is as near as the lip itself.
    """
    found = surface.closest(points)
    faces = triangle_normals(surface.vertices, surface.triangles)
    # In a fold, a triangle may face away from the normal of its own vertex.
    smooth = found.interpolate(vertex_normals(surface.vertices, surface.triangles))
    away = (np.stack([faces[found.triangle], smooth]) * normals).sum(axis=2) < 0.0
    wrong = np.flatnonzero(away.all(axis=0))
    if len(wrong) == 0:
        return found
    middles = surface.vertices[surface.triangles].mean(axis=1)
    count = min(_CANDIDATES, len(middles))
    near = np.atleast_2d(cKDTree(middles).query(points[wrong], k=count)[1].reshape(-1, count))
    agrees = np.einsum("pkc,pc->pk", faces[near], normals[wrong]) > 0.0
    has = agrees.any(axis=1)
    rows = wrong[has]
    chosen = near[has, agrees[has].argmax(axis=1)]
    corners = surface.triangles[chosen]
    weights = barycentric(points[rows], *(surface.vertices[corners[:, k]] for k in range(3)))
    places = (surface.vertices[corners] * weights[:, :, None]).sum(axis=1)
    result = copy.deepcopy(found)
    result.triangle[rows], result.corners[rows], result.weights[rows] = chosen, corners, weights
    result.points[rows] = places
    result.distance[rows] = np.linalg.norm(points[rows] - places, axis=1)
    return result


def triangle_normals(
    vertices: NDArray[np.float64], triangles: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(T, 3) normals as long as twice the triangles' areas."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    return np.cross(b - a, c - a)


def vertex_normals(
    vertices: NDArray[np.float64], triangles: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(V, 3) normals, weighted by area, of any length."""
    faces = triangle_normals(vertices, triangles)
    normals = np.zeros_like(vertices)
    for corner in range(3):
        for axis in range(3):
            normals[:, axis] += np.bincount(
                triangles[:, corner], faces[:, axis], minlength=len(vertices)
            )
    return normals
