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
from .search_views import Y_UP, camera_axes
from .views import Camera

DIRECTIONS: Final = 24
RASTER: Final = 64  # rays along a side of what is looked at, for each direction
SEEN: Final = 0.02  # of a piece's votes; with fewer, a patch only peeps out
AHEAD: Final = 0.15  # cosine to the front; from behind, a face without a head is seen from inside


def turn_outwards(
    vertices: NDArray[np.float64], triangles: NDArray[np.int64], component: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(M, 3) the triangles, those wound the other way whose back is seen. Head frame.

    ``component`` (N,): the connected piece of each vertex. Patches that nothing divides are turned
    as one. One that is hardly seen from the front, as the bag behind the lips, is turned with the
    rest of its piece.
    """
    if not len(triangles):
        return triangles
    wound, patch = igl.bfs_orient(np.ascontiguousarray(triangles, np.int64))
    wound, patch = np.asarray(wound, np.int64), np.asarray(patch, np.int64).ravel()
    piece, votes = component[triangles[:, 0]], _votes(vertices, wound)
    of_patch, of_piece = (np.bincount(group, votes)[group] for group in (patch, piece))
    votes = np.where(np.abs(of_patch) < SEEN * np.abs(of_piece), of_piece, of_patch)
    return np.where((votes < 0.0)[:, None], wound[:, [0, 2, 1]], wound)


def _votes(vertices: NDArray[np.float64], triangles: NDArray[np.int64]) -> NDArray[np.float64]:
    """(M,) by how many more rays from the front each triangle is met on its front than its back."""
    scene = RayScene(vertices, triangles)
    used = vertices[np.unique(triangles)]
    used = used[np.isfinite(used).all(axis=1)]
    votes = np.zeros(len(triangles))
    if not len(used):
        return votes
    low, high = used.min(axis=0), used.max(axis=0)
    size = float(np.linalg.norm(high - low)) or 1.0
    directions = sphere_directions(2 * DIRECTIONS)
    for towards in directions[directions[:, 2] > AHEAD]:
        axes = camera_axes(towards, Y_UP)
        camera = Camera((low + high) / 2, axes, size, RASTER, distance=0.0)
        hit = scene.cast(*camera.rays()).triangle
        hit = hit[hit >= 0]
        facing = np.sign(scene.triangle_normals[hit] @ towards)
        votes += np.bincount(hit, facing, len(votes))
    return votes
