# SPDX-License-Identifier: GPL-3.0-or-later
"""Shells over a skull: what hair, hats, helmets, hoods and beards are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .assembly import Surface
from .shapes import Floats, Mesh, grid_triangles, tube
from .skin import FaceMeasures


@dataclass(frozen=True)
class Wearer:
    """A head as hair and hats know it: its bare ``skull``, its ``face`` with nose and muzzle, and
    its ``measures``.
    """

    skull: Surface
    face: Surface
    measures: FaceMeasures

    @property
    def centre(self) -> Floats:
        """(3,) the middle that shells spread from, above the ears' axis."""
        return np.array([0.0, 0.2 * self.measures.crown, self.measures.depth])

    def elevation(self, height: float) -> float:
        """Angle in degrees over the horizon of ``centre`` of the midline's front at ``height``."""
        point = (self.face.lay([[0.0, height]])[0] - self.centre) / self._size
        return float(np.degrees(np.arctan2(point[1], max(point[2], 0.02))))

    @property
    def _size(self) -> Floats:
        """(3,) the skull's own proportions, in which angles are measured."""
        size = np.array([self.measures.width, self.measures.crown, -self.measures.depth])
        return np.maximum(size, 0.3)

    def out(self, azimuth: Floats, elevation: Floats) -> Floats:
        """(N, 3) points of the skull; azimuth from the front to the character's left, degrees."""
        a, e = np.radians(azimuth), np.radians(elevation)
        way = (
            np.stack([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)], axis=1) * self._size
        )
        return self.skull.outward(self.centre, way)


@dataclass(frozen=True)
class Edge:
    """The lower edge of a shell, in degrees of elevation at the front, the sides and the back;
    ``front_width``: half the azimuth that the front takes, degrees.
    """

    front: float
    side: float
    back: float
    front_width: float = 55.0

    def at(self, azimuth: Floats) -> Floats:
        turn = np.abs((azimuth + 180) % 360 - 180)
        stops = [0.0, self.front_width, max(self.front_width + 25, 88), 130, 180]
        return np.interp(turn, stops, [self.front, self.front, self.side, self.back, self.back])


def shell(
    wearer: Wearer, edge: Edge, thickness: float, *, waves: tuple[int, float] = (0, 0.0)
) -> Mesh:
    """A closed cap from the crown down to ``edge``; ``waves``: number and height of tufts."""
    columns, rows = 48, 14
    azimuth = np.arange(columns, dtype=np.float64) * 360 / columns
    share = np.linspace(0.02, 1.0, rows)[:, None]
    elevation: Floats = 90.0 + (edge.at(azimuth)[None] - 90) * share
    around = np.broadcast_to(azimuth, elevation.shape)
    skin = wearer.out(around.ravel().astype(np.float64), elevation.ravel()).reshape(
        rows, columns, 3
    )
    away = skin - wearer.centre
    away = away / np.linalg.norm(away, axis=2, keepdims=True)
    count, height = waves
    swell = 1 + height * np.sin(np.radians(around) * count) * share
    profile = np.clip((1 - share**8) + 0.35, 0, 1)
    outer = skin + away * (thickness * profile * swell)[..., None]
    inner = skin - away * 0.05
    rings = np.concatenate([outer, inner[::-1]])
    # Seen from above the columns run clockwise in x, z: grid_triangles expects the other way.
    return Mesh(rings.reshape(-1, 3), grid_triangles(2 * rows, columns, wrap=True))


def lock(
    wearer: Wearer,
    azimuths: Floats,
    elevations: Floats,
    offset: Floats,
    width: float,
    *,
    flat: float = 0.45,
    tail: float = 0.0,
) -> Mesh:
    """A lock of hair along a path over the skull, ``offset`` (K,) above it, that ends in a point;
    ``tail``: how much further it hangs straight down.
    """
    path = wearer.out(azimuths, elevations)
    away = path - wearer.centre
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    path = path + away * offset[:, None]
    if tail:
        drops = np.linspace(0.0, 1.0, 6)[1:, None] * [[0.0, -tail, 0.0]]
        path = np.concatenate([path, path[-1] + drops])
    share = np.linspace(0.0, 1.0, len(path))
    radii = width * np.clip(np.sin((0.25 + 0.75 * share) * np.pi), 0.03, 1)
    middle = away[len(away) // 2]
    return tube(path, radii, columns=7, flat=flat, side=middle)
