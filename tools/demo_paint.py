# SPDX-License-Identifier: GPL-3.0-or-later
"""Textures of the demonstration heads: skin over the face's part of the UV square, and eyes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from demo_source import Array, MakeHuman, Polygons
from demo_style import Character
from numpy.typing import NDArray

Picture = NDArray[np.float32]  # (H, W, 3) sRGB, 0 to 1, first row at the top
SKIN_SIZE = 1024
EYE_SIZE = 256


@dataclass(frozen=True)
class UVWindow:
    """The square of UV space that the head covers; its texture shows only that."""

    low: Array
    size: float

    def to_window(self, uv: Array) -> Array:
        """UV points (..., 2) of the body in the window's own 0 to 1."""
        return (uv - self.low) / self.size

    def crop(self, mask: NDArray[np.float32]) -> NDArray[np.float32]:
        """The window of a mask over the whole UV square, SKIN_SIZE pixels wide."""
        texels = (np.arange(SKIN_SIZE) + 0.5) / SKIN_SIZE * self.size
        columns = (self.low[0] + texels) * mask.shape[1] - 0.5
        rows = (1.0 - (self.low[1] + self.size) + texels) * mask.shape[0] - 0.5
        grid = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
        return cv2.remap(mask, grid[0], grid[1], cv2.INTER_LINEAR).astype(np.float32)


def head_window(uv: Array) -> UVWindow:
    """The smallest square window around UV points (N, 2)."""
    low, high = uv.min(axis=0), uv.max(axis=0)
    size = float((high - low).max()) * 1.01
    return UVWindow((low + high) / 2.0 - size / 2.0, size)


def position_map(source: MakeHuman, quads: Polygons, window: UVWindow) -> Picture:
    """The base body's position, decimetres, at each texel: (SKIN_SIZE, SKIN_SIZE, 3).

    Painting by position gives both halves of the face the same blush and freckles, wherever
    the UV layout puts them. Texels that no triangle covers are far away.
    """
    result = np.full((SKIN_SIZE, SKIN_SIZE, 3), 1e3, dtype=np.float32)
    uv = window.to_window(source.uv) * [SKIN_SIZE, -SKIN_SIZE] + [-0.5, SKIN_SIZE - 0.5]
    for corners, uv_corners in zip(quads.corners, quads.uv_corners, strict=True):
        for order in ((0, 1, 2), (0, 2, 3)):
            _fill_triangle(
                result, uv[uv_corners[list(order)]], source.vertices[corners[list(order)]]
            )
    return result


