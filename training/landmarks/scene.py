# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene description that both renderers read: heads, and how pictures of them look.

Head frame: +X the character's left, +Y up, +Z front, origin between the eyes, unit = the
inter-ocular distance (IOD). Picture frame: x right, y down, both -1..1 from edge to edge.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from .expressions import Expression


class Role(IntEnum):
    """What a triangle shows; a picture's palette gives each role its colours."""

    SKIN = 0
    LIPS = 1
    BROW = 2
    SCLERA = 3
    IRIS = 4
    PUPIL = 5
    GLINT = 6
    LASH = 7
    TEETH = 8
    TONGUE = 9
    MOUTH = 10  # the dark inside
    HAIR = 11
    EAR = 12  # the inside of an ear
    NOSE = 13  # a nose of its own colour
    HORN = 14
    CLOTH = 15
    HAT = 16
    TRIM = 17
    METAL = 18
    LENS = 19
    MUZZLE = 20
    INK = 21  # drawn lines


ROLES = len(Role)


@dataclass(frozen=True)
class Head:
    """One head with one expression, as triangles, and its exact labels.

    ``vertices`` and ``normals`` (V, 3) float32, head frame; ``triangles`` (T, 3) int32; ``role``
    (T,) uint8; ``tint`` (V,) float32, 0..1: how far the role's second colour shows; ``points``
    (COUNT, 3) float32, the landmark scheme; ``exists`` (COUNT,) bool. ``faceted``: triangles are
    shaded flat. ``identity`` is the seed that the head was built from; ``face`` is False for
    things that are no face, whose points mean nothing.
    """

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    triangles: NDArray[np.int32]
    role: NDArray[np.uint8]
    tint: NDArray[np.float32]
    points: NDArray[np.float32]
    exists: NDArray[np.bool_]
    expression: Expression
    family: str
    identity: int
    face: bool = True


@dataclass(frozen=True)
class Look:
    """How B pictures are taken and drawn: every field has B rows. Made by ``looks.sample_looks``.

    Camera: ``rotation`` (B, 3, 3) head to camera axes (right, up, towards the camera); ``target``
    (B, 3) in the head frame lies ``distance`` (B,) in front of the camera; ``focal`` (B,) and
    ``shift`` (B, 2) map x/z to the picture frame.

    Colour: ``palette`` and ``tint_palette`` (B, ROLES, 3) linear 0..1; ``mottle`` (B, 2) amplitude
    and frequency of an uneven skin.

    Light: ``light`` (B, 2, 3) unit vectors towards the lights in camera axes, ``strength`` (B, 2),
    ``ambient`` (B,), ``specular`` (B, 2) strength and exponent, ``bands`` (B,) number of cel bands
    (0: smooth), ``rim`` (B,) light around the silhouette, ``cavity`` (B,) how much hollows darken.

    Ink: ``outline`` (B,) width in shares of the picture's side (0: none), ``ink`` (B, 3).

    ``background`` (B, 4, 3) corner colours, ``clutter`` (B,) amount of coloured patches behind,
    ``patches`` (B, 12, 6) x, y, width, height, angle and shade of each, ``texture`` (B,)
    amplitude of cloudy noise there.

    Post: ``blur`` (B,) sigma and ``coarse`` (B,) pixel size, both in shares of 1/160 of the side;
    ``gain`` (B, 3), ``gamma``, ``contrast``, ``grey`` (B,) 0 or 1; ``noise`` (B,); ``jpeg`` (B,)
    quality 1..100, 0 for none; ``occluder`` (B, 4) x, y, half width, half height of a bar that
    covers part of the picture (no bar where the width is 0), ``seed`` (B,) of the noise.
    """

    rotation: NDArray[np.float32]
    target: NDArray[np.float32]
    distance: NDArray[np.float32]
    focal: NDArray[np.float32]
    shift: NDArray[np.float32]
    palette: NDArray[np.float32]
    tint_palette: NDArray[np.float32]
    mottle: NDArray[np.float32]
    light: NDArray[np.float32]
    strength: NDArray[np.float32]
    ambient: NDArray[np.float32]
    specular: NDArray[np.float32]
    bands: NDArray[np.float32]
    rim: NDArray[np.float32]
    cavity: NDArray[np.float32]
    outline: NDArray[np.float32]
    ink: NDArray[np.float32]
    background: NDArray[np.float32]
    clutter: NDArray[np.float32]
    texture: NDArray[np.float32]
    patches: NDArray[np.float32]
    blur: NDArray[np.float32]
    coarse: NDArray[np.float32]
    gain: NDArray[np.float32]
    gamma: NDArray[np.float32]
    contrast: NDArray[np.float32]
    grey: NDArray[np.float32]
    noise: NDArray[np.float32]
    jpeg: NDArray[np.float32]
    occluder: NDArray[np.float32]
    seed: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.distance)

    def rows(self, index: slice | NDArray[np.int64]) -> Look:
        """The looks of some of the pictures."""
        return Look(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


def to_camera(look: Look, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Head-frame ``points`` (B, N, 3) in camera axes with the camera at the origin: right, up, and
    distance along the view.
    """
    turned = (points - look.target[:, None]) @ look.rotation.transpose(0, 2, 1)
    turned[..., 2] = look.distance[:, None] - turned[..., 2]
    return turned


def project(look: Look, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Head-frame ``points`` (B, N, 3) in the picture: (B, N, 2) in the picture frame."""
    local = to_camera(look, points)
    flat = local[..., :2] / np.maximum(local[..., 2:], 1e-3) * [1.0, -1.0]
    placed = flat * look.focal[:, None, None] + look.shift[:, None]
    return placed.astype(np.float32)


def face_frame(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes (B, 4), left, top, right, bottom, of picture ``points`` (B, N, 2)."""
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
