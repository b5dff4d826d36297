# SPDX-License-Identifier: GPL-3.0-or-later
"""Built heads from a plan: a skull, parts on it, and drawn or solid features."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from auto_rig_face.animation.emotions import SHAPE_INDEX

from ..expressions import Controls, Expression, controls_of
from ..scene import Head, Role
from .assembly import Assembly, Chart, Surface
from .brows import BrowDesign, add_brow
from .dress import dress
from .ears import EarDesign, add_ears
from .eyes import EyeDesign, add_eye
from .loft import STATIONS, Loft
from .mouths import MouthDesign, add_mouth
from .noses import NoseDesign, add_nose, mark_nose
from .shapes import Floats, Mesh, ellipsoid
from .shells import Wearer
from .skin import FaceMeasures, mark_skin


@dataclass(frozen=True)
class Bulge:
    """An ellipsoid that is part of the skin: a muzzle, cheeks, a brow ridge. ``role`` SKIN or
    MUZZLE.
    """

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    role: Role = Role.SKIN
    squareness: float = 1.0


@dataclass(frozen=True)
class Plan:
    """A whole built head. ``mouth_height``: y of the mouth; ``eye_turn``: how far the eyes look to
    the sides, degrees; ``hairline``: y at the middle; ``neck``: its half width, 0 for none;
    ``blush``: how strongly the skin's second colour shows, in a ``pattern`` of PATTERNS.
    """

    skull: Loft
    eyes: EyeDesign
    mouth: MouthDesign
    mouth_height: float
    nose: NoseDesign
    brows: BrowDesign
    ears: EarDesign
    hairline: float
    bulges: list[Bulge] = field(default_factory=list)
    eye_turn: float = 0.0
    neck: float = 0.4
    faceted: bool = False
    blush: float = 0.0
    pattern: str = "cheeks"


def supported(plan: Plan, expression: Expression) -> Expression:
    """``expression`` without what a head of this plan can't show."""
    silent = {"noseSneer", "cheekSquint"}
    if plan.eyes.ball and not plan.eyes.lids:
        silent |= {"eyeBlink", "eyeWide", "eyeSquint"}
    if not plan.brows.shown:
        silent |= {"brow"}
    if not plan.mouth.drawn:
        silent |= {"mouth", "jaw", "tongue"}
    kept = expression.coefficients.copy()
    for name, index in SHAPE_INDEX.items():
        if name.startswith(tuple(silent)):
            kept[index] = 0.0
    return Expression(kept, expression.emotion, expression.intensity)


def start(plan: Plan, expression: Expression) -> tuple[Assembly, Controls]:
    """The bare head of ``plan`` without hair and accessories, and what its face does."""
    controls = controls_of(expression)
    assembly = Assembly(faceted=plan.faceted)
    skull_mesh = _jaw_moved(plan, controls)
    assembly.add(skull_mesh, Role.SKIN, _tint(plan, skull_mesh.vertices))
    skull = Surface(skull_mesh)
    for bulge in plan.bulges:
        mesh = ellipsoid(bulge.centre, bulge.radii, squareness=bulge.squareness)
        assembly.add(Mesh(_drop(plan, controls, mesh.vertices), mesh.triangles), bulge.role)
    add_nose(assembly, plan.nose, assembly.surface())
    face = assembly.surface()
    mark_nose(assembly, plan.nose, face)
    bare = assembly.surface(Role.SKIN, Role.MUZZLE)
    for side in "LR":
        chart = eye_chart(plan, side)
        add_eye(assembly, plan.eyes, controls.sides[side], side, chart, bare)
        add_brow(assembly, plan.brows, controls, side, chart, bare)
    mouth_chart = Chart(np.array([0.0, plan.mouth_height, 0.0]), np.eye(3))
    add_mouth(assembly, plan.mouth, controls, mouth_chart, bare)
    add_ears(assembly, plan.ears, skull, plan.skull.centre)
    mark_skin(assembly, bare, skull, measures_of(plan, controls, assembly))
    return assembly, controls


