# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the lid margins: the outline of the eye opening as the eye is looked at from the front.

Coordinates are in the head frame. The opening is what rays from the front find to be no visible
skin: the eye itself, the inside of the socket, or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .head import LidRim
from .polyline import resample, smooth
from .raycast import RayScene
from .surface import touching

RASTER: Final[int] = 220
REACH: Final[float] = 0.72  # half the size of the raster; eyes don't reach past the midline
SAMPLES: Final[int] = 33  # points of each margin
MIN_OPENING: Final[float] = 0.012  # an opening less high than this is a shut lid
OUTWARD: Final[float] = 0.2  # eyes look a little to the side that they are on

EyeKind = Literal["lids", "shut", "button"]


@dataclass(frozen=True)
class EyeView:
    """First hits of parallel rays on to one eye, as a RASTER x RASTER picture."""

    axes: NDArray[np.float64]
    skin: NDArray[np.bool_]  # visible skin
    eye: NDArray[np.bool_]  # a part that is an eye
    points: NDArray[np.float64]  # (RASTER, RASTER, 3), nan where nothing is hit
    pixel: float


def eye_axes(side: str) -> NDArray[np.float64]:
    """Rows right, up, front of the view straight on to an eye."""
    front = np.array([OUTWARD if side == "L" else -OUTWARD, 0.0, 1.0])
    front /= np.linalg.norm(front)
    right = np.cross([0.0, 1.0, 0.0], front)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(front, right), front])


def in_view(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    guess: NDArray[np.float64],
    side: str,
) -> NDArray[np.bool_]:
    """(M,) which triangles the raster around ``guess`` (P, 3) may meet."""
    axes = eye_axes(side)
    centre = axes @ guess.mean(axis=0)
    low, high = centre - REACH, centre + REACH
    low[2], high[2] = -np.inf, np.inf
    return touching(vertices @ axes.T, triangles, low, high)


def look_at_eye(
    scene: RayScene,
    is_skin: NDArray[np.bool_],
    is_eye: NDArray[np.bool_],
    centre: NDArray[np.float64],
    axes: NDArray[np.float64],
) -> EyeView:
    """Cast the raster. ``is_skin``, ``is_eye``: (M,) bool per triangle of the scene."""
    offset = np.linspace(-REACH, REACH, RASTER)
    across, up = np.meshgrid(offset, -offset)
    origins = centre + across[..., None] * axes[0] + up[..., None] * axes[1] + 4.0 * axes[2]
    origins = origins.reshape(-1, 3)
    hits = scene.cast(origins, -axes[2])
    found = hits.triangle >= 0
    points = np.full((len(origins), 3), np.nan)
    points[found] = origins[found] - hits.distance[found, None] * axes[2]
    skin = np.zeros(len(origins), bool)
    eye = np.zeros(len(origins), bool)
    skin[found] = is_skin[hits.triangle[found]]
    eye[found] = is_eye[hits.triangle[found]]
    shape = (RASTER, RASTER)
    return EyeView(
        axes,
        skin.reshape(shape),
        eye.reshape(shape),
        points.reshape(*shape, 3),
        float(offset[1] - offset[0]),
    )


def find_opening(
    view: EyeView, guess: NDArray[np.float64], centre: NDArray[np.float64]
) -> NDArray[np.bool_] | None:
    """Pixels of the eye opening, or None. ``guess``: (P, 3) landmark points around the eye.

    Of the patches that aren't visible skin, the one that covers most of the landmark outline;
    one that runs off the picture is no opening but the edge of the head or a loose eye.
    """
    labels, count = ndimage.label(~view.skin)
    if count == 0:
        return None
    local = (guess - centre) @ view.axes.T
    half = np.maximum(np.ptp(local[:, :2], axis=0) / 2, 0.08)
    middle = (local[:, :2].max(axis=0) + local[:, :2].min(axis=0)) / 2
    offset = (np.arange(RASTER) - (RASTER - 1) / 2) * view.pixel
    across, up = np.meshgrid(offset, -offset)
    near = ((across - middle[0]) / half[0]) ** 2 + ((up - middle[1]) / half[1]) ** 2 < 1.0
    votes = np.bincount(labels[near], minlength=count + 1)
    votes[0] = 0
    if votes.max() == 0:
        return None
    mask = labels == votes.argmax()
    border = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
    if border:
        return None
    return ndimage.binary_fill_holes(mask)


