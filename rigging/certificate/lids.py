# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the lids shut, and stay out of the eyeball on the way.

Eyes may be spheres, flat discs or hollow bowls (anime), so both figures look along the eye's own
forward axis with rays and never assume a sphere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..data import Metric
from ..head import Head, LidRim, Role
from ..raycast import RayScene
from ..surface import touching
from ..topology import any_corner, compact
from .report import judged, nearest_landmark, not_measurable
from .skin import ExposedSkin

APERTURE_LIMIT = 0.02
PENETRATION_LIMIT = 0.5  # % IOD
BLINK_STEPS = (0.25, 0.5, 0.75, 1.0)
APERTURE_RAYS = 2500  # inside the neutral opening: 2 % of it is 50 rays
START = 2.0  # IOD in front of the eye
WORDS = {"L": "left", "R": "right"}
SHAPES = {"L": "eyeBlinkLeft", "R": "eyeBlinkRight"}
EYES = {"L": Role.EYE_L, "R": Role.EYE_R}


def measure_lids(
    head: Head,
    skin: ExposedSkin,
    shapes: dict[str, NDArray[np.float64]],
    disabled: frozenset[str],
) -> list[Metric]:
    """Lid aperture and lid penetration, for each eye."""
    metrics = []
    for side, shape in SHAPES.items():
        names = f"lid aperture {WORDS[side]}", f"lid penetration {WORDS[side]}"
        reason = _unmeasurable(head, side, shape, shapes, disabled)
        if reason:
            metrics.append(not_measurable(names[0], APERTURE_LIMIT, "ratio", reason))
            metrics.append(not_measurable(names[1], PENETRATION_LIMIT, "% IOD", reason))
            continue
        local = shapes[shape][skin.index]
        metrics.append(_aperture_metric(names[0], head, skin, side, local))
        metrics.append(_penetration_metric(names[1], head, skin, side, local))
    return metrics


def _unmeasurable(
    head: Head,
    side: str,
    shape: str,
    shapes: dict[str, NDArray[np.float64]],
    disabled: frozenset[str],
) -> str:
    if side not in head.rims:
        return f"The {WORDS[side]} eye has no lids that could close."
    if shape in disabled:
        return f"{shape} is disabled on this head."
    if shape not in shapes:
        return f"{shape} was not asked for."
    return ""


def _aperture_metric(
    name: str, head: Head, skin: ExposedSkin, side: str, blink: NDArray[np.float64]
) -> Metric:
    rim = head.rims[side]
    origins = _rays_through(rim)
    lids = _Lids(head, skin, side)
    at_rest = lids.open_rays(np.zeros_like(blink), origins)
    if not at_rest.any():
        return not_measurable(name, APERTURE_LIMIT, "ratio", "The eye is shut at rest.")
    still_open = lids.open_rays(blink, origins)
    place = SHAPES[side]
    if still_open.any():
        worst = origins[still_open].mean(axis=0) - START * rim.axes[2]
        place = f"{place}, near {nearest_landmark(head, worst)}"
    ratio = float(still_open.sum()) / float(at_rest.sum())
    return judged(name, ratio, APERTURE_LIMIT, "ratio", place)


def _rays_through(rim: LidRim) -> NDArray[np.float64]:
    """Origins of parallel rays that fill the neutral opening, seen straight on."""
    outline = np.concatenate([rim.upper, rim.lower[::-1]])
    centre = outline.mean(axis=0)
    flat = (outline - centre) @ rim.axes[:2].T
    low, high = flat.min(axis=0), flat.max(axis=0)
    area = _polygon_area(flat)
    step = np.sqrt(max(area, 1e-12) / APERTURE_RAYS)
    counts = np.clip(np.ceil((high - low) / step).astype(int), 2, 400)
    axis_x = np.linspace(low[0], high[0], counts[0] + 1)[:-1] + (high - low)[0] / counts[0] / 2
    axis_y = np.linspace(low[1], high[1], counts[1] + 1)[:-1] + (high - low)[1] / counts[1] / 2
    grid = np.stack(np.meshgrid(axis_x, axis_y), axis=-1).reshape(-1, 2)
    grid = grid[inside_polygon(grid, flat)]
    return centre + grid @ rim.axes[:2] + START * rim.axes[2]


def _polygon_area(polygon: NDArray[np.float64]) -> float:
    after = np.roll(polygon, -1, axis=0)
    return float(abs((polygon[:, 0] * after[:, 1] - polygon[:, 1] * after[:, 0]).sum()) / 2)


