# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror symmetry of a head: its plane, vertex by vertex, and all over its skin."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from .certificate.symmetry import FACE_CENTRE, FACE_REACH, SYMMETRIC_HEAD, find_mirror_plane
from .data import FaceLandmarks, HeadFrame
from .head import Eyeball, Head, LidRim, LipSeam, LipSide, Role, once_per_head
from .landmarks import PLACED
from .surface import Surface

# IOD, mean distance of a symmetric face from its mirror image; a little more than what the
# certificate takes for symmetric.
SYMMETRIC_FACE = 0.012 * SYMMETRIC_HEAD
SAME_PLACE = 0.005  # IOD; a vertex has a partner when its mirror image lies this close to one
IMAGE_REACH = 0.02  # IOD; skin further from its mirror image than this has none
FACING = 0.3  # cosine between a mirrored normal and that of the skin it meets
SAMPLES = 2000
# Lips that touch coincide in place but not in direction: normals count as well, softly.
NORMAL_WEIGHT = 0.002

_MIRRORED_ROLE = np.arange(len(Role))
_MIRRORED_ROLE[[Role.EYE_L, Role.EYE_R]] = Role.EYE_R, Role.EYE_L


@dataclass(frozen=True)
class MirrorPlane:
    """The plane ``points @ normal == offset`` in the head frame (normal near +X)."""

    normal: NDArray[np.float64]
    offset: float

    def reflect_points(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mirror images of points (..., 3)."""
        return self.reflect_vectors(points) + 2 * self.offset * self.normal

    def reflect_vectors(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mirror images of directions (..., 3)."""
        return vectors @ (np.eye(3) - 2 * np.outer(self.normal, self.normal))


@once_per_head
def mirror_plane(head: Head) -> MirrorPlane | None:
    """The mirror plane of a head whose face is its own mirror image, else None.

    The surfaces are compared, so the two sides may be meshed differently.
    """
    skin = (head.role == Role.SKIN) & head.visible
    near = np.linalg.norm(head.vertices - FACE_CENTRE, axis=1) < FACE_REACH + 0.02
    face = np.flatnonzero(skin & (np.linalg.norm(head.vertices - FACE_CENTRE, axis=1) < FACE_REACH))
    triangles = head.triangles[(skin & near)[head.triangles].any(axis=1)]
    if len(face) < 10 or len(triangles) == 0:
        return None
    samples = head.vertices[face[:: max(1, len(face) // SAMPLES)]]
    plane = MirrorPlane(*find_mirror_plane(samples))
    images = Surface(head.vertices, triangles).closest(plane.reflect_points(samples))
    return plane if images.distance.mean() < SYMMETRIC_FACE else None


def partners(head: Head, plane: MirrorPlane) -> NDArray[np.int64]:
    """(N,) the vertex at the mirror image of each vertex, -1 where there is none.

    It is the nearest one in place and normal, of the mirrored role. On a head whose topology is
    symmetric partners are mutual; elsewhere a vertex may be the partner of several.
    """
    kind = head.role.astype(np.float64)
    mirrored_kind = _MIRRORED_ROLE[head.role].astype(np.float64)
    here = np.c_[head.vertices, NORMAL_WEIGHT * head.normals, kind, head.lip_side]
    there = np.c_[
        plane.reflect_points(head.vertices),
        NORMAL_WEIGHT * plane.reflect_vectors(head.normals),
        mirrored_kind,
        head.lip_side,
    ]
    distance, partner = cKDTree(here).query(there, distance_upper_bound=SAME_PLACE)
    return np.where(np.isfinite(distance), partner, -1)


class MirroredSkin:
    """Where the skin of a symmetric head has its own mirror image.

    ``ids`` (K,) the skin vertices that have one; ``take`` (K, N) interpolates values of the
    vertices at those images.
    """

    def __init__(self, head: Head, plane: MirrorPlane) -> None:
        self.plane = plane
        count = len(head.vertices)
        corners, weights = np.zeros((count, 3), np.int64), np.zeros((count, 3))
        skin = head.triangles_of(Role.SKIN)
        images = plane.reflect_points(head.vertices)
        directions = plane.reflect_vectors(head.normals)
        used = np.zeros(count, bool)
        used[skin] = True
        # Lips touch, so that the nearest skin to the image of one may be the other's.
        for side in LipSide:
            ids = np.flatnonzero(used & (head.lip_side == side))
            own = skin[(head.lip_side[skin] == side).any(axis=1)]
            if len(ids) == 0 or len(own) == 0:
                continue
            found = Surface(head.vertices, own).closest(images[ids])
            facing = np.einsum("ij,ij->i", found.interpolate(head.normals), directions[ids])
            good = (found.distance < IMAGE_REACH) & (facing > FACING)
            corners[ids[good]], weights[ids[good]] = found.corners[good], found.weights[good]
        self.ids = np.flatnonzero(weights.any(axis=1))
        rows = np.repeat(np.arange(len(self.ids)), 3)
        self.take = csr_matrix(
            (weights[self.ids].ravel(), (rows, corners[self.ids].ravel())), (len(self.ids), count)
        )

    def image(self, shape: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mirror image of a shape (N, 3); nothing where skin has no image."""
        result = np.zeros_like(shape)
        result[self.ids] = self.plane.reflect_vectors(self.take @ shape)
        return result

    def mean(
        self, shape: NDArray[np.float64], counterpart: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """A shape (N, 3) averaged with the mirror image of its counterpart (N, 3).

        Skin without an image keeps its own motion.
        """
        result = shape.copy()
        result[self.ids] = 0.5 * (shape[self.ids] + self.image(counterpart)[self.ids])
        return result


@once_per_head
def mirrored_skin(head: Head) -> MirroredSkin | None:
    """Where the skin of a head has its own mirror image; None on a head that isn't symmetric."""
    plane = mirror_plane(head)
    return None if plane is None else MirroredSkin(head, plane)


def even_out(head: Head) -> Head:
    """A symmetric head with both sides seen alike, and x = 0 as its mirror plane.

    Lid margins, lip seam, eyeballs and automatic landmarks are found on a raster and each side
    by itself; the smallest difference would show as two eyes that shut differently. What the
    artist has placed stays. An asymmetric head stays as it is.
    """
    plane = mirror_plane(head)
    if plane is None:
        return head
    rims, seam, balls = head.rims, head.seam, head.eyeballs
    if len(rims) == 2:
        rims = {side: _mean_rim(rims[side], rims[_OTHER[side]], plane) for side in rims}
    if seam is not None:
        seam = LipSeam(
            *((line + plane.reflect_points(line)[::-1]) / 2 for line in (seam.upper, seam.lower))
        )
    if len(balls) == 2 and all(ball.radius > 0 for ball in balls.values()):
        balls = {side: _mean_ball(balls[side], balls[_OTHER[side]], plane) for side in balls}
    landmarks = _mean_landmarks(head.landmarks, head.frame, plane)
    return _face_forward(
        replace(head, rims=rims, seam=seam, eyeballs=balls, landmarks=landmarks).keep(head.scene),
        plane,
    )


_OTHER = {"L": "R", "R": "L"}


def _mean_rim(rim: LidRim, other: LidRim, plane: MirrorPlane) -> LidRim:
    return LidRim(
        (rim.upper + plane.reflect_points(other.upper)) / 2,
        (rim.lower + plane.reflect_points(other.lower)) / 2,
        rim.axes,
    )


def _mean_ball(ball: Eyeball, other: Eyeball, plane: MirrorPlane) -> Eyeball:
    centre = (ball.centre + plane.reflect_points(other.centre)) / 2
    return Eyeball(centre, (ball.radius + other.radius) / 2)


def _mean_landmarks(
    landmarks: FaceLandmarks, frame: HeadFrame, plane: MirrorPlane
) -> FaceLandmarks:
    points = {name: frame.to_head(point) for name, point in landmarks.named.items()}
    named = dict(landmarks.named)
    for name, point in points.items():
        partner = name[:-1] + _OTHER[name[-1]] if name[-2:] in ("_L", "_R") else name
        if landmarks.confidence[name] >= PLACED or landmarks.confidence[partner] >= PLACED:
            continue
        named[name] = frame.to_world((point + plane.reflect_points(points[partner])) / 2)
    return replace(landmarks, named=named)


def _face_forward(head: Head, plane: MirrorPlane) -> Head:
    """The head turned and shifted, with its frame, until the mirror plane is x = 0."""
    left, up = plane.normal, np.array([0.0, 1.0, 0.0])
    up = up - (up @ left) * left
    up /= np.linalg.norm(up)
    turn = np.stack([left, up, np.cross(left, up)])
    shift = plane.offset * plane.normal
    old = head.frame
    frame = HeadFrame(old.to_world(shift), turn @ old.axes, old.scale)

    def turned(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return (points - shift) @ turn.T

    vertices, seam = turned(head.vertices), head.seam
    return replace(
        head,
        frame=frame,
        landmarks=replace(head.landmarks, frame=frame),
        vertices=vertices,
        normals=head.normals @ turn.T,
        rims={
            side: LidRim(turned(rim.upper), turned(rim.lower), rim.axes)
            for side, rim in head.rims.items()
        },
        seam=None if seam is None else LipSeam(turned(seam.upper), turned(seam.lower)),
        eyeballs={
            side: Eyeball(turned(ball.centre), ball.radius) for side, ball in head.eyeballs.items()
        },
    ).keep(head.scene.moved(1.0, turn, -turn @ shift))
