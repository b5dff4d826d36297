# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the landmark markers begin on a head in which no face was found.

Seen from the front: the head is the topmost lobe, from the crown down to where the surface falls
back below the chin. Two like spots on both sides of its middle are the eyes, a wide spot on the
middle is the mouth, what stands out between them is the nose. What can't be seen follows the
template's proportions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter

from ..vocabulary import MARKERS
from .data import FaceMesh
from .front_map import FrontMap, Spot
from .surface import closest
from .template import Template

Floats = NDArray[np.float64]
Places = dict[str, tuple[float, float]]
Pair = tuple[Spot, Spot]  # the character's left one, then the right one

BLENDER_AXES: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])

# Shares of the head's width.
RECESS: Final = 0.22  # the surface falls back by this much below a chin
SHORT_NECK: Final = 0.15  # and stays there for so long
EYES_APART: Final = (0.18, 0.84)
EYE_SIZE: Final = (0.04, 0.5)
MIRROR_TOLERANCE: Final = 0.1
MOUTH_WIDTH: Final = (0.08, 0.8)
# Of spots' sizes: how alike eyes are, what a mouth's width over its height is, and a brow's.
ALIKE: Final = 1.6
WIDE: Final = 1.8
BROW: Final = 1.2
MOST_PAIRS: Final = 40  # hair and rivets may make thousands: the largest count
LEAST_BELOW_A_BROW: Final = 0.2  # area of the eye below it
NOSE: Final = 0.1  # stands out from bridge and mouth by this share of their distance at least
# Lips: how far the profile leaves its surroundings, in widths; within which share of the way from
# the eyes down to the chin around the usual place.
LIPS: Final = 0.004
LIP_REACH: Final = 0.15
LIP_SAMPLES: Final = 96
CHIN_DEPTH: Final = 1.17  # the chin's underside against its front, from the eyes
# Heights of a head in widths.
TALLEST: Final = 1.6
LOWEST: Final = 0.4


@dataclass(frozen=True)
class _Lobe:
    """The head in the front view. ``bottom``: the chin's underside."""

    middle: float
    width: float
    top: float
    bottom: float

    @property
    def height(self) -> float:
        return self.top - self.bottom


def guess_markers(
    face_mesh: FaceMesh, template: Template, axes: Floats | None = None
) -> dict[str, Floats]:
    """Where the 13 markers might belong (world positions), on the surface.

    ``axes`` rows: the character's left, up and front. Without, Blender's own, or those of another
    side where only that one shows a pair of eyes.
    """
    view = FrontMap(face_mesh, BLENDER_AXES if axes is None else axes)
    lobe = _head_lobe(view)
    pairs = _pairs(view.spots, lobe)
    if axes is None and not pairs:
        for turned in _other_sides():
            other = FrontMap(face_mesh, turned)
            other_lobe = _head_lobe(other)
            other_pairs = _pairs(other.spots, other_lobe)
            if other_pairs:
                view, lobe, pairs = other, other_lobe, other_pairs
                break
    places = _face(view, lobe, pairs, _proportions(template)).places()
    local = view.on_surface(np.array([places[name] for name in MARKERS]))
    missed = ~np.isfinite(local).all(axis=1)
    if missed.any():
        local[missed, 2] = view.vertices[:, 2].max()
        local[missed] = closest(view.vertices, view.triangles, local[missed]).points
    return dict(zip(MARKERS, local @ view.axes, strict=True))


def _other_sides() -> Iterable[Floats]:
    """Axes of heads that look another way than Blender's do: +Z up, then +Y up."""
    for up, fronts in (
        ((0, 0, 1), ((0, 1, 0), (1, 0, 0), (-1, 0, 0))),
        ((0, 1, 0), ((0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0))),
    ):
        for front in fronts:
            yield np.array([np.cross(up, front), up, front], float)


@dataclass(frozen=True)
class _Proportions:
    """The template's face from the front, in inter-ocular distances; heights from the eyes."""

    width: float
    crown: float
    eye_half: float
    brow_x: float
    brow: float
    bridge: float
    nose: float
    mouth: float
    mouth_half: float
    chin: float
    under: float  # the chin's underside


