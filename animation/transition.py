# SPDX-License-Identifier: GPL-3.0-or-later
"""A face that turns from one expression to another, acted: regions one after another, a blink
where the mind changes, ease and overshoot by style; as curves with few keys.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import PchipInterpolator

from ..errors import RigError
from ..vocabulary import ARKIT_SHAPES, FACE_REGIONS
from .blinks import LIDS, Blink, add_blink, blink_at
from .blinks import length as blink_length
from .data import Animation, Curve, Floats
from .easing import STYLES, Schedule, schedule
from .keys import keys_together
from .regions import MEMBERS, SIDE

SHORTEST: Final = 2  # frames
STILL: Final = 1e-4  # of a weight
# A change of the face, or of the gaze, that a blink goes with.
_TURN: Final = 0.3
_LAG: Final = 0.1  # share of a transition that the weak side follows by, at full asymmetry
_GAZE: Final = [i for i, name in enumerate(ARKIT_SHAPES) if name.startswith("eyeLook")]
# Where a motion would go below 0, these move the other way instead.
_ANTAGONISTS: Final = {
    "browInnerUp": ("browDownLeft", "browDownRight"),
    "browOuterUpLeft": ("browDownLeft",),
    "browOuterUpRight": ("browDownRight",),
    "eyeWideLeft": ("eyeSquintLeft",),
    "eyeWideRight": ("eyeSquintRight",),
    "mouthSmileLeft": ("mouthFrownLeft",),
    "mouthSmileRight": ("mouthFrownRight",),
    "mouthFrownLeft": ("mouthSmileLeft",),
    "mouthFrownRight": ("mouthSmileRight",),
    "jawOpen": ("mouthPressLeft", "mouthPressRight"),
}
_INDEX: Final = {name: index for index, name in enumerate(ARKIT_SHAPES)}


@dataclass(frozen=True)
class Timing:
    """``start``: scene frame at which the face begins to move; ``length``: frames until it has
    come to rest; ``fps``: frames a second.
    """

    start: float
    length: int
    fps: float


@dataclass(frozen=True)
class Acting:
    """``style``: one of easing.STYLES; ``asymmetry`` 0..1: how much one side lags behind and, in
    expressions that ``one_sided`` has made so, does less; ``seed``: which side, and how long a
    blink; ``blink``: whether a turn of mind or gaze goes with one; ``regions``: the parts of the
    face that are animated.
    """

    style: str = "natural"
    asymmetry: float = 0.0
    seed: int = 0
    blink: bool = True
    regions: Collection[str] = FACE_REGIONS


def transition(path: Floats, timing: Timing, acting: Acting) -> Animation:
    """Curves along ``path`` (P, 52), at least two poses evenly spaced from the first expression to
    the second. Raises RigError for an impossible span.
    """
    dense = frames_of(path, timing, acting)
    frames = timing.start + np.arange(len(dense.values), dtype=np.float64)
    curves: dict[str, Curve] = {}
    at_rest: list[str] = []
    for shapes, corners in dense.groups:
        moving = [i for i in shapes if np.abs(dense.values[:, i]).max() > STILL]
        at_rest += [ARKIT_SHAPES[i] for i in shapes if i not in moving]
        keyed = keys_together(frames, dense.values[:, moving], corners)
        curves |= {ARKIT_SHAPES[i]: curve for i, curve in zip(moving, keyed, strict=True)}
    return Animation(timing.start, float(frames[-1]), curves, tuple(at_rest))


@dataclass(frozen=True)
class Dense:
    """``values`` (length + 1, 52) for every frame; ``groups``: shapes that move together, with the
    frames, from the start, at which their motion has a corner.
    """

    values: Floats
    groups: list[tuple[list[int], tuple[int, ...]]]


def frames_of(path: Floats, timing: Timing, acting: Acting) -> Dense:
    """What the curves of ``transition`` are fitted to, in the regions that are animated."""
    if timing.length < SHORTEST:
        raise RigError(
            f"A transition of {timing.length} frames is too short.",
            f"Give it at least {SHORTEST} frames.",
        )
    blink = _blink(path, timing, acting)
    frames = np.arange(timing.length + 1, dtype=np.float64)
    values = np.zeros((len(frames), path.shape[1]))
    groups = []
    for region in FACE_REGIONS:
        if region not in acting.regions:
            continue
        for lag, shapes in _by_lag(region, acting):
            times = schedule(region, STYLES[acting.style], timing.length, lag)
            stops = _stops(path, times.levels)[:, shapes]
            values[:, shapes] = _along(path[:, shapes], stops, times, frames)
            groups += _with_corners(shapes, times, blink)
    if blink is not None:
        add_blink(values, blink)
    return Dense(np.clip(values, 0.0, 1.0), groups)


def one_sided(pose: Floats, acting: Acting) -> Floats:
    """An expression (52,) with the weaker side of each region doing less."""
    weaker = np.ones(len(pose))
    for region, members in MEMBERS.items():
        side = SIDE[members]
        weaker[members[side == _weak_side(region, acting)]] -= 0.45 * acting.asymmetry
    weaker[_GAZE] = 1.0  # eyes look the same way
    return pose * weaker


def strength_of(style: str) -> float:
    """How much of an expression's intensity a style shows."""
    return STYLES[style].strength