def inside_polygon(points: NDArray[np.float64], polygon: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Even-odd test of (N, 2) points against a closed (K, 2) polygon."""
    start, end = polygon, np.roll(polygon, -1, axis=0)
    x, y = points[:, :1], points[:, 1:]
    straddles = (start[:, 1] > y) != (end[:, 1] > y)
    rise = np.where(end[:, 1] == start[:, 1], 1.0, end[:, 1] - start[:, 1])
    crossing = start[:, 0] + (y - start[:, 1]) / rise * (end[:, 0] - start[:, 0])
    return (straddles & (x < crossing)).sum(axis=1) % 2 == 1


class _Lids:
    """The skin that could get in front of one eye's opening, hidden skin as well, and the eye."""

    def __init__(self, head: Head, skin: ExposedSkin, side: str) -> None:
        self._rim = rim = head.rims[side]
        outline = np.concatenate([rim.upper, rim.lower])
        centre = outline.mean(axis=0)
        reach = 2.5 * float(np.linalg.norm(outline - centre, axis=1).max())
        close = np.linalg.norm(head.vertices - centre, axis=1) < reach
        lids = head.triangles_of(Role.SKIN)
        lids = lids[any_corner(close, lids)]
        triangles = np.concatenate([lids, head.triangles_of(EYES[side])])
        used, self._triangles = compact(triangles, len(head.vertices))
        self._is_lid = np.arange(len(triangles)) < len(lids)
        self._visible = any_corner(head.visible, triangles)
        self._points = head.vertices[used]
        exposed = np.full(len(head.vertices), -1)
        exposed[skin.index] = np.arange(len(skin.index))
        self._exposed = exposed[used]

    def open_rays(
        self, displacement: NDArray[np.float64], origins: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Which rays get through the lids: their first hit is not lid skin. Lashes are ignored.

        ``displacement`` (n, 3) of the exposed skin; ``origins`` (P, 3) of rays into the eye.
        """
        axes = self._rim.axes
        moves = self._exposed >= 0
        points = self._points.copy()
        points[moves] += displacement[self._exposed[moves]]
        low, high = (origins @ axes.T).min(axis=0), (origins @ axes.T).max(axis=0)
        low[2] = -np.inf
        met = np.flatnonzero(touching(points @ axes.T, self._triangles, low, high))
        hits = RayScene(points, self._triangles[met]).cast(origins, -axes[2])
        hit = np.append(met, -1)[hits.triangle]
        on_skin = hits.found & self._is_lid[hit]
        depth = (origins[on_skin] - hits.distance[on_skin, None] * axes[2]) @ axes[2]
        # Skin folded away under the brow at rest may be drawn out by the blink: it counts as lid
        # unless it lies behind the margins, which is the socket seen through the opening.
        margins = np.concatenate([self._rim.upper, self._rim.lower]) @ axes[2]
        shut = np.zeros(len(origins), bool)
        shut[on_skin] = self._visible[hit[on_skin]] | (depth > margins.min())
        return ~shut


def _penetration_metric(
    name: str, head: Head, skin: ExposedSkin, side: str, blink: NDArray[np.float64]
) -> Metric:
    eye = head.triangles_of(EYES[side])
    if len(eye) == 0:
        reason = f"No part of the mesh is the {WORDS[side]} eyeball."
        return not_measurable(name, PENETRATION_LIMIT, "% IOD", reason)
    surface = EyeSurface(head.vertices, eye, head.rims[side].axes[2])
    motion = np.linalg.norm(blink, axis=1)
    seen = head.visible[skin.index]
    moved = np.flatnonzero(seen & (motion > 0.01 * motion.max(initial=0.0)))
    rest = surface.depth(skin.points[moved])
    worst, place = 0.0, SHAPES[side]
    for step in BLINK_STEPS:
        posed = skin.points[moved] + step * blink[moved]
        # What lies inside at rest already is how the head was modelled.
        extra = surface.depth(posed) - rest
        deepest = int(extra.argmax()) if len(extra) else -1
        if deepest >= 0 and 100 * extra[deepest] > worst:
            worst = 100 * float(extra[deepest])
            landmark = nearest_landmark(head, posed[deepest])
            place = f"{SHAPES[side]} at {step:g}, near {landmark}"
    return judged(name, worst, PENETRATION_LIMIT, "% IOD", place)


class EyeSurface:
    """The front of an eye part, asked how deep points lie behind it."""

    def __init__(
        self,
        vertices: NDArray[np.float64],
        triangles: NDArray[np.int64],
        front: NDArray[np.float64],
    ) -> None:
        self._scene = RayScene(vertices, triangles)
        self._facing = np.abs(self._scene.triangle_normals @ front)
        self._front = front

    def depth(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) distance by which points lie behind the front surface, 0 outside its outline.

        The depth along the eye's axis times the cosine of the surface there: the distance to the
        tangent plane, which does not blow up at the outline of a ball as the depth does.
        """
        origins = points + START * self._front
        hits = self._scene.cast(origins, -self._front)
        depth = np.zeros(len(points))
        struck = hits.found
        along = START - hits.distance[struck]
        depth[struck] = np.maximum(along * self._facing[hits.triangle[struck]], 0.0)
        return depth
