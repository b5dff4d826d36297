# SPDX-License-Identifier: GPL-3.0-or-later
"""Random looks: cameras, colours, lights, styles, backgrounds and camera faults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from . import points as scheme
from .scene import ROLES, Look, Role, face_frame, project

Floats = NDArray[np.float64]
STYLES: Final = ("plain", "clay", "toon", "creature", "line", "grey")
STYLE_SHARES: Final = (0.25, 0.25, 0.21, 0.16, 0.07, 0.06)
CLEAN: Final = 0.35  # share of pictures without faults, as renders are
SENSOR: Final = 36.0  # mm, of the focal lengths below
_BOX: Final = scheme.indices(scheme.FACE_BOX)


@dataclass(frozen=True)
class Framing:
    """How a face sits in its picture: ``fill`` the range of the face box's longer side as a share
    of the picture's side, ``jitter`` of its middle in shares of the free room.
    """

    fill: tuple[float, float] = (0.42, 0.86)
    jitter: float = 0.8


CROP: Final = Framing()
SCENE: Final = Framing(fill=(0.08, 0.75), jitter=1.0)


def sample_looks(
    rng: np.random.Generator, points: NDArray[np.float32], framing: Framing = CROP
) -> tuple[Look, NDArray[np.str_]]:
    """Looks for heads with landmarks ``points`` (B, COUNT, 3), and the style of each."""
    count = len(points)
    style = rng.choice(STYLES, count, p=STYLE_SHARES)
    colours = _palettes(rng, style)
    light = _lights(rng, style)
    look = Look(
        **_cameras(rng, points),
        **colours,
        **light,
        **_surroundings(rng, count, style),
        **_faults(rng, count, style),
    )
    return _aimed(rng, look, points, framing), style


def angles_to_rotation(yaw: Floats, pitch: Floats, roll: Floats) -> NDArray[np.float32]:
    """(B, 3, 3) head to camera axes, from degrees. Positive yaw turns the head to its left,
    positive pitch lifts the chin, positive roll tips the head to its left.
    """
    y, p, r = (np.radians(angle) for angle in (yaw, pitch, roll))
    zero, one = np.zeros_like(y), np.ones_like(y)

    def stack(rows: list[Floats]) -> Floats:
        return np.stack(rows, axis=1).reshape(-1, 3, 3)

    about_y = stack([np.cos(y), zero, np.sin(y), zero, one, zero, -np.sin(y), zero, np.cos(y)])
    about_x = stack([one, zero, zero, zero, np.cos(p), np.sin(p), zero, -np.sin(p), np.cos(p)])
    about_z = stack([np.cos(r), np.sin(r), zero, -np.sin(r), np.cos(r), zero, zero, zero, one])
    return (about_z @ about_x @ about_y).astype(np.float32)


def _cameras(rng: np.random.Generator, points: NDArray[np.float32]) -> dict[str, NDArray]:
    count = len(points)
    near_front = rng.random(count) < 0.4
    yaw = np.where(near_front, rng.normal(0, 12, count), rng.uniform(-75, 75, count))
    pitch = np.where(rng.random(count) < 0.5, rng.normal(0, 8, count), rng.uniform(-35, 35, count))
    roll = np.where(rng.random(count) < 0.6, rng.normal(0, 6, count), rng.uniform(-45, 45, count))
    millimetres = np.exp(rng.uniform(np.log(20), np.log(120), count))
    low, high = points[:, _BOX].min(axis=1), points[:, _BOX].max(axis=1)
    extent = np.linalg.norm(high - low, axis=1) / np.sqrt(2)
    # A photographer fills about half of the frame's side, with any lens, but keeps off the nose.
    distance = np.maximum(2 * millimetres / SENSOR * extent, 0.9 * extent + 1.0)
    return {
        "rotation": angles_to_rotation(
            np.clip(yaw, -75, 75), np.clip(pitch, -35, 35), np.clip(roll, -45, 45)
        ),
        "target": ((low + high) / 2).astype(np.float32),
        "distance": distance.astype(np.float32),
        "focal": np.ones(count, np.float32),
        "shift": np.zeros((count, 2), np.float32),
    }


def _aimed(
    rng: np.random.Generator, look: Look, points: NDArray[np.float32], framing: Framing
) -> Look:
    """The look with focal length and shift such that the face box sits as ``framing`` says."""
    plain = replace(look, focal=np.ones_like(look.focal), shift=np.zeros_like(look.shift))
    box = face_frame(project(plain, points[:, _BOX]))
    side = np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
    fill = rng.uniform(*framing.fill, len(side))
    focal = 2 * fill / side
    middle = (box[:, :2] + box[:, 2:]) / 2 * focal[:, None]
    room = (1 - fill)[:, None] * framing.jitter
    place = rng.uniform(-1, 1, (len(side), 2)) * room
    return replace(look, focal=focal.astype(np.float32), shift=(place - middle).astype(np.float32))


def _mixed(rng: np.random.Generator, count: int) -> Floats:
    """(count, 3) any colour."""
    return rng.random((count, 3))


def _skins(rng: np.random.Generator, count: int) -> Floats:
    """(count, 3) human skin, from light to dark."""
    share = rng.random((count, 1)) ** 1.3
    light, dark = np.array([0.98, 0.82, 0.72]), np.array([0.30, 0.18, 0.12])
    warm = rng.normal(0, 0.03, (count, 3))
    return np.clip(light * (1 - share) + dark * share + warm, 0.05, 1.0)


def _hairs(rng: np.random.Generator, count: int) -> Floats:
    """(count, 3) hair: natural as a rule, else any colour."""
    natural = np.array([[0.06, 0.05, 0.05], [0.25, 0.15, 0.08], [0.45, 0.25, 0.1], [0.85, 0.7, 0.4],
                        [0.6, 0.2, 0.08], [0.75, 0.73, 0.72]])  # fmt: skip
    chosen = natural[rng.integers(len(natural), size=count)] * rng.uniform(0.7, 1.2, (count, 1))
    return np.where(rng.random((count, 1)) < 0.6, np.clip(chosen, 0, 1), _mixed(rng, count))


def _palettes(rng: np.random.Generator, style: NDArray[np.str_]) -> dict[str, NDArray]:
    count = len(style)
    palette = np.zeros((count, ROLES, 3))

    def some(share: float) -> NDArray[np.bool_]:
        return rng.random((count, 1)) < share

    bright = np.clip(_mixed(rng, count) * 0.8 + 0.2, 0, 1)
    creature = (style == "creature")[:, None]
    skin = np.where(creature, bright, _skins(rng, count))
    hair = _hairs(rng, count)
    dark = rng.uniform(0.0, 0.14, (count, 1)) + 0.04 * _mixed(rng, count)
    red = np.clip(skin * [0.92, 0.6, 0.6] + rng.normal(0, 0.06, (count, 3)), 0, 1)
    white = np.clip(rng.uniform(0.82, 1.0, (count, 1)) + rng.normal(0, 0.02, (count, 3)), 0, 1)
    odd_eyes = creature & some(0.25)
    any_role = {
        Role.SKIN: skin,
        Role.LIPS: np.where(some(0.7), red, np.where(some(0.6), skin * 0.75, _mixed(rng, count))),
        Role.BROW: np.where(some(0.7), hair * rng.uniform(0.4, 1.0, (count, 1)), dark),
        Role.SCLERA: np.where(odd_eyes, bright[::-1], white),
        Role.IRIS: np.where(some(0.85), _mixed(rng, count) * 0.75, dark),
        Role.PUPIL: dark,
        Role.GLINT: np.ones((count, 3)),
        Role.LASH: dark,
        Role.TEETH: white * [1.0, 0.99, 0.94],
        Role.TONGUE: np.clip(rng.normal([0.8, 0.35, 0.38], 0.07, (count, 3)), 0, 1),
        Role.MOUTH: rng.uniform(0.02, 0.35, (count, 1)) * np.array([1.0, 0.35, 0.35]),
        Role.HAIR: hair,
        Role.EAR: np.where(some(0.6), np.clip(skin * [1.0, 0.8, 0.8], 0, 1), _mixed(rng, count)),
        Role.NOSE: np.where(some(0.5), dark, _mixed(rng, count)),
        Role.HORN: np.clip(rng.normal([0.8, 0.74, 0.6], 0.15, (count, 3)), 0, 1),
        Role.CLOTH: _mixed(rng, count),
        Role.HAT: _mixed(rng, count),
        Role.TRIM: _mixed(rng, count),
        Role.METAL: np.where(some(0.5), rng.uniform(0.05, 0.9, (count, 1)), _mixed(rng, count)),
        Role.LENS: rng.uniform(0.02, 0.35, (count, 1)) + 0.2 * _mixed(rng, count),
        Role.MUZZLE: np.where(some(0.7), np.clip(skin * 0.5 + 0.5, 0, 1), bright),
        Role.INK: dark * 0.6,
    }
    for role, colours in any_role.items():
        palette[:, role] = colours
    _clay(rng, palette, style == "clay")
    _line_art(rng, palette, style == "line")
    tint = palette.copy()
    blush = np.clip(skin * [1.0, 0.72, 0.72], 0, 1)
    tint[:, Role.SKIN] = np.where(creature, np.clip(_mixed(rng, count) * 0.7 + 0.3, 0, 1), blush)
    tint[:, Role.HAIR] = np.clip(hair * rng.uniform(0.5, 1.6, (count, 1)), 0, 1)
    bare = (style == "clay") | (style == "line")
    tint[bare] = palette[bare]
    mottle = np.stack(
        [
            np.where((rng.random(count) < 0.3) & ~bare, rng.uniform(0, 0.25, count), 0.0),
            rng.uniform(3, 22, count),
        ],
        axis=1,
    )
    return {
        "palette": palette.astype(np.float32),
        "tint_palette": tint.astype(np.float32),
        "mottle": mottle.astype(np.float32),
    }


def _clay(rng: np.random.Generator, palette: Floats, chosen: NDArray[np.bool_]) -> None:
    """One colour for everything, as in a viewport; some keep dark irises and pupils."""
    count = int(chosen.sum())
    grey = np.clip(
        rng.uniform(0.45, 0.95, (count, 1)) * (1 + rng.normal(0, 0.06, (count, 3))), 0, 1
    )
    plain = np.repeat(grey[:, None], ROLES, axis=1)
    plain[:, Role.MOUTH] *= 0.75
    # Drawn features would vanish altogether: they keep a little of their darkness.
    for role in (Role.PUPIL, Role.IRIS, Role.BROW, Role.LASH, Role.INK, Role.LENS):
        plain[:, role] *= np.where(rng.random((count, 1)) < 0.5, 0.35, 1.0)
    for role in (Role.INK, Role.LASH):
        plain[:, role] *= 0.5
    palette[chosen] = plain


def _line_art(rng: np.random.Generator, palette: Floats, chosen: NDArray[np.bool_]) -> None:
    count = int(chosen.sum())
    paper = rng.uniform(0.85, 1.0, (count, 1, 1))
    keep = rng.uniform(0.0, 0.25, (count, 1, 1))
    drawn = paper * (1 - keep) + palette[chosen] * keep
    black = rng.uniform(0.0, 0.2, (count, 1))
    for role in (Role.PUPIL, Role.BROW, Role.LASH, Role.INK):
        drawn[:, role] = black
    palette[chosen] = drawn


def _lights(rng: np.random.Generator, style: NDArray[np.str_]) -> dict[str, NDArray]:
    count = len(style)
    light = rng.normal(0, 1, (count, 2, 3))
    light[..., 2] = np.abs(light[..., 2]) + 0.35
    light[:, 0, 1] = np.where(rng.random(count) < 0.8, np.abs(light[:, 0, 1]), light[:, 0, 1])
    light /= np.linalg.norm(light, axis=2, keepdims=True)
    line = style == "line"
    # Clay without light would show nothing at all.
    flat = line | ((rng.random(count) < 0.07) & (style != "clay"))
    toon = (style == "toon") | ((style == "creature") & (rng.random(count) < 0.3))
    strength = np.stack([rng.uniform(0.4, 0.95, count), rng.uniform(0, 0.4, count)], axis=1)
    ambient = rng.uniform(0.15, 0.6, count)
    strength[flat], ambient[flat] = 0.0, 1.0
    shine = np.where(rng.random(count) < 0.35, rng.uniform(0.0, 0.6, count), 0.0)
    shine[flat] = 0.0
    inked = line | (toon & (rng.random(count) < 0.7)) | (rng.random(count) < 0.05)
    return {
        "light": light.astype(np.float32),
        "strength": strength.astype(np.float32),
        "ambient": ambient.astype(np.float32),
        "specular": np.stack([shine, rng.uniform(5, 60, count)], axis=1).astype(np.float32),
        "bands": np.where(toon & ~flat, rng.integers(1, 4, count), 0).astype(np.float32),
        "cavity": np.where(
            (rng.random(count) < 0.5) & ~line, rng.uniform(0.2, 1.0, count), 0
        ).astype(np.float32),
        "rim": np.where(rng.random(count) < 0.2, rng.uniform(0, 0.5, count), 0).astype(np.float32),
        "outline": np.where(inked, rng.uniform(0.003, 0.014, count), 0.0).astype(np.float32),
        "ink": (rng.random((count, 3)) * 0.15).astype(np.float32),
    }


def _surroundings(
    rng: np.random.Generator, count: int, style: NDArray[np.str_]
) -> dict[str, NDArray]:
    kind = rng.random((count, 1, 1))
    one = rng.random((count, 1, 3))
    grey = np.repeat(rng.random((count, 1, 1)), 3, axis=2)
    four = rng.random((count, 4, 3))
    corners = np.where(kind < 0.3, one, np.where(kind < 0.6, grey, four))
    corners = np.where(
        (style == "line")[:, None, None], rng.uniform(0.9, 1.0, (count, 1, 1)), corners
    )
    cluttered = (rng.random(count) < 0.35) & (style != "line")
    patches = np.stack(
        [
            rng.uniform(-1.1, 1.1, (count, 12)),
            rng.uniform(-1.1, 1.1, (count, 12)),
            rng.uniform(0.03, 0.6, (count, 12)),
            rng.uniform(0.03, 0.6, (count, 12)),
            rng.uniform(0, np.pi, (count, 12)),
            rng.random((count, 12)),
        ],
        axis=2,
    )
    return {
        "background": np.broadcast_to(corners, (count, 4, 3)).astype(np.float32),
        "clutter": np.where(cluttered, rng.uniform(0.3, 1.0, count), 0.0).astype(np.float32),
        "patches": patches.astype(np.float32),
        "texture": np.where(
            (rng.random(count) < 0.4) & (style != "line"), rng.uniform(0.03, 0.32, count), 0.0
        ).astype(np.float32),
    }


def _faults(rng: np.random.Generator, count: int, style: NDArray[np.str_]) -> dict[str, NDArray]:
    clean = rng.random(count) < CLEAN

    def maybe(share: float, low: float, high: float) -> Floats:
        has_it = (rng.random(count) < share) & ~clean
        return np.where(has_it, rng.uniform(low, high, count), 0.0)

    barred = (rng.random(count) < 0.12) & ~clean
    occluder = np.stack(
        [
            rng.uniform(-1, 1, count),
            rng.uniform(-1, 1, count),
            np.where(barred, rng.uniform(0.05, 0.35, count), 0.0),
            rng.uniform(0.05, 0.6, count),
        ],
        axis=1,
    )
    grey = (style == "grey") | (rng.random(count) < 0.06)
    values = {
        "blur": maybe(0.25, 0.3, 2.4),
        "coarse": maybe(0.25, 2.0, 4.0),
        "gain": np.exp(rng.normal(0, 0.07, (count, 3))),
        "gamma": np.exp(rng.normal(0, 0.2, count)),
        "contrast": rng.uniform(0.65, 1.15, count),
        "grey": grey.astype(float),
        "noise": maybe(0.35, 0.0, 0.06),
        "jpeg": maybe(0.4, 15, 90),
        "occluder": occluder,
    }
    faults: dict[str, NDArray] = {name: a.astype(np.float32) for name, a in values.items()}
    faults["seed"] = rng.integers(0, 2**31, count)
    return faults
