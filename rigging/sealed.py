# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes and mouths without an opening: skin that must not tear where others part. Head frame."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .head import Head, Role
from .laplacian import HarmonicSolver
from .polyline import resample

SAMPLES: Final[int] = 41
# The band around the line that is filled in, IOD, beyond 0.6 of the height of lips or lids.
MARGIN: Final[float] = 0.08
NARROWEST: Final[float] = 0.12
WIDEST: Final[float] = 0.35
MOVED: Final[float] = 2e-5


class SealedSkin:
    """Fills shapes in smoothly across a line that stays shut, from the skin about it.

    The painted or sculpted mouth or eye stays one piece while what lies around it moves.
    """

    def __init__(self, head: Head) -> None:
        self.head = head
        self.skin = head.role == Role.SKIN
        self.solver = HarmonicSolver(head.vertices, head.triangles_of(Role.SKIN))

    def mouth(self) -> NDArray[np.bool_]:
        """(N,) skin that a mouth which doesn't open covers."""
        point = self.head.point
        middle = (point("lip_upper_inner") + point("lip_lower_inner")) / 2
        height = abs(point("lip_upper_top")[1] - point("lip_lower_bottom")[1])
        return self._band(
            np.array([point("mouth_corner_R"), middle, point("mouth_corner_L")]), height
        )

    def eye(self, side: str) -> NDArray[np.bool_]:
        """(N,) skin that an eye which doesn't open covers."""
        upper, lower, outer, inner = (
            self.head.point(f"{name}_{side}")
            for name in ("lid_upper", "lid_lower", "eye_outer", "eye_inner")
        )
        return self._band(np.array([outer, (upper + lower) / 2, inner]), abs(upper[1] - lower[1]))

    def _band(self, line: NDArray[np.float64], height: float) -> NDArray[np.bool_]:
        reach = float(np.clip(0.6 * height + MARGIN, NARROWEST, WIDEST))
        distance = cKDTree(resample(line, SAMPLES)).query(
            self.head.vertices, distance_upper_bound=reach
        )[0]
        return self.skin & np.isfinite(distance)

    def below_mouth(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """A shape (N, 3) of the jaw that leaves what lies above the lips to the skull.

        Where lips part, the upper one stays; where they don't, the chin must not draw the nose
        and the upper lip down with it.
        """
        top, bottom = (self.head.point(f"lip_{end}")[1] for end in ("upper_top", "lower_bottom"))
        below = (top - self.head.vertices[:, 1]) / max(top - bottom, NARROWEST)
        x = np.clip(below, 0.0, 1.0)[:, None]
        return x * x * (3 - 2 * x) * displacement

    def fill(
        self, displacement: NDArray[np.float64], band: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """A shape (N, 3) that is smooth all over the band (N,)."""
        if not (np.abs(displacement[band]) > MOVED).any():
            return displacement
        filled = self.solver.fill(~band, displacement)
        return np.where(band[:, None], filled, displacement)
