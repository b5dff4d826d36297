# SPDX-License-Identifier: GPL-3.0-or-later
"""How a loose brow follows the skin, and how far: a thick one has to go further to be read.

Head frame, unit IOD.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .head import Head
from .lash_motion import unit
from .loose_parts import SkinBinding, bind_brow, bind_to_skin
from .raycast import RayScene
from .skin_patch import visible_skin_triangles

Floats = NDArray[np.float64]

# A human brow is about so thick (0.12 IOD on the template); one of a cartoon that is three times
# as thick and moved as far as a human's hardly seems to move.
USUAL_THICKNESS: Final = 0.12
MOST: Final = 2.5
NEAR: Final = 0.5  # skin further away than this isn't what the brow lies on


@dataclass(frozen=True)
class BrowFollower:
    """``piece`` (P,): vertices of one loose brow of ``head``."""

    head: Head
    piece: NDArray[np.int64]
    binding: SkinBinding
    feet: SkinBinding

    @classmethod
    def of(cls, head: Head, piece: NDArray[np.int64]) -> BrowFollower | None:
        """The follower of a brow; None where the head has no skin."""
        binding, feet = bind_brow(head, piece), bind_to_skin(head, head.vertices[piece])
        return None if binding is None or feet is None else cls(head, piece, binding, feet)

    def follow(self, name: str, displacement: Floats, result: Floats) -> None:
        """Fill the brow's rows of ``result`` (N, 3): it bends gently with the skin below, gives
        way where that rises, and slides over it as far as its thickness asks for.
        """
        smooth = self.binding.rows @ displacement
        rise = ((self.feet.rows @ displacement - smooth) * self._outward).sum(axis=1)
        motion = smooth + np.maximum(rise, 0.0)[:, None] * self._outward
        if name.startswith("brow") and self._stretch > 1.0 and motion.any():
            motion = motion + self._slide((self._stretch - 1.0) * smooth)
        result[self.piece] = motion

    @cached_property
    def _outward(self) -> Floats:
        return unit(self.feet.rows @ self.head.normals)

    @cached_property
    def _stretch(self) -> float:
        """How many times as far as the skin below the brow goes, by its thickness seen from the
        front.
        """
        flat = self.head.vertices[self.piece, :2]
        flat = flat - flat.mean(axis=0)
        axes = np.linalg.eigh(flat.T @ flat)[1]
        return float(np.clip(np.ptp(flat @ axes[:, 0]) / USUAL_THICKNESS, 1.0, MOST))

    def _slide(self, motion: Floats) -> Floats:
        """``motion`` (P, 3) kept at the brow's height over the skin that it slides over."""
        middle = unit(self._outward.mean(axis=0)[None])[0]
        points = self.head.vertices[self.piece]
        before, after = (self._height(at, middle) for at in (points, points + motion))
        change = before - after
        known = np.isfinite(change)
        return motion + (float(np.median(change[known])) if known.any() else 0.0) * middle

    def _height(self, points: Floats, outward: Floats) -> Floats:
        """(P,) how high points lie over the skin along ``outward`` (3,); NaN beside it."""
        hits = self._skin.cast(points + NEAR * outward, -outward)
        return np.where(hits.distance < 2 * NEAR, hits.distance - NEAR, np.nan)

    @cached_property
    def _skin(self) -> RayScene:
        return RayScene(self.head.vertices, visible_skin_triangles(self.head))
