# SPDX-License-Identifier: GPL-3.0-or-later
"""From where to look for a face on a mesh of unknown orientation, the likeliest views first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .views import Camera

Direction = tuple[float, float, float]
Floats = NDArray[np.float64]

RESOLUTION: Final = 256
COARSE_RESOLUTION: Final = 192  # for the many unlikely views
MARGIN: Final = 1.12
# A head's share of a whole body's height: grown-ups, and chibi figures.
HEAD_SHARES: Final = (0.17, 0.36)
# The top of a body is looked at closely where it is this much smaller than the whole.
CLOSER: Final = 0.55
# Tiles for heads that are neither the whole nor its top: below a hat, a hood, raised arms.
TILE_SHARE: Final = 0.4
TILES: Final = 4

UPRIGHT: Final = (0,)
ALL_TURNS: Final = (0, 1, 2, 3)
Z_UP: Final = (0.0, 0.0, 1.0)
Y_UP: Final = (0.0, 1.0, 0.0)


@dataclass(frozen=True)
class SearchView:
    """A camera, and the quarter turns (anticlockwise) in which to look at its picture."""

    camera: Camera
    quarter_turns: tuple[int, ...] = UPRIGHT


# How many groups of views there are at most; those in which Blender's convention holds (+Z up,
# the face to -Y), and those in which at least one of the usual directions is up.
GROUPS: Final = 8
CONVENTIONAL_GROUPS: Final = (0, 1)
UPRIGHT_GROUPS: Final = (0, 1, 2, 3, 5, 6)


def search_views(vertices: Floats) -> Iterator[list[SearchView]]:
    """Groups of views of ``vertices`` (V, 3), ever more unlikely ones.

    Blender's convention (up +Z, front -Y), a little beside it (some cartoons are only seen so),
    the other sides, +Y up, all other axes, parts of the mesh, and last what lies between the axes.
    """
    yield _upright(vertices, [(0, -1, 0)], Z_UP)
    yield _upright(vertices, [(-0.35, -1, 0), (0.35, -1, 0), (0, -1, -0.2)], Z_UP)
    yield _upright(vertices, [(0, 1, 0), (1, 0, 0), (-1, 0, 0)], Z_UP)
    yield _upright(vertices, [(0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0)], Y_UP)
    sides: list[Direction] = [(0, -1, 0), (0, 1, 0), (1, 0, 0), (-1, 0, 0)]
    yield [view for side in sides for view in _turned(vertices, camera_axes(side, Z_UP))] + [
        view for z in (1, -1) for view in _turned(vertices, camera_axes((0, 0, z), Y_UP))
    ]
    for towards, up in (((0, -1, 0), Z_UP), ((0, 0, 1), Y_UP)):
        tiles = _tiles(vertices, camera_axes(towards, up))
        yield _coarse([SearchView(camera) for camera in tiles])
    yield [
        view
        for towards in _diagonals()
        for view in _turned(vertices, camera_axes(towards, Z_UP), ALL_TURNS)
    ]


def camera_axes(towards: Direction | Floats, up: Direction) -> Floats:
    """(3, 3) rows right, up, towards the camera; ``up`` need not be perpendicular."""
    back = np.asarray(towards, np.float64)
    back = back / np.linalg.norm(back)
    right = np.cross(np.asarray(up, np.float64), back)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(back, right), back])


def turn(camera: Camera, quarter_turns: int) -> Camera:
    """The camera whose picture is ``camera``'s, turned anticlockwise as by numpy.rot90."""
    right, up, back = camera.axes
    for _ in range(quarter_turns):
        right, up = -up, right
    return replace(camera, axes=np.stack([right, up, back]))


def _upright(vertices: Floats, directions: Sequence[Direction], up: Direction) -> list[SearchView]:
    """The whole mesh and, where it may be a body, its top, from each direction."""
    views: list[SearchView] = []
    for towards in directions:
        axes = camera_axes(towards, up)
        views.append(SearchView(_whole(vertices, axes)))
        views += [SearchView(camera) for camera in _tops(vertices, axes)]
    return views


def _turned(
    vertices: Floats, axes: Floats, quarter_turns: tuple[int, ...] = (1, 2, 3)
) -> list[SearchView]:
    """One picture of the whole in several turns, and what is its top in each of them."""
    whole = _whole(vertices, axes)
    views = [SearchView(whole, quarter_turns)]
    for turns in quarter_turns:
        tops = _tops(vertices, turn(whole, turns).axes)
        views += [SearchView(camera) for camera in tops]
    return _coarse(views)


def _coarse(views: list[SearchView]) -> list[SearchView]:
    return [
        replace(view, camera=replace(view.camera, resolution=COARSE_RESOLUTION)) for view in views
    ]


def _diagonals() -> list[Direction]:
    """The directions halfway between axes: to a cube's 12 edges and 8 corners."""
    steps = (-1, 0, 1)
    cube = [(x, y, z) for z in steps for y in steps for x in steps]
    return [direction for direction in cube if sum(map(abs, direction)) > 1]


def _whole(vertices: Floats, axes: Floats) -> Camera:
    local = vertices @ axes.T
    return replace(_camera(local.min(axis=0), local.max(axis=0), axes), distance=2.5)


def _tops(vertices: Floats, axes: Floats) -> list[Camera]:
    """Nearer cameras on the top of what may be a whole body."""
    local = vertices @ axes.T
    low, high = local.min(axis=0), local.max(axis=0)
    cameras = []
    for share in HEAD_SHARES:
        bottom = high[1] - share * (high[1] - low[1])
        slab = local[local[:, 1] >= bottom]
        slab_low, slab_high = slab.min(axis=0), slab.max(axis=0)
        slab_low[1] = bottom
        if max((slab_high - slab_low)[:2]) < CLOSER * max((high - low)[:2]):
            cameras.append(_camera(slab_low, slab_high, axes))
    return cameras


def _tiles(vertices: Floats, axes: Floats) -> list[Camera]:
    """Overlapping squares over the picture of the whole, where there is anything to see."""
    local = vertices @ axes.T
    low, high = local.min(axis=0), local.max(axis=0)
    side = TILE_SHARE * max((high - low)[:2])
    cameras = []
    for corner_x in _starts(low[0], high[0], side):
        for corner_y in _starts(low[1], high[1], side):
            corner = np.array([corner_x, corner_y])
            inside = ((local[:, :2] >= corner) & (local[:, :2] <= corner + side)).all(axis=1)
            if inside.any():
                tile = np.array([[*corner, low[2]], [*(corner + side), high[2]]])
                cameras.append(_camera(tile[0], tile[1], axes))
    return cameras


def _starts(low: float, high: float, side: float) -> Floats:
    """Where tiles of length ``side`` start, so that they overlap by half."""
    free = max(high - low - side, 0.0)
    count = int(np.ceil(free / (side / 2))) + 1 if side > 0 else 1
    return low + np.linspace(0.0, free, min(count, TILES))


def _camera(low: Floats, high: Floats, axes: Floats) -> Camera:
    """An orthographic camera: it stands clear of arms and bodies, however near the crop."""
    size = float((high - low)[:2].max()) * MARGIN
    return Camera((low + high) / 2 @ axes, axes, size or 1.0, RESOLUTION, distance=0.0)
