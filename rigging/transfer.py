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
from .topology import all_corners, any_corner, vertex_normals

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

    def rows(self, vertices: NDArray[np.int64], count: int) -> sparse.csr_matrix:
        """(P, count) takes values of the bent template's ``count`` vertices to P of the head's."""
        start = np.arange(0, 3 * len(vertices) + 1, 3)
        return sparse.csr_matrix(
            (self.weights[vertices].ravel(), self.corners[vertices].ravel(), start),
            (len(vertices), count),
        )

    def pull(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (S,) of the bent template at the head's vertices: (N,); 0 where the confidence
        is 0.
        """
        known = np.flatnonzero(self.confidence > 0)
        pulled = np.zeros(len(self.weights))
        pulled[known] = self.rows(known, len(values)) @ values
        return pulled


def correspond(template: Template, head: Head, registration: Registration) -> Correspondence:
    """Match visible skin with the template's visible skin, upper and lower lip kept apart."""
    count = len(head.vertices)
    corners = np.zeros((count, 3), np.int64)
    weights = np.tile([1.0, 0.0, 0.0], (count, 1))
    confidence = np.zeros(count)
    own_visible = template.head.visible[registration.skin]
    own_side = template.head.lip_side[registration.skin]
    shown = all_corners(own_visible, registration.triangles)
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
            allowed &= all_corners(own_side != barred, registration.triangles)
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
        active = np.flatnonzero(any_corner(displacement.any(axis=1), triangles))
        posed = _triangle_frames(rest + displacement, triangles[active])
        wanted = np.zeros((3, count, 3))
        wanted[:, active] = ((posed @ inverse[active] - np.eye(3)) @ slope[active]).transpose(
            2, 0, 1
        )
        right[:, 3 * k : 3 * k + 3] = divergence @ wanted.reshape(3 * count, 3)
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
    near = np.linalg.norm(head.vertices - [0.0, -0.6, -0.3], axis=1) <= FACE_REACH
    sure = skin & (match.confidence > SURE)
    if not sure.any():
        sure = skin & near & (match.confidence > 0.0)
    unknown = np.flatnonzero(skin & near & ~sure)
    known = np.flatnonzero(sure)
    take = match.rows(known, displacements.shape[1])
    result = np.zeros((len(displacements), len(skin), 3))
    for shape, displacement in zip(result, displacements, strict=True):
        shape[known] = take @ displacement
    if len(unknown) and len(known):
        inner = _nearest_skin(head, known, unknown)
        values = displacements.transpose(1, 0, 2).reshape(displacements.shape[1], -1)
        guess = (inner @ take) @ values
        filled = _smooth_over(head, result, guess, unknown)
        result[:, unknown] = filled.reshape(len(unknown), -1, 3).transpose(1, 0, 2)
    return result


def _smooth_over(
    head: Head,
    known: NDArray[np.float64],
    guess: NDArray[np.float64],
    unknown: NDArray[np.int64],
) -> NDArray[np.float64]:
    """The ``guess`` (U, 3 K) for the skin vertices ``unknown`` (U,), evened out with the skin
    around them, whose displacements are ``known`` (K, N, 3): within FILL_LENGTH those decide.
    """
    number = np.full(len(head.vertices), -1)
    number[unknown] = np.arange(len(unknown))
    triangles = head.triangles_of(Role.SKIN)
    triangles = triangles[any_corner(number >= 0, triangles)]
    border = np.zeros(len(head.vertices), bool)
    border[triangles] = True
    border &= number < 0
    held = np.flatnonzero(border)
    number[held] = len(unknown) + np.arange(len(held))
    laplacian, areas = surface_laplacian(
        head.vertices[np.concatenate([unknown, held])], number[triangles]
    )
    laplacian, areas = laplacian[: len(unknown)], areas[: len(unknown)]
    inside, outwards = laplacian[:, : len(unknown)], laplacian[:, len(unknown) :]
    pull = areas / FILL_LENGTH**2
    right = pull[:, None] * guess - outwards @ known[:, held].transpose(1, 0, 2).reshape(
        len(held), -1
    )
    system = (inside + sparse.diags(pull)).tocsr()
    filled = np.zeros_like(guess)
    # Mouth bag, sockets and nostrils are apart from each other, and a shape moves few of them.
    _, piece = connected_components(inside, directed=False)
    order = np.argsort(piece, kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(piece))[:-1]):
        own = right[rows]
        moving = np.abs(own).max(axis=0) > 1e-9
        if moving.any():
            solver = factorise(system[rows][:, rows])
            filled[np.ix_(rows, moving)] = solver.solve(own[:, moving])
    return filled


def _nearest_skin(
    head: Head, known: NDArray[np.int64], unknown: NDArray[np.int64]
) -> sparse.csr_matrix:
    """(U, V) what the vertices ``unknown`` (U,) take from those ``known`` (V,) next to them, upper
    and lower lip apart.

    The wall of the mouth bag must go where the skin before it goes, or it breaks through when the
    lips move forward.
    """
    rows, columns, shares = [], [], []
    for side, barred in (
        (LipSide.NONE, -1),
        (LipSide.UPPER, LipSide.LOWER),
        (LipSide.LOWER, LipSide.UPPER),
    ):
        mine = np.flatnonzero(head.lip_side[unknown] == side)
        allowed = np.flatnonzero(head.lip_side[known] != barred)
        if len(mine) == 0 or len(allowed) == 0:
            continue
        neighbours = min(3, len(allowed))
        # Compact nodes make queries from far away several times slower.
        tree = cKDTree(head.vertices[known[allowed]], compact_nodes=False)
        distance, nearest = tree.query(
            head.vertices[unknown[mine]], k=np.arange(1, neighbours + 1), workers=-1
        )
        share = 1.0 / (distance + 1e-3)
        share /= share.sum(axis=1, keepdims=True)
        # Deep inside (the far end of the bag, the back of a socket) nothing needs to move.
        share *= np.exp(-((np.maximum(distance[:, :1] - 0.35, 0.0) / 0.25) ** 2))
        rows.append(np.repeat(mine, neighbours))
        columns.append(allowed[nearest].ravel())
        shares.append(share.ravel())
    return sparse.csr_matrix(
        (np.concatenate(shares), (np.concatenate(rows), np.concatenate(columns))),
        (len(unknown), len(known)),
    )