def _proportions(template: Template) -> _Proportions:
    head = template.head.vertices
    point = dict(zip(template.landmark_names, template.named.on(head), strict=True))
    return _Proportions(
        width=float(np.ptp(head[head[:, 1] > point["chin"][1], 0])),
        crown=float(head[:, 1].max()),
        eye_half=float(point["eye_outer_L"][0] - point["eye_inner_L"][0]) / 2,
        brow_x=float(point["brow_mid_L"][0]),
        brow=float(point["brow_mid_L"][1]),
        bridge=float(point["nose_bridge"][1]),
        nose=float(point["nose_tip"][1]),
        mouth=float(point["lip_upper_inner"][1]),
        mouth_half=float(point["mouth_corner_L"][0]),
        chin=float(point["chin"][1]),
        under=float(point["chin"][1]) * CHIN_DEPTH,
    )


@dataclass(frozen=True)
class _Face:
    """Heights and half-widths of a face in the front view, world units."""

    middle: float
    eye: tuple[float, float]  # of the left one, x from the middle
    eye_half: float
    brow: tuple[float, float]
    bridge: float
    nose: float
    mouth: float
    mouth_half: float
    chin: float

    def places(self) -> Places:
        """(x, y) of each marker."""
        places = {
            "nose_bridge": (self.middle, self.bridge),
            "nose_tip": (self.middle, self.nose),
            "lip_upper_inner": (self.middle, self.mouth),
            "lip_lower_inner": (self.middle, self.mouth),
            "chin": (self.middle, self.chin),
        }
        for side, sign in (("L", 1.0), ("R", -1.0)):
            for name, x, y in (
                ("eye_outer", self.eye[0] + self.eye_half, self.eye[1]),
                ("eye_inner", self.eye[0] - self.eye_half, self.eye[1]),
                ("brow_mid", *self.brow),
                ("mouth_corner", self.mouth_half, self.mouth),
            ):
                places[f"{name}_{side}"] = (self.middle + sign * x, y)
        return places


def _head_lobe(view: FrontMap) -> _Lobe:
    """From the crown down to where the surface falls back, or to the mesh's end."""
    filled = np.isfinite(view.depth)
    if not filled.any():  # a sheet that is seen edge-on
        low, high = view.vertices.min(axis=0), view.vertices.max(axis=0)
        size = float((high - low).max()) or 1.0
        return _Lobe(float(low[0] + high[0]) / 2, size, float(high[1]), float(high[1]) - size)
    middle = _middle(view, filled)
    columns = np.flatnonzero(filled.any(axis=0))
    column = int(columns[np.abs(view.x[columns] - middle).argmin()])
    strip = view.depth[:, max(column - 1, 0) : column + 2]
    profile = np.nanmax(np.where(np.isfinite(strip), strip, -np.inf), axis=1)
    seen = np.flatnonzero(np.isfinite(profile))
    widths = np.array([_run(row, column) for row in filled]) * view.pixel[0]
    top, bottom, foremost = seen[0], seen[-1], -np.inf
    for row in range(top, bottom + 1):
        depth = view.y[top] - view.y[row]
        width = float(np.quantile(widths[top : row + 1], 0.75))  # a bun on top is narrow
        below = profile[row:][view.y[row] - view.y[row:] <= SHORT_NECK * width]
        fallen = below.max() < foremost - RECESS * width
        if depth > LOWEST * width and (fallen or depth > TALLEST * width):
            bottom = row - 1
            break
        foremost = max(foremost, profile[row])
    width = float(np.median(widths[top : bottom + 1]))
    upper, lower = view.y[top] + view.pixel[1] / 2, view.y[bottom] - view.pixel[1] / 2
    return _Lobe(middle, width, float(upper), float(lower))


def _middle(view: FrontMap, filled: NDArray[np.bool_]) -> float:
    """Place of the mirror plane: halfway between the sides of most rows."""
    rows = filled[filled.any(axis=1)]
    left = rows.argmax(axis=1)
    right = rows.shape[1] - 1 - rows[:, ::-1].argmax(axis=1)
    return float(np.median(view.x[left] + view.x[right]) / 2)


