# SPDX-License-Identifier: GPL-3.0-or-later
"""How the skin is shared out between body, skull and jaw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .head import Head, LipSeam, LipSide, Role
from .laplacian import diffused
from .polyline import resample
from .proportions import Proportions, mouth_centre
from .skin_patch import SkinPatch, cut_patch, smoothstep
from .topology import boundary_vertices

Floats = NDArray[np.float64]

CORNER_SHARE = 0.45  # of the jaw's motion at the mouth corners
# Of the seam, from either end: where a lip leaves the corner. The lower one sags in a bow.
CORNER_REACH = {LipSide.UPPER: 0.2, LipSide.LOWER: 0.42}
SEAM_BAND = 0.03  # IOD; this close to the seam a lip vertex belongs to its lip alone
PRIOR_BAND = 0.10  # IOD; nearer to the seam the prior gives way to the seam itself
INNER_EASE = 0.3  # IOD; this far inside the mouth its corners have no say any more
SMOOTHING = 0.04  # IOD


def head_share(head: Head, proportions: Proportions) -> Floats:
    """(N,) share of each vertex that belongs to the head: 1 on the skull, 0 on the body.

    Harmonic along the skin of the neck, eased at both ends. Skin that can only be reached
    through the body (raised hands) belongs to the body.
    """
    share = _by_height(head.vertices, proportions)
    share[head.role == Role.BODY] = 0.0
    share[(head.role != Role.SKIN) & (head.role != Role.BODY)] = 1.0
    if not proportions.has_neck:
        share[head.role != Role.BODY] = 1.0
        return share
    heights = head.vertices[:, 1]
    across = head.vertices[:, [0, 2]] - proportions.jaw_pivot[[0, 2]]
    far = np.linalg.norm(across, axis=1) > 1.6 * proportions.half_width
    above = heights > proportions.neck_top
    # An open end of the neck joins a body in another mesh, however slantwise it is cut.
    open_end = boundary_vertices(head.triangles_of(Role.SKIN), len(heights))
    open_end &= ~above & (np.linalg.norm(across, axis=1) < proportions.half_width)
    below = (heights < proportions.neck_bottom) | open_end
    skin = head.role == Role.SKIN
    free = skin & ~below & (~above | far)
    patch = cut_patch(head, free)
    if not len(patch.index):
        return share
    known = ~free[patch.index]
    level = np.where(below[patch.index], 0.0, 1.0)
    filled = patch.solver.fill(known, level, default=np.nan)
    reached = np.isfinite(filled)
    share[patch.index[reached]] = smoothstep(filled[reached])
    return share


def _by_height(vertices: Floats, proportions: Proportions) -> Floats:
    room = proportions.neck_top - proportions.neck_bottom
    return smoothstep((vertices[:, 1] - proportions.neck_bottom) / room)


def jaw_share(head: Head, proportions: Proportions, prior: Floats | None) -> Floats:
    """(N,) share of the jaw's motion that each skin vertex takes, 0..1; 0 on all other parts.

    ``prior`` (N,): what a registered template says, NaN where unknown. Unknown skin is filled
    harmonically; along the lip seam the upper lip is 0 and the lower lip 1, meeting at the
    corners. A sealed mouth gets one smooth field.
    """
    share = np.zeros(len(head.vertices))
    above = height_above_bite(head, proportions)
    height = proportions.face_height
    back = head.vertices[:, 2] < proportions.jaw_pivot[2] - 0.25 * height
    under = head.vertices[:, 1] < head.point("chin")[1] - 0.55 * height
    fixed = (above > 0.35 * height) | back | under
    patch = cut_patch(head, ~fixed & (head.role == Role.SKIN))
    if not len(patch.index):
        return share
    known = fixed[patch.index].copy()
    values = np.zeros(len(patch.index))
    guided = _apply_prior(head, patch, prior, known, values)
    if not guided:
        _apply_anatomy(head, proportions, patch, above, known, values)
    on_seam = np.zeros(len(patch.index), bool)
    if head.seam is not None:
        on_seam = _apply_seam(head, head.seam, patch, known, values)
    filled = patch.solver.fill(known, values, default=np.nan)
    filled = _fill_loose(head, patch, filled)
    smoothed = _smoothed(patch, filled)
    smoothed[on_seam] = (smoothed[on_seam] + filled[on_seam]) / 2
    smoothed[fixed[patch.index]] = 0.0
    share[patch.index] = np.clip(smoothed, 0.0, 1.0)
    return share


def height_above_bite(head: Head, proportions: Proportions) -> Floats:
    """(N,) signed distance above the plane through the jaw joints and the mouth corners."""
    bite = mouth_centre(head) - proportions.jaw_pivot
    normal = np.cross(bite, [1.0, 0.0, 0.0])
    normal /= np.linalg.norm(normal)
    normal *= np.sign(normal[1]) or 1.0
    return (head.vertices - proportions.jaw_pivot) @ normal


def _apply_prior(
    head: Head,
    patch: SkinPatch,
    prior: Floats | None,
    known: NDArray[np.bool_],
    values: Floats,
) -> bool:
    """Take over the prior; False where it says nothing of a jaw."""
    if prior is None:
        return False
    local = prior[patch.index]
    usable = np.isfinite(local) & patch.visible & ~known
    if not usable.any() or np.quantile(local[usable], 0.98) < 0.5:
        return False
    if head.seam is not None:
        margins = np.concatenate([head.seam.upper, head.seam.lower])
        near = cKDTree(margins).query(patch.points, distance_upper_bound=PRIOR_BAND)[0]
        usable &= np.isinf(near)
    values[usable] = np.clip(local[usable], 0.0, 1.0)
    known |= usable
    return True


def _apply_anatomy(
    head: Head,
    proportions: Proportions,
    patch: SkinPatch,
    above: Floats,
    known: NDArray[np.bool_],
    values: Floats,
) -> None:
    """Without a prior: the chin is jaw; above the mouth, behind the ear and the neck are not."""
    height = proportions.face_height
    local_above = above[patch.index]
    chin, bottom = head.point("chin"), head.point("lip_lower_bottom")
    bite = mouth_centre(head) - proportions.jaw_pivot
    forward = (patch.points - proportions.jaw_pivot) @ bite / (bite @ bite)
    lip_height = max(float(bottom[1] - chin[1]), 0.08 * height)
    is_jaw = (
        patch.visible
        & (local_above < -0.1 * height)
        & (patch.points[:, 1] < chin[1] + 0.6 * lip_height)
        & (patch.points[:, 1] > chin[1] - 0.06 * height)
    )
    # Towards the joint the skin over the jaw moves less than the bone beneath.
    before_ear = (patch.points[:, 2] - proportions.jaw_pivot[2]) / (0.3 * height) + 0.6
    values[is_jaw] = (smoothstep(forward / 0.6) * smoothstep(before_ear))[is_jaw]
    nearest = patch.nearest(chin[None], patch.visible)[0].ravel()
    values[nearest] = 1.0
    is_jaw[nearest] = True
    still = (
        ~is_jaw
        & patch.visible
        & (
            (local_above > 0.14 * height)
            | (forward < 0.0)
            | (patch.points[:, 1] < chin[1] - 0.45 * height)
        )
    )
    values[still] = 0.0
    known |= is_jaw | still


def _apply_seam(
    head: Head, seam: LipSeam, patch: SkinPatch, known: NDArray[np.bool_], values: Floats
) -> NDArray[np.bool_]:
    """Hold the lips' inner edges; returns the vertices that it holds."""
    held = np.zeros(len(patch.index), bool)
    sides = head.lip_side[patch.index]
    for margin, side, middle in (
        (seam.upper, LipSide.UPPER, 0.0),
        (seam.lower, LipSide.LOWER, 1.0),
    ):
        on_lip = sides == side
        if not on_lip.any():
            continue
        line = resample(margin, 200)
        along = np.linspace(0.0, 1.0, len(line))
        # Compact nodes make queries from far away several times slower.
        distance, place = cKDTree(line, compact_nodes=False).query(patch.points)
        chosen = on_lip & (distance < SEAM_BAND)
        # On a coarse mesh no vertex may be that close: then the nearest of this lip.
        nearest, gap = patch.nearest(margin[2:-2], on_lip)
        chosen[nearest[gap < 0.25]] = True
        meet = 1.0 - smoothstep(np.minimum(along, 1.0 - along) / CORNER_REACH[side])
        level = middle + (CORNER_SHARE - middle) * meet
        values[chosen] = level[place[chosen]]
        held |= chosen
        # Inside the mouth each half goes with its own lip, teeth and all; only the walls between
        # them stretch.
        inside = on_lip & ~patch.visible & ~chosen
        depth = smoothstep(distance[inside] / INNER_EASE)
        values[inside] = level[place[inside]] + depth * (middle - level[place[inside]])
        known |= inside
    known |= held
    return held


def _fill_loose(head: Head, patch: SkinPatch, filled: Floats) -> Floats:
    """Skin scraps that no known vertex reaches: the lip that they belong to, else their nearest
    neighbour's share.
    """
    lost = ~np.isfinite(filled)
    if not lost.any():
        return filled
    filled = filled.copy()
    if lost.all():
        filled[:] = 0.0
        return filled
    sure = np.flatnonzero(~lost)
    nearest = cKDTree(patch.points[sure]).query(patch.points[lost])[1]
    filled[lost] = filled[sure[nearest]]
    if head.seam is not None:
        sides = head.lip_side[patch.index]
        filled[lost & (sides == LipSide.UPPER)] = 0.0
        filled[lost & (sides == LipSide.LOWER)] = 1.0
    return filled


def _smoothed(patch: SkinPatch, field: Floats) -> Floats:
    """The field (n,) with the kinks rounded where known and filled skin meet."""
    return diffused(patch.solver.laplacian, patch.solver.areas, SMOOTHING, field)