def lies_on_skin(
    view: EyeView, mask: NDArray[np.bool_], skin_scene: RayScene, centre: NDArray[np.float64]
) -> bool:
    """True where the face goes on unbroken behind the eye (a button, or a bead set into it).

    A socket is deep or open at the back; under a button the skin lies about level with the skin
    around it, so no lid can come over the eye.
    """
    depth = view.points @ view.axes[2]
    ring = ndimage.binary_dilation(mask, iterations=4) & ~mask & view.skin
    inner = ndimage.binary_erosion(mask, iterations=2) & view.eye
    if ring.sum() < 20 or inner.sum() < 20:
        return False
    offset = (np.arange(RASTER) - (RASTER - 1) / 2) * view.pixel
    across, up = np.meshgrid(offset, -offset)
    # The level of the surrounding skin as a plane over the picture.
    system = np.c_[across[ring], up[ring], np.ones(int(ring.sum()))]
    plane = np.linalg.lstsq(system, depth[ring], rcond=None)[0]
    level = plane[0] * across[inner] + plane[1] * up[inner] + plane[2]
    origins = (
        centre
        + across[inner][:, None] * view.axes[0]
        + up[inner][:, None] * view.axes[1]
        + 4.0 * view.axes[2]
    )
    hits = skin_scene.cast(origins, -view.axes[2])
    behind = np.maximum(origins @ view.axes[2] - hits.distance, -9.0)
    half_height = np.ptp(np.flatnonzero(mask.any(axis=1))) * view.pixel / 2
    return bool(np.median(level - behind) < max(0.5 * half_height, 0.03))


def outline(view: EyeView, mask: NDArray[np.bool_], side: str) -> LidRim | None:
    """Upper and lower margin on the skin just outside the opening."""
    columns = np.flatnonzero(mask.any(axis=0))
    upper, lower = [], []
    for column in columns:
        rows = np.flatnonzero(mask[:, column])
        top, bottom = rows[0] - 1, rows[-1] + 1
        if view.skin[top, column]:
            upper.append(view.points[top, column])
        if view.skin[bottom, column]:
            lower.append(view.points[bottom, column])
    if len(upper) < 5 or len(lower) < 5:
        return None
    upper_points, lower_points = np.array(upper), np.array(lower)
    # Pictures run from the character's right to the left: +X is the inner corner's far end
    # on the left eye.
    if side == "R":
        upper_points, lower_points = upper_points[::-1], lower_points[::-1]
    both = np.concatenate([upper_points, lower_points])
    along = both @ (view.axes[0] if side == "L" else -view.axes[0])
    # Both margins may reach the last column: which of their ends lies further is only rounding.
    inner = both[along < along.min() + view.pixel / 2].mean(axis=0)
    outer = both[along > along.max() - view.pixel / 2].mean(axis=0)
    margins = [
        smooth(resample(np.concatenate([[inner], points, [outer]]), SAMPLES), 1.2)
        for points in (upper_points, lower_points)
    ]
    rim = LidRim(margins[0], margins[1], view.axes)
    return rim if rim.opening > MIN_OPENING else None


def find_lid_rim(
    scene: RayScene,
    is_skin: NDArray[np.bool_],
    is_eye: NDArray[np.bool_],
    is_other_eye: NDArray[np.bool_],
    guess: NDArray[np.float64],
    side: str,
) -> tuple[LidRim | None, EyeKind]:
    """The lid margins of one eye, and what kind of eye it is.

    ``scene`` holds skin and eyes only (lashes, brows and hair would hide the margin).
    "shut": the mesh has no opening there (lids sculpted shut, or the eye is only painted).
    "button": the eye lies upon the skin, so that no lid can cover it.
    """
    centre = guess.mean(axis=0)
    axes = eye_axes(side)
    view = look_at_eye(scene, is_skin, is_eye, centre, axes)
    mask = find_opening(view, guess, centre)
    if mask is None:
        return None, "shut"
    skin_scene = RayScene(scene.vertices, scene.triangles[~is_eye & ~is_other_eye])
    if lies_on_skin(view, mask, skin_scene, centre):
        return None, "button"
    rim = outline(view, mask, side)
    return rim, "lids" if rim is not None else "shut"
