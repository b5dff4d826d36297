# SPDX-License-Identifier: GPL-3.0-or-later
"""Families built on the template: humans, cartoons, coarse meshes, masks with other eyes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from auto_rig_face.animation.emotions import SHAPE_INDEX
from numpy.typing import NDArray

from .. import points as scheme
from ..expressions import Controls, Expression, controls_of
from ..scene import Head, Role
from . import lid_closing, template_data
from .assembly import Assembly, Chart, Surface
from .brows import BrowDesign, add_brow
from .dress import dress
from .eyes import EyeDesign, add_eye
from .mouths import MouthDesign, add_mouth
from .plan_parts import ball_eyes, dot_eyes, sample_mouth
from .plans_people import anime
from .shapes import Floats, Mesh, ellipsoid, tube, turn
from .shells import Wearer
from .skin import FaceMeasures
from .stylise import Warp, apply, lattice_weights, sample_appealing, sample_warp
from .template_data import TemplateData

Rng = np.random.Generator
BLINKS = tuple(SHAPE_INDEX[name] for name in ("eyeBlinkLeft", "eyeBlinkRight"))


@dataclass(frozen=True)
class Eyeballs:
    """``iris``, ``pupil``: radii as angles in degrees, 0 for none; ``slit``: the pupil's width to
    height; ``glint``: whether a highlight is painted on.
    """

    iris: float
    pupil: float
    slit: float
    glint: bool


@dataclass(frozen=True)
class Identity:
    """One person. ``targets`` (K,) weights of the identity targets. ``eyes``, ``mouth``: features
    that replace the template's own (None: its own); ``round_eyes``: how much wider the lids stand
    open at rest than a human's, in units of the shape eyeWide.
    """

    targets: NDArray[np.float32]
    warp: Warp
    balls: Eyeballs
    brows: BrowDesign
    lash: float
    coarse: int | None
    round_eyes: float
    eyes: EyeDesign | None
    mouth: MouthDesign | None
    faceted: bool


def sample_identity(rng: Rng, data: TemplateData, family: str) -> Identity:
    """A random person of a family: human, cartoon, coarse or mask."""
    strength = {"human": rng.uniform(0, 0.25), "cartoon": rng.uniform(0.4, 1.1)}.get(
        family, rng.uniform(0.0, 0.8)
    )
    appealing = family in {"cartoon", "mask"} and rng.random() < 0.45
    iris = float(rng.uniform(22, 42)) * (1.2 if appealing else 1.0)
    lively = rng.random() < 0.9
    coarse = int(rng.integers(template_data.COARSE_LEVELS)) if family == "coarse" else None
    # Few triangles leave no room for lids: such heads have painted eyes.
    simple = family == "mask" or (coarse is not None and coarse >= 2 and rng.random() < 0.7)
    mask_eyes = _mask_eyes(rng) if simple else None
    painted = family == "mask" and rng.random() < 0.5
    return Identity(
        targets=sample_targets(rng, data) * (0.7 if appealing else 1.0),
        warp=sample_appealing(rng) if appealing else sample_warp(rng, float(strength)),
        balls=Eyeballs(
            iris=iris if lively else 0.0,
            pupil=iris * float(rng.uniform(0.3, 0.7)) if lively else 0.0,
            slit=1.0 if rng.random() < 0.92 else float(rng.uniform(0.2, 0.5)),
            glint=bool(rng.random() < 0.4),
        ),
        brows=_brows(rng, float(strength)),
        lash=0.0 if rng.random() < 0.4 else float(rng.uniform(0.008, 0.03)),
        coarse=coarse,
        round_eyes=float(rng.uniform(0.3, 2.6))
        if appealing
        else float(strength * rng.uniform(-0.6, 1.8)),
        eyes=mask_eyes,
        mouth=_painted_mouth(rng) if painted else None,
        faceted=family == "coarse" and bool(rng.random() < 0.8),
    )


def sample_targets(rng: Rng, data: TemplateData) -> NDArray[np.float32]:
    """(K,) weights: one or two people, and some of the details, as a rule alike on both sides."""
    names = data.target_names
    weights = np.zeros(len(names), np.float32)
    people = [i for i, name in enumerate(names) if name.startswith("macrodetails")]
    first, second = rng.choice(people, 2)
    share = rng.random()
    weights[first] += share
    weights[second] += (1 - share) * rng.random()
    details = rng.random(len(names)) < rng.uniform(0.0, 0.16)
    details[people] = False
    values = np.where(details, rng.random(len(names)) * rng.uniform(0.3, 1.1), 0.0)
    if rng.random() < 0.85:
        partner = {name: i for i, name in enumerate(names)}
        mirror = [partner.get(name.replace("/r-", "/l-"), i) for i, name in enumerate(names)]
        values = values[mirror]
    return (weights + values).astype(np.float32)


def _brows(rng: Rng, strength: float) -> BrowDesign:
    heavy = 1 + strength * float(rng.uniform(0, 1.5))
    drawn = rng.random() < 0.5
    return BrowDesign(
        inner=-float(rng.uniform(0.24, 0.34)),
        outer=float(rng.uniform(0.26, 0.38)),
        height=float(rng.uniform(0.18, 0.28)),
        arch=float(rng.uniform(0.0, 0.1)),
        tilt=float(rng.normal(0.0, 0.04)),
        thickness=float(rng.uniform(0.02, 0.09)) * heavy,
        taper=float(rng.uniform(0.2, 0.9)),
        relief=0.0 if drawn else float(rng.uniform(0.01, 0.04)) * heavy,
        square=bool(rng.random() < 0.15 * (1 + strength)),
        shown=bool(rng.random() < 0.72),
    )


def _mask_eyes(rng: Rng) -> EyeDesign:
    kind = rng.random()
    if kind < 0.35:
        return anime(rng).eyes
    return dot_eyes(rng) if kind < 0.6 else ball_eyes(rng)


def _painted_mouth(rng: Rng) -> MouthDesign:
    mouth = sample_mouth(rng, float(rng.uniform(0.15, 0.5)), 0.5)
    return replace(mouth, drawn=bool(rng.random() < 0.75))


def build(family: str, expression: Expression, identity_seed: int, rng: Rng) -> Head:
    """A head of one of the template's families."""
    data = template_data.load()
    person = sample_identity(rng, data, family)
    shown = _supported(person, expression)
    vertices, balls = pose(data, person, shown)
    vertices, balls = _to_frame(data, vertices, balls)
    assembly = Assembly(faceted=person.faceted)
    _skin(assembly, data, person, vertices)
    assembly.mark(dict(zip(scheme.NAMES, data.points_on(vertices), strict=True)))
    outside = Surface(_outer(data, vertices))
    controls = controls_of(shown)
    for index, side in enumerate("LR"):
        if person.eyes is None:
            _eyeball(assembly, person, side, balls[index])
        _brow_and_lash(assembly, person, controls, side, outside)
    if person.eyes is not None:
        _other_eyes(assembly, person.eyes, controls, outside)
    if person.mouth is not None:
        height = float(assembly.points["lip_inner_05"][1])
        add_mouth(
            assembly, person.mouth, controls, Chart(np.array([0, height, 0.0]), np.eye(3)), outside
        )
    measures = _measures(assembly)
    wearer = Wearer(Surface(_earless(data, vertices)), outside, measures)
    dress(assembly, wearer, rng, "human", 0.25)
    if rng.random() < 0.7:
        _shoulders(assembly, vertices)
    return assembly.finish(shown, family, identity_seed)