def build(
    plan: Plan, expression: Expression, family: str, identity: int, rng: np.random.Generator
) -> Head:
    """The head of ``plan``, dressed: ``rng`` chooses hair and accessories."""
    plan = fitted(plan)
    shown = supported(plan, expression)
    assembly, controls = start(plan, shown)
    wearer = Wearer(
        assembly.surface(Role.SKIN),
        assembly.surface(Role.SKIN, Role.MUZZLE, Role.NOSE),
        measures_of(plan, controls, assembly),
    )
    dress(assembly, wearer, rng, family, plan.eyes.half_width)
    if plan.neck:
        _add_neck(assembly, plan)
    return assembly.finish(shown, family, identity)


def fitted(plan: Plan) -> Plan:
    """The plan with a skull that is wide enough for its eyes, and a mouth that fits on it."""
    skull = plan.skull
    middle = float(np.interp(_station(skull, 0.0), STATIONS, skull.widths))
    if plan.eye_turn < 10:
        least = (0.5 + 0.62 * plan.eyes.half_width) / middle
        skull = replace(skull, width=max(skull.width, least))
    station = _station(skull, plan.mouth_height)
    outline = (1 - abs(station) ** skull.roundness) ** (1 / skull.roundness)
    there = skull.width * outline * float(np.interp(station, STATIONS, skull.widths))
    muzzle = max((bulge.radii[0] for bulge in plan.bulges), default=0.0)
    half = min(plan.mouth.half_width, 0.78 * max(there, muzzle))
    return replace(plan, skull=skull, mouth=replace(plan.mouth, half_width=half))


def _station(skull: Loft, height: float) -> float:
    """Where ``height`` lies between chin (-1) and crown (1)."""
    return float(np.clip(2 * (height - skull.bottom) / (skull.top - skull.bottom) - 1, -0.97, 0.97))


def eye_chart(plan: Plan, side: str) -> Chart:
    """The plane in front of an eye."""
    sign = 1.0 if side == "L" else -1.0
    angle = np.radians(plan.eye_turn) * sign
    across = np.array([np.cos(angle), 0.0, -np.sin(angle)])
    normal = np.array([np.sin(angle), 0.0, np.cos(angle)])
    return Chart(np.array([sign * 0.5, 0.0, 0.0]), np.stack([across, [0.0, 1.0, 0.0], normal]))


def measures_of(plan: Plan, controls: Controls, assembly: Assembly) -> FaceMeasures:
    """The face's measures with the expression's open jaw."""
    lowest = min(assembly.points[f"lip_outer_{index:02d}"][1] for index in range(11, 20))
    chin = plan.skull.bottom - _drop_length(plan, controls)
    return FaceMeasures(
        chin=chin,
        mouth=plan.mouth_height,
        mouth_half=plan.mouth.half_width,
        lip_bottom=max(lowest, 0.8 * chin + 0.2 * plan.mouth_height),
        nose_base=plan.nose.tip - plan.nose.drop,
        nose_half=plan.nose.half_width,
        brow=plan.brows.height,
        eye_half=plan.eyes.half_width,
        hairline=plan.hairline,
        crown=plan.skull.top,
        width=plan.skull.width,
        depth=plan.skull.depth,
    )


def _drop_length(plan: Plan, controls: Controls) -> float:
    """How far an open jaw lowers the chin: so far that the mouth stays on the face."""
    room = plan.mouth_height - plan.skull.bottom
    need = plan.mouth.opens * 0.9 + plan.mouth.lower - 0.8 * room
    return max(need, 0.3 * plan.mouth.opens) * controls.jaw if plan.mouth.drawn else 0.0


