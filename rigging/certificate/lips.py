# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the lips meet when they should, and never pass through each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.spatial import cKDTree

from ..data import Metric
from ..head import Head, LipSide, Role
from ..polyline import resample
from ..surface import ClosestPoints, closest
from ..topology import any_corner, compact, mostly
from .report import judged, nearest_landmark, not_measurable
from .skin import CLOSE_POSE, poses

SEAL_LIMIT = 1.0  # % IOD
CROSSING_LIMIT = 1.0  # % IOD
SAMPLES = 60
THICKNESS = 0.15  # IOD, of a lip
MOUTH_REACH = 0.5  # IOD around the lip line


@dataclass(frozen=True)
class Lip:
    """One lip: its inner edge tied to the skin, so that a pose carries it along, and its skin.

    ``edge``: (SAMPLES,) places on the mesh, from the right mouth corner to the left one.
    ``triangles``: (T, 3) the skin around the mouth on this side of the lip line, inner side too.
    """

    edge: ClosestPoints
    triangles: NDArray[np.int64]

    def surface_distance(
        self, vertices: NDArray[np.float64], points: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(P,) distance of points from the lip, and (P,) depth below its skin (negative: above)."""
        nearest = closest(vertices, self.triangles, points)
        corners = vertices[nearest.corners]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
        return nearest.distance, np.einsum("ij,ij->i", nearest.points - points, normals)


@dataclass(frozen=True)
class Lips:
    """``across``: unit vector from the right mouth corner to the left one; ``up``: unit vector
    perpendicular to it, from the lower lip to the upper one.
    """

    upper: Lip
    lower: Lip
    across: NDArray[np.float64]
    up: NDArray[np.float64]

    def edges(
        self, positions: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(K, 3) upper and lower edge for vertex positions or displacements (N, 3)."""
        return self.upper.edge.interpolate(positions), self.lower.edge.interpolate(positions)


def measure_lips(
    head: Head, shapes: dict[str, NDArray[np.float64]], disabled: frozenset[str]
) -> list[Metric]:
    """Lip seal and lip crossing."""
    lips = find_lips(head)
    if lips is None:
        reason = "The lips can't part on this head."
        return [
            not_measurable("lip seal", SEAL_LIMIT, "% IOD", reason),
            not_measurable("lip crossing", CROSSING_LIMIT, "% IOD", reason),
        ]
    return [_seal(head, lips, shapes, disabled), _crossing(head, lips, shapes)]


def find_lips(head: Head) -> Lips | None:
    """The two lips of a head; None where the mouth is sealed."""
    if head.seam is None:
        return None
    upper = _find_lip(head, LipSide.UPPER, head.seam.upper)
    lower = _find_lip(head, LipSide.LOWER, head.seam.lower)
    if upper is None or lower is None:
        return None
    middle = (upper.edge.points + lower.edge.points) / 2
    across = _unit(middle[-1] - middle[0])
    up = head.point("lip_upper_top") - head.point("lip_lower_bottom")
    return Lips(upper, lower, across, _unit(up - across * (up @ across)))


def _find_lip(head: Head, side: LipSide, curve: NDArray[np.float64]) -> Lip | None:
    skin = head.triangles_of(Role.SKIN)
    own = skin[mostly(head.lip_side == side, skin)]
    ids, local = compact(own, len(head.vertices))
    distance, _ = cKDTree(curve).query(head.vertices[ids], distance_upper_bound=MOUTH_REACH)
    own = own[any_corner(np.isfinite(distance), local)]
    if len(own) == 0:
        return None
    return Lip(closest(head.vertices, own, resample(curve, SAMPLES)), own)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def _seal(
    head: Head,
    lips: Lips,
    shapes: dict[str, NDArray[np.float64]],
    disabled: frozenset[str],
) -> Metric:
    for needed in ("jawOpen", "mouthClose"):
        if needed in disabled or needed not in shapes:
            return not_measurable("lip seal", SEAL_LIMIT, "% IOD", f"There is no {needed} here.")
    shut = head.vertices + shapes["jawOpen"] + shapes["mouthClose"]
    opened = 100 * (lip_gap(lips, shut) - lip_gap(lips, head.vertices))
    worst = int(opened.argmax())
    place = f"{CLOSE_POSE}, near {nearest_landmark(head, lips.upper.edge.points[worst])}"
    return judged("lip seal", max(opened[worst], 0.0), SEAL_LIMIT, "% IOD", place)


def lip_gap(lips: Lips, vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K,) distance from each lip's inner edge to the skin of the other lip, the larger of both."""
    upper, lower = lips.edges(vertices)
    return np.maximum(
        lips.lower.surface_distance(vertices, upper)[0],
        lips.upper.surface_distance(vertices, lower)[0],
    )


def _crossing(head: Head, lips: Lips, shapes: dict[str, NDArray[np.float64]]) -> Metric:
    rest = lips.edges(head.vertices)
    allowed = np.minimum(lip_clearance(lips, *rest), 0.0)
    buried = np.maximum(lip_penetration(lips, head.vertices), 0.0)
    worst, place = 0.0, ""
    for name, displacement in poses(shapes):
        if name.startswith("mouthRoll"):
            continue  # rolling a lip inwards is meant to pass the other one
        moved = lips.edges(displacement)
        clearance = lip_clearance(lips, rest[0] + moved[0], rest[1] + moved[1])
        crossed = 100 * (allowed - clearance)
        if crossed.max() > max(worst, CROSSING_LIMIT):
            depth = 100 * (lip_penetration(lips, head.vertices + displacement) - buried)
            crossed = np.minimum(crossed, depth)
        # One sample alone is a kink of the edge in a mouth corner, no crossing.
        crossed = median_filter(crossed, 3, mode="nearest")
        deepest = int(crossed.argmax())
        if crossed[deepest] > worst:
            worst = float(crossed[deepest])
            place = f"{name}, near {nearest_landmark(head, rest[0][deepest])}"
    return judged("lip crossing", worst, CROSSING_LIMIT, "% IOD", place)


def lip_clearance(
    lips: Lips, upper: NDArray[np.float64], lower: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(K,) height of the upper edge over the lower one straight below it; negative: overlap."""
    along = lower @ lips.across
    order = np.argsort(along, kind="stable")
    height = np.interp(upper @ lips.across, along[order], (lower @ lips.up)[order])
    return upper @ lips.up - height


def lip_penetration(lips: Lips, vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K,) how deep either edge lies below the skin of the other lip, at most 0 where neither does.

    A lip that overlaps the other one in front (a pout) or behind is not inside it, and what lies
    deeper than a lip is thick is behind it (where no inner side of the lip was modelled).
    """
    upper, lower = lips.edges(vertices)
    depths = np.stack(
        [
            lips.lower.surface_distance(vertices, upper)[1],
            lips.upper.surface_distance(vertices, lower)[1],
        ]
    )
    return np.where(depths > THICKNESS, 0.0, depths).max(axis=0)
