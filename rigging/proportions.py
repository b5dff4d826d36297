# SPDX-License-Identifier: GPL-3.0-or-later
"""How a head is built: face height, where the jaw hinges, where the neck begins and ends.

All in the head frame. Distances scale with the face's own height (eyes to chin), not with the
inter-ocular distance, because cartoons vary that most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .head import Head, Role, once_per_head
from .topology import boundary_vertices, compact

Point = NDArray[np.float64]

LEVELS = 48  # horizontal sections through the neck
SHOULDERS = 1.5  # times the narrowest neck: where the shoulders begin


@dataclass(frozen=True)
class Proportions:
    """``face_height``: eyes to chin. ``half_width``: of the skull. ``jaw_pivot`` (3,): midway
    between the jaw joints. ``crown`` (3,). ``neck`` (3,): centre of the neck's lower end.

    Above ``neck_top`` all belongs to the head, below ``neck_bottom`` all to the body;
    ``has_neck`` is False for a head that ends at the chin, which then belongs to the head alone.
    """

    face_height: float
    half_width: float
    jaw_pivot: Point
    crown: Point
    neck: Point
    neck_top: float
    neck_bottom: float
    has_neck: bool


@once_per_head
def measure(head: Head) -> Proportions:
    """Measure a head. Never fails: what can't be seen follows human proportions."""
    mouth = mouth_centre(head)
    chin = head.point("chin")
    height = face_height(head)
    middle = float(np.mean([head.point("nose_bridge")[0], mouth[0], chin[0]]))
    skin = head.vertices[(head.role == Role.SKIN) & head.visible]
    pivot = _jaw_pivot(head, skin, mouth, height)
    pivot[0] = middle
    face = skin[(skin[:, 1] > mouth[1]) & (skin[:, 1] < 0.3 * height)]
    half_width = 0.75 * height
    if len(face) > 10:
        half_width = float(np.clip(np.quantile(np.abs(face[:, 0]), 0.98), 0.5, 2.0 * height + 1))
    above = skin[(np.abs(skin[:, 0] - middle) < half_width)]
    top = max(0.5 * height, float(above[:, 1].max(initial=0.0)))
    top = min(top, 4.0 * height + 1.0)
    neck_top, neck_bottom, has_neck = _neck_levels(head, chin, height, half_width, pivot)
    neck = np.array([middle, neck_bottom, pivot[2] - 0.05 * height])
    around = skin[np.abs(skin[:, 1] - neck_bottom) < 0.1 * height]
    around = around[np.abs(around[:, 0] - middle) < half_width]
    if has_neck and len(around) > 5:
        centre = (around[:, 2].min() + around[:, 2].max()) / 2
        neck[2] = np.clip(centre, pivot[2] - 0.5 * height, pivot[2] + 0.3 * height)
    return Proportions(
        face_height=height,
        half_width=half_width,
        jaw_pivot=pivot,
        crown=np.array([middle, top, pivot[2]]),
        neck=neck,
        neck_top=neck_top,
        neck_bottom=neck_bottom,
        has_neck=has_neck,
    )


def face_height(head: Head) -> float:
    """From the middle of the eyes down to the chin; never less than 0.4."""
    return max(0.4, -float(head.point("chin")[1]))


def mouth_centre(head: Head) -> Point:
    """Middle of the two mouth corners."""
    return (head.point("mouth_corner_L") + head.point("mouth_corner_R")) / 2


def _jaw_pivot(head: Head, skin: Point, mouth: Point, height: float) -> Point:
    """The jaw joint: just before the ear, near the middle of the skull's depth.

    On a human head it lies half-way from the eyes down to the mouth and 0.67 face heights behind
    the mouth; the skull's own depth decides within what a jaw can work with (a mask has no back,
    a cat's head is deep).
    """
    level = 0.5 * mouth[1]
    front = float(head.point("nose_bridge")[2])
    section = skin[np.abs(skin[:, 1] - level) < 0.25 * height]
    depth = front - float(section[:, 2].min()) if len(section) > 5 else 1.6 * height
    behind = mouth[2] - (front - 0.47 * depth)
    behind = float(np.clip(behind, 0.5 * height, 0.95 * height))
    return np.array([mouth[0], level, mouth[2] - behind])


