# SPDX-License-Identifier: GPL-3.0-or-later
"""Geometry of the demonstration heads' loose parts: eyes, hair and brows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from demo_source import Array
from demo_style import Character, Eyeball, smoothstep
from numpy.typing import NDArray


@dataclass(frozen=True)
class Surface:
    """Quads over a styled head: ``points`` and ``base`` (V, 3) the same vertices on the styled and
    on the base head, decimetres; ``normals`` (V, 3) of the styled one; ``quads`` (F, 4).
    """

    points: Array
    base: Array
    normals: Array
    quads: NDArray[np.int64]


@dataclass(frozen=True)
class PartMesh:
    """A finished part: ``points`` (V, 3), ``faces`` (F, 3 or 4), ``uv`` (V, 2) or None, and
    ``material_of`` (F,) which of its materials a face has, None where there is but one.
    """

    points: Array
    faces: list[list[int]]
    uv: Array | None = None
    material_of: NDArray[np.bool_] | None = None


def eyeball(eye: Eyeball, segments: int = 32, rings: int = 20) -> PartMesh:
    """A sphere whose pole looks forward, with its texture projected along its axis."""
    polar = np.linspace(0.0, np.pi, rings + 1)[1:-1]
    around = np.arange(segments) / segments * 2.0 * np.pi
    ring = np.stack([np.cos(around), np.sin(around), np.zeros(segments)], axis=1)
    rows = [np.sin(p) * ring + np.array([0.0, 0.0, np.cos(p)]) for p in polar]
    unit = np.concatenate([[[0.0, 0.0, 1.0]], *rows, [[0.0, 0.0, -1.0]]])
    last = len(unit) - 1
    faces = []
    for i in range(segments):
        j = (i + 1) % segments
        faces.append([0, 1 + i, 1 + j])
        for row in range(rings - 2):
            start, following = 1 + row * segments, 1 + (row + 1) * segments
            faces.append([start + i, following + i, following + j, start + j])
        start = 1 + (rings - 2) * segments
        faces.append([last, start + j, start + i])
    edge = np.where(unit[:, 2:] < 0.0, unit[:, :2] / np.linalg.norm(unit[:, :2] + 1e-12), 0.0)
    flat = np.where(unit[:, 2:] >= 0.0, unit[:, :2], edge)
    return PartMesh(eye.centre + eye.radius * unit, faces, 0.5 + 0.499 * flat)


def shell(surface: Surface, height: Callable[[Array], Array]) -> PartMesh:
    """The part of a surface where ``height`` of the base position is positive, lifted by it.

    One ring of quads stays below the skin, so that the visible outline is smooth.
    """
    lift = height(surface.base)
    kept = surface.quads[(lift[surface.quads] > 0.0).any(axis=1)]
    used, faces = np.unique(kept, return_inverse=True)
    points = surface.points[used] + surface.normals[used] * lift[used, None]
    return PartMesh(points, faces.reshape(-1, 4).tolist())


# The hairline of the base head from the nape over the ear to the forehead: height Y by depth Z.
_HAIRLINE_Z = (-1.0, 0.0, 0.30, 0.50, 0.62, 0.72, 0.95, 1.35)
_HAIRLINE_Y = (6.70, 6.80, 7.25, 7.20, 7.05, 7.40, 7.75, 7.98)


def hair_height(character: Character) -> Callable[[Array], Array]:
    """Lift of the hair over the scalp: nothing at the hairline, full on the crown."""

    def height(base: Array) -> Array:
        line = np.interp(base[:, 2], _HAIRLINE_Z, _HAIRLINE_Y)
        above = base[:, 1] - line
        ear = (np.abs(base[:, 0]) > 0.76) & (base[:, 1] < 7.5)
        full = smoothstep(above / 0.45)
        crown = smoothstep((base[:, 1] - 7.6) / 0.8)
        lift = character.hair_volume * full * (0.55 + 0.45 * crown)
        if character.hair_strands:
            angle = np.arctan2(base[:, 0] + 0.15, base[:, 2] - 0.35)
            swirl = angle * character.hair_strands + 2.2 * base[:, 1]
            lift += character.hair_relief * full * (np.abs(np.sin(swirl)) - 0.35)
            fringe = np.exp(-(((base[:, 0] - 0.12) / 0.42) ** 2)) * smoothstep(
                (base[:, 2] - 0.75) / 0.35
            )
            lift += character.hair_volume * 0.9 * full * fringe
        lift -= 0.015
        lift[ear | (above < 0.0)] = -0.02
        return lift

    return height


# The brow's centre line on the base head, from the nose outwards: X, and Y above the eye centre.
_BROW_X = (0.12, 0.20, 0.30, 0.40, 0.50)
_BROW_Y = (0.195, 0.235, 0.260, 0.250, 0.195)
_EYE_Y = 7.284


def brow_height(character: Character, sign: float) -> Callable[[Array], Array]:
    """Lift of one brow over the skin: a puffy stroke, thick inside and thin outside."""

    def height(base: Array) -> Array:
        x = base[:, 0] * sign
        centre = _EYE_Y + character.brow_lift + np.interp(x, _BROW_X, _BROW_Y)
        along = np.clip((x - _BROW_X[0]) / (_BROW_X[-1] - _BROW_X[0]), 0.0, 1.0)
        centre = centre + character.brow_slant * (1.0 - along)
        width = character.brow_width * (1.0 - 0.55 * along)
        beyond = np.maximum(np.maximum(_BROW_X[0] - x, x - _BROW_X[-1]), 0.0)
        distance = np.hypot(base[:, 1] - centre, beyond) / width
        lift = 0.75 * width * (1.0 - distance**2)
        lift[base[:, 2] < 0.9] = -1.0
        return np.maximum(lift, -0.01)

    return height
