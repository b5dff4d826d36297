# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a head by ray casting: for the landmark networks, contact sheets and thumbnails.

Needs no window and no graphics card, and gives the same bytes in every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .data import Appearance, FaceMesh, HeadFrame
from .raycast import Hits, RayScene

BACKGROUND: Final = (217, 217, 217)
CLAY: Final = (0.80, 0.68, 0.60)  # a light skin tone: face networks are trained on photographs
# Lights fixed to the camera: right, up, towards the camera. The level one treats both halves of a
# face alike, which the landmark networks need; the other models the form better to the eye.
KEY_LIGHT: Final = (0.3, 0.5, 0.8)
LEVEL_LIGHT: Final = (0.0, 0.3, 0.95)
AMBIENT: Final = 0.25
# The middle of a whole head in the head frame, and the width of a picture that holds it, in IOD.
HEAD_CENTRE: Final = (0.0, -0.3, -0.5)
HEAD_SIZE: Final = 5.5


@dataclass(frozen=True)
class Camera:
    """A square pinhole camera that looks at ``centre``.

    ``axes``: (3, 3), rows are picture right, picture up and towards the camera, unit vectors.
    ``size``: world units across the picture at the centre. ``resolution``: pixels a side.
    ``distance``: from camera to centre in sizes; 0 is an orthographic camera.
    Pixel coordinates are (x right, y down); whole numbers are the centres of pixels.
    """

    centre: NDArray[np.float64]
    axes: NDArray[np.float64]
    size: float
    resolution: int
    distance: float = 2.5

    @property
    def eye(self) -> NDArray[np.float64]:
        """(3,) where the camera stands; an orthographic one stands clear of the subject."""
        return self.centre + self.axes[2] * self.size * (self.distance or 10.0)

    def rays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Origins and unit directions, both (resolution**2, 3), pixel rows from the top."""
        right, up, towards = self.axes
        steps = ((np.arange(self.resolution) + 0.5) / self.resolution - 0.5) * self.size
        offsets = (steps[:, None] * right - steps[:, None, None] * up).reshape(-1, 3)
        return self._rays(offsets, towards)

    def rays_through(
        self, pixels: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Origins and unit directions (N, 3) of the rays through ``pixels`` (N, 2)."""
        right, up, towards = self.axes
        across = ((pixels[:, :1] + 0.5) / self.resolution - 0.5) * self.size
        upwards = (0.5 - (pixels[:, 1:2] + 0.5) / self.resolution) * self.size
        return self._rays(across * right + upwards * up, towards)

    def _rays(
        self, offsets: NDArray[np.float64], towards: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Rays through the plane of the centre, ``offsets`` (N, 3) beside it."""
        if self.distance == 0:
            return self.eye + offsets, np.broadcast_to(-towards, offsets.shape)
        directions = offsets - towards * (self.size * self.distance)
        directions /= np.sqrt(np.einsum("ij,ij->i", directions, directions))[:, None]
        return np.broadcast_to(self.eye, offsets.shape), directions

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Pixel coordinates (N, 2) of world points (N, 3) in front of the camera."""
        local = (np.asarray(points, np.float64).reshape(-1, 3) - self.centre) @ self.axes.T
        local /= self.size
        if self.distance:
            local[:, :2] /= 1.0 - local[:, 2:] / self.distance
        across, upwards = local[:, 0] + 0.5, 0.5 - local[:, 1]
        return np.stack([across, upwards], axis=1) * self.resolution - 0.5


def look(
    frame: HeadFrame,
    yaw_degrees: float = 0.0,
    pitch_degrees: float = 0.0,
    *,
    size: float = HEAD_SIZE,
    centre: ArrayLike = HEAD_CENTRE,
    resolution: int = 512,
    distance: float = 2.5,
) -> Camera:
    """A camera on the face; ``size`` in IOD, ``centre`` in the head frame.

    Positive yaw stands on the character's left, positive pitch above the eyes.
    """
    yaw, pitch = np.radians([yaw_degrees, pitch_degrees])
    left, up, front = frame.axes
    level = np.cos(yaw) * front + np.sin(yaw) * left
    right = np.cos(yaw) * left - np.sin(yaw) * front
    towards = np.cos(pitch) * level + np.sin(pitch) * up
    axes = np.stack([right, np.cos(pitch) * up - np.sin(pitch) * level, towards])
    world_centre = frame.to_world(np.asarray(centre, np.float64))
    return Camera(world_centre, axes, size * frame.scale, resolution, distance)


def render(
    face_mesh: FaceMesh,
    camera: Camera,
    *,
    vertices: NDArray[np.float64] | None = None,
    scene: RayScene | None = None,
    background: tuple[int, int, int] = BACKGROUND,
    light: tuple[float, float, float] = KEY_LIGHT,
) -> NDArray[np.uint8]:
    """A smooth-shaded colour picture (resolution, resolution, 3) of sRGB values.

    ``vertices``: (V, 3) world positions that replace the rest pose. ``scene``: a RayScene of the
    same vertices, to save building one for each picture. ``light``: where it shines from, in
    camera axes.
    """
    if scene is None:
        positions = face_mesh.vertices if vertices is None else vertices
        scene = RayScene(positions, face_mesh.triangles)
    picture = render_unrounded(face_mesh, camera, scene, background=background, light=light)
    return (picture + 0.5).astype(np.uint8)


def render_unrounded(
    face_mesh: FaceMesh,
    camera: Camera,
    scene: RayScene,
    *,
    background: tuple[int, int, int] = BACKGROUND,
    light: tuple[float, float, float] = KEY_LIGHT,
) -> NDArray[np.float32]:
    """The same picture in float32 of 0..255.

    For networks: rounded to whole numbers, a picture jumps where a mesh moves by a hair, and
    their landmarks with it.
    """
    origins, directions = camera.rays()
    hits = scene.cast(origins, directions)
    picture = np.empty((camera.resolution**2, 3), np.float32)
    picture[:] = background
    seen = np.flatnonzero(hits.found)
    seen_hits = Hits(hits.triangle[seen], hits.barycentric[seen], hits.distance[seen])
    colours = surface_colours(face_mesh.appearance, seen_hits)
    towards_light = np.asarray(light) @ camera.axes / np.linalg.norm(light)
    shades = _shading(scene, seen_hits, directions[seen].astype(np.float32), towards_light)
    picture[seen] = np.clip(colours * (255.0 * shades)[:, None], 0.0, 255.0)
    return picture.reshape(camera.resolution, camera.resolution, 3)


def _shading(
    scene: RayScene,
    hits: Hits,
    directions: NDArray[np.float32],
    towards_light: NDArray[np.float64],
) -> NDArray[np.float32]:
    """(N,) Lambert shading in AMBIENT..1; both sides of a surface are lit alike."""
    corner_normals = scene.vertex_normals[scene.triangles[hits.triangle]]
    normals = np.einsum("nc,ncx->nx", hits.barycentric.astype(np.float32), corner_normals)
    flat = scene.triangle_normals[hits.triangle]
    lengths = np.sqrt(np.einsum("nx,nx->n", normals, normals))
    # Where opposite windings cancel each other there is only the triangle's own normal.
    cancelled = lengths < 1e-3
    normals[cancelled], lengths[cancelled] = flat[cancelled], 1.0
    away = np.einsum("nx,nx->n", flat, directions) > 0
    lambert = normals @ towards_light.astype(np.float32) / lengths
    lambert[away] *= -1
    return AMBIENT + (1 - AMBIENT) * np.clip(lambert, 0, 1)


def surface_colours(appearance: Appearance | None, hits: Hits) -> NDArray[np.float32]:
    """(N, 3) sRGB in 0..1 at the hits: texture where there is one, else base colour, else clay."""
    if appearance is None:
        return np.tile(np.asarray(CLAY, np.float32), (len(hits.triangle), 1))
    colours = appearance.colours[hits.triangle].astype(np.float32)
    image_of_hit = appearance.image_index[hits.triangle]
    for index, image in enumerate(appearance.images):
        textured = np.flatnonzero(image_of_hit == index)
        if not len(textured):
            continue
        corners = appearance.uv[hits.triangle[textured]]
        uv = np.einsum("nc,ncx->nx", hits.barycentric[textured], corners)
        colours[textured] = _sample(image, uv)
    return colours


def _sample(image: NDArray[np.uint8], uv: NDArray[np.float64]) -> NDArray[np.float32]:
    """Bilinear samples (N, 3) in 0..1; the image repeats beyond 0..1, v is upwards."""
    height, width = image.shape[:2]
    uv = np.nan_to_num(uv, nan=0.0, posinf=0.0, neginf=0.0) % 1.0
    x = uv[:, 0] * width - 0.5
    y = (1.0 - uv[:, 1]) * height - 0.5
    x0, y0 = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = (x - x0)[:, None].astype(np.float32), (y - y0)[:, None].astype(np.float32)
    columns, rows = (x0 % width, (x0 + 1) % width), (y0 % height, (y0 + 1) % height)
    top = image[rows[0], columns[0]] * (1 - fx) + image[rows[0], columns[1]] * fx
    bottom = image[rows[1], columns[0]] * (1 - fx) + image[rows[1], columns[1]] * fx
    return ((top * (1 - fy) + bottom * fy) / 255.0).astype(np.float32)
