# SPDX-License-Identifier: GPL-3.0-or-later
"""Which side of a surface is its outside, whatever way its polygons were wound.

Files hold heads that are inside out, mirrored parts that are, and patches that are wound both ways.
The rig measures along normals, so it looks for itself which side is seen from outside (after
Takayama et al., "A Simple Method for Correcting Facet Orientations in Polygon Meshes Based on
Ray Casting", JCGT 2014).
"""

from __future__ import annotations

from typing import Final

import igl
import numpy as np
from numpy.typing import NDArray

from .exposure import sphere_directions
from .raycast import RayScene
from .topology import components

DIRECTIONS: Final = 24
RASTER: Final = 64  # rays along a side of what is looked at, for each direction
SEEN: Final = 0.02  # of a piece's votes; with fewer, a patch only peeps out
AHEAD: Final = 0.15  # cosine to the front; from behind, a face without a head is seen from inside


def turn_outwards(vertices: NDArray[np.float64], triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """(M, 3) the triangles, those wound the other way whose back is seen. Head frame.

    Patches that nothing divides are turned as one. One that is hardly seen from the front, as the
    bag behind the lips, is turned with the rest of its piece.
    """
    if not len(triangles):
        return triangles
    wound, patch = igl.bfs_orient(np.ascontiguousarray(triangles, np.int64))
    wound, patch = np.asarray(wound, np.int64), np.asarray(patch, np.int64).ravel()
    piece = components(triangles, len(vertices))[triangles[:, 0]]
    votes = _votes(vertices, wound, patch, piece)
    inside_out = votes < 0.0
    return np.where(inside_out[:, None], wound[:, [0, 2, 1]], wound)


def _votes(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    patch: NDArray[np.int64],
    piece: NDArray[np.int64],
) -> NDArray[np.float64]:
    """(M,) by how many more rays each triangle's patch, or else its piece, is met on its front than
    on its back.
    """
    scene = RayScene(vertices, triangles)
    used = vertices[np.unique(triangles)]
    used = used[np.isfinite(used).all(axis=1)]
    of_triangle = np.zeros(len(triangles))
    if not len(used):
        return of_triangle
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    low, high = used.min(axis=0), used.max(axis=0)
    middle, radius = (low + high) / 2, float(np.linalg.norm(high - low)) / 2 or 1.0
    steps = (np.arange(RASTER) + 0.5) / RASTER * 2 - 1
    across, upwards = (axis.ravel()[:, None] * radius for axis in np.meshgrid(steps, steps))
    directions = sphere_directions(2 * DIRECTIONS)
    for towards in directions[directions[:, 2] > AHEAD]:
        right = np.cross([0.0, 1.0, 0.0], towards)
        right /= np.linalg.norm(right)
        above = np.cross(towards, right)
        origins = middle + 2 * radius * towards + across * right + upwards * above
        hit = scene.cast(origins, -towards).triangle
        hit = hit[hit >= 0]
        of_triangle += np.bincount(hit, np.sign(normals[hit] @ towards), len(of_triangle))
    of_patch = np.bincount(patch, of_triangle)[patch]
    of_piece = np.bincount(piece, of_triangle)[piece]
    return np.where(np.abs(of_patch) < SEEN * np.abs(of_piece), of_piece, of_patch)
