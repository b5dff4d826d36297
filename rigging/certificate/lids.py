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
    at_rest = _open_rays(head, skin, side, np.zeros_like(blink), origins)
    if not at_rest.any():
        return not_measurable(name, APERTURE_LIMIT, "ratio", "The eye is shut at rest.")
    still_open = _open_rays(head, skin, side, blink, origins)
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


def _open_rays(
    head: Head,
    skin: ExposedSkin,
    side: str,
    displacement: NDArray[np.float64],
    origins: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Which rays get through the lids: their first hit is not lid skin. Lashes are ignored."""
    rim = head.rims[side]
    lids = _skin_around(head, rim)
    vertices = head.vertices.copy()
    vertices[skin.index] += displacement
    eye = head.triangles_of(EYES[side])
    triangles = np.concatenate([lids, eye])
    if len(triangles) == 0:
        return np.ones(len(origins), bool)
    used, compact = np.unique(triangles, return_inverse=True)
    hits = RayScene(vertices[used], compact.reshape(-1, 3)).cast(
        origins, np.broadcast_to(-rim.axes[2], origins.shape)
    )
    on_skin = (hits.triangle >= 0) & (hits.triangle < len(lids))
    shut = np.zeros(len(origins), bool)
    hit = lids[hits.triangle[on_skin]]
    depth = (origins[on_skin] - hits.distance[on_skin, None] * rim.axes[2]) @ rim.axes[2]
    # Skin folded away under the brow at rest may be drawn out by the blink: it counts as lid
    # unless it lies behind the margins, which is the socket seen through the opening.
    margins = np.concatenate([rim.upper, rim.lower]) @ rim.axes[2]
    shut[on_skin] = head.visible[hit].any(axis=1) | (depth > margins.min())
    return ~shut


def _skin_around(head: Head, rim: LidRim) -> NDArray[np.int64]:
    """Skin triangles that could get in front of the opening, hidden ones as well."""
    outline = np.concatenate([rim.upper, rim.lower])
    centre = outline.mean(axis=0)
    reach = 2.5 * float(np.linalg.norm(outline - centre, axis=1).max())
    close = np.linalg.norm(head.vertices - centre, axis=1) < reach
    skin = head.triangles_of(Role.SKIN)
    return skin[close[skin].any(axis=1)]


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
        used, compact = np.unique(triangles, return_inverse=True)
        self._scene = RayScene(vertices[used], compact.reshape(-1, 3))
        self._facing = np.abs(self._scene.triangle_normals @ front)
        self._front = front

    def depth(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) distance by which points lie behind the front surface, 0 outside its outline.

        The depth along the eye's axis times the cosine of the surface there: the distance to the
        tangent plane, which does not blow up at the outline of a ball as the depth does.
        """
        origins = points + START * self._front
        hits = self._scene.cast(origins, np.broadcast_to(-self._front, origins.shape))
        depth = np.zeros(len(points))
        struck = hits.found
        along = START - hits.distance[struck]
        depth[struck] = np.maximum(along * self._facing[hits.triangle[struck]], 0.0)
        return depth