def _supported(person: Identity, expression: Expression) -> Expression:
    kept = expression.coefficients.copy()
    silent: tuple[str, ...] = ()
    if person.eyes is not None and person.eyes.ball and not person.eyes.lids:
        silent += ("eyeBlink", "eyeWide", "eyeSquint")
    if person.mouth is not None and not person.mouth.drawn:
        silent += ("mouth", "jaw", "tongue")
    for name, index in SHAPE_INDEX.items():
        if silent and name.startswith(silent):
            kept[index] = 0.0
    return Expression(kept, expression.emotion, expression.intensity)


def pose(data: TemplateData, person: Identity, expression: Expression) -> tuple[Floats, Floats]:
    """(V, 3) vertices and (2, B, 3) unit-sphere eyeballs' centre and axes, all warped."""
    values = expression.coefficients.copy()
    if person.eyes is not None:  # under other eyes the lids are shut and still
        for name, index in SHAPE_INDEX.items():
            if name.startswith("eye"):
                values[index] = 0.0
        values[list(BLINKS)] = 1.0
    if person.mouth is not None:
        for name, index in SHAPE_INDEX.items():
            if name.startswith(("mouth", "tongue")):
                values[index] = 0.0
        values[SHAPE_INDEX["jawOpen"]] *= 0.0
    identity = np.tensordot(person.targets, data.targets, axes=1).astype(np.float64)
    moved = np.tensordot(values, data.shapes, axes=1).astype(np.float64)
    if person.eyes is None:
        identity = identity + _rounded(data, person.round_eyes, values)
    balls = np.stack([_sphere(data, identity, side, person, expression) for side in (0, 1)])
    count = balls.shape[1]
    rest, lattice = _rest()
    blinks = {side: float(values[row]) for side, row in zip("LR", BLINKS, strict=True)}
    skin = lid_closing.shut(data.vertices + identity + moved, blinks)
    posed = np.concatenate([skin, balls.reshape(-1, 3)])
    ears = np.concatenate([data.ears, np.zeros(2 * count)])
    warped = apply(person.warp, rest, posed, ears, data.eyeballs, lattice)
    return warped[: len(data.vertices)], warped[len(data.vertices) :].reshape(2, count, 3)


