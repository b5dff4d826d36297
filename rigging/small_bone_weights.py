# SPDX-License-Identifier: GPL-3.0-or-later
"""Compact, smooth regions of the small bones: brows, cheeks, nose, lips and lids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..vocabulary import SIDES
from .head import Head, LidRim
from .polyline import resample
from .proportions import Proportions
from .skeleton import cheek_point, eye_centre
from .skin_patch import SkinPatch, bump, smoothstep

Floats = NDArray[np.float64]

BROW_PLACES = ("inner", "mid", "outer")
EYE_FOLLOW = 0.12  # share of the eye's turn that the lid margin takes
FARTHEST = 3.0  # IOD; no lid reaches that far
LID_BONES = ("lid_upper", "lid_lower", "eye")
GATE_SHUT = 2.0  # radii along the surface; what lies within one radius in the air is shut off there


@dataclass(frozen=True)
class Region:
    """Where a small bone holds the skin: full ``strength`` on ``anchors`` (P, 3) and within the
    ``plateau`` share of the ``radius`` around them, nothing beyond the radius.
    """

    bone: str
    anchors: Floats
    radius: float
    strength: float
    plateau: float = 0.0


def small_bone_regions(head: Head, proportions: Proportions) -> Iterator[Region]:
    """Regions of nose, lips and cheeks, from the landmarks."""
    height = proportions.face_height
    tip, bridge, base = (head.point(f"nose_{part}") for part in ("tip", "bridge", "base"))
    nose = np.array([tip, base, head.point("ala_L"), head.point("ala_R")])
    length = float(np.linalg.norm(bridge - base))
    yield Region("nose", nose, 0.45 * max(length, 0.2 * height), 0.8)
    yield from _lips(head, height)
    for side in SIDES:
        yield Region(f"cheek.{side}", cheek_point(head, side)[None], 0.27 * height, 0.7)


def brow_weights(head: Head, proportions: Proportions, patch: SkinPatch) -> dict[str, Floats]:
    """(n,) weights of the six brow bones: a band along each brow, shared out along it."""
    band = np.zeros(len(patch.index))
    for side in SIDES:
        line = np.array([head.point(f"brow_{place}_{side}") for place in BROW_PLACES])
        spacing = float(np.linalg.norm(np.diff(line, axis=0), axis=1).mean())
        radius = max(1.25 * spacing, 0.18 * proportions.face_height)
        region = Region("brow", resample(line, 25), radius, 0.95, plateau=0.15)
        band = np.maximum(band, region_weight(patch, region))
    return {bone: band * share for bone, share in brow_shares(head, patch.points[:, 0]).items()}


def brow_shares(head: Head, across: Floats) -> dict[str, Floats]:
    """Share of each brow bone at ``across`` (P,), the x of points on a brow: (P,) each, in sum 1.

    Blends from one bone to the next across the face, so that grown-together brows hold too.
    """
    chain = [f"brow_{place}_R" for place in BROW_PLACES[::-1]]
    chain += [f"brow_{place}_L" for place in BROW_PLACES]
    stations = np.array([head.point(name)[0] for name in chain])
    stations = np.maximum.accumulate(stations) + 1e-6 * np.arange(len(chain))
    exact = np.interp(across, stations, np.arange(len(chain)))
    return {
        f"{name[:-2]}.{name[-1]}": smoothstep(1.0 - np.abs(exact - index))
        for index, name in enumerate(chain)
    }


def _lips(head: Head, height: float) -> Iterator[Region]:
    corners = [head.point(f"mouth_corner_{side}") for side in SIDES]
    width = max(float(np.linalg.norm(corners[0] - corners[1])), 0.2 * height)
    for lip, outer in (("upper", "top"), ("lower", "bottom")):
        anchors = np.array([head.point(f"lip_{lip}_{outer}"), head.point(f"lip_{lip}_inner")])
        if head.seam is not None:
            margin = resample(getattr(head.seam, lip), 41)
            anchors = np.concatenate([anchors, margin[14:27]])
        yield Region(f"lip_{lip}", anchors, 0.36 * width, 0.75)
    for side, corner in zip(SIDES, corners, strict=True):
        yield Region(f"lip_corner.{side}", corner[None], 0.34 * width, 0.5)


def region_weight(patch: SkinPatch, region: Region) -> Floats:
    """(n,) weight of a region on the patch: a C1 bump of the distance to its anchors.

    Straight distance is smooth on any mesh; skin that is much further along the surface than
    through the air (the inside of the mouth, the other lip) is left out.
    """
    seeds, gaps = patch.nearest(region.anchors, patch.visible)
    if not len(seeds):
        return np.zeros(len(patch.index))
    # Where the mesh is coarser than the region, at least the nearest vertex must feel the bone.
    radius = max(region.radius, 1.8 * float(gaps.min()))
    straight = cKDTree(region.anchors).query(patch.points, distance_upper_bound=radius)[0]
    inside = np.flatnonzero(straight < radius)
    along = patch.distance(seeds.ravel(), gaps.ravel(), limit=GATE_SHUT * radius)
    gate = _gate(patch, inside, along[inside], straight[inside], radius, seeds.ravel())
    fall = bump((straight[inside] / radius - region.plateau) / (1.0 - region.plateau))
    weight = np.zeros(len(patch.index))
    weight[inside] = region.strength * fall * gate
    return weight


def _gate(
    patch: SkinPatch,
    inside: NDArray[np.int64],
    along: Floats,
    straight: Floats,
    radius: float,
    seeds: NDArray[np.int64],
) -> Floats:
    """1 where the surface leads straight to the seeds, 0 where the way round is long.

    For the vertices ``inside`` (k,) the radius, with (k,) distances ``along`` the surface and
    ``straight``. Visible skin in a piece of its own (scraps, unwelded shells) counts as reached.
    """
    reached = np.isfinite(along)
    excess = np.where(reached, along, 0.0) - straight
    gate = np.where(reached, 1.0 - smoothstep((excess - 0.35 * radius) / (0.6 * radius)), 0.0)
    reaches = np.zeros(patch.piece.max() + 1, bool)
    reaches[patch.piece[seeds]] = True
    gate[~reaches[patch.piece[inside]] & patch.visible[inside]] = 1.0
    return gate


def lid_weights(head: Head, patch: SkinPatch, side: str) -> dict[str, Floats]:
    """(n,) weights of the upper lid's, the lower lid's and the eye's bone around one eye.

    Along a margin the weight follows the angle between the margins, seen from the lid bones'
    pivot: turning one lid bone by the widest angle brings that margin to the other one all along.
    """
    rim = head.rims.get(side)
    if rim is None or not patch.visible.any():
        return {}
    centre = eye_centre(head, side)
    share = _closing_share(rim, centre)
    brow_gap = np.linalg.norm(head.point(f"brow_mid_{side}") - rim.upper[len(rim.upper) // 2])
    opening = max(rim.opening, 0.02)
    radius = {
        "upper": float(np.clip(0.75 * brow_gap, 0.5 * opening, max(1.3 * opening, 0.22))),
        "lower": float(np.clip(0.6 * opening, 0.12, 0.5)),
    }
    away = {name: _margin_distance(patch, rim, name, reach) for name, reach in radius.items()}
    inside = np.flatnonzero(
        np.isfinite(away["upper"].straight) | np.isfinite(away["lower"].straight)
    )
    far = 2.0 * FARTHEST
    along = {name: np.minimum(margin.along[inside], far) for name, margin in away.items()}
    lead = along["lower"] - along["upper"]
    is_upper = smoothstep(0.5 + lead / (0.3 * opening))
    weights = {f"{bone}.{side}": np.zeros(len(patch.index)) for bone in LID_BONES}
    for name, part in (("upper", is_upper), ("lower", 1.0 - is_upper)):
        margin = away[name]
        straight, wide = margin.straight[inside], margin.reach
        gate = _gate(patch, inside, margin.along[inside], straight, wide, margin.seeds)
        place = margin.place[inside]
        level = np.interp(place, np.linspace(0, 1, len(share)), share) * gate * part
        follow = EYE_FOLLOW * level * bump(straight / (0.7 * wide))
        weights[f"eye.{side}"][inside] += follow
        weights[f"lid_{name}.{side}"][inside] = level * bump(straight / wide) - follow
    return {bone: np.clip(weight, 0.0, 1.0) for bone, weight in weights.items()}


@dataclass(frozen=True)
class _MarginDistance:
    """Of each patch vertex to one lid margin: ``straight``, inf beyond the ``reach`` of the lid's
    bone, and ``along`` the surface; ``place`` 0..1 of the nearest margin point; the ``seeds`` on
    the margin.
    """

    straight: Floats
    along: Floats
    place: Floats
    seeds: NDArray[np.int64]
    reach: float


def _margin_distance(patch: SkinPatch, rim: LidRim, name: str, radius: float) -> _MarginDistance:
    """``radius``: of the lid's bone; on a coarse mesh it reaches further, to the next vertex."""
    margin, other = (rim.upper, rim.lower) if name == "upper" else (rim.lower, rim.upper)
    seeds, gaps = patch.nearest(margin[2:-2], patch.visible, 4)
    # A vertex of the other lid may be the nearest where the eye is narrow.
    height = patch.points[seeds] @ rim.axes[1]
    split = ((margin + other)[2:-2] @ rim.axes[1] / 2)[:, None]
    sign = 1.0 if name == "upper" else -1.0
    right_side = sign * (height - split) >= 0
    if not right_side.any():
        right_side[:] = True
    seeds, gaps = seeds[right_side], gaps[right_side]
    reach = max(radius, 1.8 * float(gaps.min()))
    line = resample(margin, 160)
    straight, nearest = cKDTree(line).query(patch.points, distance_upper_bound=reach)
    return _MarginDistance(
        straight,
        patch.distance(seeds, gaps, limit=FARTHEST),
        nearest / (len(line) - 1),
        np.unique(seeds),
        reach,
    )


def _closing_share(rim: LidRim, centre: Floats) -> Floats:
    """(K,) angle between the margins about the eye's sideways axis, as share of the widest."""
    angles = []
    for margin in (rim.upper, rim.lower):
        local = (margin - centre) @ rim.axes.T
        angles.append(np.arctan2(local[:, 1], np.maximum(local[:, 2], 0.02)))
    between = np.maximum(angles[0] - angles[1], 0.0)
    return between / max(float(between.max()), 1e-9)
