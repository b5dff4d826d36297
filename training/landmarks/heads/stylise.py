# SPDX-License-Identifier: GPL-3.0-or-later
"""Strong stylisation of the template: smooth warps of space about its features.

Every warp is weighted by where a vertex lies at rest, and moves skin, eyeballs, teeth and
landmarks alike, so that labels stay exact. Lengths in IOD of the template at rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .shapes import Floats


@dataclass(frozen=True)
class Warp:
    """All amounts are neutral at their defaults.

    ``eye``: (3,) scale across, upright and deep; ``eye_move``: (2,) outwards and up; ``nose``: (3,)
    scale, ``nose_up``; ``mouth``: (3,) scale, ``mouth_up``; ``muzzle``: how far the snout comes
    forward; ``ears``: scale, ``ears_move``: (2,) out and up; ``jaw``: its width; ``cranium``:
    size of the skull above the eyes; ``ball``: 0..1 towards the superellipsoid of exponent
    ``ball_power``; ``scale``: (3,) of the whole; ``lattice``: (5, 5, 5, 3) displacements of a
    cubic B-spline lattice around the head.
    """

    eye: tuple[float, float, float] = (1.0, 1.0, 1.0)
    eye_move: tuple[float, float] = (0.0, 0.0)
    nose: tuple[float, float, float] = (1.0, 1.0, 1.0)
    nose_up: float = 0.0
    mouth: tuple[float, float, float] = (1.0, 1.0, 1.0)
    mouth_up: float = 0.0
    muzzle: float = 0.0
    ears: float = 1.0
    ears_move: tuple[float, float] = (0.0, 0.0)
    jaw: float = 1.0
    cranium: float = 1.0
    ball: float = 0.0
    ball_power: float = 2.0
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    lattice: Floats | None = None


LATTICE_LOW = np.array([-1.65, -2.3, -3.0])
LATTICE_HIGH = np.array([1.65, 2.2, 0.9])
LATTICE = 5


def sample_warp(rng: np.random.Generator, strength: float) -> Warp:
    """A random warp; ``strength`` 0 is the identity, 1 a strong cartoon."""

    def between(low: float, high: float) -> float:
        return 1.0 + (float(np.exp(rng.uniform(np.log(low), np.log(high)))) - 1.0) * strength

    def maybe(share: float, low: float, high: float) -> float:
        return float(rng.uniform(low, high)) * strength if rng.random() < share else 0.0

    eye = between(0.6, 1.0) if rng.random() < 0.2 else between(1.0, 2.7)
    tall = eye * between(0.65, 1.3)
    nose = between(0.15, 1.0) if rng.random() < 0.5 else between(0.9, 2.6)
    mouth = between(0.35, 1.0) if rng.random() < 0.45 else between(0.9, 1.9)
    bulky = rng.normal(0, 1, (LATTICE,) * 3 + (3,)) * rng.uniform(0, 0.3) * strength
    mirrored = bulky[::-1] * [-1.0, 1.0, 1.0]
    lattice = (bulky + mirrored) * 0.6 if rng.random() < 0.85 else bulky
    return Warp(
        eye=(eye, tall, between(0.45, 1.5)),
        eye_move=(
            0.2 * max(eye - 1, 0) * rng.uniform(0.6, 1.3) + rng.normal(0, 0.06) * strength,
            rng.normal(0, 0.08) * strength,
        ),
        nose=(nose * between(0.8, 1.25), nose * between(0.7, 1.2), nose * between(0.5, 1.2)),
        nose_up=rng.uniform(-0.2, 0.2) * strength,
        mouth=(mouth, mouth * between(0.4, 1.2), between(0.7, 1.1)),
        mouth_up=rng.uniform(-0.15, 0.2) * strength,
        muzzle=maybe(0.3, -0.1, 1.1),
        ears=between(0.4, 3.0) if rng.random() < 0.5 else between(0.85, 1.2),
        ears_move=(maybe(0.25, 0.0, 0.4), maybe(0.2, 0.0, 1.4)),
        jaw=between(0.5, 1.6),
        cranium=between(0.7, 1.5),
        ball=maybe(0.4, 0.1, 0.75),
        ball_power=2.0 if rng.random() < 0.6 else float(rng.uniform(2, 8)),
        scale=(between(0.75, 1.4), between(0.7, 1.45), between(0.8, 1.25)),
        lattice=lattice if strength > 0 else None,
    )


def sample_appealing(rng: np.random.Generator) -> Warp:
    """The proportions of film and doll characters: big round eyes, a small nose and jaw."""
    eye = float(rng.uniform(1.4, 2.3))
    tall = eye * float(rng.uniform(0.9, 1.25))
    nose, mouth = float(rng.uniform(0.3, 1.0)), float(rng.uniform(0.6, 1.2))
    bulky = rng.normal(0, 1, (LATTICE,) * 3 + (3,)) * rng.uniform(0, 0.1)
    return Warp(
        eye=(eye, tall, float(rng.uniform(0.7, 1.2))),
        eye_move=(float(rng.uniform(0.0, 0.16)), float(rng.uniform(-0.1, 0.05))),
        nose=(nose, nose, nose * float(rng.uniform(0.6, 1.2))),
        nose_up=float(rng.uniform(-0.05, 0.15)),
        mouth=(mouth, mouth * float(rng.uniform(0.7, 1.1)), 1.0),
        mouth_up=float(rng.uniform(-0.1, 0.1)),
        ears=float(rng.uniform(0.6, 1.5)),
        jaw=float(rng.uniform(0.6, 1.15)),
        cranium=float(rng.uniform(1.0, 1.4)),
        ball=float(rng.uniform(0.0, 0.5)),
        scale=(float(rng.uniform(0.9, 1.2)), float(rng.uniform(0.75, 1.15)), 1.0),
        lattice=(bulky + bulky[::-1] * [-1.0, 1.0, 1.0]) * 0.6,
    )


def smoothstep(x: Floats) -> Floats:
    """0 below 0, 1 above 1, smooth between."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


