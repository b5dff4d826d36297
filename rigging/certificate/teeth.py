# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether teeth that lie behind lips and cheeks stay there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..data import Metric
from ..head import Head, Role
from ..surface import ClosestPoints, Surface, touching
from ..topology import compact, vertex_normals
from .report import judged, not_measurable, place_of
from .skin import ExposedSkin, poses

Floats = NDArray[np.float64]

NAME = "teeth through skin"
LIMIT = 1.0  # % IOD
BEHIND = 0.002  # IOD; teeth that lie less far before the skin at rest count as behind it
MOST_TEETH = 800  # vertices of them that are looked at
AROUND = 0.3  # IOD; skin further from the teeth's box is left out
NEAR = 0.8  # of its room must a tooth move against the skin next to it, to be looked at


@dataclass(frozen=True)
class Pierced:
    """K vertices of teeth before the skin, in a pose: ``depth`` (K,) IOD; ``corners`` (K, 3) of the
    skin's triangle next to each, into the exposed skin, ``points`` (K, 3) on it, and ``normals``.
    """

    depth: Floats
    corners: NDArray[np.int64]
    points: Floats
    normals: Floats


class TeethFinder:
    """Finds the teeth that come through in any number of poses of one head."""

    def __init__(self, head: Head, skin: ExposedSkin) -> None:
        self._skin, self._at_rest = skin, head.vertices
        teeth = np.flatnonzero(np.isin(head.role, (Role.TEETH_UPPER, Role.TEETH_LOWER)))
        self._teeth = teeth[:: -(-len(teeth) // MOST_TEETH) or 1]
        # What lies at the mouth's opening may well be seen.
        near = skin.triangles[~skin.near_lips[skin.triangles].any(axis=1)]
        if len(teeth):
            box = head.vertices[teeth]
            low, high = box.min(axis=0) - AROUND, box.max(axis=0) + AROUND
            near = near[touching(skin.points, near, low, high)]
        self._index, self._triangles = compact(near, len(skin.points))
        if not len(teeth) or not len(near):
            self._teeth = teeth[:0]
            return
        found, height, _ = self._heights(head.vertices, self._teeth)
        behind = height < BEHIND
        self._teeth, self._room = self._teeth[behind], np.maximum(-height[behind], 0.0)
        self._corners = skin.index[self._index[found.corners[behind]]]
        self._weights = found.weights[behind]

    def __call__(self, pose: Floats) -> Pierced:
        """The teeth that come through the skin in a pose (N, 3) of the head."""
        suspects = self._suspects(pose) if self.any else self._teeth
        if not len(suspects):
            none = np.zeros((0, 3))
            return Pierced(np.zeros(0), none.astype(np.int64), none, none)
        found, height, normals = self._heights(self._at_rest + pose, suspects)
        out = height > BEHIND
        corners = self._index[found.corners[out]]
        return Pierced(height[out], corners, found.points[out], normals[out])

    @property
    def any(self) -> bool:
        """Whether there are teeth behind skin at all."""
        return len(self._teeth) > 0

    def _suspects(self, pose: Floats) -> NDArray[np.int64]:
        beside = np.einsum("ij,ijk->ik", self._weights, pose[self._corners])
        against = np.linalg.norm(pose[self._teeth] - beside, axis=1)
        return self._teeth[against > NEAR * self._room]

    def _heights(
        self, vertices: Floats, teeth: NDArray[np.int64]
    ) -> tuple[ClosestPoints, Floats, Floats]:
        """What skin is next to each of the teeth, how far they lie before it, and its normals."""
        points = vertices[self._skin.index[self._index]]
        found = Surface(points, self._triangles).closest(vertices[teeth])
        normals = found.interpolate(vertex_normals(points, self._triangles))
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        return found, np.einsum("ij,ij->i", vertices[teeth] - found.points, normals), normals


def measure_teeth(head: Head, skin: ExposedSkin, shapes: dict[str, Floats]) -> Metric:
    """How far teeth that lie behind the skin at rest come through it in a pose of shapes (N, 3)."""
    if head.seam is None:  # what looks like teeth, then, is drawn on, or never seen
        return not_measurable(NAME, LIMIT, "% IOD", "The lips can't part on this head.")
    find = TeethFinder(head, skin)
    if not find.any:
        return not_measurable(NAME, LIMIT, "% IOD", "There are no teeth behind the skin.")
    deepest, place = 0.0, ""
    for name, pose in poses(shapes):
        pierced = find(pose)
        if len(pierced.depth) and pierced.depth.max() > deepest:
            deepest = float(pierced.depth.max())
            place = place_of(head, name, pierced.points[pierced.depth.argmax()])
    return judged(NAME, 100 * deepest, LIMIT, "% IOD", place)
