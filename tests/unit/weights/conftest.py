# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole head built in code: ellipsoid skull, open neck, eye slits, mouth slit with a mouth bag,
and parts: eyeballs, teeth, tongue, lashes, brows, a beard and hair. Head frame, mirrored in x.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from auto_rig_face.rigging.data import FaceLandmarks, HeadFrame
from auto_rig_face.rigging.head import Eyeball, Head, LidRim, LipSeam, LipSide, Role
from auto_rig_face.rigging.topology import vertex_normals

CENTRE = np.array([0.0, 0.0, -1.1])
RADII = np.array([1.2, 1.6, 1.4])
COLUMNS = 96  # around
ROWS = np.r_[np.linspace(1.5, -1.4, 59), np.linspace(-1.55, -3.2, 12)]  # heights of the rings
NECK = 0.65
MOUTH, MOUTH_HALF = -1.0, 0.42
EYE, EYE_HALF, EYE_OPEN, EYE_RADIUS = 0.5, 0.22, 0.10, 0.26
BAG = 7  # points on the way through the mouth bag
RIGID = HeadFrame(np.zeros(3), np.eye(3), 1.0)


@dataclass
class Parts:
    """Vertices, triangles and labels that are being put together."""

    points: list[np.ndarray] = field(default_factory=list)
    triangles: list[np.ndarray] = field(default_factory=list)
    role: list[np.ndarray] = field(default_factory=list)
    visible: list[np.ndarray] = field(default_factory=list)
    component: list[np.ndarray] = field(default_factory=list)
    count: int = 0

    def add(self, points, triangles, role, visible=True):
        self.points.append(points)
        self.triangles.append(np.asarray(triangles).reshape(-1, 3) + self.count)
        self.role.append(np.full(len(points), role))
        self.visible.append(np.broadcast_to(visible, len(points)))
        self.component.append(np.full(len(points), len(self.component)))
        self.count += len(points)


def surface_depth(x, y):
    """Z of the front of the skull."""
    inside = 1 - (x / RADII[0]) ** 2 - (y / RADII[1]) ** 2
    return CENTRE[2] + RADII[2] * np.sqrt(np.maximum(inside, 0.01))


def _rings():
    turn = np.linspace(-np.pi, np.pi, COLUMNS, endpoint=False)  # 0 looks to the front
    height = ROWS[:, None]
    across = np.sqrt(np.maximum(1 - (height / RADII[1]) ** 2, 0.0))
    across = np.where(height < -1.3, np.maximum(across, 0), across)
    wide = np.where(height > -1.42, across * RADII[0], NECK)
    deep = np.where(height > -1.42, across * RADII[2], NECK)
    x = wide * np.sin(turn)
    z = CENTRE[2] + deep * np.cos(turn)
    y = np.broadcast_to(height, x.shape)
    return np.stack([x, y, z], axis=-1)


def _skin(mouth: str, eyes: bool):
    grid = _rings()
    rows, columns = grid.shape[:2]
    points = grid.reshape(-1, 3)
    index = np.arange(rows * columns).reshape(rows, columns)
    above, below = index.copy(), index.copy()  # copies that the ring below / above a row uses
    slits = {}
    cuts = {}
    if eyes:
        cuts |= {"eye_L": (EYE, 0.0, EYE_HALF), "eye_R": (-EYE, 0.0, EYE_HALF)}
    if mouth != "sealed":
        cuts["mouth"] = (0.0, MOUTH, MOUTH_HALF)
    for name, (x, y, half) in cuts.items():
        row = int(np.abs(ROWS - y).argmin())
        on = (np.abs(grid[row, :, 0] - x) < half) & (grid[row, :, 2] > CENTRE[2])
        inner = np.flatnonzero(on)
        copies = len(points) + np.arange(len(inner))
        points = np.concatenate([points, points[index[row, inner]]])
        above[row, inner] = copies  # what hangs on from below
        ends = index[row, [inner[0] - 1, inner[-1] + 1]]
        slits[name] = tuple(
            np.r_[ends[0], middle, ends[1]] for middle in (index[row, inner], copies)
        )
    a, b = above[:-1], np.roll(above, -1, axis=1)[:-1]
    c, d = below[1:], np.roll(below, -1, axis=1)[1:]
    triangles = [np.stack([a, c, d], -1).reshape(-1, 3), np.stack([a, d, b], -1).reshape(-1, 3)]
    top = len(points)
    points = np.concatenate([points, [[0.0, 1.6, CENTRE[2]]]])
    triangles.append(np.stack([np.full(columns, top), index[0], np.roll(index[0], -1)], axis=-1))
    return points, np.concatenate(triangles), slits