def _bubble(rest: Floats, centre: tuple[float, ...], radii: tuple[float, ...]) -> Floats:
    """(V, 1) 1 at ``centre``, falling to 0 at the ellipsoid of ``radii``."""
    away = (((rest - np.array(centre)) / np.array(radii)) ** 2).sum(axis=1)
    return np.clip(1 - away, 0.0, None)[:, None]


def apply(
    warp: Warp, rest: Floats, posed: Floats, ears: Floats, eyeballs: Floats, lattice: Floats
) -> Floats:
    """(V, 3) warped copies of ``posed``. ``rest`` (V, 3): where each vertex counts as lying;
    ``ears`` (V,): how much it belongs to an ear; ``eyeballs`` (2, 4) centres and radii at rest;
    ``lattice``: ``lattice_weights(rest)``.
    """
    moved = posed.copy()
    if warp.lattice is not None:
        moved += lattice @ warp.lattice.reshape(-1, 3)
    moved = _ears(warp, moved, ears)
    moved[:, 2:] += warp.muzzle * _bubble(rest, (0, -0.9, 0.33), (0.9, 0.73, 1.0)) ** 1.2
    for centre, radii, scale, up in (
        ((0, -0.59, 0.4), (0.55, 0.58, 0.73), warp.nose, warp.nose_up),
        ((0, -1.1, 0.3), (0.85, 0.5, 1.0), warp.mouth, warp.mouth_up),
    ):
        weight = smoothstep(1.8 * _bubble(rest, centre, radii))
        middle = (moved * weight).sum(axis=0) / weight.sum()
        middle = middle * [0.0, 1.0, 1.0] - [0.0, 0.0, 0.35]
        moved += weight * ((moved - middle) * (np.array(scale) - 1) + [0.0, up, 0.0])
    moved = _eyes(warp, rest, moved, eyeballs)
    return _whole(warp, rest, moved, ears)


def lattice_weights(rest: Floats) -> Floats:
    """(V, 125) how far each node of the lattice moves each vertex."""
    place = (rest - LATTICE_LOW) / (LATTICE_HIGH - LATTICE_LOW)
    place = np.clip(place, 0, 1) * (LATTICE - 1)
    weights = []
    for axis in range(3):
        away = np.abs(place[:, axis : axis + 1] - np.arange(LATTICE))
        near = 2 / 3 - away**2 + away**3 / 2
        weight = np.where(away < 1, near, np.clip(2 - away, 0, None) ** 3 / 6)
        weights.append(weight / weight.sum(axis=1, keepdims=True))
    whole: Floats = np.einsum("na,nb,nc->nabc", *weights)
    return whole.reshape(len(rest), -1)


