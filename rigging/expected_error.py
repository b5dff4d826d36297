# SPDX-License-Identifier: GPL-3.0-or-later
"""How far triangulated landmarks are expected to be off, and two networks' faces made one.

Linear in what is known of a point: what the network itself expects, how far the views' lines of
sight pass by each other, and how little the whole looks like a face of this mesh. The factors were
fitted to heads made in code whose points are known (`python -m benchmarks.expected_error`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .canonical_face import frame_of
from .data import HeadFrame

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Factors:
    """``floor`` and ``doubt`` in IOD; the others without a unit."""

    floor: float
    network: float
    spread: float
    doubt: float


# A network that says what it expects of its points, and one that doesn't.
SAYS: Final = _Factors(floor=0.0, network=0.804, spread=0.674, doubt=0.0)
SILENT: Final = _Factors(floor=0.0, network=0.0, spread=1.842, doubt=0.157)
# Two networks are looking at the same pictures, so that their errors aren't independent.
SHARED: Final = 1.15
# Faces are the same when they differ by less: of the IOD, as a ratio, in degrees.
SAME_PLACE: Final = 0.35
SAME_SIZE: Final = 1.35
SAME_DIRECTION: Final = 25.0


@dataclass(frozen=True)
class LocatedFace:
    """A face found on a mesh.

    ``dense``: (P, 3) float64 world positions of the points of a Prediction, triangulated and not
    snapped to the surface. ``expected_error``: (P,) world units that they are off by on average.
    ``score``: 0..1, how well views, proportions and surface agree.
    """

    frame: HeadFrame
    dense: Floats
    expected_error: Floats
    score: float


def expected_error(network: Floats | None, spread: Floats, scale: float, score: float) -> Floats:
    """(P,) world units. ``network``: what the network expects of its points, or None where it
    doesn't say; ``spread``: how far the lines of sight pass by; both in world units. ``scale``: the
    IOD. ``score``: of the whole face.
    """
    factors = SILENT if network is None else SAYS
    expected = factors.floor * scale + factors.spread * spread
    expected = expected + factors.doubt * scale * (1.0 - score)
    if network is not None:
        expected = expected + factors.network * network
    return expected


def combined(first: LocatedFace, second: LocatedFace) -> LocatedFace:
    """What two networks say of one face, each point weighed by how sure they are of it; the surer
    one alone where they don't mean the same face.
    """
    if not _is_same(first.frame, second.frame):
        return max(first, second, key=lambda face: face.score)
    weight = first.expected_error**-2.0 / (first.expected_error**-2.0 + second.expected_error**-2.0)
    dense = weight[:, None] * first.dense + (1.0 - weight)[:, None] * second.dense
    either = np.hypot(first.expected_error, second.expected_error)
    expected = SHARED * first.expected_error * second.expected_error / either
    # Where they disagree by more than both expect, at least one of them is wrong.
    apart = np.linalg.norm(first.dense - second.dense, axis=1)
    expected *= np.maximum(1.0, apart / (first.expected_error + second.expected_error))
    return LocatedFace(frame_of(dense), dense, expected, max(first.score, second.score))


def _is_same(first: HeadFrame, second: HeadFrame) -> bool:
    degrees, distance, ratio = first.apart_from(second)
    return bool(
        distance < SAME_PLACE * np.sqrt(first.scale * second.scale)
        and max(ratio, 1.0 / ratio) < SAME_SIZE
        and degrees < SAME_DIRECTION
    )
