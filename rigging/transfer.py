# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry the template's shapes over to a head.

Deformation transfer (Sumner and Popovic, "Deformation Transfer for Triangle Meshes", SIGGRAPH
2004) in its Poisson form moves them to the bent template; from there each vertex of the head
takes the displacement of the template's surface next to it. All in the head frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from .head import Head, LipSide, Role
from .laplacian import factorise, surface_laplacian
from .registration import Registration
from .surface import Surface
from .template import Template
from .topology import vertex_normals

SURE: Final[float] = 0.35  # confidence from which a vertex takes the template's displacement
MATCH_DISTANCE: Final[float] = 0.05
REGION_EDGE: Final[float] = 0.03  # of a shape's largest motion
FACE_REACH: Final[float] = 2.6
FILL_LENGTH: Final[float] = 0.12  # how fast filled-in motion turns to that of the nearest skin


@dataclass(frozen=True)
class Correspondence:
    """Where each vertex of the head lies on the bent template.

    ``corners`` (N, 3) into the registration's skin, ``weights`` (N, 3), ``confidence`` (N,) 0..1
    (0 for hidden vertices, other parts and whatever lies far off).
    """

    corners: NDArray[np.int64]
    weights: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def pull(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (S, ...) of the bent template at the head's vertices: (N, ...).

        0 where the confidence is 0.
        """
        known = np.flatnonzero(self.confidence > 0)
        take = sparse.csr_matrix(
            (
                self.weights[known].ravel(),
                (np.repeat(known, 3), self.corners[known].ravel()),
            ),
            (len(self.weights), len(values)),
        )
        return (take @ values.reshape(len(values), -1)).reshape(-1, *values.shape[1:])


def correspond(template: Template, head: Head, registration: Registration) -> Correspondence:
    """Match visible skin with the template's visible skin, upper and lower lip kept apart."""
    count = len(head.vertices)
    corners = np.zeros((count, 3), np.int64)
    weights = np.tile([1.0, 0.0, 0.0], (count, 1))
    confidence = np.zeros(count)
    own_visible = template.head.visible[registration.skin]
    own_side = template.head.lip_side[registration.skin]
    shown = own_visible[registration.triangles].all(axis=1)
    normals = vertex_normals(registration.vertices, registration.triangles)
    skin = (head.role == Role.SKIN) & head.visible
    skin &= np.linalg.norm(head.vertices - [0.0, -0.6, -0.3], axis=1) < FACE_REACH + 0.6
    for side, barred in (
        (LipSide.NONE, None),
        (LipSide.UPPER, LipSide.LOWER),
        (LipSide.LOWER, LipSide.UPPER),
    ):
        ids = np.flatnonzero(skin & (head.lip_side == side))
        allowed = shown.copy()
        if barred is not None:
            allowed &= (own_side[registration.triangles] != barred).all(axis=1)
        if len(ids) == 0 or not allowed.any():
            continue
        surface = Surface(registration.vertices, registration.triangles[allowed])
        found = surface.closest(head.vertices[ids])
        corners[ids], weights[ids] = found.corners, found.weights
        normal = found.interpolate(normals)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        facing = (normal * head.normals[ids]).sum(axis=1)
        confidence[ids] = np.exp(-((found.distance / MATCH_DISTANCE) ** 2)) * np.clip(
            1.5 * facing, 0.02, 1.0
        )
    return Correspondence(corners, weights, confidence)


def _triangle_frames(
    vertices: NDArray[np.float64], triangles: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(M, 3, 3) columns: two edges and a normal scaled to their length."""
    a = vertices[triangles[:, 1]] - vertices[triangles[:, 0]]
    b = vertices[triangles[:, 2]] - vertices[triangles[:, 0]]
    normal = np.cross(a, b)
    normal /= np.sqrt(np.linalg.norm(normal, axis=1, keepdims=True)) + 1e-12
    return np.stack([a, b, normal], axis=2)


def _gradient(
    vertices: NDArray[np.float64], triangles: NDArray[np.int64]
) -> tuple[sparse.csr_matrix, NDArray[np.float64]]:
    """Sparse gradient (3M, N), rows axis by axis, and triangle areas (M,)."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    double = np.linalg.norm(normal, axis=1)
    safe = np.maximum(double, 1e-12)
    unit = normal / safe[:, None]
    count = len(triangles)
    rows, columns, values = [], [], []
    for corner, edge in enumerate((c - b, a - c, b - a)):
        slope = np.cross(unit, edge) / safe[:, None]
        slope[double < 1e-12] = 0.0
        for axis in range(3):
            rows.append(np.arange(count) + axis * count)
            columns.append(triangles[:, corner])
            values.append(slope[:, axis])
    matrix = sparse.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        (3 * count, len(vertices)),
    )
    return matrix, double / 2


def transfer_deformations(
    registration: Registration, displacements: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The template's displacements (K, S, 3) on the bent template: (K, S, 3)."""
    triangles, rest, bent = registration.triangles, registration.rest, registration.vertices
    count = len(triangles)
    gradient, areas = _gradient(bent, triangles)
    stack = sparse.diags(np.tile(areas, 3))
    divergence = (gradient.T @ stack).tocsr()
    laplacian, vertex_areas = surface_laplacian(bent, triangles)
    laplacian = (divergence @ gradient).tocsr()
    still = np.abs(displacements).max(axis=(0, 2)) < 1e-3
    mean = float(np.median(laplacian.diagonal()))
    hold = np.where(still, 1.0, 1e-7) * vertex_areas / vertex_areas.mean() * mean
    solver = factorise(laplacian + sparse.diags(hold))
    inverse = np.linalg.inv(_triangle_frames(rest, triangles) + 1e-12 * np.eye(3))
    slope = (gradient @ bent).reshape(3, count, 3).transpose(1, 2, 0)
    right = np.empty((len(rest), 3 * len(displacements)))
    for k, displacement in enumerate(displacements):
        change = _triangle_frames(rest + displacement, triangles) @ inverse - np.eye(3)
        wanted = (change @ slope).transpose(2, 0, 1).reshape(3 * count, 3)
        right[:, 3 * k : 3 * k + 3] = divergence @ wanted
    moved = solver.solve(right).reshape(len(rest), -1, 3).transpose(1, 0, 2)
    return moved * _own_region(displacements)[..., None]


def _own_region(displacements: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K, S) 1 where a shape moves the template, 0 where it doesn't, with a soft edge.

    Gradients alone don't say where a surface stays: solved for positions, a shape of the brows
    would shift the chin a little.
    """
    length = np.linalg.norm(displacements, axis=2)
    share = length / np.maximum(length.max(axis=1, keepdims=True), 1e-9)
    x = np.clip(share / REGION_EDGE, 0.0, 1.0)
    return x * x * (3 - 2 * x)


def pull_shapes(
    head: Head, match: Correspondence, displacements: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Displacements (K, S, 3) of the bent template on the head's skin: (K, N, 3).

    Vertices without a sure match (mouth bag, sockets, folds) are filled in from the skin around
    them; what lies beyond the face stays where it is.
    """
    skin = head.role == Role.SKIN
    pulled = match.pull(np.ascontiguousarray(displacements.transpose(1, 0, 2)))
    pulled[~skin] = 0.0
    far = np.linalg.norm(head.vertices - [0.0, -0.6, -0.3], axis=1) > FACE_REACH
    sure = (match.confidence > SURE) & skin
    pulled[far & ~sure] = 0.0
    known = sure | far
    unknown = skin & ~known
    if not unknown.any() or not sure.any():
        return pulled.transpose(1, 0, 2)
    flat = pulled.reshape(len(pulled), -1)
    flat[unknown] = _of_nearest_skin(head, flat, sure, unknown)
    triangles = head.triangles_of(Role.SKIN)
    triangles = triangles[unknown[triangles].any(axis=1)]
    used = np.unique(triangles)
    index = np.full(len(head.vertices), -1)
    index[used] = np.arange(len(used))
    laplacian, areas = surface_laplacian(head.vertices[used], index[triangles])
    free = unknown[used]
    # Mouth bag, sockets and nostrils are apart from each other, and a shape moves few of them.
    _, piece = connected_components(laplacian[free][:, free], directed=False)
    pieces = np.full(len(used), -1)
    pieces[free] = piece
    held = np.flatnonzero(~free)
    for number in range(int(piece.max()) + 1):
        rows = np.flatnonzero(pieces == number)
        pull = sparse.diags(areas[rows] / FILL_LENGTH**2)
        right = pull @ flat[used[rows]] - laplacian[rows][:, held] @ flat[used[held]]
        moving = np.abs(right).max(axis=0) > 1e-9
        flat[used[rows]] = 0.0
        if moving.any():
            solver = factorise(laplacian[rows][:, rows] + pull)
            flat[np.ix_(used[rows], moving)] = solver.solve(np.asarray(right[:, moving]))
    return flat.reshape(pulled.shape).transpose(1, 0, 2)


def _of_nearest_skin(
    head: Head,
    values: NDArray[np.float64],
    sure: NDArray[np.bool_],
    unknown: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Values of the nearest matched skin for each unknown vertex, upper and lower lip apart.

    The wall of the mouth bag must go where the skin before it goes, or it breaks through when the
    lips move forward.
    """
    ids = np.flatnonzero(unknown)
    result = np.zeros((len(ids), values.shape[1]))
    for side, barred in (
        (LipSide.NONE, -1),
        (LipSide.UPPER, LipSide.LOWER),
        (LipSide.LOWER, LipSide.UPPER),
    ):
        mine = head.lip_side[ids] == side
        sources = np.flatnonzero(sure & (head.lip_side != barred))
        if not mine.any() or len(sources) == 0:
            continue
        distance, nearest = cKDTree(head.vertices[sources]).query(
            head.vertices[ids[mine]], k=min(3, len(sources))
        )
        distance, nearest = distance.reshape(mine.sum(), -1), nearest.reshape(mine.sum(), -1)
        weight = 1.0 / (distance + 1e-3)
        weight /= weight.sum(axis=1, keepdims=True)
        # Deep inside (the far end of the bag, the back of a socket) nothing needs to move.
        depth = np.exp(-((np.maximum(distance[:, :1] - 0.35, 0.0) / 0.25) ** 2))
        result[mine] = depth * (values[sources[nearest]] * weight[..., None]).sum(axis=1)
    return result