def _rounded(data: TemplateData, amount: float, values: NDArray[np.float32]) -> Floats:
    """(V, 3) how wider open lids lie; shut lids stay shut."""
    total = np.zeros_like(data.vertices)
    for side in ("Left", "Right"):
        blink = float(values[SHAPE_INDEX[f"eyeBlink{side}"]])
        wide = data.shapes[SHAPE_INDEX[f"eyeWide{side}"]]
        squint = data.shapes[SHAPE_INDEX[f"eyeSquint{side}"]]
        total += amount * (1 - blink) * (wide - 0.25 * squint)
    return total


RINGS, COLUMNS = 18, 24


@lru_cache(maxsize=1)
def _rest() -> tuple[Floats, Floats]:
    """Where the template's vertices and those of both eyeballs count as lying, and their lattice
    weights.
    """
    data = template_data.load()
    anchors = np.repeat(data.eyeballs[:, :3], RINGS * COLUMNS + 2, axis=0)
    rest = np.concatenate([data.vertices, anchors])
    return rest, lattice_weights(rest)


def _sphere(
    data: TemplateData, identity: Floats, side: int, person: Identity, expression: Expression
) -> Floats:
    """(RINGS * COLUMNS + 2, 3) an eyeball whose pole looks where the eye looks."""
    centre, radius = data.eyeballs[side, :3], data.eyeballs[side, 3]
    # The ball follows what the identity targets do to the rim of its lids.
    name = "LR"[side]
    rows = [scheme.INDEX[f"lid_upper_{name}_{k:02d}"] for k in range(scheme.LID)]
    rim = (data.weights[rows][..., None] * data.vertices[data.corners[rows]]).sum(axis=1)
    shift = (data.weights[rows][..., None] * identity[data.corners[rows]]).sum(axis=1)
    wide = np.ptp((rim + shift)[:, 0]) / np.ptp(rim[:, 0])
    centre = centre + shift.mean(axis=0)
    radius = radius * np.clip(wide, 0.8, 1.3) * 0.99
    iris, pupil = np.radians(person.balls.iris), np.radians(person.balls.pupil)
    front = [0.35 * pupil, pupil, pupil + 1e-3, (pupil + iris) / 2, iris, iris + 1e-3]
    start = max(iris, np.radians(12)) + 0.1
    polar = np.concatenate([front, np.linspace(start, np.pi - 0.15, RINGS - len(front))])
    around = np.arange(COLUMNS) * 2 * np.pi / COLUMNS
    squeeze = np.where(polar < pupil + 5e-4, person.balls.slit, 1.0)
    x = (np.sin(polar) * squeeze)[:, None] * np.cos(around)
    y = np.sin(polar)[:, None] * np.sin(around)
    z = np.broadcast_to(np.cos(polar)[:, None], x.shape)
    sphere = np.concatenate([np.stack([x, y, z], -1).reshape(-1, 3), [[0, 0, 1.0], [0, 0, -1.0]]])
    side_controls = controls_of(expression).sides[name]
    gaze = turn("y", 28 * side_controls.gaze[0]) @ turn("x", -22 * side_controls.gaze[1])
    return centre + radius * sphere @ gaze.T