def _run(row: NDArray[np.bool_], column: int) -> int:
    """How many filled places hang together with ``column``."""
    if not row[column]:
        return 0
    empty = np.flatnonzero(~row)
    left = empty[empty < column].max(initial=-1)
    right = empty[empty > column].min(initial=len(row))
    return int(right - left - 1)


def _pairs(spots: list[Spot], lobe: _Lobe) -> list[Pair]:
    """Like spots on both sides of the head's middle, the likeliest eyes first."""
    inside = [
        spot
        for spot in spots
        if lobe.bottom < spot.centre[1] < lobe.top
        and EYE_SIZE[0] * lobe.width < spot.size.max() < EYE_SIZE[1] * lobe.width
    ]
    lefts = [spot for spot in inside if spot.centre[0] > lobe.middle]
    rights = [spot for spot in inside if spot.centre[0] < lobe.middle]
    if not lefts or not rights:
        return []
    like = np.argwhere(_mirrored(lefts, rights, lobe))
    pairs = [(lefts[left], rights[right]) for left, right in like]
    pairs = sorted(pairs, key=lambda pair: -float(np.prod(pair[0].size)))[:MOST_PAIRS]
    return sorted(pairs, key=lambda pair: -_likeness_to_eyes(pair, pairs, lobe))


def _mirrored(lefts: list[Spot], rights: list[Spot], lobe: _Lobe) -> NDArray[np.bool_]:
    """(L, R) which spots are alike and in mirrored places."""
    left, right = (np.stack([spot.centre for spot in side]) for side in (lefts, rights))
    apart = (left[:, None, 0] - right[None, :, 0]) / lobe.width
    aside = (left[:, None, 0] + right[None, :, 0]) / 2 - lobe.middle
    above = left[:, None, 1] - right[None, :, 1]
    sizes = (np.log(np.stack([spot.size for spot in side])) for side in (lefts, rights))
    unlike = np.abs(next(sizes)[:, None] - next(sizes)[None]).max(axis=2)
    return (
        (apart > EYES_APART[0])
        & (apart < EYES_APART[1])
        & (np.maximum(np.abs(aside), np.abs(above)) < MIRROR_TOLERANCE * lobe.width)
        & (unlike < np.log(ALIKE))
    )


def _likeness_to_eyes(pair: Pair, pairs: list[Pair], lobe: _Lobe) -> float:
    """Large, round, in the middle of the head's height, and no brows above other eyes."""
    spot = pair[0]
    round_share = min(spot.size) / max(spot.size)
    height = (spot.centre[1] - lobe.bottom) / lobe.height - 0.5
    likeness = float(np.prod(spot.size) * round_share * np.exp(-((height / 0.3) ** 2)))
    return likeness if not _is_brow(pair, pairs) else 1e-3 * likeness


def _is_brow(pair: Pair, pairs: list[Pair]) -> bool:
    """Wider than high, and above another pair that isn't tiny against it: a brow or a lash."""
    brow = pair[0]
    if brow.size[0] < BROW * brow.size[1]:
        return False
    return any(
        eye.centre[1] < brow.centre[1] - 0.35 * brow.size[1]
        and abs(eye.centre[0] - brow.centre[0]) < brow.size[0]
        and brow.low[1] - eye.high[1] < brow.size[0]
        and np.prod(eye.size) > LEAST_BELOW_A_BROW * np.prod(brow.size)
        for eye, _ in pairs
    )


