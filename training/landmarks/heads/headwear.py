# SPDX-License-Identifier: GPL-3.0-or-later
"""Hats, hoods, helmets, horns, glasses: what covers parts of a face in pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..scene import Role
from .assembly import Assembly
from .shapes import Floats, Mesh, cone, ellipsoid, lathe, merge, tube, turn
from .shells import Edge, Wearer, shell

Rng = np.random.Generator


def add_headwear(assembly: Assembly, wearer: Wearer, rng: Rng, kind: str) -> None:
    """One piece of HEADWEAR."""
    HEADWEAR[kind](assembly, wearer, rng)


def _add(assembly: Assembly, mesh: Mesh, role: Role) -> None:
    assembly.add(mesh, role, solid=assembly.faceted)


def _front(wearer: Wearer, rng: Rng, low: float = -0.3) -> float:
    """Elevation of a hat's front edge, between hairline and brows."""
    measures = wearer.measures
    room = max(measures.hairline - measures.brow, 0.1)
    return wearer.elevation(measures.hairline + rng.uniform(low, 0.3) * room)


def _band(wearer: Wearer, edge: Edge, offset: float, radius: float, flat: float = 1.0) -> Mesh:
    """A closed ring around the head along ``edge``."""
    azimuth = np.linspace(0, 360, 41)
    path = wearer.out(azimuth, edge.at(azimuth))
    away = path - wearer.centre
    path = path + offset * away / np.linalg.norm(away, axis=1, keepdims=True)
    return tube(path, radius, columns=8, flat=flat, side=(0, 1, 0))