def _to_frame(data: TemplateData, vertices: Floats, balls: Floats) -> tuple[Floats, Floats]:
    """Everything in the head frame of the face at rest: eyes at (+-0.5, 0, .)."""
    centres = [
        (data.place(vertices, f"lid_upper_{s}_00") + data.place(vertices, f"lid_upper_{s}_10")) / 2
        for s in "LR"
    ]
    middle, apart = (centres[0] + centres[1]) / 2, np.linalg.norm(centres[0] - centres[1])
    return (vertices - middle) / apart, (balls - middle) / apart


def _skin(assembly: Assembly, data: TemplateData, person: Identity, vertices: Floats) -> None:
    inner = np.isin(data.role, (Role.TEETH, Role.TONGUE, Role.MOUTH))
    if person.coarse is None:
        skin, roles = data.triangles[~inner], data.role[~inner]
    else:
        skin = data.coarse[person.coarse]
        roles = np.full(len(skin), Role.SKIN, np.uint8)
    if person.mouth is not None:
        roles = np.full(len(roles), Role.SKIN, np.uint8)
    blush = np.zeros(len(vertices))
    for side in "LR":
        cheek = data.place(vertices, f"cheek_{side}_04")
        blush += 0.8 * np.exp(-(((vertices - cheek) / 0.3) ** 2).sum(axis=1))
    assembly.add(_compact(vertices, skin), roles, np.clip(blush[np.unique(skin)], 0, 1))
    if person.mouth is None:
        inside = data.triangles[inner]
        assembly.add(_compact(vertices, inside), data.role[inner], solid=False)


def _compact(vertices: Floats, triangles: NDArray[np.int64]) -> Mesh:
    used, local = np.unique(triangles, return_inverse=True)
    return Mesh(vertices[used], local.reshape(-1, 3))


def _outer(data: TemplateData, vertices: Floats) -> Mesh:
    """The skin that shows."""
    return Mesh(vertices, data.triangles[np.isin(data.role, (Role.SKIN, Role.LIPS))])


def _earless(data: TemplateData, vertices: Floats) -> Mesh:
    """The skin with flattened ears, for what spreads over the skull."""
    flat = vertices.copy()
    rim = (data.ears > 0.02) & (data.ears < 0.3)
    width = np.median(np.abs(flat[rim, 0]))
    ear = data.ears > 0.05
    flat[ear, 0] = np.clip(flat[ear, 0], -width, width)
    skin = np.isin(data.role, (Role.SKIN, Role.LIPS))
    return Mesh(flat, data.triangles[skin])


