# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether each left shape of a symmetric head is the mirror image of the right one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ...vocabulary import mirror_shape
from ..data import Metric
from ..head import Head
from ..surface import closest
from .report import judged, not_measurable
from .skin import ExposedSkin

SYMMETRY_LIMIT = 1.0  # % IOD
SYMMETRIC_HEAD = 0.25  # % IOD, mean distance of the mirrored face from the face
SAMPLES = 3000
NEIGHBOURS = 8
STEPS = 12
TRIMMED = 0.8  # share of the points that the mirror plane must fit
FACE_CENTRE = np.array([0.0, -0.5, 0.2])
FACE_REACH = 1.4  # IOD; ears and hair don't make a face asymmetric


def measure_symmetry(
    head: Head, skin: ExposedSkin, shapes: dict[str, NDArray[np.float64]]
) -> Metric:
    """Worst pair of shapes: mean distance between one and the other's mirror image."""
    mirror = MirroredFace(head, skin)
    if mirror.residual > SYMMETRIC_HEAD:
        reason = f"The face itself is not symmetric (it differs by {mirror.residual:.1f} % IOD)."
        return not_measurable("symmetry", SYMMETRY_LIMIT, "% IOD", reason)
    worst, place = 0.0, ""
    for name, displacement in shapes.items():
        other = mirror_shape(name)
        if other not in shapes or other < name:
            continue
        error = mirror.difference(displacement, shapes[other])
        if error > worst:
            worst, place = error, name if name == other else f"{name} and {other}"
    return judged("symmetry", worst, SYMMETRY_LIMIT, "% IOD", place)


class MirroredFace:
    """Samples of the face, each with the place on the skin where its mirror image lies.

    ``residual``: mean distance of the mirrored samples from the skin, % IOD.
    """

    def __init__(self, head: Head, skin: ExposedSkin) -> None:
        near = np.flatnonzero(np.linalg.norm(skin.points - FACE_CENTRE, axis=1) < FACE_REACH)
        samples = near[:: max(1, len(near) // SAMPLES)]
        self._normal, self._offset = find_mirror_plane(skin.points[samples])
        mirrored = self._reflect(skin.points[samples]) + 2 * self._offset * self._normal
        images = closest(skin.points, skin.triangles, mirrored)
        self.residual = 100 * float(images.distance.mean())
        # Lips touch: the nearest skin to a mirrored upper lip may be the lower one.
        normals, sides = head.normals[skin.index], head.lip_side[skin.index]
        facing = np.einsum("ij,ij->i", images.interpolate(normals), self._reflect(normals[samples]))
        nearest = images.corners[np.arange(len(samples)), images.weights.argmax(axis=1)]
        same = (facing > 0.5) & (sides[nearest] == sides[samples])
        self._samples = skin.index[samples[same]]
        self._corners, self._weights = skin.index[images.corners[same]], images.weights[same]

    def _reflect(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        return vectors - 2 * (vectors @ self._normal)[:, None] * self._normal

    def difference(self, one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
        """Mean distance, % IOD, between ``one`` (N, 3) mirrored and ``other`` (N, 3), shapes of the
        head, where either moves by more than a tenth of its largest motion.
        """
        here = self._reflect(one[self._samples])
        there = (other[self._corners] * self._weights[..., None]).sum(axis=1)
        motion = np.maximum(np.linalg.norm(here, axis=1), np.linalg.norm(there, axis=1))
        moved = motion > 0.1 * motion.max(initial=0.0)
        if not moved.any():
            return 0.0
        return 100 * float(np.linalg.norm(here - there, axis=1)[moved].mean())


def find_mirror_plane(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """(unit normal, offset) of the plane that mirrors points (N, 3) of a surface onto it best.

    Starts at the head frame's own mirror plane, which landmarks place within a few degrees, and
    refines it by the point-to-plane distance of mirrored points (Chen and Medioni 1992): faces
    are smooth, and matching points to points would stick where it starts.
    """
    normal, offset = np.array([1.0, 0.0, 0.0]), 0.0
    if len(points) < NEIGHBOURS:
        return normal, offset
    tree = cKDTree(points)
    surface_normals = _surface_normals(points, tree)
    for _ in range(STEPS):
        signed = points @ normal - offset
        mirrored = points - 2 * signed[:, None] * normal
        distance, match = tree.query(mirrored)
        keep = distance <= np.quantile(distance, TRIMMED)
        facing = surface_normals[match[keep]]
        apart = np.einsum("ij,ij->i", mirrored[keep] - points[match[keep]], facing)
        turns = np.linalg.svd(normal[None])[2][1:]  # two directions in which the normal can turn
        along = facing @ normal
        columns = [
            -2 * ((points[keep] @ turn) * along + signed[keep] * (facing @ turn)) for turn in turns
        ]
        change = np.linalg.lstsq(np.stack([*columns, 2 * along], axis=1), -apart, rcond=1e-6)[0]
        normal = normal + change[:2] @ turns
        length = float(np.linalg.norm(normal))
        normal, offset = normal / length, (offset + float(change[2])) / length
    return normal, offset


def _surface_normals(points: NDArray[np.float64], tree: cKDTree) -> NDArray[np.float64]:
    """(N, 3) normals of the surface that points sample, up to their sign."""
    _, near = tree.query(points, k=NEIGHBOURS)
    around = points[near] - points[near].mean(axis=1, keepdims=True)
    _, vectors = np.linalg.eigh(np.einsum("nki,nkj->nij", around, around))
    return vectors[:, :, 0]