def _fill_triangle(picture: Picture, points: Array, values: Array) -> None:
    low = np.maximum(np.floor(points.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 2, SKIN_SIZE)
    edges = np.array([points[1] - points[0], points[2] - points[0]]).T
    if (high <= low).any() or abs(np.linalg.det(edges)) < 1e-9:
        return
    columns, rows = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    offset = np.stack([columns, rows], axis=-1) - points[0]
    second, third = np.moveaxis(offset @ np.linalg.inv(edges).T, -1, 0)
    weights = np.stack([1.0 - second - third, second, third], axis=-1)
    inside = (weights > -0.08).all(axis=-1)
    patch = picture[low[1] : high[1], low[0] : high[0]]
    patch[inside] = (weights[inside] @ values).astype(np.float32)


def _blend(picture: Picture, colour: tuple[float, float, float], amount: Picture) -> Picture:
    return picture + (np.asarray(colour, np.float32) - picture) * amount[..., None]


def _spot(positions: Picture, centre: tuple[float, float, float], radius: float) -> Picture:
    """A soft round patch on both sides of the face."""
    mirrored = np.concatenate([np.abs(positions[..., :1]), positions[..., 1:]], axis=-1)
    distance = np.linalg.norm(mirrored - np.asarray(centre, np.float32), axis=-1)
    return np.exp(-((distance / radius) ** 2)).astype(np.float32)


def paint_skin(
    source: MakeHuman, quads: Polygons, window: UVWindow, character: Character
) -> Picture:
    """The skin texture of a character."""
    random = np.random.default_rng(7)
    positions = position_map(source, quads, window)
    picture = np.full((SKIN_SIZE, SKIN_SIZE, 3), character.skin, dtype=np.float32)
    mottle = cv2.GaussianBlur(random.standard_normal((SKIN_SIZE, SKIN_SIZE)), (0, 0), 14)
    picture *= (1.0 + 0.02 * mottle / mottle.std())[..., None].astype(np.float32)
    blush = character.blush_strength
    cheeks = _spot(positions, (0.42, 6.98, 1.25), 0.22)
    nose = _spot(positions, (0.0, 7.0, 1.62), 0.13)
    chin = _spot(positions, (0.0, 6.38, 1.45), 0.14)
    ears = cv2.GaussianBlur(window.crop(source.mask("ears")), (0, 0), 6)
    for amount in (cheeks, 0.7 * nose, 0.4 * chin, 0.5 * ears):
        picture = _blend(picture, character.blush, np.clip(amount * blush, 0.0, 1.0))
    lids = cv2.GaussianBlur(window.crop(source.mask("eyelids")), (0, 0), 3)
    shade = (0.72 * character.skin[0], 0.55 * character.skin[1], 0.55 * character.skin[2])
    picture = _blend(picture, shade, 0.45 * lids)
    picture = _freckle(picture, positions, character, random)
    lips = cv2.GaussianBlur(window.crop(source.mask("lips")), (0, 0), 2.5)
    picture = _blend(picture, character.lips, 0.85 * np.clip(lips * 1.3, 0.0, 1.0))
    mouth = window.crop(source.mask("inside-mouth"))
    return np.clip(_blend(picture, (0.42, 0.13, 0.13), np.clip(mouth - lips, 0.0, 1.0)), 0.0, 1.0)


def _freckle(
    picture: Picture, positions: Picture, character: Character, random: np.random.Generator
) -> Picture:
    tint = (character.skin[0] * 0.78, character.skin[1] * 0.62, character.skin[2] * 0.5)
    for _ in range(character.freckles):
        across = abs(random.normal(0.27, 0.12))
        height = 6.97 + random.normal(0.0, 0.05)
        side = random.choice((-1.0, 1.0))
        offset = positions[..., :2] - np.array([side * across, height], np.float32)
        spot = np.exp(-((offset**2).sum(axis=-1)) / random.uniform(0.007, 0.012) ** 2)
        spot[positions[..., 2] < 0.9] = 0.0
        picture = _blend(picture, tint, 0.75 * spot)
    return picture


def paint_eye(character: Character) -> Picture:
    """An eye seen along its axis, the white reaching to the edge: (EYE_SIZE, EYE_SIZE, 3)."""
    axis = (np.arange(EYE_SIZE) + 0.5) / EYE_SIZE * 2.0 - 1.0
    x, y = np.meshgrid(axis, -axis)
    radius = np.hypot(x, y)
    iris = np.sin(np.radians(character.iris_angle))
    soft = 2.5 / EYE_SIZE

    def disc(limit: float) -> Picture:
        return np.clip((limit - radius) / soft + 0.5, 0.0, 1.0).astype(np.float32)

    white = np.array([0.96, 0.95, 0.93], np.float32)
    picture = np.repeat(white[None, None], EYE_SIZE, 0).repeat(EYE_SIZE, 1)
    angle = np.arctan2(y, x)
    rays = 0.5 + 0.5 * np.sin(angle * 23.0 + 3.0 * np.sin(angle * 5.0))
    glow = (0.80 + 0.30 * rays * (radius / iris)) * (1.05 - 0.35 * y / iris)
    colour = np.asarray(character.iris, np.float32) * glow[..., None].astype(np.float32)
    picture = _blend(picture, tuple(0.35 * c for c in character.iris), disc(iris))  # type: ignore[arg-type]
    inner = disc(iris * 0.9)[..., None]
    picture = picture * (1.0 - inner) + np.clip(colour, 0.0, 1.0) * inner
    picture = _blend(picture, (0.015, 0.012, 0.012), disc(iris * 0.46))
    for centre, size in (((-0.36, 0.40), 0.24), ((0.34, -0.36), 0.11)):
        distance = np.hypot(x - centre[0] * iris, y - centre[1] * iris)
        glint = np.clip((size * iris - distance) / soft + 0.5, 0.0, 1.0).astype(np.float32)
        picture = _blend(picture, (1.0, 1.0, 1.0), glint)
    return np.clip(picture, 0.0, 1.0)