def _neck_levels(
    head: Head, chin: Point, height: float, half_width: float, pivot: Point
) -> tuple[float, float, bool]:
    """Heights between which the skin passes from the head to the body, and whether it does.

    A neck is narrower than the skull and widens into shoulders, or goes on well below the chin,
    or ends open below it. A head that simply has an underside has none.
    """
    triangles = head.triangles_of(Role.SKIN, Role.BODY)
    used, _ = compact(triangles, len(head.vertices))
    heights = head.vertices[used, 1]
    lowest = float(heights.min(initial=chin[1]))
    top, none = chin[1] - 0.1 * height, chin[1] - 0.5 * height
    if lowest > chin[1] - 0.3 * height:
        return top, none, False
    levels = np.linspace(chin[1], max(lowest, chin[1] - 1.4 * height), LEVELS + 2)[1:-1]
    axis = pivot - [0.0, 0.0, 0.1 * height]
    widths = _neck_widths(head.vertices, triangles, levels, axis, 1.3 * half_width)
    closed = np.isfinite(widths)
    if not closed.any() or levels[closed][-1] > chin[1] - 0.12 * height:
        return top, none, False
    end = float(levels[closed][-1])
    narrowest = int(np.nanargmin(widths))
    wide = (np.arange(LEVELS) > narrowest) & (widths > SHOULDERS * widths[narrowest])
    open_end = boundary_vertices(triangles, len(head.vertices))
    open_end &= np.abs(head.vertices[:, 1] - end) < 0.25 * height
    slim = widths[narrowest] < 0.85 * 2 * half_width
    if not (wide.any() or (slim and (end < chin[1] - 0.45 * height or open_end.sum() > 5))):
        return top, none, False
    # The very end of a neck joins a body that may be another mesh: it must stay with the body.
    bottom = max(end + 0.15 * (chin[1] - end), chin[1] - 0.9 * height)
    if wide.any():
        bottom = max(bottom, float(levels[np.flatnonzero(wide)[0]]))
    # A head that sits on its shoulders still needs room to turn.
    bottom = min(bottom, chin[1] - 0.12 * height)
    top = max(top, min(bottom + 0.35 * height, chin[1] + 0.1 * height))
    return top, bottom, True


def _neck_widths(
    vertices: Point,
    triangles: NDArray[np.int64],
    levels: NDArray[np.float64],
    axis: Point,
    reach: float,
) -> NDArray[np.float64]:
    """Width of the mesh where horizontal planes cut it within ``reach`` of the neck's ``axis``
    (3,): arms and hands lie further out. NaN where the cut doesn't run all around the axis,
    throat and nape and both sides, as when only hair hangs that low.
    """
    heights = vertices[triangles, 1]
    near = (heights.max(axis=1) > levels.min()) & (heights.min(axis=1) < levels.max())
    edges = triangles[near][:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    start, stop = vertices[edges[:, 0]], vertices[edges[:, 1]]
    widths = np.full(len(levels), np.nan)
    for index, level in enumerate(levels):
        cut = (start[:, 1] < level) != (stop[:, 1] < level)
        if not cut.any():
            continue
        a, b = start[cut], stop[cut]
        share = ((level - a[:, 1]) / (b[:, 1] - a[:, 1]))[:, None]
        across = (a + share * (b - a) - axis)[:, [0, 2]]
        across = across[np.linalg.norm(across, axis=1) < reach]
        sector = np.round(np.arctan2(across[:, 0], across[:, 1]) / (np.pi / 2)).astype(int) % 4
        if len(np.unique(sector)) == 4:
            widths[index] = np.ptp(across[:, 0])
    return widths