def _part_lids(points, slits):
    for name in slits:
        if not name.startswith("eye"):
            continue
        centre = EYE if name.endswith("L") else -EYE
        upper, lower = slits[name]
        flat = points.copy()
        across = np.clip(1 - ((flat[:, 0] - centre) / EYE_HALF) ** 2, 0, None)
        front = flat[:, 2] > CENTRE[2]
        distance = flat[:, 1]
        sign = np.sign(distance)
        sign[upper], sign[lower] = 1, -1
        fade = np.clip(1 - np.abs(distance) / 0.3, 0, 1) ** 2
        points[:, 1] += np.where(front, sign * EYE_OPEN * across * fade, 0)


def _bag(points, slit):
    """Mouth bag from the upper lip round to the lower one: points, triangles, lip sides."""
    upper, lower = slit
    width = len(upper)
    new, ids = [], [upper]
    start = len(points)
    for step in range(1, BAG + 1):
        angle = np.pi * step / (BAG + 1)
        row = (points[upper] + points[lower]) / 2
        row += np.array([0.0, 0.25 * np.cos(angle), -0.8 * np.sin(angle)])
        row[:, 0] *= 0.9
        inner = start + np.arange(width - 2)
        start += width - 2
        new.append(row[1:-1])
        ids.append(np.r_[upper[0], inner, upper[-1]])
    ids.append(lower)
    triangles = []
    for one, two in pairwise(ids):
        triangles += [np.stack([one[:-1], one[1:], two[1:]], -1)]
        triangles += [np.stack([one[:-1], two[1:], two[:-1]], -1)]
    triangles = np.concatenate(triangles)
    proper = (triangles[:, [0, 1, 2]] != triangles[:, [1, 2, 0]]).all(axis=1)
    side = np.repeat(np.arange(1, BAG + 1), width - 2)
    side = np.where(
        side <= BAG // 2, LipSide.UPPER, np.where(side > BAG // 2 + 1, LipSide.LOWER, 0)
    )
    return np.concatenate(new), triangles[proper], side


def sphere(centre, radius, rings=12, sectors=24):
    polar = np.linspace(0, np.pi, rings + 1)[1:-1]
    turn = np.linspace(0, 2 * np.pi, sectors, endpoint=False) + np.pi / sectors
    p, t = np.meshgrid(polar, turn, indexing="ij")
    points = np.stack([np.sin(p) * np.sin(t), np.cos(p), np.sin(p) * np.cos(t)], -1)
    index = np.arange(p.size).reshape(p.shape)
    a, b = index[:-1], np.roll(index, -1, axis=1)[:-1]
    c, d = index[1:], np.roll(index, -1, axis=1)[1:]
    triangles = np.concatenate(
        [np.stack([a, c, d], -1).reshape(-1, 3), np.stack([a, d, b], -1).reshape(-1, 3)]
    )
    return np.asarray(centre) + radius * points.reshape(-1, 3), triangles