def _face(view: FrontMap, lobe: _Lobe, pairs: list[Pair], usual: _Proportions) -> _Face:
    """What is seen of the face, and the template's proportions for the rest."""
    if pairs:
        left, right = pairs[0]
        middle = float(left.centre[0] + right.centre[0]) / 2
        iod = float(left.centre[0] - right.centre[0])
        eye_y = float(left.centre[1] + right.centre[1]) / 2
        half, half_height = (left.size + right.size) / 4
    else:
        middle, iod = lobe.middle, lobe.width / usual.width
        eye_y = lobe.bottom - lobe.height * usual.under / (usual.crown - usual.under)
        half, half_height = usual.eye_half * iod, 0.0
    scale = (lobe.bottom - eye_y) / usual.under  # of heights below the eyes
    brows = [pair for pair in pairs[1:] if _is_brow(pair, pairs[:1])]
    brow = usual.brow_x * iod, eye_y + max(usual.brow * iod, half_height + usual.brow * iod / 2)
    if brows:
        brow = max((_centre(pair) for pair in brows), key=lambda place: place[1])
    mouth = _mouth(view.spots, lobe, middle, eye_y + usual.nose / 2 * scale)
    usual_mouth = eye_y + usual.mouth * scale
    mouth_y = float(mouth.centre[1]) if mouth else _lips(view, lobe, middle, eye_y, usual_mouth)
    mouth_half = usual.mouth_half * min(iod, scale)
    below_mouth = (usual.chin - usual.mouth) / (usual.under - usual.mouth)
    return _Face(
        middle=middle,
        eye=(iod / 2, eye_y),
        eye_half=float(half),
        brow=brow,
        bridge=eye_y + usual.bridge * iod,
        nose=_nose(view, middle, eye_y, mouth_y, usual.nose / usual.mouth),
        mouth=mouth_y,
        mouth_half=float(mouth.size[0]) / 2 if mouth else mouth_half,
        chin=mouth_y + below_mouth * (lobe.bottom - mouth_y),
    )


def _centre(pair: Pair) -> tuple[float, float]:
    """Distance from the middle and height of a pair's left spot, made even."""
    left, right = pair
    x, y = (left.centre + right.centre * [-1.0, 1.0]) / 2
    return float(x), float(y)


def _mouth(spots: list[Spot], lobe: _Lobe, middle: float, highest: float) -> Spot | None:
    """The widest of the wide spots on the middle, between nose and chin."""
    wide = [
        spot
        for spot in spots
        if abs(spot.centre[0] - middle) < MIRROR_TOLERANCE / 2 * lobe.width
        and lobe.bottom + 0.05 * lobe.height < spot.centre[1] < highest
        and MOUTH_WIDTH[0] < spot.size[0] / lobe.width < MOUTH_WIDTH[1]
        and spot.size[0] > WIDE * spot.size[1]
    ]
    return max(wide, key=lambda spot: spot.size[0], default=None)


def _lips(view: FrontMap, lobe: _Lobe, middle: float, eye_y: float, usual: float) -> float:
    """Height of the slit or bulge nearest to where a mouth usually is, else ``usual``."""
    heights = np.linspace(eye_y, lobe.bottom, LIP_SAMPLES)
    across = lobe.width * np.array([-0.02, 0.0, 0.02])
    places = np.stack(np.meshgrid(middle + across, heights), axis=-1)
    depth = np.median(view.on_surface(places.reshape(-1, 2))[:, 2].reshape(-1, 3), axis=1)
    inside = np.isfinite(depth)
    if inside.sum() < LIP_SAMPLES // 2:
        return usual
    heights, depth = heights[inside], depth[inside]
    off = np.abs(depth - median_filter(depth, LIP_SAMPLES // 4, mode="nearest"))
    off = gaussian_filter1d(off, 1.0, mode="nearest")
    share = (heights - usual) / (eye_y - lobe.bottom)
    likeness = off * np.exp(-((share / LIP_REACH) ** 2))
    best = int(likeness.argmax())
    return float(heights[best]) if likeness[best] > LIPS * lobe.width else usual


def _nose(view: FrontMap, middle: float, eye_y: float, mouth_y: float, usual: float) -> float:
    """Height of what stands out most between eyes and mouth, else ``usual`` of the way down."""
    heights = np.linspace(eye_y, mouth_y, 42)[1:-1]
    points = view.on_surface(np.c_[np.full(len(heights), middle), heights])
    ends = view.on_surface(np.array([[middle, eye_y], [middle, mouth_y]]))
    share = (heights - eye_y) / (mouth_y - eye_y)
    out = points[:, 2] - (ends[0, 2] + share * (ends[1, 2] - ends[0, 2]))
    if np.isfinite(out).any() and np.nanmax(out) > NOSE * abs(eye_y - mouth_y):
        return float(heights[np.nanargmax(out)])
    return eye_y + usual * (mouth_y - eye_y)
