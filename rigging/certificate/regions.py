# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether each shape keeps to its own part of the face.

Skin slides far: a smile lifts the whole cheek and an opening jaw draws on the neck. So regions are
wide bands between the levels of two landmarks, on one side of the face or on both; what lies
beyond them has no business to move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..data import Metric
from ..head import Head
from .report import judged, place_of
from .skin import MOVED, ExposedSkin

LIMITS: Final = {"leak": 0.04, "stray motion": 0.5}  # artists' rigs stray less than 0.25
BACK = -1.7  # IOD behind the eyes: the ears; no shape moves the back of the head
FACE_CENTRE = np.array([0.0, -0.5, 0.0])
MOVED_SHARE = 0.1  # of the shape's largest motion
FACE_REACH = 2.5  # IOD; a whole body at rest must not water the mean down


@dataclass(frozen=True)
class Region:
    """``below`` and ``above``: landmark levels that bound the region, "" where nothing does, each
    with a margin in IOD; ``across``: how far a one-sided shape reaches over the midline, IOD.
    """

    below: str = ""
    below_margin: float = 0.0
    above: str = ""
    above_margin: float = 0.0
    across: float = 0.35


UPPER: Final = Region(above="nose_base", above_margin=0.2)
LOWER: Final = Region(below="brow_mid", across=0.8)
# The first entry that a shape's name starts with counts.
REGIONS: Final[dict[str, Region]] = {
    "brow": UPPER,
    "eye": UPPER,
    "cheekSquint": Region("brow_mid", 0.6),
    "cheek": LOWER,
    "jaw": LOWER,
    "mouth": LOWER,
    "noseSneer": Region("brow_mid", 0.8, "chin", 0.3, 0.6),  # it draws the brow down
    "tongueOut": Region(below="nose_tip"),
}
TWO_SIDED: Final = frozenset({"jawLeft", "jawRight", "mouthLeft", "mouthRight"})


def measure_leak(
    head: Head, skin: ExposedSkin, poses: dict[str, NDArray[np.float64]]
) -> list[Metric]:
    """Leak: mean motion of the face outside a shape's region / mean motion of what it moves inside.

    Stray motion: largest motion outside / largest inside. A blink that moves a little of the
    other eye as well hardly shows in a mean over the whole face.
    """
    face = np.linalg.norm(skin.points - FACE_CENTRE, axis=1) < FACE_REACH
    worst = {"leak": (0.0, ""), "stray motion": (0.0, "")}
    for name, displacement in poses.items():
        motion = np.sqrt(np.einsum("ij,ij->i", displacement, displacement))
        inside = region_of(name, head, skin.points) & face
        outside = np.flatnonzero(face & ~inside)
        if len(outside) == 0 or motion[face].max(initial=0.0) < MOVED:
            continue
        stray = outside[motion[outside].argmax()]
        for metric, ratio in _ratios(motion, inside, outside).items():
            if ratio > worst[metric][0]:
                worst[metric] = ratio, place_of(head, name, skin.points[stray])
    return [judged(name, worst[name][0], LIMITS[name], "ratio", worst[name][1]) for name in LIMITS]


def leaks(name: str, head: Head, skin: ExposedSkin, displacement: NDArray[np.float64]) -> bool:
    """Whether a pose (n, 3) of the skin moves too much outside of its region."""
    metrics = measure_leak(head, skin, {name: displacement})
    return not all(metric.passed for metric in metrics)


def _ratios(
    motion: NDArray[np.float64], inside: NDArray[np.bool_], outside: NDArray[np.int64]
) -> dict[str, float]:
    most = float(motion[inside].max(initial=1e-9))
    # Inside, only what the shape is about counts: wide bands are mostly still.
    moved = motion[inside & (motion > MOVED_SHARE * most)]
    mean = float(moved.mean()) if len(moved) else 1e-9
    return {
        "leak": float(motion[outside].mean()) / mean,
        "stray motion": float(motion[outside].max()) / most,
    }


def region_of(name: str, head: Head, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) which points (n, 3) of the head frame a shape may move."""
    return distance_to_region(name, head, points) < 0


def distance_to_region(name: str, head: Head, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) how far points (n, 3) of the head frame lie beyond the furthest of the planes that bound
    what a shape may move, IOD; negative inside.
    """
    region = next(region for prefix, region in REGIONS.items() if name.startswith(prefix))
    beyond = BACK - points[:, 2]
    if region.below:
        level = _level(head, region.below) + region.below_margin
        beyond = np.maximum(beyond, points[:, 1] - level)
    if region.above:
        level = _level(head, region.above) - region.above_margin
        beyond = np.maximum(beyond, level - points[:, 1])
    if name not in TWO_SIDED:
        if name.endswith("Left"):
            beyond = np.maximum(beyond, -region.across - points[:, 0])
        elif name.endswith("Right"):
            beyond = np.maximum(beyond, points[:, 0] - region.across)
    return beyond


def _level(head: Head, landmark: str) -> float:
    """Height of a landmark; of a paired one, the mean of both sides."""
    if landmark in head.landmarks.named:
        return float(head.point(landmark)[1])
    return float(np.mean([head.point(f"{landmark}_{side}")[1] for side in "LR"]))