def box(low, high, cuts=6):
    """A closed box whose faces are cut along x."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    x = np.linspace(low[0], high[0], cuts)
    corners = np.array([[low[1], low[2]], [high[1], low[2]], [high[1], high[2]], [low[1], high[2]]])
    points = np.array([[at, *corner] for at in x for corner in corners])
    triangles = []
    for k in range(cuts - 1):
        for side in range(4):
            a, b = 4 * k + side, 4 * k + (side + 1) % 4
            triangles += [[a, b, b + 4], [a, b + 4, a + 4]]
    last = 4 * (cuts - 1)
    triangles += [[0, 2, 1], [0, 3, 2], [last, last + 1, last + 2], [last, last + 2, last + 3]]
    return points, np.array(triangles)


def build_head(
    *, mouth: str = "slit", eyes: bool = True, parts: bool = True, flat_eyes: bool = False
) -> Head:
    """``mouth``: "slit" or "sealed"."""
    points, triangles, slits = _skin(mouth, eyes)
    _part_lids(points, slits)
    sides = np.zeros(len(points), np.int8)
    near = (np.linalg.norm(points[:, :2] - [0, MOUTH], axis=1) < 0.8) & (points[:, 2] > -0.9)
    visible = np.ones(len(points), bool)
    if mouth == "slit":
        upper, lower = slits["mouth"]
        sides[near] = np.where(points[near, 1] > MOUTH, LipSide.UPPER, LipSide.LOWER)
        on_line = near & (np.abs(points[:, 1] - points[upper[1], 1]) < 1e-9)
        sides[on_line] = LipSide.NONE
        sides[upper[1:-1]], sides[lower[1:-1]] = LipSide.UPPER, LipSide.LOWER
        bag, bag_triangles, bag_sides = _bag(points, slits["mouth"])
        points, triangles = np.r_[points, bag], np.r_[triangles, bag_triangles]
        sides, visible = np.r_[sides, bag_sides], np.r_[visible, np.zeros(len(bag), bool)]
    out = Parts()
    out.add(points, triangles, Role.SKIN, visible)
    eyeballs = {side: Eyeball(np.array([x, 0.0, 0.0]), 0.0) for side, x in _EYES.items()}
    if parts:
        eyeballs = _add_parts(out, points, slits, flat_eyes=flat_eyes)
    rims = {side: _rim(points, slits[f"eye_{side}"]) for side in "LR" if f"eye_{side}" in slits}
    seam = None
    if mouth == "slit":
        seam = LipSeam(points[slits["mouth"][0]], points[slits["mouth"][1]])
    return _assemble(out, sides, rims, seam, eyeballs)


_EYES = {"L": EYE, "R": -EYE}


def _add_parts(out, skin, slits, *, flat_eyes):
    eyeballs = {}
    for side, x in _EYES.items():
        front = surface_depth(x, 0.0)
        centre = np.array([x, 0.0, front - EYE_RADIUS - 0.02])
        role = Role.EYE_L if side == "L" else Role.EYE_R
        if flat_eyes:
            ball, triangles = sphere([0, 0, 0], 1.0)
            out.add(ball * [0.3, 0.25, 0.02] + [x, 0, front - 0.1], triangles, role)
            out.add(ball * [0.1, 0.1, 0.01] + [x, 0, front - 0.07], triangles, role)
            eyeballs[side] = Eyeball(np.array([x, 0, front - 0.1]), 0.3)
            continue
        out.add(*sphere(centre, EYE_RADIUS), role)
        eyeballs[side] = Eyeball(centre, EYE_RADIUS)
        if f"eye_{side}" in slits:
            margin = skin[slits[f"eye_{side}"][0]]
            tips = margin + np.array([0.0, 0.02, 0.08])
            k = len(margin)
            strip = np.array([[i, i + 1, k + i + 1] for i in range(k - 1)])
            out.add(np.r_[margin + np.array([0, 0, 0.002]), tips], strip, Role.LASH)
        depth = surface_depth(x, 0.45)
        out.add(*box([x - 0.25, 0.4, depth - 0.02], [x + 0.25, 0.5, depth + 0.06]), Role.BROW)
    if "mouth" in slits:
        out.add(*box([-0.3, -0.98, -0.4], [0.3, -0.86, -0.2]), Role.TEETH_UPPER, False)
        out.add(*box([-0.3, -1.14, -0.4], [0.3, -1.02, -0.2]), Role.TEETH_LOWER, False)
        tongue, triangles = sphere([0, 0, 0], 1.0)
        out.add(tongue * [0.2, 0.06, 0.45] + [0, -1.02, -0.7], triangles, Role.TONGUE, False)
    chin = surface_depth(0.0, -1.3)
    out.add(*box([-0.25, -2.2, chin - 0.1], [0.25, -1.25, chin + 0.02]), Role.ATTACHED)
    out.add(*box([-0.9, 1.3, -1.6], [0.9, 1.9, -0.8]), Role.HAIR)
    return eyeballs


def _rim(points, slit):
    upper, lower = (points[edge] for edge in slit)
    if abs(upper[0, 0]) > abs(upper[-1, 0]):
        upper, lower = upper[::-1], lower[::-1]
    return LidRim(upper, lower, np.eye(3))


def _assemble(out, sides, rims, seam, eyeballs):
    vertices, triangles = np.concatenate(out.points), np.concatenate(out.triangles)
    visible = np.concatenate(out.visible)
    lip_side = np.zeros(len(vertices), np.int8)
    lip_side[: len(sides)] = sides
    landmarks = _landmarks()
    return Head(
        frame=landmarks.frame,
        landmarks=landmarks,
        vertices=vertices,
        triangles=triangles,
        normals=vertex_normals(vertices, triangles),
        weld=np.arange(len(vertices)),
        component=np.concatenate(out.component),
        role=np.concatenate(out.role).astype(np.int8),
        exposure=visible.astype(float),
        visible=visible,
        lip_side=lip_side,
        rims=rims,
        seam=seam,
        eyeballs=eyeballs,
    )


def _landmarks():
    flat = {
        "nose_bridge": (0, 0.05),
        "nose_tip": (0, -0.55),
        "nose_base": (0, -0.7),
        "lip_upper_top": (0, -0.88),
        "lip_upper_inner": (0, MOUTH),
        "lip_lower_inner": (0, MOUTH),
        "lip_lower_bottom": (0, -1.14),
        "chin": (0, -1.35),
    }
    for side, sign in (("L", 1), ("R", -1)):
        flat |= {
            f"eye_outer_{side}": (sign * (EYE + EYE_HALF), 0),
            f"eye_inner_{side}": (sign * (EYE - EYE_HALF), 0),
            f"lid_upper_{side}": (sign * EYE, EYE_OPEN),
            f"lid_lower_{side}": (sign * EYE, -EYE_OPEN),
            f"pupil_{side}": (sign * EYE, 0),
            f"brow_inner_{side}": (sign * 0.25, 0.45),
            f"brow_mid_{side}": (sign * 0.5, 0.5),
            f"brow_outer_{side}": (sign * 0.75, 0.42),
            f"ala_{side}": (sign * 0.2, -0.65),
            f"mouth_corner_{side}": (sign * MOUTH_HALF, MOUTH),
        }
    named = {name: np.array([x, y, surface_depth(x, y)]) for name, (x, y) in flat.items()}
    return FaceLandmarks(RIGID, named, dict.fromkeys(named, 1.0))


def soil(head: Head) -> Head:
    """The same head as a careless artist leaves it: a duplicate face, zero areas, a fin that
    three faces share, loose vertices, and scraps of skin beside the face and in the mouth.
    """
    count = len(head.vertices)
    extra = np.array(
        [
            [9.0, 9.0, 9.0],
            [0.3, -0.9, 0.3],
            *([0.7, -0.5, 0.3], [0.8, -0.5, 0.3], [0.7, -0.4, 0.3]),
            *([0.1, -1.1, -0.3], [0.2, -1.1, -0.3], [0.1, -1.2, -0.3]),
        ]
    )
    skin = head.triangles[200]
    triangles = np.concatenate(
        [
            head.triangles,
            [skin, [skin[0], skin[1], skin[1]], [skin[0], skin[1], count + 1]],
            [[count + 2, count + 3, count + 4], [count + 5, count + 6, count + 7]],
        ]
    )
    vertices = np.r_[head.vertices, extra]
    vertices[head.triangles[300, 0]] = vertices[head.triangles[300, 1]]  # no area left
    add = len(extra)
    last = head.component.max()
    return replace(
        head,
        vertices=vertices,
        triangles=triangles,
        normals=vertex_normals(vertices, triangles),
        weld=np.arange(count + add),
        component=np.r_[head.component, last + np.array([1, 0, 3, 3, 3, 4, 4, 4])],
        role=np.r_[head.role, Role.HAIR, np.full(7, Role.SKIN)].astype(np.int8),
        exposure=np.r_[head.exposure, np.ones(add)],
        visible=np.r_[head.visible, np.ones(5, bool), np.zeros(3, bool)],
        lip_side=np.r_[head.lip_side, np.zeros(5), np.full(3, LipSide.LOWER)].astype(np.int8),
    )


@pytest.fixture(scope="session")
def make_head() -> Callable[..., Head]:
    """Builder of heads; see build_head."""
    return build_head


@pytest.fixture(scope="session")
def head() -> Head:
    """A whole head with all its parts."""
    return build_head()


@pytest.fixture(scope="session")
def dirty_head() -> Head:
    """The same with what careless modelling leaves behind."""
    return soil(build_head())
