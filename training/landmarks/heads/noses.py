# SPDX-License-Identifier: GPL-3.0-or-later
"""Noses of built heads: none, drawn, balls, carrots, wedges, humanlike, and animals' leather."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..scene import Role
from .assembly import FRONT, Assembly, Surface
from .drawing import disc, lifted, line
from .eyes import STEP
from .shapes import Floats, Mesh, cone, ellipsoid, tube

KINDS = ("none", "dots", "line", "ball", "carrot", "wedge", "human", "leather")


@dataclass(frozen=True)
class NoseDesign:
    """How a nose looks; lengths in IOD.

    ``kind``: one of KINDS; ``top``: height of the bridge (sellion); ``tip``: height of the tip;
    ``half_width``; ``length``: how far it stands out; ``drop``: height of the nose below the tip;
    ``coloured``: of its own colour, not the skin's.
    """

    kind: str
    top: float
    tip: float
    half_width: float
    length: float
    drop: float
    coloured: bool = False


def add_nose(assembly: Assembly, design: NoseDesign, face: Surface) -> None:
    """Build a nose on ``face`` and set its points."""
    builder = {
        "ball": _ball,
        "carrot": _carrot,
        "wedge": _wedge,
        "human": _human,
        "leather": _leather,
    }.get(design.kind)
    role = Role.NOSE if design.coloured else Role.SKIN
    root = face.lay([[0.0, design.tip]])[0]
    if builder is not None:
        for mesh in builder(design, root):
            assembly.add(mesh, role)
    elif design.kind != "none":
        _draw(assembly, design, face)
    if design.kind == "none":
        assembly.lack("nose")


def _ball(design: NoseDesign, root: Floats) -> list[Mesh]:
    depth = max(design.length / 1.5, 0.5 * design.half_width)
    centre = root + [0.0, 0.0, design.length - depth]
    return [ellipsoid(centre, (design.half_width, (design.half_width + design.drop) / 2, depth))]


def _carrot(design: NoseDesign, root: Floats) -> list[Mesh]:
    tip = root + [0.0, -0.15 * design.length, design.length]
    return [cone(root - [0.0, 0.0, 0.15], tip, design.half_width, columns=14)]


def _wedge(design: NoseDesign, root: Floats) -> list[Mesh]:
    top = root + [0.0, 0.8 * (design.top - design.tip), 0.0]
    tip = root + [0.0, 0.0, design.length]
    low = root + [0.0, -design.drop, -0.05]
    wide = np.array([design.half_width, -0.6 * design.drop, -0.05])
    corners = np.array([top, tip, low, root + wide, root + wide * [-1.0, 1.0, 1.0]])
    triangles = [(0, 1, 3), (0, 4, 1), (1, 2, 3), (1, 4, 2), (0, 3, 4), (2, 4, 3)]
    return [Mesh(corners, np.array(triangles))]


def _human(design: NoseDesign, root: Floats) -> list[Mesh]:
    share = np.linspace(0.0, 1.0, 7)[:, None]
    start = root + [0.0, 0.85 * (design.top - design.tip), -0.04]
    end = root + [0.0, 0.0, 0.72 * design.length]
    ridge = start * (1 - share) + end * share
    bulb = 0.62 * design.half_width
    parts = [
        tube(ridge, design.half_width * np.linspace(0.22, 0.5, 7), columns=12),
        ellipsoid(end, (bulb, 0.9 * bulb, 0.28 * design.length + 0.5 * bulb)),
    ]
    for sign in (1.0, -1.0):
        wing = root + [sign * 0.66 * design.half_width, -0.35 * design.drop, 0.25 * design.length]
        size = (0.36 * design.half_width, 0.6 * design.drop, 0.32 * design.length + 0.05)
        parts.append(ellipsoid(wing, size, rows=9, columns=14))
    return parts


def _leather(design: NoseDesign, root: Floats) -> list[Mesh]:
    size = (design.half_width, 0.8 * design.half_width, max(0.6 * design.length, 0.06))
    return [ellipsoid(root + [0, 0, 0.3 * design.length], size, squareness=0.8)]


def _draw(assembly: Assembly, design: NoseDesign, face: Surface) -> None:
    def lift(drawing: Floats, layer: float) -> Floats:
        return face.lay(drawing, FRONT, STEP * layer)

    if design.kind == "dots":
        size = 0.28 * design.half_width
        for sign in (1.0, -1.0):
            place = np.array([sign * 0.55 * design.half_width, design.tip - 0.5 * design.drop])
            spot = disc(place, (size, 0.8 * size), rings=2, columns=12)
            assembly.add(lifted(spot, lift, 2, False), Role.INK, solid=False)
        return
    high, low = design.tip + 0.3 * (design.top - design.tip), design.tip - design.drop
    path = np.array([[0.0, high], [0.25, design.tip], [0.55, low + 0.3 * design.drop], [0.1, low]])
    stroke = line(path * [design.half_width, 1.0], np.full(4, 0.022))
    assembly.add(lifted(stroke, lift, 2, False), Role.INK, solid=False)


def mark_nose(assembly: Assembly, design: NoseDesign, face: Surface) -> None:
    """Set the nose's points on ``face``, the surface with the nose on it."""
    height = np.linspace(design.top, design.tip, 7)
    assembly.mark_row("ridge", face.lay(np.stack([0 * height, height], axis=1)))
    assembly.mark({"nose_base": face.lay([[0.0, design.tip - design.drop]])[0]})
    w, low = design.half_width, design.tip - design.drop
    for side, sign in (("L", 1.0), ("R", -1.0)):
        places = {
            "ala": (0.94 * w, design.tip - 0.25 * design.drop),
            "ala_top": (0.8 * w, design.tip + 0.3 * design.drop),
            "ala_base": (0.72 * w, low + 0.08 * design.drop),
            "nostril": (0.38 * w, low + 0.12 * design.drop),
        }
        drawing = np.array(list(places.values())) * [sign, 1.0]
        rows = zip(places, face.lay(drawing), strict=True)
        assembly.mark({f"{name}_{side}": point for name, point in rows})
        share = np.array([0.25, 0.5, 0.75])
        flank = np.stack(
            [sign * w * (0.55 + 0.45 * share), height[0] + share * (height[-1] - height[0])], 1
        )
        assembly.mark_row(f"nose_side_{side}", face.lay(flank))
