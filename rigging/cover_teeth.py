# SPDX-License-Identifier: GPL-3.0-or-later
"""Push lips and cheeks out where teeth come through them. The teeth stay rigid. Head frame, IOD."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .certificate.skin import ExposedSkin
from .certificate.teeth import LIMIT, Pierced, TeethFinder
from .head import Head
from .skin_patch import bump, smoothstep

Floats = NDArray[np.float64]

ROUNDS: Final = 6
ENOUGH: Final = 0.005  # teeth that come through by no more are left; half of what the rig may
CLEARANCE: Final = 0.005
# Over which a push fades out, or half as much again as a coarse triangle is wide.
REACH: Final = 0.2
NEIGHBOURS: Final = 12
LIPS: Final = 0.05  # from the lip line on, which stays, up to where skin is pushed all the way


class TeethCover:
    """Prepared once for all shapes of a head whose lips part."""

    def __init__(self, head: Head, skin: ExposedSkin) -> None:
        self._skin, self._find = skin, TeethFinder(head, skin)
        assert head.seam is not None
        line = np.concatenate([head.seam.upper, head.seam.lower])
        self._free = smoothstep(cKDTree(line).query(skin.points)[0] / LIPS)

    def __call__(self, pose: Floats) -> Floats | None:
        """The pose (N, 3) with skin over all teeth; None where it has that already."""
        pierced = self._find(pose)
        if pierced.depth.max(initial=0.0) <= LIMIT / 100:
            return None
        pose = pose.copy()
        for _ in range(ROUNDS):
            pose[self._skin.index] += self._push(pose[self._skin.index], pierced)
            pierced = self._find(pose)
            if pierced.depth.max(initial=0.0) <= ENOUGH:
                break
        return pose

    def _push(self, pose: Floats, pierced: Pierced) -> Floats:
        """(n, 3) what moves the skin beyond the teeth."""
        points = self._skin.points + pose
        across = np.linalg.norm(points[pierced.corners] - pierced.points[:, None], axis=2)
        reach = np.maximum(REACH, 1.5 * across.max(axis=1))
        count = min(NEIGHBOURS, len(pierced.depth))
        away, nearest = cKDTree(pierced.points).query(
            points, k=[*range(1, count + 1)], distance_upper_bound=float(reach.max())
        )
        nearest[np.isinf(away)] = 0  # too far to count
        pushes = bump(away / reach[nearest]) * (pierced.depth + CLEARANCE)[nearest]
        most = pushes.argmax(axis=1)
        rows = np.arange(len(points))
        length = self._free * pushes[rows, most]
        return length[:, None] * pierced.normals[nearest[rows, most]]
