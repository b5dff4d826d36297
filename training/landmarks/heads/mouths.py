# SPDX-License-Identifier: GPL-3.0-or-later
"""Mouths of built heads: lines, lips with relief, and an inside with teeth and tongue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import points as scheme
from ..expressions import Controls
from ..scene import Role
from .assembly import Assembly, Chart, Surface
from .drawing import Lift, disc, lifted, line, resample, strip
from .eyes import STEP
from .shapes import Floats

_U = np.sin(np.linspace(-np.pi / 2, np.pi / 2, 41))


@dataclass(frozen=True)
class MouthDesign:
    """How a mouth looks; lengths in IOD.

    ``half_width``; ``opens``: gap at a fully open jaw; ``curl``: rise of the corners at rest;
    ``upper``, ``lower``: heights of the lips; ``relief``: how far they stand out; ``bow``: depth
    of the cupid's bow; ``line``: width of the drawn lip line (0: none); ``outline``: width of the
    line around an open mouth; ``teeth``: height of the upper row, ``lower_teeth`` of the lower
    one; ``tongue``: whether it shows; ``lip_role``: LIPS, or SKIN for lips without a colour;
    ``power``: shape of the opening, 2 round, more: boxy; ``drawn``: False for no mouth at all.
    """

    half_width: float
    opens: float = 0.7
    curl: float = 0.0
    upper: float = 0.08
    lower: float = 0.1
    relief: float = 0.03
    bow: float = 0.3
    line: float = 0.02
    outline: float = 0.0
    teeth: float = 0.1
    lower_teeth: float = 0.0
    tongue: bool = True
    lip_role: Role = Role.LIPS
    power: float = 2.0
    drawn: bool = True


@dataclass(frozen=True)
class LipCurves:
    """(K, 2) each, from the character's right corner to its left one."""

    inner_upper: Floats
    inner_lower: Floats
    outer_upper: Floats
    outer_lower: Floats

    @property
    def gap(self) -> float:
        return float((self.inner_upper - self.inner_lower)[:, 1].max())


def lip_curves(design: MouthDesign, controls: Controls) -> LipCurves:
    """The four edges of the lips about the middle of the mouth."""
    left, right = controls.sides["L"], controls.sides["R"]
    half = design.half_width
    narrow = 1 - 0.5 * controls.round - 0.12 * controls.jaw
    out = {s: half * narrow * (1 + 0.28 * c.corner[0]) for s, c in controls.sides.items()}
    rise = {s: half * 0.5 * c.corner[1] for s, c in controls.sides.items()}
    x = np.where(_U > 0, _U * out["L"], _U * out["R"])
    x = x + 0.25 * half * (controls.mouth_shift + 0.6 * controls.jaw_shift)
    bend = np.where(_U > 0, rise["L"] + design.curl, rise["R"] + design.curl)
    # The line hangs between the corners; its middle sinks when they rise.
    middle = bend * (np.abs(_U) ** 1.7 - 0.35)
    crown = np.clip(1 - np.abs(_U) ** design.power, 0, None) ** (1 / design.power)
    per_side = np.clip(_U * 1.5 + 0.5, 0, 1)
    up = left.upper_lip * per_side + right.upper_lip * (1 - per_side)
    down = left.lower_lip * per_side + right.lower_lip * (1 - per_side)
    opening = design.opens * (controls.jaw + 0.18 * controls.funnel)
    upper = middle + crown * (0.16 * opening + 0.16 * half * up)
    lower = middle - crown * (0.84 * opening + 0.2 * half * down)
    thick = (1 - 0.7 * controls.roll) * (1 + 0.5 * controls.round)
    profile = np.clip(1 - np.abs(_U) ** 2.2, 0, None) ** 0.8
    dip = 1 - design.bow * np.exp(-((_U / 0.16) ** 2))
    outer_upper = upper + thick * design.upper * profile * dip
    outer_lower = lower - thick * design.lower * profile
    curves = (upper, lower, outer_upper, outer_lower)
    return LipCurves(*(np.stack([x, y], axis=1) for y in curves))


