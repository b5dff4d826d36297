# SPDX-License-Identifier: GPL-3.0-or-later
"""How a face gets from one pose to another in time: styles, and the order of its regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .data import Floats


@dataclass(frozen=True)
class Style:
    """``waypoints``: (share of the region's time, share of the way) pairs from (0, 0) to (1, 1),
    at each of which the motion comes to rest; shares of the way below 0 anticipate, above 1
    overshoot. ``spread``: how far the regions are apart, 1 as people move. ``strength``: of the
    whole expression.
    """

    waypoints: tuple[tuple[float, float], ...]
    spread: float
    strength: float = 1.0


STYLES: Final[dict[str, Style]] = {
    "natural": Style(((0.0, 0.0), (1.0, 1.0)), 1.0),
    "snappy": Style(((0.0, 0.0), (0.55, 1.06), (1.0, 1.0)), 0.6),
    "cartoon": Style(((0.0, 0.0), (0.22, -0.12), (0.66, 1.15), (1.0, 1.0)), 1.0),
    "subtle": Style(((0.0, 0.0), (1.0, 1.0)), 1.3, 0.6),
}
# Region -> the share of a transition at which it begins to move, and how long it moves: brows lead,
# the mouth follows, lids and eyes come last, as animators time a change of mind.
_ONSET: Final[dict[str, float]] = {"brows": 0.0, "cheeks": 0.08, "mouth": 0.12, "eyes": 0.22}
_LASTS: Final = 0.72


@dataclass(frozen=True)
class Schedule:
    """``frames`` at which a region comes to rest, whole ones from the start of the transition;
    ``levels``: shares of the way that it has done by then.
    """

    frames: tuple[int, ...]
    levels: tuple[float, ...]

    def between(self, frames: Floats, stops: Floats) -> Floats:
        """(F, C) values at ``frames`` of motions that come to rest at ``stops`` (K, C)."""
        values = np.tile(stops[0], (len(frames), 1))
        for k in range(len(self.frames) - 1):
            share = self.ease((frames - self.frames[k]) / self.lasts(k))
            values += share[:, None] * (stops[k + 1] - stops[k])
        return values

    def lasts(self, k: int) -> int:
        """Frames of the ``k``-th stretch."""
        return self.frames[k + 1] - self.frames[k]

    def ease(self, share: Floats) -> Floats:
        """Share of a stretch after each share of its time.

        One long motion is as smooth as can be. Short ones after another are eased as an animator's
        keys would: finer differences aren't seen there, and each would cost keys.
        """
        return minimum_jerk(share) if len(self.frames) == 2 else cubic_ease(share)


def schedule(region: str, style: Style, length: int, lag: float = 0.0) -> Schedule:
    """When a region moves in a transition of ``length`` frames. ``lag``: share of the transition by
    which it begins late and, as far as there is time, ends late.
    """
    begins = min(_ONSET[region] * style.spread, 1.0 - _LASTS)
    # With little spread all move longer, so that the whole time is used.
    latest = min(max(_ONSET.values()) * style.spread, 1.0 - _LASTS)
    ends = min(begins + 1.0 - latest + lag, 1.0)
    begins += lag
    shares, levels = zip(*style.waypoints, strict=True)
    frames = tuple(round((begins + share * (ends - begins)) * length) for share in shares)
    if len(set(frames)) == len(frames):
        return Schedule(frames, levels)
    # Too short for more than getting there.
    first = min(frames[0], length - 1)
    return Schedule((first, max(frames[-1], first + 1)), (0.0, 1.0))


def minimum_jerk(share: Floats) -> Floats:
    """The smoothest way from rest to rest: T. Flash and N. Hogan, "The coordination of arm
    movements" (J. Neuroscience 5, 1985). Shares of the time in, of the way out; clipped to 0..1.
    """
    t = np.clip(share, 0.0, 1.0)
    return t**3 * (10.0 + t * (6.0 * t - 15.0))


def cubic_ease(share: Floats) -> Floats:
    """The way from rest to rest that one pair of F-curve keys with level handles makes."""
    t = np.clip(share, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
