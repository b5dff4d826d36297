# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair and beards: caps, bangs, locks, spikes, buns, tails, moustaches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..scene import Role
from .assembly import Assembly
from .shapes import Mesh, cone, ellipsoid, grid_triangles, tube
from .shells import Edge, Wearer, lock, shell

Rng = np.random.Generator


def add_hair(assembly: Assembly, wearer: Wearer, rng: Rng, kind: str) -> None:
    """One hair style of STYLES."""
    STYLES[kind](assembly, wearer, rng)


def _cap(assembly: Assembly, wearer: Wearer, rng: Rng, thickness: float, back: float) -> None:
    front = wearer.elevation(wearer.measures.hairline)
    edge = Edge(front, rng.uniform(5, 25), back, rng.uniform(40, 60))
    waves = (int(rng.integers(4, 24)), float(rng.uniform(0, 0.25)))
    mesh = shell(wearer, edge, thickness, waves=waves)
    tint = rng.uniform(0, 0.5) * np.sin(np.arange(len(mesh.vertices)) * rng.uniform(0.2, 1.5)) ** 2
    assembly.add(mesh, Role.HAIR, tint, solid=assembly.faceted)


def _short(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    _cap(assembly, wearer, rng, rng.uniform(0.04, 0.3), rng.uniform(-40, -10))


def _bangs(assembly: Assembly, wearer: Wearer, rng: Rng, count: int, reach: float) -> None:
    """Pointed locks over the forehead, down to the height ``reach``."""
    top = wearer.elevation(wearer.measures.hairline)
    low = wearer.elevation(reach)
    parting = rng.uniform(-25, 25)
    spread = rng.uniform(50, 75)
    for place in np.linspace(-spread, spread, count):
        lean = 0.3 * (place - parting) + rng.normal(0, 6)
        end = low - rng.uniform(-4, 10) + 0.12 * abs(place)
        azimuth = np.linspace(place * 0.75 + 0.25 * parting, place + lean, 6)
        elevation = np.linspace(min(top + 22, 80), end, 6)
        offset = rng.uniform(0.05, 0.2) + 0.07 * np.sin(np.linspace(0, np.pi, 6))
        width = rng.uniform(0.8, 1.2) * 1.9 * wearer.measures.width / count
        mesh = lock(wearer, azimuth, elevation, offset, width)
        assembly.add(mesh, Role.HAIR, solid=assembly.faceted)


def _curtain(assembly: Assembly, wearer: Wearer, rng: Rng, tail: float) -> None:
    """Locks at the sides and the back."""
    start = rng.uniform(62, 85)
    for place in np.linspace(start, 360 - start, int(rng.integers(9, 18))):
        azimuth = np.linspace(place, place + rng.normal(0, 4), 6)
        elevation = np.linspace(45, -28, 6)
        offset = np.linspace(0.08, rng.uniform(0.12, 0.3), 6)
        length = tail * rng.uniform(0.8, 1.2)
        width = rng.uniform(0.22, 0.34) * wearer.measures.width
        mesh = lock(wearer, azimuth, elevation, offset, width, tail=length)
        assembly.add(mesh, Role.HAIR, solid=assembly.faceted)


def _anime(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    _cap(assembly, wearer, rng, rng.uniform(0.12, 0.35), rng.uniform(-50, -20))
    brow = wearer.measures.brow
    reach = brow + rng.uniform(-0.25, 0.35) * max(wearer.measures.hairline - brow, 0.3)
    _bangs(assembly, wearer, rng, int(rng.integers(5, 10)), reach)
    if rng.random() < 0.7:
        _curtain(assembly, wearer, rng, rng.uniform(0.0, 2.2))
    if rng.random() < 0.25:
        _tails(assembly, wearer, rng)


def _spiky(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    _cap(assembly, wearer, rng, rng.uniform(0.08, 0.2), rng.uniform(-45, -20))
    top = wearer.elevation(wearer.measures.hairline) + 8
    for _ in range(int(rng.integers(10, 26))):
        azimuth = rng.uniform(-180, 180)
        elevation = rng.uniform(top if abs(azimuth) < 70 else 5, 85)
        root = wearer.out(np.array([azimuth]), np.array([elevation]))[0]
        away = root - wearer.centre
        away = away / np.linalg.norm(away) + [0, rng.uniform(-0.2, 0.7), rng.uniform(-0.6, 0.2)]
        length = rng.uniform(0.3, 0.9) * wearer.measures.width
        tip = root + away / np.linalg.norm(away) * length
        mesh = cone(root - 0.15 * away, tip, rng.uniform(0.2, 0.4) * length + 0.08, columns=7)
        assembly.add(mesh, Role.HAIR, solid=assembly.faceted)


def _bob(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    _cap(assembly, wearer, rng, rng.uniform(0.15, 0.4), -40)
    _curtain(assembly, wearer, rng, rng.uniform(0.0, 1.6))
    if rng.random() < 0.5:
        height = wearer.measures.brow + rng.uniform(0.05, 0.5)
        _bangs(assembly, wearer, rng, int(rng.integers(8, 14)), height)


def _afro(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    front = wearer.elevation(wearer.measures.hairline)
    edge = Edge(front, rng.uniform(-10, 15), -45)
    waves = (int(rng.integers(9, 20)), 0.12)
    mesh = shell(wearer, edge, rng.uniform(0.4, 0.9), waves=waves)
    assembly.add(mesh, Role.HAIR, solid=assembly.faceted)


def _tails(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    sides = (1.0, -1.0) if rng.random() < 0.6 else (0.0,)
    for sign in sides:
        azimuth = np.array([sign * rng.uniform(95, 130) if sign else 180.0])
        root = wearer.out(azimuth, np.array([rng.uniform(20, 50)]))[0]
        away = (root - wearer.centre) * [1.0, 0.3, 1.0]
        share = np.linspace(0.0, 1.0, 9)[:, None]
        length = rng.uniform(0.8, 2.6)
        path = root + away * 0.5 * np.sin(share * 2) + share**1.5 * [0.0, -length, 0.0]
        swell = np.clip(np.sin((0.12 + 0.88 * share[:, 0]) * np.pi), 0.08, 1)
        assembly.add(tube(path, rng.uniform(0.15, 0.4) * swell), Role.HAIR, solid=assembly.faceted)


def _tied(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    _cap(assembly, wearer, rng, rng.uniform(0.05, 0.15), -30)
    if rng.random() < 0.5:
        _tails(assembly, wearer, rng)
        return
    for sign in (0.0,) if rng.random() < 0.5 else (1.0, -1.0):
        root = wearer.out(np.array([sign * 90 + (180 if not sign else 0)]), np.array([60.0]))[0]
        size = rng.uniform(0.2, 0.45) * wearer.measures.width
        assembly.add(ellipsoid(root, (size, size, size)), Role.HAIR, solid=assembly.faceted)


def _mohawk(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    high = rng.uniform(0.3, 1.0)
    start = wearer.elevation(wearer.measures.hairline)
    for place in np.linspace(start, 180, 9):
        root = wearer.out(np.zeros(1), np.array([place]))[0]
        away = (root - wearer.centre) / np.linalg.norm(root - wearer.centre)
        mesh = cone(root - 0.2 * away, root + high * away, 0.3, columns=8, flat=0.35)
        assembly.add(mesh, Role.HAIR, solid=assembly.faceted)


def _tuft(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    for _ in range(int(rng.integers(1, 6))):
        root = wearer.out(np.array([rng.uniform(-60, 60)]), np.array([rng.uniform(65, 90)]))[0]
        bend = rng.normal(0, 0.3, 3) + [0, 0.5, 0.1]
        share = np.linspace(0, 1, 6)[:, None]
        path = root - [0, 0.05, 0] + share * bend + share**2 * [0, 0, rng.uniform(0, 0.4)]
        assembly.add(
            tube(path, rng.uniform(0.03, 0.12) * (1.05 - share[:, 0])),
            Role.HAIR,
            solid=assembly.faceted,
        )


STYLES: dict[str, Callable[[Assembly, Wearer, Rng], None]] = {
    "short": _short,
    "anime": _anime,
    "spiky": _spiky,
    "bob": _bob,
    "afro": _afro,
    "tied": _tied,
    "mohawk": _mohawk,
    "tuft": _tuft,
}


def add_beard(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    """A beard below the mouth, and as a rule a moustache."""
    measures = wearer.measures
    low = measures.lip_bottom - 0.12 * (measures.lip_bottom - measures.chin)
    spread = rng.uniform(0.4, 1.0) * 0.85 * measures.width
    columns, thick, length = 15, rng.uniform(0.06, 0.25), rng.uniform(0.0, 1.0)
    across = np.linspace(-1, 1, columns)
    rise = np.abs(across) ** 2 * rng.uniform(0.3, 1.0) * (0.2 - low) * (spread / measures.width)
    ragged = rng.uniform(0.0, 0.35) * np.abs(np.sin(across * rng.uniform(3, 14)))
    strands = []
    for x, up, rag in zip(across * spread, rise, ragged, strict=True):
        height = low + up
        end = min(measures.chin + 0.2 * (low - measures.chin) + 0.6 * up, height - 0.1)
        path = wearer.skull.lay(np.stack([np.full(6, x), np.linspace(height, end, 6)], axis=1))
        path[1:, 2] += thick
        reach = (length + 0.1) * (1 - rag) * (1 - 0.6 * (x / spread) ** 2)
        tail = path[-1] + np.linspace(0, 1, 5)[1:, None] * [-0.4 * x * length, -reach, -0.05]
        strands.append(np.concatenate([path, tail]))
    front = np.stack(strands, axis=1)
    back = front - [0.0, 0.0, thick + 0.12]
    rings = np.concatenate([front, back[::-1]])
    sheet = Mesh(rings.reshape(-1, 3), grid_triangles(len(rings), columns))
    assembly.add(sheet, Role.HAIR, solid=False)
    if rng.random() < 0.6:
        add_moustache(assembly, wearer, rng)


def add_moustache(assembly: Assembly, wearer: Wearer, rng: Rng) -> None:
    """Two tapered rolls over the upper lip."""
    measures = wearer.measures
    height = 0.5 * (measures.nose_base + measures.mouth) + 0.05
    reach = measures.mouth_half * rng.uniform(0.7, 1.6) + 0.1
    droop = rng.uniform(-0.25, 0.5)
    thick = rng.uniform(0.06, 0.16)
    share = np.linspace(0.02, 1.0, 8)
    for sign in (1.0, -1.0):
        drawing = np.stack([sign * reach * share, height - droop * share**2 * 0.5], axis=1)
        path = wearer.face.lay(drawing, offset=0.05)
        radii = thick * np.clip(np.sin((0.35 + 0.62 * share) * np.pi), 0.1, 1)
        assembly.add(tube(path, radii, columns=8), Role.HAIR, solid=False)
