# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes and mouths without an opening: skin that must not tear where others part. Head frame."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from .head import Head, Role
from .laplacian import HarmonicSolver
from .polyline import resample
from .skin_patch import bump, smoothstep

SAMPLES: Final[int] = 41
# The band around the line that is filled in, IOD, beyond 0.6 of the height of lips or lids.
MARGIN: Final[float] = 0.08
NARROWEST: Final[float] = 0.12
WIDEST: Final[float] = 0.35
MOVED: Final[float] = 2e-5
LINE_REACH: Final[float] = 0.35  # IOD beyond the lips over which what moves them as one fades out
# Skin around a mouth that is taken for known: so far, IOD, and so many vertices of it.
AROUND: Final[float] = 0.15
MOST_AROUND: Final[int] = 300
LEAST_AROUND: Final[int] = 12


class SealedSkin:
    """Fills shapes in smoothly across a line that stays shut, from the skin about it.

    The painted or sculpted mouth or eye stays one piece while what lies around it moves.
    """

    def __init__(self, head: Head) -> None:
        self.head = head
        self.skin = head.role == Role.SKIN

    @cached_property
    def _solver(self) -> HarmonicSolver:
        return HarmonicSolver(self.head.vertices, self.head.triangles_of(Role.SKIN))

    def mouth(self, beyond: float = 0.0) -> NDArray[np.bool_]:
        """(N,) skin that a mouth which doesn't open covers, and what lies ``beyond`` by so many
        IOD.
        """
        return self._band(self._lip_line, self._lip_height, beyond)

    @cached_property
    def _lip_line(self) -> NDArray[np.float64]:
        """(3, 3) right corner, middle and left corner."""
        point = self.head.point
        middle = (point("lip_upper_inner") + point("lip_lower_inner")) / 2
        return np.array([point("mouth_corner_R"), middle, point("mouth_corner_L")])

    @cached_property
    def _lip_height(self) -> float:
        top, bottom = (self.head.point(f"lip_{end}")[1] for end in ("upper_top", "lower_bottom"))
        return abs(float(top - bottom))

    def keep_line(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """A shape (N, 3) that moves the lip line as one: drawn down in the middle alone, a mouth
        that stays shut would smile.
        """
        rows, share = self._kept_line
        return share * displacement[rows].mean(axis=0) + (1.0 - share) * displacement

    @cached_property
    def _kept_line(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Rows (SAMPLES,) of skin along the lip line, and (N, 1) how far each vertex goes along."""
        line, skin = resample(self._lip_line, SAMPLES), np.flatnonzero(self.skin)
        rows = skin[cKDTree(self.head.vertices[skin]).query(line)[1]]
        reach = 0.6 * self._lip_height + LINE_REACH
        near = cKDTree(line).query(self.head.vertices, distance_upper_bound=reach)[0]
        return rows, (self.skin * bump(near / reach))[:, None]

    def eye(self, side: str) -> NDArray[np.bool_]:
        """(N,) skin that an eye which doesn't open covers."""
        upper, lower, outer, inner = (
            self.head.point(f"{name}_{side}")
            for name in ("lid_upper", "lid_lower", "eye_outer", "eye_inner")
        )
        return self._band(np.array([outer, (upper + lower) / 2, inner]), abs(upper[1] - lower[1]))

    def _band(
        self, line: NDArray[np.float64], height: float, beyond: float = 0.0
    ) -> NDArray[np.bool_]:
        reach = float(np.clip(0.6 * height + MARGIN, NARROWEST, WIDEST)) + beyond
        distance = cKDTree(resample(line, SAMPLES)).query(
            self.head.vertices, distance_upper_bound=reach
        )[0]
        return self.skin & np.isfinite(distance)

    def below_mouth(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """A shape (N, 3) of the jaw that fades out from the chin to the nose.

        Where lips part, the upper one stays; where they don't, all between nose and chin stretches
        together, or the lips alone would be drawn out to several times their height.
        """
        top, bottom = (self.head.point(name)[1] for name in ("nose_base", "chin"))
        below = (top - self.head.vertices[:, 1]) / max(top - bottom, NARROWEST)
        return smoothstep(below)[:, None] * displacement

    def fill(
        self, displacement: NDArray[np.float64], band: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """A shape (N, 3) that is smooth all over the band (N,)."""
        if not (np.abs(displacement[band]) > MOVED).any():
            return displacement
        filled = self._solver.fill(~band, displacement)
        return np.where(band[:, None], filled, displacement)

    def fill_mouth(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """A shape (N, 3) filled in over the mouth in space rather than along the skin: should there
        be a slit, it stays shut, since what lies together moves together.
        """
        rows, known, weights = self._mouth_fill
        filled = displacement.copy()
        filled[rows] = weights @ displacement[known]
        return filled

    @cached_property
    def _mouth_fill(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Rows (R,) about the mouth, rows (K,) of visible skin around them, and weights (R, K)."""
        band = self.mouth()
        known = np.flatnonzero(self.mouth(AROUND) & ~band & self.head.visible)
        known = known[:: -(-len(known) // MOST_AROUND) or 1]
        if len(known) < LEAST_AROUND:
            return known[:0], known, np.zeros((0, len(known)))
        points, rows = self.head.vertices, np.flatnonzero(band)
        smooth = RBFInterpolator(points[known], np.eye(len(known)), kernel="linear", degree=1)
        return rows, known, smooth(points[rows])