def _cap(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    edge = Edge(_front(wearer, rng), rng.uniform(8, 20), rng.uniform(-5, 15))
    _add(assembly, shell(wearer, edge, rng.uniform(0.12, 0.3)), Role.HAT)
    root = wearer.out(np.zeros(1), np.array([edge.front]))[0]
    half, reach = 0.8 * wearer.measures.width, rng.uniform(0.4, 0.9) * wearer.measures.width
    brim = ellipsoid((0, 0, 0), (half, 0.05, reach), rows=7)
    _add(assembly, brim.moved(turn("x", rng.uniform(-5, 20)), root + [0, 0.05, 0.1]), Role.TRIM)


def _beanie(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    edge = Edge(_front(wearer, rng), rng.uniform(0, 20), rng.uniform(-15, 10))
    _add(assembly, shell(wearer, edge, rng.uniform(0.15, 0.4)), Role.HAT)
    if rng.random() < 0.7:
        _add(assembly, _band(wearer, edge, 0.12, rng.uniform(0.1, 0.22)), Role.TRIM)
    if rng.random() < 0.4:
        top = wearer.out(np.zeros(1), np.array([90.0]))[0]
        size = rng.uniform(0.15, 0.4)
        _add(assembly, ellipsoid(top + [0, 0.3, 0], (size, size, size)), Role.TRIM)


def _brimmed(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    """Top hats, bowlers, witches' and cowboys' hats."""
    measures = wearer.measures
    height = measures.hairline + rng.uniform(-0.1, 0.4) * (measures.crown - measures.hairline)
    wide = 1.02 * measures.width * rng.uniform(0.85, 1.1)
    brim = wide * rng.uniform(1.25, 1.9)
    tall = (measures.crown - height) + rng.uniform(0.2, 1.6)
    shape = rng.choice(("top", "round", "witch"))
    if shape == "top":
        profile = [(0.02, tall), (0.9 * wide, tall), (0.95 * wide, 0.1)]
    elif shape == "round":
        angle = np.linspace(0.05, np.pi / 2, 8)
        profile = list(zip(wide * np.sin(angle), tall * np.cos(angle) + 0.05, strict=True))
    else:
        profile = [(0.03, 1.8 * tall), (0.35 * wide, 0.9 * tall), (wide, 0.1)]
    rest = [(brim, 0.06), (brim, -0.02), (0.8 * wide, -0.05)]
    depth = -measures.depth / max(measures.width, 0.4)
    mesh = lathe([*profile, *rest], columns=32, depth=float(np.clip(depth, 0.8, 1.3)))
    mesh = mesh.moved(turn("x", rng.uniform(-14, 4)), (0, height, measures.depth))
    _add(assembly, mesh, Role.HAT)
    if rng.random() < 0.5:
        ring = lathe([(0.96 * wide, 0.25), (wide * 1.03, 0.2), (wide * 1.03, 0.1)], depth=1.0)
        _add(assembly, ring.moved(None, (0, height, measures.depth)), Role.TRIM)


def _helmet(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    edge = Edge(_front(wearer, rng), rng.uniform(-60, 0), -55, rng.uniform(35, 60))
    _add(assembly, shell(wearer, edge, rng.uniform(0.12, 0.35)), Role.METAL)
    if rng.random() < 0.6:
        _horns(assembly, wearer, rng)
    if rng.random() < 0.3:  # a nasal bar
        top = wearer.face.lay([[0, wearer.measures.hairline], [0, wearer.measures.nose_base]])
        _add(assembly, tube(top + [0, 0, 0.12], 0.09, columns=6), Role.METAL)


def _hood(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    front = wearer.elevation(wearer.measures.hairline) - rng.uniform(0, 10)
    edge = Edge(front, -70, -75, rng.uniform(38, 55))
    _add(assembly, shell(wearer, edge, rng.uniform(0.2, 0.5)), Role.CLOTH)


def _horns(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    azimuth, elevation = rng.uniform(20, 85), rng.uniform(35, 70)
    length, curl = rng.uniform(0.4, 1.6), rng.uniform(-0.6, 1.0)
    thick = rng.uniform(0.1, 0.28)
    share = np.linspace(0, 1, 9)[:, None]
    root = wearer.out(np.array([azimuth]), np.array([elevation]))[0]
    away = (root - wearer.centre) / np.linalg.norm(root - wearer.centre)
    bend = np.array([rng.uniform(-0.2, 0.5), rng.uniform(0, 1), rng.uniform(-0.6, 0.6)]) * curl
    path = root - 0.1 * away + length * (share * away + share**2 * bend)
    horn = tube(path, thick * (1.03 - share[:, 0]), columns=10)
    _add(assembly, merge(horn, horn.mirrored()), Role.HORN)


def _antennae(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    azimuth = rng.uniform(10, 60)
    root = wearer.out(np.array([azimuth]), np.array([rng.uniform(60, 80)]))[0]
    tip = root + [rng.uniform(0, 0.5), rng.uniform(0.5, 1.3), rng.uniform(-0.1, 0.4)]
    size = rng.uniform(0.06, 0.22)
    one = merge(tube(np.linspace(root, tip, 4), 0.03, columns=6), ellipsoid(tip, (size,) * 3))
    _add(assembly, merge(one, one.mirrored()), Role.TRIM)


def _crown(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    edge = Edge(*(wearer.elevation(wearer.measures.hairline) + rng.uniform(0, 15),) * 3)
    _add(assembly, _band(wearer, edge, 0.06, rng.uniform(0.07, 0.16)), Role.METAL)
    for azimuth in np.arange(0, 360, 360 / rng.integers(5, 10)):
        root = wearer.out(np.array([azimuth]), edge.at(np.array([azimuth])))[0]
        flat = (root - wearer.centre) * [1, 0, 1]
        tip = root + 0.12 * flat + [0, rng.uniform(0.35, 0.5), 0]
        _add(assembly, cone(root, tip, 0.14, columns=6), Role.METAL)


def _headband(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    front = _front(wearer, rng)
    edge = Edge(front, front * 0.6, rng.uniform(-10, 10))
    band = _band(wearer, edge, 0.03, rng.uniform(0.08, 0.2), flat=0.9)
    _add(assembly, band, Role.TRIM)


def _headphones(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    elevation = np.linspace(0, 180, 25)
    path = wearer.out(np.full(25, 90.0), elevation)
    path = path + (path - wearer.centre) * 0.1
    _add(assembly, tube(path, rng.uniform(0.05, 0.1)), Role.TRIM)
    size = rng.uniform(0.25, 0.4)
    cup = ellipsoid(path[0], (0.18, size, size))
    _add(assembly, merge(cup, cup.mirrored()), Role.HAT)


def _bow(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    root = wearer.out(np.array([rng.uniform(-60, 60)]), np.array([rng.uniform(55, 85)]))[0]
    size = rng.uniform(0.2, 0.5)
    wing = ellipsoid((size * 0.8, 0, 0), (size, size * 0.55, 0.14))
    whole = merge(wing, wing.mirrored(), ellipsoid((0, 0, 0.05), (0.13, 0.13, 0.13)))
    _add(assembly, whole.moved(turn("z", rng.uniform(-40, 40)), root), Role.TRIM)


HEADWEAR: dict[str, Callable[[Assembly, Wearer, Rng], None]] = {
    "cap": _cap,
    "beanie": _beanie,
    "brimmed": _brimmed,
    "helmet": _helmet,
    "hood": _hood,
    "horns": _horns,
    "antennae": _antennae,
    "crown": _crown,
    "headband": _headband,
    "headphones": _headphones,
    "bow": _bow,
}


def add_glasses(assembly: Assembly, wearer: Wearer, rng: Rng, half: float, dark: bool) -> None:
    """Spectacles before eyes of half width ``half``; ``dark``: sun-glasses that hide them."""
    wide = min(max(half * rng.uniform(1.1, 1.5), 0.26), 0.47)
    high = wide * rng.uniform(0.65, 1.05)
    power = rng.choice((1.0, 0.5))
    angle = np.linspace(0, 2 * np.pi, 25)
    ring = np.stack(
        [
            wide * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power,
            high * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power,
        ],
        axis=1,
    )
    ahead = _ahead(assembly, wearer, half)
    frame = rng.uniform(0.02, 0.06)
    loop = np.concatenate([ring + [0.5, 0.0], np.full((25, 1), ahead)], axis=1)
    parts = [tube(loop, frame, columns=6)]
    temple = np.array(
        [[0.5 + wide, 0.1, ahead], [wearer.measures.width * 1.02, 0.1, wearer.measures.depth]]
    )
    parts.append(tube(np.linspace(temple[0], temple[1], 5), frame, columns=6))
    bridge = np.array([[0.5 - wide, 0.03, ahead], [-(0.5 - wide), 0.03, ahead]])
    both = merge(*parts, *(part.mirrored() for part in parts), tube(bridge, frame, columns=6))
    assembly.add(both, Role.METAL, solid=False)
    if dark:
        lens = ellipsoid((0.5, 0, ahead), (wide, high, 0.03), squareness=float(power))
        assembly.add(merge(lens, lens.mirrored()), Role.LENS, solid=False)


def _ahead(assembly: Assembly, wearer: Wearer, half: float) -> float:
    """The depth at which glasses clear the eyes."""
    eyes = [assembly.points[f"pupil_{side}"][2] for side in "LR"]
    skin: Floats = wearer.face.lay([[0.5, half], [0.5, -half], [-0.5, 0.0]])
    return float(max(*eyes, skin[:, 2].max()) + 0.11)