def _eyeball(assembly: Assembly, person: Identity, side: str, ball: Floats) -> None:
    """Add an eyeball and mark pupil and iris."""
    grid = np.arange(RINGS * COLUMNS).reshape(RINGS, COLUMNS)
    following = np.roll(grid, -1, axis=1)
    quads = np.stack([grid[:-1], following[:-1], following[1:], grid[1:]], axis=-1)
    triangles = quads[..., [[0, 3, 1], [1, 3, 2]]].reshape(-1, 3)
    ring_of = np.repeat(np.arange(RINGS - 1), 2 * COLUMNS)
    front, back = RINGS * COLUMNS, RINGS * COLUMNS + 1
    caps = np.concatenate(
        [
            np.stack([np.full(COLUMNS, front), grid[0], following[0]], 1),
            np.stack([np.full(COLUMNS, back), following[-1], grid[-1]], 1),
        ]
    )
    role = np.where(ring_of < 2, Role.PUPIL, np.where(ring_of < 5, Role.IRIS, Role.SCLERA))
    ends = np.repeat([int(Role.PUPIL), int(Role.SCLERA)], COLUMNS)
    whole = np.concatenate([role, ends]).astype(np.uint8)
    if not person.balls.iris:
        whole[:] = Role.SCLERA
    assembly.add(Mesh(ball, np.concatenate([triangles, caps])), whole, solid=False)
    ring = grid[4] if person.balls.iris else grid[6]
    eighths = ring[np.arange(8) * COLUMNS // 8]
    if side == "R":  # from outwards over up on both sides
        eighths = ring[(COLUMNS // 2 - np.arange(8) * COLUMNS // 8) % COLUMNS]
    assembly.mark_row(f"iris_{side}", ball[eighths])
    assembly.mark({f"pupil_{side}": ball[front]})
    if not person.balls.iris:
        assembly.missing.update(f"iris_{side}_{index:02d}" for index in range(8))
    if person.balls.glint:
        size = 0.09 * np.linalg.norm(ball[front] - ball[back])
        way = ball[front] - (ball[front] + ball[back]) / 2
        spot = ball[front] + 0.12 * np.array([-0.6, 0.8, 0.0]) * np.linalg.norm(way) * 2
        assembly.add(
            ellipsoid(spot, (size, size, 0.4 * size), rows=5, columns=10), Role.GLINT, solid=False
        )


def _brow_and_lash(
    assembly: Assembly, person: Identity, controls: Controls, side: str, face: Surface
) -> None:
    sign = 1.0 if side == "L" else -1.0
    margin = np.array([assembly.points[f"lid_upper_{side}_{k:02d}"] for k in range(scheme.LID)])
    own = np.array([assembly.points[f"brow_{side}_{k:02d}"] for k in range(9)])
    if person.brows.shown:
        # The skin's own brow line has moved with the expression already.
        height = float(own[:, 1].mean()) + person.brows.height - 0.22
        height = max(height, float(margin[:, 1].max()) + 0.4 * person.brows.thickness)
        wide = max(float(np.ptp(own[:, 0])) / 0.63, 0.4)
        middle = float(np.abs(own[:, 0]).mean()) - 0.52
        design = replace(
            person.brows,
            height=height,
            inner=middle + person.brows.inner * wide,
            outer=middle + person.brows.outer * wide,
            swing=0.06,
        )
        add_brow(
            assembly, design, controls, side, Chart(np.array([0.5 * sign, 0, 0]), np.eye(3)), face
        )
    else:
        assembly.lack("brows")
    if person.lash and person.eyes is None:
        path = margin + [0.0, 0.3 * person.lash, 0.02]
        grow = np.linspace(0.5, 1.0, len(path))
        grow[-1] = 0.3
        assembly.add(tube(path, person.lash * grow, columns=6), Role.LASH, solid=False)


def _other_eyes(assembly: Assembly, design: EyeDesign, controls: Controls, face: Surface) -> None:
    for side, sign in (("L", 1.0), ("R", -1.0)):
        chart = Chart(np.array([0.5 * sign, 0.0, 0.0]), np.eye(3))
        add_eye(assembly, design, controls.sides[side], side, chart, face)


def _measures(assembly: Assembly) -> FaceMeasures:
    points = assembly.points
    return FaceMeasures(
        chin=float(points["contour_16"][1]),
        mouth=float(points["lip_inner_05"][1]),
        mouth_half=float(abs(points["lip_inner_10"][0] - points["lip_inner_00"][0]) / 2),
        lip_bottom=float(points["lip_outer_15"][1]),
        nose_base=float(points["nose_base"][1]),
        nose_half=float(abs(points["ala_L"][0])),
        brow=float(points["brow_L_04"][1]),
        eye_half=float(abs(points["lid_upper_L_10"][0] - points["lid_upper_L_00"][0]) / 2),
        hairline=float(points["hairline_08"][1]),
        crown=float(points["skull_top"][1]),
        width=float(max(abs(points["contour_00"][0]), 0.5)),
        depth=float(min(points["contour_00"][2], -0.3)),
    )


def _shoulders(assembly: Assembly, vertices: Floats) -> None:
    low = float(vertices[:, 1].min())
    neck = vertices[vertices[:, 1] < low + 0.3]
    middle, wide = neck.mean(axis=0), float(np.ptp(neck[:, 0])) / 2
    body = ellipsoid((0, low - 0.35, middle[2]), (2.6 * wide, 0.75, 1.4 * wide), rows=9)
    assembly.add(body, Role.CLOTH)
