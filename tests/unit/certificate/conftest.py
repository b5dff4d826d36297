# SPDX-License-Identifier: GPL-3.0-or-later
"""A face built in code: a curved patch with two lid openings, parted lips and two eyeballs.

The patch is a grid. A row is cut between the corners of each eye and of the mouth; the lids' cut
is pulled open to an almond, the lips' stays shut by a hair. Units are the head frame's (IOD).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from auto_rig_face.rigging.data import FaceLandmarks, HeadFrame
from auto_rig_face.rigging.head import Eyeball, Head, LidRim, LipSeam, LipSide, Role
from auto_rig_face.rigging.topology import vertex_normals
from scipy.sparse import csr_matrix

STEP = 0.05
XS = np.round(np.arange(-1.6, 1.601, STEP), 6)
YS = np.round(np.arange(-2.0, 1.401, STEP), 6)
MOUTH = -1.0
MOUTH_HALF = 0.4
EYE_HALF = 0.2
LID_OPEN = 0.1  # half the height of the opening at its middle
LIP_GAP = 0.002
EYES = {"L": 0.5, "R": -0.5}
EYE_RADIUS = 0.25
TEETH_BEHIND = 0.06
CLEARANCE = 0.02  # of the eyeball behind the skin


@dataclass
class SyntheticFace:
    """``head`` and good ``shapes`` for it; ``slit``: name of the cut -> (upper, lower) vertices."""

    head: Head
    shapes: dict[str, np.ndarray]
    slits: dict[str, tuple[np.ndarray, np.ndarray]]

    @property
    def weights(self) -> csr_matrix:
        return csr_matrix(np.ones((len(self.head.vertices), 1)))

    def with_points(self, vertices: np.ndarray) -> Head:
        """The same head with other rest positions."""
        return replace(
            self.head,
            vertices=vertices,
            normals=vertex_normals(vertices, self.head.triangles),
        )

    def moved(self, weight: np.ndarray, by: tuple[float, float, float]) -> np.ndarray:
        """Displacement ``by``, as much as ``weight`` (N,) says."""
        return weight[:, None] * np.asarray(by)

    def bump(self, centre: tuple[float, float], radius: float) -> np.ndarray:
        """(N,) smooth weight on the skin, 1 at ``centre`` (x, y) and ~0 beyond ``radius``."""
        flat = self.head.vertices[:, :2] - np.asarray(centre)
        skin = self.head.role == Role.SKIN
        return skin * np.exp(-4 * (flat**2).sum(axis=1) / radius**2)


def build_face() -> SyntheticFace:
    """Build the face and its good shapes."""
    points, triangles, slits, below = _cut_grid()
    flat = points.copy()
    _open_slits(points, slits)
    points[:, 2] = _relief(points)
    vertices, role, faces = [points], [np.full(len(points), Role.SKIN)], [triangles]
    eyeballs = {}
    for side, x in EYES.items():
        surface = _relief(np.array([[x, 0.0, 0.0]]))[0]
        centre = np.array([x, 0.0, surface - CLEARANCE - EYE_RADIUS])
        ball, ball_triangles = _sphere(centre, EYE_RADIUS)
        faces.append(ball_triangles + sum(len(part) for part in vertices))
        vertices.append(ball)
        role.append(np.full(len(ball), Role.EYE_L if side == "L" else Role.EYE_R))
        eyeballs[side] = Eyeball(centre, EYE_RADIUS)
    teeth, teeth_triangles = _teeth()
    faces.append(teeth_triangles + sum(len(part) for part in vertices))
    vertices.append(teeth)
    role.append(np.full(len(teeth), Role.TEETH_LOWER))
    vertices, role, faces = np.concatenate(vertices), np.concatenate(role), np.concatenate(faces)
    lip_side = np.zeros(len(vertices), np.int8)
    near = np.linalg.norm(flat[:, :2] - [0.0, MOUTH], axis=1) < 0.7
    lip_side[: len(points)] = np.where(near, np.where(below, LipSide.LOWER, LipSide.UPPER), 0)
    landmarks = _landmarks(vertices, slits)
    head = Head(
        frame=landmarks.frame,
        landmarks=landmarks,
        vertices=vertices,
        triangles=faces,
        normals=vertex_normals(vertices, faces),
        weld=np.arange(len(vertices)),
        component=role.astype(np.int64),
        role=role.astype(np.int8),
        exposure=np.ones(len(vertices)),
        visible=np.ones(len(vertices), bool),
        lip_side=lip_side,
        rims={side: _rim(vertices, slits[f"eye_{side}"]) for side in "LR"},
        seam=LipSeam(vertices[slits["mouth"][0]], vertices[slits["mouth"][1]]),
        eyeballs=eyeballs,
    )
    return SyntheticFace(head, _good_shapes(head, flat, slits, below), slits)


def _teeth():
    """A band (T, 3) behind the chin, TEETH_BEHIND the skin, and its triangles."""
    x, y = np.meshgrid(np.linspace(-0.3, 0.3, 7), MOUTH - np.array([0.25, 0.35]))
    points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    points[:, 2] = _relief(points) - TEETH_BEHIND
    first = np.arange(6)
    lower = np.stack([first + 7, first + 8, first + 1], axis=1)
    return points, np.concatenate([lower, np.stack([first + 7, first + 1, first], axis=1)])


def _cut_grid():
    """Flat grid (N, 3), triangles, the cuts, and (N,) whether a vertex lies below the lip line."""
    columns, rows = len(XS), len(YS)
    grid = np.stack(np.meshgrid(XS, YS), axis=-1).reshape(-1, 2)
    points = np.c_[grid, np.zeros(len(grid))]
    index = np.arange(rows * columns).reshape(rows, columns)
    above, under = index.copy(), index.copy()  # the copy that cells above / below a row use
    slits = {}
    cuts = {"eye_L": (0.5, 0.0, EYE_HALF), "eye_R": (-0.5, 0.0, EYE_HALF)}
    cuts["mouth"] = (0.0, MOUTH, MOUTH_HALF)
    below = points[:, 1] < MOUTH
    for name, (x, y, half) in cuts.items():
        row = int(np.abs(YS - y).argmin())
        inner = np.flatnonzero(np.abs(XS - x) < half - STEP / 2)
        copies = len(points) + np.arange(len(inner))
        points = np.concatenate([points, points[index[row, inner]]])
        below = np.concatenate([below, np.full(len(inner), name == "mouth")])
        under[row, inner] = copies
        ends = [inner[0] - 1, inner[-1] + 1]
        corner = index[row, ends]
        slits[name] = tuple(
            np.concatenate([corner[:1], middle, corner[1:]])
            for middle in (index[row, inner], copies)
        )
    lower_left, lower_right = above[:-1, :-1], above[:-1, 1:]
    upper_left, upper_right = under[1:, :-1], under[1:, 1:]
    triangles = np.concatenate(
        [
            np.stack([lower_left, lower_right, upper_right], axis=-1).reshape(-1, 3),
            np.stack([lower_left, upper_right, upper_left], axis=-1).reshape(-1, 3),
        ]
    )
    return points, triangles, slits, below


def _open_slits(points: np.ndarray, slits: dict) -> None:
    """Part the cuts and the rows around them, less the further away."""
    upper_copies = {name: set(pair[0].tolist()) for name, pair in slits.items()}
    flat = points.copy()
    for name, (x, y, half, height) in {
        "eye_L": (0.5, 0.0, EYE_HALF, LID_OPEN),
        "eye_R": (-0.5, 0.0, EYE_HALF, LID_OPEN),
        "mouth": (0.0, MOUTH, MOUTH_HALF, LIP_GAP / 2),
    }.items():
        across = np.clip(1 - ((flat[:, 0] - x) / half) ** 2, 0, None)
        distance = flat[:, 1] - y
        sign = np.sign(distance)
        on_cut = np.abs(distance) < STEP / 2
        sign[on_cut] = [1 if i in upper_copies[name] else -1 for i in np.flatnonzero(on_cut)]
        points[:, 1] += sign * height * across * np.clip(1 - np.abs(distance) / 0.35, 0, 1) ** 2


def _relief(points: np.ndarray) -> np.ndarray:
    """Height of the face: a dome, with full lips that turn inwards at the seam."""
    x, y = points[:, 0], points[:, 1]
    dome = 0.5 - 0.1 * x**2 - 0.05 * (y + 0.3) ** 2
    lip = np.clip(1 - (x / (MOUTH_HALF + 0.1)) ** 2, 0, 1)
    from_seam = np.abs(y - MOUTH)
    return dome + lip * (
        0.10 * np.exp(-((from_seam / 0.2) ** 2)) - 0.12 * np.exp(-from_seam / 0.04)
    )


def _sphere(centre: np.ndarray, radius: float, rings: int = 24, sectors: int = 48):
    polar = np.linspace(0, np.pi, rings + 1)[1:-1]
    turn = np.linspace(0, 2 * np.pi, sectors, endpoint=False)
    p, t = np.meshgrid(polar, turn, indexing="ij")
    ring = np.stack([np.sin(p) * np.cos(t), np.sin(p) * np.sin(t), np.cos(p)], axis=-1)
    points = np.concatenate([ring.reshape(-1, 3), [[0, 0, 1.0], [0, 0, -1.0]]])
    index = np.arange((rings - 1) * sectors).reshape(rings - 1, sectors)
    a, b = index[:-1], np.roll(index, -1, axis=1)[:-1]
    c, d = index[1:], np.roll(index, -1, axis=1)[1:]
    top, bottom = len(points) - 2, len(points) - 1
    first, last = index[0], index[-1]
    triangles = np.concatenate(
        [
            np.stack([a, c, d], axis=-1).reshape(-1, 3),
            np.stack([a, d, b], axis=-1).reshape(-1, 3),
            np.stack([np.full(sectors, top), first, np.roll(first, -1)], axis=-1),
            np.stack([np.full(sectors, bottom), np.roll(last, -1), last], axis=-1),
        ]
    )
    return centre + radius * points, triangles


def _rim(vertices: np.ndarray, slit: tuple[np.ndarray, np.ndarray]) -> LidRim:
    upper, lower = (vertices[edge] for edge in slit)
    if abs(upper[0, 0]) > abs(upper[-1, 0]):  # from the inner corner to the outer one
        upper, lower = upper[::-1], lower[::-1]
    return LidRim(upper, lower, np.eye(3))


def _landmarks(vertices: np.ndarray, slits: dict) -> FaceLandmarks:
    named = {
        "nose_bridge": (0, 0.05),
        "nose_tip": (0, -0.5),
        "nose_base": (0, -0.65),
        "lip_upper_top": (0, MOUTH + 0.12),
        "lip_lower_bottom": (0, MOUTH - 0.14),
        "chin": (0, -1.5),
    }
    for side, x in EYES.items():
        out = np.sign(x)
        named[f"eye_inner_{side}"] = (x - out * EYE_HALF, 0)
        named[f"eye_outer_{side}"] = (x + out * EYE_HALF, 0)
        named[f"pupil_{side}"] = (x, 0)
        named[f"lid_upper_{side}"] = (x, LID_OPEN)
        named[f"lid_lower_{side}"] = (x, -LID_OPEN)
        named[f"brow_inner_{side}"] = (0.25 * out, 0.45)
        named[f"brow_mid_{side}"] = (x, 0.5)
        named[f"brow_outer_{side}"] = (0.8 * out, 0.45)
        named[f"ala_{side}"] = (0.2 * out, -0.55)
        named[f"mouth_corner_{side}"] = (MOUTH_HALF * out, MOUTH)
    flat = {name: np.array([*place, 0.0], float) for name, place in named.items()}
    points = {name: np.array([*p[:2], _relief(p[None])[0]]) for name, p in flat.items()}
    middle = len(slits["mouth"][0]) // 2
    points["lip_upper_inner"] = vertices[slits["mouth"][0][middle]]
    points["lip_lower_inner"] = vertices[slits["mouth"][1][middle]]
    frame = HeadFrame(np.zeros(3), np.eye(3), 1.0)
    return FaceLandmarks(frame, points, dict.fromkeys(points, 1.0))


def _good_shapes(head: Head, flat: np.ndarray, slits: dict, below: np.ndarray) -> dict:
    count, skin = len(head.vertices), len(flat)
    shapes = {}
    for side, x in EYES.items():
        blink = np.zeros((count, 3))
        lower = slits[f"eye_{side}"][1]
        above = np.flatnonzero((flat[:, 1] >= 0) & (np.abs(flat[:, 0] - x) < EYE_HALF))
        above = np.setdiff1d(above, lower)
        across = np.clip(1 - ((flat[above, 0] - x) / EYE_HALF) ** 2, 0, None)
        ease = np.clip(1 - flat[above, 1] / 0.6, 0, 1) ** 2
        blink[above, 1] = -2.06 * LID_OPEN * across * ease
        shapes["eyeBlinkLeft" if side == "L" else "eyeBlinkRight"] = blink
    x, y = flat[:, 0], flat[:, 1]
    jaw = np.zeros((count, 3))
    across = np.where(np.abs(x) < MOUTH_HALF, np.cos(np.pi * x / 2 / MOUTH_HALF) ** 2, 0)
    fade = np.clip((y + 2.0) / 0.8, 0, 1)
    jaw[:skin, 1] = -0.25 * across * below * fade * fade * (3 - 2 * fade)
    shapes["jawOpen"], shapes["mouthClose"] = jaw, -jaw
    face = SyntheticFace(head, {}, slits)
    for side, out in (("Left", 1), ("Right", -1)):
        weight = face.bump((0.55 * out, -0.85), 0.5)
        shapes[f"mouthSmile{side}"] = face.moved(weight, (0.06 * out, 0.12, 0.0))
        shapes[f"browOuterUp{side}"] = face.moved(face.bump((0.7 * out, 0.55), 0.5), (0, 0.1, 0))
    return shapes


@pytest.fixture
def face() -> SyntheticFace:
    return build_face()


@pytest.fixture(scope="session")
def shared_face() -> SyntheticFace:
    """The same face for property-based tests, which must not change it."""
    return build_face()