def _ears(warp: Warp, moved: Floats, ears: Floats) -> Floats:
    out = moved.copy()
    for sign in (1.0, -1.0):
        weight = ears * (moved[:, 0] * sign > 0)
        root_weight = weight * (
            np.abs(moved[:, 0]) < np.quantile(np.abs(moved[weight > 0.5, 0]), 0.4)
        )
        root = (moved * root_weight[:, None]).sum(axis=0) / max(root_weight.sum(), 1e-6)
        shift = np.array(
            [sign * warp.ears_move[0] - sign * 0.3 * warp.ears_move[1], warp.ears_move[1], 0]
        )
        out += weight[:, None] * ((moved - root) * (warp.ears - 1) + shift)
    return out


def _eyes(warp: Warp, rest: Floats, moved: Floats, eyeballs: Floats) -> Floats:
    scale = np.array(warp.eye)
    step = np.zeros_like(moved)
    for eye, sign in zip(eyeballs, (1.0, -1.0), strict=True):
        away = np.linalg.norm((rest - eye[:3]) * [1.0, 1.25, 0.8], axis=1)
        weight = growth(away, float(scale[:2].max()))
        # Both eyes share the midline, or it would stay behind as a crease.
        weight = weight * smoothstep(rest[:, 0] * sign / 0.5 + 0.5)
        ball = away < eye[3] * 1.02
        middle = moved[ball].mean(axis=0) if ball.any() else eye[:3]
        shift = np.array([sign * warp.eye_move[0], warp.eye_move[1], 0.0])
        step += weight[:, None] * ((moved - middle) * (scale - 1) + shift)
    # Nothing comes closer to the midline than a third of its way: there the other eye begins.
    half = np.sign(rest[:, 0])
    step[:, 0] = half * np.maximum(half * step[:, 0], -0.66 * np.abs(rest[:, 0]))
    # The temples hold back, or large eyes would stand out from the head like goggles.
    step[:, 0] *= 1 - 0.65 * smoothstep((np.abs(rest[:, 0]) - 0.7) / 0.35)
    return moved + step


INNER = 0.25  # IOD around an eye's centre that scale as a whole: the lids


def growth(away: Floats, scale: float) -> Floats:
    """(V,) 0..1 how much of ``scale`` a place takes at a distance from the eye's centre: all at the
    lids, none far off, and between them so that nothing folds (a cubic from one to the other).
    """
    reach = 0.75 + 0.3 * max(scale - 1, 0)
    room = reach - INNER
    secant = (reach - scale * INNER) / room
    first = min(scale, 2.5 * secant)
    t = np.clip((away - INNER) / room, 0, 1)
    begin, end = 2 * t**3 - 3 * t**2 + 1, 3 * t**2 - 2 * t**3
    tilt = (t**3 - 2 * t**2 + t) * first + (t**3 - t**2)
    placed = begin * scale * INNER + end * reach + tilt * room
    grown = placed / np.maximum(away, 1e-6) - 1
    share = grown / (scale - 1 if abs(scale - 1) > 1e-6 else 1e-6)
    return np.where(away < INNER, 1.0, np.where(away > reach, 0.0, np.clip(share, 0, 1)))


def _whole(warp: Warp, rest: Floats, moved: Floats, ears: Floats) -> Floats:
    moved = moved.copy()
    height = rest[:, 1:2]
    jaw = smoothstep((-0.54 - height) / 1.3) * (height > -2.2)
    moved[:, :1] *= 1 + (warp.jaw - 1) * jaw
    skull = smoothstep((height - 0.19) / 1.46)
    grow = (warp.cranium - 1) * skull
    moved[:, :1] *= 1 + grow
    moved[:, 1:2] += 1.4 * grow
    moved[:, 2:] = -1.2 + (moved[:, 2:] + 1.2) * (1 + grow)
    if warp.ball:
        centre = np.array([0.0, -0.2, -1.15])
        power = warp.ball_power
        local = np.abs((moved - centre) / [1.6, 1.85, 1.75])
        radius = (np.clip(local, 1e-4, None) ** power).sum(axis=1) ** (1 / power)
        pull = np.clip(0.95 / np.clip(radius, 0.2, None), 0.4, 2.2) - 1
        share = warp.ball * smoothstep((rest[:, 1] + 2.2) / 0.8) * (1 - ears)
        moved = centre + (moved - centre) * (1 + share * pull)[:, None]
    return moved * warp.scale
