# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror symmetry of a head, vertex by vertex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .certificate.symmetry import FACE_CENTRE, FACE_REACH, find_mirror_plane
from .head import Head, Role

SYMMETRIC = 0.005  # IOD; a vertex has a partner when its mirror image lies this close to one
ENOUGH = 0.95  # share of the face that must have partners before a head counts as symmetric
SAMPLES = 2000
# Lips that touch coincide in place but not in direction: normals count as well, softly.
NORMAL_WEIGHT = 0.002

_MIRRORED_ROLE = np.arange(len(Role))
_MIRRORED_ROLE[[Role.EYE_L, Role.EYE_R]] = Role.EYE_R, Role.EYE_L


@dataclass(frozen=True)
class MirrorSymmetry:
    """The plane ``points @ normal == offset`` in the head frame (normal near +X) and the vertex
    on the other side of each vertex, -1 where there is none: ``partner`` (N,).
    """

    normal: NDArray[np.float64]
    offset: float
    partner: NDArray[np.int64]

    def reflect_points(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mirror images of points (..., 3)."""
        return self.reflect_vectors(points) + 2 * self.offset * self.normal

    def reflect_vectors(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mirror images of directions (..., 3)."""
        return vectors - 2 * (vectors @ self.normal)[..., None] * self.normal


def mirror_symmetry(head: Head) -> MirrorSymmetry | None:
    """The symmetry of a head whose face is its own mirror image within SYMMETRIC, else None.

    Partners are nearest vertices in place and normal, of the same role. On a head whose topology
    is symmetric they are mutual; elsewhere a vertex may be the partner of several.
    """
    near = np.linalg.norm(head.vertices - FACE_CENTRE, axis=1) < FACE_REACH
    face = np.flatnonzero(near & head.visible & (head.role == Role.SKIN))
    if len(face) < 10:
        return None
    samples = face[:: max(1, len(face) // SAMPLES)]
    normal, offset = find_mirror_plane(head.vertices[samples])
    symmetry = MirrorSymmetry(normal, offset, np.full(len(head.vertices), -1))
    tree = cKDTree(head.vertices[face])
    images = symmetry.reflect_points(head.vertices[samples])
    if np.mean(tree.query(images, distance_upper_bound=SYMMETRIC)[0] < SYMMETRIC) < ENOUGH:
        return None
    return MirrorSymmetry(normal, offset, _partners(head, symmetry))


def _partners(head: Head, plane: MirrorSymmetry) -> NDArray[np.int64]:
    """Nearest vertex to each mirrored vertex among those of the mirrored role."""
    kind = head.role.astype(np.float64)
    mirrored_kind = _MIRRORED_ROLE[head.role].astype(np.float64)
    here = np.c_[head.vertices, NORMAL_WEIGHT * head.normals, kind, head.lip_side]
    there = np.c_[
        plane.reflect_points(head.vertices),
        NORMAL_WEIGHT * plane.reflect_vectors(head.normals),
        mirrored_kind,
        head.lip_side,
    ]
    distance, partner = cKDTree(here).query(there, distance_upper_bound=SYMMETRIC)
    return np.where(np.isfinite(distance), partner, -1)
