# SPDX-License-Identifier: GPL-3.0-or-later
"""Brows of built heads: drawn, rolls, blocks, or none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..expressions import Controls
from ..scene import Role
from .assembly import Assembly, Chart, Surface
from .drawing import lifted, line, resample
from .eyes import STEP
from .shapes import Floats, Mesh, closed_rings


@dataclass(frozen=True)
class BrowDesign:
    """How both brows look; lengths in IOD, u outwards from the eye's centre.

    ``inner``, ``outer``: u of the ends; ``height``: v of the middle; ``arch``: how far the middle
    stands over the ends; ``tilt``: rise of the outer end over the inner one; ``thickness``;
    ``taper``: the outer end's share of the thickness; ``relief``: how far it stands out, 0 for a
    drawn brow; ``square``: blunt ends and a flat front; ``swing``: how far an expression moves it;
    ``shown``: False for none.
    """

    inner: float = -0.28
    outer: float = 0.36
    height: float = 0.36
    arch: float = 0.06
    tilt: float = 0.0
    thickness: float = 0.08
    taper: float = 0.4
    relief: float = 0.03
    square: bool = False
    swing: float = 0.16
    shown: bool = True


def add_brow(
    assembly: Assembly,
    design: BrowDesign,
    controls: Controls,
    side: str,
    chart: Chart,
    face: Surface,
) -> None:
    """Build one brow about the eye at the origin of ``chart``."""
    sign = 1.0 if side == "L" else -1.0
    lift = controls.sides[side].brow
    share = np.linspace(0.0, 1.0, 13)
    u = design.inner + (design.outer - design.inner) * share
    # A frown also draws the brows together.
    u = u - 0.1 * max(-lift[0], 0.0) * (1 - share)
    rise = np.interp(share, [0.0, 0.5, 1.0], lift) * design.swing
    v = (
        design.height
        + design.arch * (1 - (2 * share - 1) ** 2)
        + design.tilt * (share - 0.5)
        + rise
    )
    path = np.stack([u * sign, v], axis=1)
    widths = design.thickness * np.interp(share, [0, 0.15, 0.5, 1.0], [0.85, 1, 1, design.taper])
    if not design.square:
        widths[[0, -1]] *= [0.6, 0.4]
    if not design.shown:
        assembly.lack("brows")
    elif design.relief > 0:
        roll = _roll(path, widths, design, chart, face, sign)
        assembly.add(roll, Role.BROW, solid=False, flat=True)
    else:

        def lay(drawing: Floats, layer: float) -> Floats:
            return face.lay(drawing, chart, STEP * layer)

        assembly.add(lifted(line(path, widths), lay, 6, sign < 0), Role.BROW, solid=False)
    inner = resample(path, 101)[4:97]  # the named ends lie slightly inside
    up = np.array([0.0, 0.5]) * widths[:, None]
    top, bottom = path + up, path - up
    height = STEP * 6 + design.relief
    assembly.mark_row(f"brow_{side}", face.lay(resample(inner, 9), chart, height))
    for stem, edge in (("upper", top), ("lower", bottom)):
        row = face.lay(resample(edge, 5), chart, STEP * 6 + design.relief * 0.4)
        assembly.mark_row(f"brow_{stem}_{side}", row)


def _roll(
    path: Floats, widths: Floats, design: BrowDesign, chart: Chart, face: Surface, sign: float
) -> Mesh:
    """A closed roll or bar laid along ``path``."""
    base = face.lay(path, chart)
    front = face.lay(path, chart, design.relief)
    out = front - base
    columns = 4 if design.square else 8
    angle = (np.arange(columns) + (0.5 if design.square else 0.0)) * 2 * np.pi / columns
    stretch = 1.414 if design.square else 1.0
    up = chart.axes[1][None, None] * (widths[:, None] / 2 * np.cos(angle) * stretch)[..., None]
    deep = out[:, None] * (np.sin(angle) * stretch)[None, :, None]
    mesh = closed_rings(base[:, None] + up + deep)
    return mesh if sign > 0 else Mesh(mesh.vertices, mesh.triangles[:, ::-1])
