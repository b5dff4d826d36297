# SPDX-License-Identifier: GPL-3.0-or-later
"""How teeth and tongue move with the jaw, and the tongue by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from .head import Head, Role
from .loose_parts import bind_to_skin
from .proportions import face_height
from .skeleton import tongue_line
from .skin_patch import bump, smoothstep

Floats = NDArray[np.float64]

WIDEST_TURN = np.radians(45.0)
LIP_DISTANCE = 0.12  # IOD; skin this close to the lip line moves by itself
STEPS = 41  # of the tongue's centre line
# A tongue fills a mouth that is shut. In an open one it lies on the floor: so much of its height
# goes once its tip has gone down so far with the jaw, in IOD.
SUNK = 0.45
SINKS_OVER = 0.35
BEHIND_TEETH = 0.14  # IOD; how far behind the front of the lower teeth its tip lies then
SECTIONS = 12  # cross-sections of a tongue whose undersides are looked for


def jaw_bone_motion(head: Head, displacement: Floats, jaw: Floats) -> tuple[Floats, Floats] | None:
    """Rotation (3, 3) and offset (3,) of the jaw bone, p -> rotation p + offset, by the best
    rigid motion (Kabsch 1976) of the chin's skin; None where no skin follows the jaw.

    ``jaw`` (N,): the jaw's skin weight, ``displacement`` (N, 3) of the skin.
    """
    chosen = (head.role == Role.SKIN) & head.visible & (jaw > 0.5)
    if head.seam is not None and chosen.any():
        lips = np.concatenate([head.seam.upper, head.seam.lower])
        ids = np.flatnonzero(chosen)
        near = cKDTree(lips).query(head.vertices[ids], distance_upper_bound=LIP_DISTANCE)[0]
        if np.isinf(near).sum() >= 4:
            chosen[ids[np.isfinite(near)]] = False
    if chosen.sum() < 3:
        return None
    level = jaw[chosen]
    firm = level >= 0.8 * level.max()
    ids, weight = np.flatnonzero(chosen)[firm], level[firm] ** 2
    before = head.vertices[ids]
    after = before + displacement[ids]
    weight = weight / weight.sum()
    centre_before, centre_after = weight @ before, weight @ after
    turn = _best_turn(before - centre_before, after - centre_after, weight)
    return turn, centre_after - turn @ centre_before


def _best_turn(before: Floats, after: Floats, weight: Floats) -> Floats:
    """Rotation (3, 3) that carries ``before`` to ``after`` best, no wider than a jaw opens."""
    spread = np.sqrt((weight[:, None] * before**2).sum())
    if spread < 1e-6:
        return np.eye(3)
    # A faint wish to stay decides where a flat or tiny chin leaves the turn open.
    covariance = (after * weight[:, None]).T @ before + 1e-5 * spread**2 * np.eye(3)
    left, _, right = np.linalg.svd(covariance)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right)) or 1.0])
    vector = Rotation.from_matrix(left @ flip @ right).as_rotvec()
    angle = np.linalg.norm(vector)
    if angle > WIDEST_TURN:
        vector *= WIDEST_TURN / angle
    return Rotation.from_rotvec(vector).as_matrix()


def carried_by_jaw(head: Head, motion: tuple[Floats, Floats], share: Floats) -> Floats:
    """(N, 3) displacement under the jaw's rigid motion, of each vertex by its ``share`` (N,), and
    of the tongue, which sinks besides.
    """
    turn, offset = motion
    carried = sunk_tongue(head, motion)
    chosen = share > 0.0
    points = head.vertices[chosen]
    sunk = points + carried[chosen]
    carried[chosen] = share[chosen, None] * (sunk @ turn.T + offset - points)
    return carried


def sunk_tongue(head: Head, motion: tuple[Floats, Floats]) -> Floats:
    """(N, 3) displacement, before the jaw's ``motion``, of a tongue that comes to rest on the floor
    of the mouth as the jaw goes down: its back sinks, its underside stays, and its tip withdraws
    behind the lower teeth.
    """
    moved = np.zeros_like(head.vertices)
    tongue = np.flatnonzero(head.role == Role.TONGUE)
    if len(tongue) < 8:
        return moved
    points = head.vertices[tongue]
    line, along = _along_tongue(points)
    turn, offset = motion
    drop = float((line[2] - turn @ line[2] - offset)[1])
    share = float(np.clip(drop / SINKS_OVER, 0.0, 1.0))
    section = np.minimum((along * SECTIONS).astype(np.int64), SECTIONS - 1)
    floor = np.full(SECTIONS, np.inf)
    np.minimum.at(floor, section, points[:, 1])
    held = np.isfinite(floor)
    middle = (np.arange(SECTIONS) + 0.5) / SECTIONS
    height = points[:, 1] - np.interp(along, middle[held], floor[held])
    moved[tongue, 1] = -share * SUNK * smoothstep(along / 0.4) * np.maximum(height, 0.0)
    teeth = head.vertices[head.role == Role.TEETH_LOWER, 2]
    if len(teeth):
        over = float(points[:, 2].max() - teeth.max()) + BEHIND_TEETH
        moved[tongue, 2] = -share * np.clip(over, 0.0, 2 * BEHIND_TEETH) * along**2
    return moved


def tongue_out(head: Head, displacement: Floats) -> Floats:
    """(N, 3) displacement that bends the tongue out between the lips; zero without a tongue.

    ``displacement`` (N, 3): what the same shape does to the skin, so that the tongue passes
    where the lips are then.
    """
    moved = np.zeros_like(head.vertices)
    tongue = np.flatnonzero(head.role == Role.TONGUE)
    if len(tongue) < 8:
        return moved
    points = head.vertices[tongue]
    (back, middle, tip), along = _along_tongue(points)
    rest = _through(back, middle, tip)
    gate = _lip_gap(head, displacement)
    height = face_height(head)
    out = gate + np.array([0.0, -0.12, 0.21]) * height
    reach = np.array([0.0, 0.0, 1.0]) * np.linalg.norm(gate - back)
    bent = _bezier(back, back + 0.6 * (middle - back), gate + 0.25 * reach, out)
    # The root stays in place and direction.
    ease = smoothstep(np.linspace(0.0, 1.0, STEPS) / 0.3)[:, None]
    bent = rest + ease * (bent - rest)
    moved[tongue] = _swept(points, along, rest, bent) - points
    return moved


def _along_tongue(points: Floats) -> tuple[tuple[Floats, Floats, Floats], Floats]:
    """Root, middle and tip (3,) of a tongue's centre line, and (P,) how far along it from root, 0,
    to tip, 1, each of its points (P, 3) lies.
    """
    line = tongue_line(points)
    length = max(float(line[2][2] - line[0][2]), 1e-3)
    return line, np.clip((points[:, 2] - line[0][2]) / length, 0.0, 1.0)


def _lip_gap(head: Head, displacement: Floats) -> Floats:
    """Middle of the lip line while the skin is displaced."""
    lips = np.array([head.point("lip_upper_inner"), head.point("lip_lower_inner")])
    if head.seam is not None:
        half = len(head.seam.upper) // 2
        lips = np.array([head.seam.upper[half], head.seam.lower[half]])
    binding = bind_to_skin(head, lips)
    if binding is not None:
        lips = lips + binding.rows @ displacement
    return lips.mean(axis=0)


def _through(back: Floats, middle: Floats, tip: Floats) -> Floats:
    """(STEPS, 3) centre line at rest, evenly spaced in depth."""
    depth = np.linspace(back[2], tip[2], STEPS)
    curve = np.polyfit([back[2], middle[2], tip[2]], np.array([back, middle, tip])[:, :2], 2)
    return np.c_[np.polyval(curve[:, 0], depth), np.polyval(curve[:, 1], depth), depth]


def _bezier(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    t = np.linspace(0.0, 1.0, STEPS)[:, None]
    return (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d


def _swept(points: Floats, along: Floats, rest: Floats, bent: Floats) -> Floats:
    """Carry each cross-section from one centre line to the other, turning about the sideways
    axis and growing thinner where the tongue passes the lips.
    """
    steps = np.linspace(0.0, 1.0, STEPS)
    pitch = []
    for line in (rest, bent):
        tangent = np.gradient(line, axis=0)
        pitch.append(np.unwrap(np.arctan2(tangent[:, 1], tangent[:, 2])))
    turn = np.interp(along, steps, pitch[1] - pitch[0])
    base = np.stack([np.interp(along, steps, rest[:, axis]) for axis in range(3)], axis=1)
    goal = np.stack([np.interp(along, steps, bent[:, axis]) for axis in range(3)], axis=1)
    offset = points - base
    offset[:, 1] *= 1.0 - 0.3 * bump(np.abs(along - 0.7) / 0.5)
    turned = Rotation.from_rotvec(-turn[:, None] * [1.0, 0.0, 0.0]).apply(offset)
    return goal + turned