def add_mouth(
    assembly: Assembly, design: MouthDesign, controls: Controls, chart: Chart, face: Surface
) -> None:
    """Build a mouth at the origin of ``chart``."""
    curves = lip_curves(design, controls)

    def lift(drawing: Floats, layer: float) -> Floats:
        return face.lay(drawing, chart, STEP * layer)

    if design.drawn:
        if curves.gap > 0.02:
            _inside(assembly, design, controls, curves, lift)
        _lips(assembly, design, controls, curves, chart, face)
        _lines(assembly, design, curves, lift)
    else:
        assembly.lack("mouth")
    _mark(assembly, design, curves, chart, face)


def _inside(
    assembly: Assembly, design: MouthDesign, controls: Controls, curves: LipCurves, lift: Lift
) -> None:
    def fill(lower: Floats, upper: Floats, role: Role, layer: float) -> None:
        assembly.add(lifted(strip(lower, upper, 8), lift, layer, False), role, solid=False)

    upper, lower = curves.inner_upper, curves.inner_lower
    fill(lower, upper, Role.MOUTH, 1)
    if design.tongue:
        reach = 0.35 + 0.4 * controls.tongue
        points, triangles = disc(
            lower[len(lower) // 2], (0.55 * design.half_width, reach * curves.gap)
        )
        points[:, 1] = np.clip(
            points[:, 1],
            np.interp(points[:, 0], lower[:, 0], lower[:, 1]),
            np.interp(points[:, 0], upper[:, 0], upper[:, 1]),
        )
        assembly.add(lifted((points, triangles), lift, 2, False), Role.TONGUE, solid=False)
    if design.teeth:
        edge = np.maximum(upper - [0.0, design.teeth], lower)
        fill(edge, upper, Role.TEETH, 3)
    if design.lower_teeth:
        edge = np.minimum(lower + [0.0, design.lower_teeth], upper)
        fill(lower, edge, Role.TEETH, 3)


def _lips(
    assembly: Assembly,
    design: MouthDesign,
    controls: Controls,
    curves: LipCurves,
    chart: Chart,
    face: Surface,
) -> None:
    rows = 6
    swell = np.sin(np.linspace(0.12, 1, rows) * np.pi) + 0.15
    # Pouting lips stand out further.
    relief = design.relief * (1 + 2 * controls.round)
    for lower, upper, order in (
        (curves.inner_upper, curves.outer_upper, 1),
        (curves.outer_lower, curves.inner_lower, -1),
    ):
        drawing, triangles = strip(lower, upper, rows)
        offset = STEP * 4 + relief * np.repeat(swell[::order], len(lower))
        mesh = lifted((drawing, triangles), lambda d, _: d, 0, False)
        placed = type(mesh)(face.lay(drawing, chart, offset), triangles)
        assembly.add(placed, design.lip_role, solid=False)


def _lines(assembly: Assembly, design: MouthDesign, curves: LipCurves, lift: Lift) -> None:
    taper = np.clip(1 - np.abs(_U) ** 6, 0.25, 1)
    width = design.outline if curves.gap > 0.02 and design.outline else design.line
    if not width:
        return
    high = 5 + design.relief / STEP
    for path in (curves.inner_upper, curves.inner_lower):
        assembly.add(lifted(line(path, width * taper), lift, high, False), Role.INK, solid=False)


def _mark(
    assembly: Assembly, design: MouthDesign, curves: LipCurves, chart: Chart, face: Surface
) -> None:
    half = scheme.LIP // 2 + 1
    relief = STEP * 4 + design.relief * 0.5
    for stem, upper, lower in (
        ("lip_outer", curves.outer_upper, curves.outer_lower),
        ("lip_inner", curves.inner_upper, curves.inner_lower),
    ):
        ring = np.concatenate([resample(upper, half), resample(lower, half)[-2:0:-1]])
        assembly.mark_row(stem, face.lay(ring, chart, relief))
    top = curves.outer_upper[len(_U) // 2]
    ridge = np.array([[0.12, 0.1], [-0.12, 0.1]]) * design.half_width * [1.0, 1.5]
    left, right = face.lay(top + ridge, chart, STEP)
    assembly.mark({"philtrum_L": left, "philtrum_R": right})