def _drop(plan: Plan, controls: Controls, vertices: Floats) -> Floats:
    """Vertices below the mouth follow the jaw; cheeks puff."""
    span = max(plan.mouth_height - plan.skull.bottom, 0.1)
    share = np.clip((plan.mouth_height + 0.3 * span - vertices[:, 1]) / (1.3 * span), 0, 1)
    moved = vertices.copy()
    moved[:, 1] -= share**1.3 * _drop_length(plan, controls)
    moved[:, 0] += share * 0.12 * controls.jaw_shift
    level = np.exp(-(((vertices[:, 1] - plan.mouth_height) / 0.45) ** 2))
    front = np.clip(vertices[:, 2] - plan.skull.depth, 0, None)
    moved[:, 0] *= 1 + 0.12 * controls.puff * level * (front > 0)
    return moved


def _jaw_moved(plan: Plan, controls: Controls) -> Mesh:
    mesh = plan.skull.mesh()
    vertices = mesh.vertices
    if plan.eyes.hollow and not plan.eyes.ball:
        vertices = _hollowed(plan, vertices)
    return Mesh(_drop(plan, controls, vertices), mesh.triangles)


def _hollowed(plan: Plan, vertices: Floats) -> Floats:
    """The skull with flat bowls in it where the eyes are, as anime figures have."""
    eyes = plan.eyes
    size = np.array([eyes.half_width, (eyes.upper + eyes.lower) / 2]) * 1.05
    middle = np.array([0.5, (eyes.upper - eyes.lower) / 2])
    place = np.stack([np.abs(vertices[:, 0]), vertices[:, 1]], axis=1) - middle
    inside = np.clip(1 - ((place / size) ** 2).sum(axis=1), 0, 1)
    moved = vertices.copy()
    moved[:, 2] -= eyes.hollow * np.sqrt(inside) * (vertices[:, 2] > plan.skull.depth)
    return moved


PATTERNS = ("cheeks", "patches", "stripes", "spots", "lower", "blaze")


def _tint(plan: Plan, vertices: Floats) -> Floats:
    """(V,) 0..1 where the skin shows its second colour: on the cheeks, around the eyes, ..."""
    x, y = vertices[:, 0], vertices[:, 1]
    front = vertices[:, 2] > plan.skull.depth
    if plan.pattern == "patches":
        away = ((np.abs(x) - 0.5) / 0.5) ** 2 + (y / (0.4 + plan.eyes.upper)) ** 2
        shown = (away < 1.3) & front
    elif plan.pattern == "stripes":
        shown = (np.sin(5 * y + 2 * np.abs(x)) > 0.3) & ~(front & (np.abs(x) < 0.5))
    elif plan.pattern == "spots":
        shown = np.sin(4.7 * x + 1) * np.sin(5.3 * y) * np.sin(4.1 * vertices[:, 2]) > 0.3
    elif plan.pattern == "lower":
        shown = y < plan.mouth_height + 0.25
    elif plan.pattern == "blaze":
        shown = (np.abs(x) < 0.22) & front
    else:
        return _cheeks(plan, vertices)
    return plan.blush * shown


def _cheeks(plan: Plan, vertices: Floats) -> Floats:
    middle = np.array([0.62 * plan.skull.width, (plan.mouth_height + 0.2) / 2])
    flat = np.stack([np.abs(vertices[:, 0]), vertices[:, 1]], axis=1) - middle
    near = np.exp(-((flat / [0.28, 0.22]) ** 2).sum(axis=1))
    return plan.blush * near * (vertices[:, 2] > plan.skull.depth)


def _add_neck(assembly: Assembly, plan: Plan) -> None:
    low = plan.skull.bottom
    size = 0.3 * (plan.skull.top - low)
    back = plan.skull.depth - 0.1
    neck = ellipsoid(
        (0, low - 0.35 * size, back),
        (plan.neck, size, plan.neck),
        squareness=0.7,
        rows=9,
        columns=20,
    )
    assembly.add(neck, Role.SKIN)
    body = ellipsoid(
        (0, low - 1.5 * size, back - 0.1),
        (3.0 * plan.neck + 0.3, size, 1.5 * plan.neck + 0.2),
        rows=9,
        columns=24,
    )
    assembly.add(body, Role.CLOTH)