def _stops(path: Floats, levels: tuple[float, ...]) -> Floats:
    """(K, 52) where the shapes come to rest at K shares of the way. Beyond the ends the way goes
    straight on, as far as there is room; below 0 the antagonists do it instead.
    """
    first, last = path[0], path[-1]
    wanted = first + np.array(levels)[:, None] * (last - first)
    stops = np.clip(wanted, np.minimum(0.0, first), np.maximum(1.0, last))
    spilled = np.clip(-wanted, 0.0, None)
    for name, others in _ANTAGONISTS.items():
        for other in others:
            stops[:, _INDEX[other]] += spilled[:, _INDEX[name]]
    return np.minimum(stops, 1.0)


def _along(path: Floats, stops: Floats, times: Schedule, frames: Floats) -> Floats:
    """Values (F, C) from stop to stop, with what ``path`` (P, C) is off the straight way on the
    longest stretch of it.
    """
    share = np.linspace(0.0, 1.0, len(path))
    off = PchipInterpolator(share, path - (path[0] + share[:, None] * (path[-1] - path[0])))
    main = int(np.argmax(np.diff(times.levels)))
    progress = times.ease((frames - times.frames[main]) / times.lasts(main))
    return times.between(frames, stops) + off(progress)


def _with_corners(
    shapes: list[int], times: Schedule, blink: Blink | None
) -> list[tuple[list[int], tuple[int, ...]]]:
    """Groups of shapes with the same corners: lids that blink have more of them."""
    if blink is None:
        return [(shapes, times.frames)]
    lids = [i for i in shapes if i in LIDS]
    shut = sorted({*times.frames, *(int(frame) for frame in blink.frames)})
    return [([i for i in shapes if i not in LIDS], times.frames), (lids, tuple(shut))]


def _by_lag(region: str, acting: Acting) -> list[tuple[float, list[int]]]:
    """The shapes of a region by how late they are: with asymmetry, the weak side follows."""
    shapes = [int(index) for index in MEMBERS[region]]
    if acting.asymmetry == 0.0:
        return [(0.0, shapes)]
    weak = _weak_side(region, acting)
    late = [i for i in shapes if SIDE[i] == weak and i not in _GAZE]
    return [(0.0, [i for i in shapes if i not in late]), (_LAG * acting.asymmetry, late)]


def _weak_side(region: str, acting: Acting) -> int:
    """1 for the character's left, -1 for its right."""
    rng = np.random.default_rng((acting.seed, FACE_REGIONS.index(region)))
    return int(rng.choice((-1, 1)))


def _blink(path: Floats, timing: Timing, acting: Acting) -> Blink | None:
    """The blink of a turn, in frames from the start; None where nothing turns or it has no room."""
    change = np.abs(path[-1] - path[0])
    turns = change.max() > _TURN or change[_GAZE].max() > _TURN / 2
    if not acting.blink or "eyes" not in acting.regions or not turns:
        return None
    if blink_length(timing.fps) > timing.length:
        return None
    held = float(np.random.default_rng((acting.seed, len(FACE_REGIONS))).random())
    blink = blink_at(0.0, timing.fps, held)
    # The lids are shut as the eyes begin to move.
    begins = schedule("eyes", STYLES[acting.style], timing.length).frames[0]
    latest = timing.length - blink.frames[3]
    start = round(min(max(begins - blink.frames[1], 0.0), latest))
    return blink_at(float(start), timing.fps, held)
