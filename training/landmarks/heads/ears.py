# SPDX-License-Identifier: GPL-3.0-or-later
"""Ears of built heads: human, elf, round, pointed, floppy and long ones, and none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..scene import Role
from .assembly import Assembly, Surface
from .shapes import Floats, Mesh, closed_rings

KINDS = ("human", "elf", "round", "pointed", "floppy", "long", "none")
# Outline of each kind in the ear's own plane, from the tip clockwise: eight across and eight up
# in half sizes; the last but one is where it is attached in front.
_OUTLINES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "human": (
        (0.1, 0.8, 1, 0.65, 0.1, -0.35, -0.45, -0.3),
        (1, 0.8, 0.2, -0.5, -1, -0.7, 0, 0.7),
    ),
    "elf": (
        (1.2, 0.9, 0.75, 0.5, 0.1, -0.35, -0.45, -0.1),
        (1.7, 0.7, 0.1, -0.5, -1, -0.7, 0, 0.6),
    ),
    "round": (
        (0, 0.7, 1, 0.7, 0, -0.7, -1, -0.7),
        (1, 0.7, 0, -0.7, -1, -0.7, 0, 0.7),
    ),
    "pointed": (
        (0.15, 0.45, 0.7, 0.75, 0, -0.7, -0.6, -0.3),
        (1.1, 0.3, -0.35, -0.9, -1, -0.9, -0.35, 0.3),
    ),
    "floppy": (
        (-0.1, 0.6, 0.75, 0.7, 0.1, -0.5, -0.5, -0.4),
        (1, 0.75, 0.1, -0.7, -1.1, -0.7, 0, 0.6),
    ),
    "long": (
        (0, 0.45, 0.5, 0.4, 0, -0.4, -0.5, -0.45),
        (1.2, 0.7, 0, -0.6, -1, -0.6, 0, 0.7),
    ),
}


@dataclass(frozen=True)
class EarDesign:
    """How both ears look. ``direction``: from the skull's middle to the left ear's root; ``size``:
    half height in IOD; ``wide``: width to height; ``lean``: turn about the view axis in degrees,
    outwards; ``flare``: how far it turns its inside to the front, 0..1; ``thick``: IOD;
    ``gap``: how far the ears float off the head.
    """

    kind: str
    direction: tuple[float, float, float]
    size: float
    wide: float = 0.6
    lean: float = 0.0
    flare: float = 0.6
    thick: float = 0.07
    gap: float = 0.0


def add_ears(assembly: Assembly, design: EarDesign, skull: Surface, centre: Floats) -> None:
    """Build both ears and set their points; without ears the points mark where they would be."""
    kind = "human" if design.kind == "none" else design.kind
    if design.kind == "none":
        assembly.lack("ears")
    outline = np.array(_OUTLINES[kind]).T * [design.size * design.wide, design.size]
    for side, sign in (("L", 1.0), ("R", -1.0)):
        direction = np.array(design.direction) * [sign, 1.0, 1.0]
        root = skull.outward(centre, direction)[0]
        root = root + design.gap * direction / np.linalg.norm(direction)
        rows = _frame(design, sign)
        # The root is the side of the outline that is attached: below for ears on top.
        anchor = outline[4] * 0.85 if kind in {"pointed", "long", "round"} else outline[6]
        if kind == "floppy":
            anchor = outline[0] * 0.8
        placed = root + (outline - anchor) @ rows[:2]
        if design.kind != "none":
            _build(assembly, placed, rows[2], design.thick, sign)
        assembly.mark_row(f"ear_{side}", placed + 0.5 * design.thick * rows[2])


def _frame(design: EarDesign, sign: float) -> Floats:
    """(3, 3) rows: across (to the back or outside), up, and where the inside looks."""
    lean, turn = np.radians(design.lean), np.pi / 2 * (1 - design.flare)
    across = np.array([sign * np.cos(turn), 0.0, -np.sin(turn)])
    upwards = np.array([0.0, 1.0, 0.0])
    tilted_across = np.cos(lean) * across - np.sin(lean) * upwards
    tilted_up = np.sin(lean) * across + np.cos(lean) * upwards
    inside = np.cross(tilted_across, tilted_up) * sign
    return np.stack([tilted_across, tilted_up, inside])


def _build(assembly: Assembly, outline: Floats, inside: Floats, thick: float, sign: float) -> None:
    smooth = _smooth_loop(outline)
    middle = smooth.mean(axis=0)

    def ring(scale: float, offset: float) -> Floats:
        return middle + (smooth - middle) * scale + offset * inside

    rings = [(0.72, 0.25), (0.86, 0.75), (1.0, 0.4), (0.9, -0.4), (0.5, -0.7)]
    shell = closed_rings(np.stack([ring(scale, offset * thick) for scale, offset in rings]))
    cup = closed_rings(np.stack([ring(0.74, 0.3 * thick), ring(0.3, 0.32 * thick)]))
    # Seen along -inside the outline of a left ear runs clockwise; the right one is a mirror image.
    for mesh, role in ((shell, Role.SKIN), (cup, Role.EAR)):
        triangles = mesh.triangles if sign > 0 else mesh.triangles[:, ::-1]
        assembly.add(Mesh(mesh.vertices, triangles), role)


def _smooth_loop(outline: Floats, count: int = 24) -> Floats:
    """A closed cubic through the outline's points (Catmull-Rom)."""
    size = len(outline)
    where = np.arange(count) * size / count
    index, t = where.astype(int), (where % 1)[:, None]
    p0, p1, p2, p3 = (outline[(index + k) % size] for k in (-1, 0, 1, 2))
    return 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
