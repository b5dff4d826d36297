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
from .loose_parts import SkinBinding, bind_brow, bind_to_skin, spread_along
from .raycast import RayScene
from .skin_patch import visible_skin_triangles
from .style import brow_growth

Floats = NDArray[np.float64]

# A human brow is about so thick (0.12 IOD on the template); one of a cartoon that is three times
# as thick and moved as far as a human's hardly seems to move.
USUAL_THICKNESS: Final = 0.12
MOST: Final = 2.5
# How steep a loose brow of usual thickness gets, outer end up: on skin the middle moves most, of
# which a bar shows nothing but that it comes down. Anger is known by the tilt. Raised at both ends
# it stays level.
TILTS: Final[dict[str, float]] = {"browDown": 0.17, "browInnerUp": -0.17, "browOuterUp": 0.17}
BESIDE: Final = 0.1  # IOD; a brow whose middle is nearer to the midline than that is of both eyes
WITH_LIDS: Final = 0.05  # IOD; a brow close above a large eye isn't drawn down with its lid
STILL: Final = 1e-3  # IOD: a brow that moves less doesn't sink
# IOD along the brow, and across it, over which what a brow is moved out by is evened out.
EVENING: Final = (0.04, 0.01)
SAMPLES: Final = 1000  # places of a brow whose height is looked at
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
        """Fill the brow's rows of ``result`` (N, 3): it bends gently with the skin below, as far as
        its thickness asks for, and stays at its height over the skin that it comes to lie on.
        """
        motion = self.binding.rows @ displacement
        if name.startswith("brow"):
            motion = self._tilted(name, self._stretch * motion)
        elif name.startswith("eye"):
            motion = motion * min(1.0, WITH_LIDS / max(np.abs(motion).max(), STILL))
        if np.abs(motion).max() > STILL:
            motion = motion + self._settled(motion, displacement)[:, None] * self._middle
        result[self.piece] = motion

    def _tilted(self, name: str, motion: Floats) -> Floats:
        """A shape's motion (P, 3), turned about the brow's middle until it tilts as it should."""
        points = self.head.vertices[self.piece]
        middle = points.mean(axis=0)
        other = "Right" if middle[0] > 0.0 else "Left"
        wanted = next((tilt for start, tilt in TILTS.items() if name.startswith(start)), 0.0)
        still = np.abs(motion).max() < STILL
        if abs(middle[0]) < BESIDE or name.endswith(other) or not wanted or still:
            return motion
        outwards = np.sign(middle[0]) * (points[:, 0] - middle[0])
        squared = max(float(outwards @ outwards), 1e-12)
        tilt = float(outwards @ motion[:, 1]) / squared
        lacking = max(self._stretch * abs(wanted) - np.sign(wanted) * tilt, 0.0)
        turned = motion.copy()
        turned[:, 1] += np.sign(wanted) * lacking * outwards
        return turned

    def _settled(self, motion: Floats, displacement: Floats) -> Floats:
        """(P,) how far out the brow must go to lie as high over the moved skin as over the resting
        one. Evened out along the brow, or it would show every fold; hardly across it, where it has
        to tilt with the skin; and in both directions, or the rim that it hides would come out.
        """
        triangles = self._patch
        if not len(triangles):
            return np.zeros(len(self.piece))
        used, local = np.unique(triangles, return_inverse=True)
        moved = self.head.vertices[used] + displacement[used]
        points = (self.head.vertices[self.piece] + motion)[self._samples]
        after = _height(RayScene(moved, local.reshape(-1, 3)), points, self._middle)
        change = self._rest_height - after
        known = np.isfinite(change)
        near = self._near[:, known]
        return near @ change[known] / np.maximum(near.sum(axis=1), 1e-12)

    @cached_property
    def _middle(self) -> Floats:
        """(3,) the way out of the skin below the brow."""
        return unit(self._outward.mean(axis=0)[None])[0]

    @cached_property
    def _patch(self) -> NDArray[np.int64]:
        """(m, 3) skin near the brow."""
        points = self.head.vertices[self.piece]
        low, high = points.min(axis=0) - NEAR, points.max(axis=0) + NEAR
        near = ((self.head.vertices > low) & (self.head.vertices < high)).all(axis=1)
        skin = visible_skin_triangles(self.head)
        return skin[near[skin].any(axis=1)]

    @cached_property
    def _samples(self) -> NDArray[np.int64]:
        """(S,) some of the brow's vertices, all along it."""
        return spread_along(self.head.vertices[self.piece], SAMPLES)

    @cached_property
    def _near(self) -> Floats:
        """(P, S) how much each sample counts for each vertex."""
        points = self.head.vertices[self.piece]
        centred = points - points.mean(axis=0)
        along = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
        apart = ((points[:, None] - points[self._samples][None]) ** 2).sum(axis=2)
        lengthwise = (along[:, None] - along[self._samples][None]) ** 2
        long, wide = EVENING
        return np.exp(-0.5 * (lengthwise / long**2 + (apart - lengthwise) / wide**2))

    @cached_property
    def _rest_height(self) -> Floats:
        """(S,) height of the samples over the skin at rest."""
        skin = RayScene(self.head.vertices, self._patch)
        return _height(skin, self.head.vertices[self.piece][self._samples], self._middle)

    @cached_property
    def _outward(self) -> Floats:
        return unit(self.feet.rows @ self.head.normals)

    @cached_property
    def _stretch(self) -> float:
        """How many times as far as the skin below the brow goes, by its thickness seen from the
        front; less where that skin goes further than a human's, since a brow that slides over skin
        sinks into what other shapes make of it.
        """
        flat = self.head.vertices[self.piece, :2]
        flat = flat - flat.mean(axis=0)
        axes = np.linalg.eigh(flat.T @ flat)[1]
        wanted = np.ptp(flat @ axes[:, 0]) / USUAL_THICKNESS
        return float(np.clip(wanted / np.sqrt(brow_growth(self.head)), 1.0, MOST))


def _height(skin: RayScene, points: Floats, outward: Floats) -> Floats:
    """(P,) how high points lie over the skin along ``outward`` (3,); NaN beside it."""
    hits = skin.cast(points + NEAR * outward, -outward)
    return np.where(hits.distance < 2 * NEAR, hits.distance - NEAR, np.nan)
