# SPDX-License-Identifier: GPL-3.0-or-later
"""The two characters of the demonstration, as data, and the warps that stylise a head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from demo_source import Array, MakeHuman, fit_sphere

Colour = tuple[float, float, float]  # sRGB, 0 to 1


@dataclass(frozen=True)
class Character:
    """What one head looks like. Scales of 1 leave MakeHuman's proportions alone."""

    name: str
    targets: dict[str, float]
    skin: Colour
    blush: Colour
    lips: Colour
    iris: Colour
    hair: Colour
    brow: Colour
    hair_volume: float  # decimetres
    hair_strands: int
    hair_relief: float
    brow_width: float
    brow_lift: float
    brow_slant: float  # how much higher the inner end is
    iris_angle: float  # degrees from the eye's axis to the edge of the iris
    freckles: int = 0
    blush_strength: float = 0.3
    neck_cut: float = 6.0  # decimetres
    eye_scale: float = 1.0
    eye_spacing: float = 0.0
    nose_scale: float = 1.0
    mouth_scale: float = 1.0
    jaw_scale: float = 1.0
    cranium_scale: float = 1.0


AMARA = Character(
    name="amara",
    targets={
        "macrodetails/african-female-young": 1.0,
        "macrodetails/universal-female-young-averagemuscle-averageweight": 1.0,
        "mouth/mouth-upperlip-volume-incr": 0.3,
        "head/head-oval": 0.4,
        **{f"eyes/{side}-eye-height{part}-incr": 0.5 for side in "lr" for part in "123"},
    },
    skin=(0.50, 0.31, 0.22),
    blush=(0.62, 0.24, 0.20),
    lips=(0.50, 0.20, 0.20),
    iris=(0.33, 0.19, 0.09),
    hair=(0.09, 0.06, 0.05),
    brow=(0.10, 0.065, 0.05),
    hair_volume=0.16,
    hair_strands=0,
    hair_relief=0.0,
    brow_width=0.036,
    brow_lift=0.0,
    brow_slant=0.0,
    iris_angle=27.0,
)
PIP = Character(
    name="pip",
    targets={
        "macrodetails/caucasian-male-child": 1.0,
        "macrodetails/universal-male-child-averagemuscle-averageweight": 1.0,
        "head/head-round": 0.6,
        "head/head-scale-horiz-incr": 0.5,
        "ears/l-ear-wing-incr": 0.5,
        "ears/r-ear-wing-incr": 0.5,
        "mouth/mouth-angles-up": 0.7,
        **{f"eyes/{side}-eye-height{part}-incr": 0.9 for side in "lr" for part in "123"},
    },
    skin=(1.0, 0.82, 0.70),
    blush=(0.98, 0.48, 0.42),
    lips=(0.86, 0.46, 0.42),
    iris=(0.16, 0.62, 0.55),
    hair=(0.90, 0.38, 0.10),
    brow=(0.72, 0.28, 0.07),
    hair_volume=0.24,
    hair_strands=9,
    hair_relief=0.07,
    brow_width=0.06,
    brow_lift=0.08,
    brow_slant=0.09,
    iris_angle=40.0,
    neck_cut=6.12,
    freckles=46,
    blush_strength=0.6,
    eye_scale=1.62,
    eye_spacing=0.075,
    nose_scale=0.78,
    mouth_scale=1.1,
    jaw_scale=1.04,
    cranium_scale=1.14,
)
CHARACTERS = (AMARA, PIP)


@dataclass(frozen=True)
class Eyeball:
    """A spherical eye: ``centre`` (3,), ``radius``, in decimetres."""

    centre: Array
    radius: float


@dataclass(frozen=True)
class StyledHead:
    """A character's ``vertices`` (V, 3) in the base body's topology, and its eyes by side."""

    vertices: Array
    eyes: dict[str, Eyeball]


def smoothstep(values: Array) -> Array:
    """0 below 0, 1 above 1, smooth between."""
    clipped = np.clip(values, 0.0, 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)


def style_head(source: MakeHuman, character: Character) -> StyledHead:
    """The base body turned into ``character``: targets first, then the stylising warps."""
    vertices = source.vertices
    for target, weight in character.targets.items():
        vertices = source.apply(vertices, target, weight)
    vertices = _same_frame(source, vertices)
    spheres = {side: fit_sphere(vertices[source.eye_vertices(side)]) for side in "lr"}
    centres = {side: sphere[0] for side, sphere in spheres.items()}
    vertices = _enlarge_eyes(source, vertices, centres, character)
    eyes = {}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        centre, radius = spheres[side]
        shift = np.array([sign * character.eye_spacing, 0.0, 0.0])
        eyes[side] = Eyeball(centre + shift, radius * character.eye_scale)
    vertices = _scale_nose_and_mouth(source, vertices, character)
    vertices = _scale_jaw_and_cranium(vertices, eyes["l"].centre, character)
    return StyledHead(vertices, eyes)


def _same_frame(source: MakeHuman, vertices: Array) -> Array:
    """Undo the growth of the whole body: eye distance and eye height are those of the base."""

    def eyes(points: Array) -> Array:
        return np.array([points[source.eye_vertices(side)].mean(axis=0) for side in "lr"])

    base, grown = eyes(source.vertices), eyes(vertices)
    scale = np.ptp(base[:, 0]) / np.ptp(grown[:, 0])
    return (vertices - grown.mean(axis=0)) * scale + base.mean(axis=0)


# Places on MakeHuman's base head, decimetres.
_NOSE = np.array([0.0, 7.02, 1.45])
_MOUTH = np.array([0.0, 6.68, 1.40])
# Around an eye centre, decimetres: the lids move with the eye, and the face gives way smoothly.
_LIDS = 0.22
# Points of the base head that stay where they are when the eyes grow; each with its mirror image.
_FIXED = np.array(
    [
        [0.0, 7.35, 1.45],
        [0.0, 7.02, 1.65],
        [0.0, 6.80, 1.50],
        [0.25, 6.68, 1.35],
        [0.0, 6.55, 1.50],
        [0.0, 6.35, 1.45],
        [0.45, 6.45, 1.0],
        [0.70, 6.75, 0.60],
        [0.80, 7.30, 0.40],
        [0.0, 7.95, 1.40],
        [0.55, 7.95, 1.0],
        [0.0, 8.50, 0.50],
        [0.70, 8.0, 0.20],
        [0.0, 7.30, -0.70],
        [0.50, 6.50, 0.20],
        [0.0, 6.0, 0.90],
        [0.40, 6.0, 0.20],
    ]
)


def _enlarge_eyes(
    source: MakeHuman, vertices: Array, centres: dict[str, Array], character: Character
) -> Array:
    """Scale both eyes with their lids; thin-plate splines carry the rest of the face along."""
    from scipy.interpolate import RBFInterpolator

    if character.eye_scale == 1.0 and character.eye_spacing == 0.0:
        return vertices
    moved, weights, targets = [], [], []
    for side, sign in (("l", 1.0), ("r", -1.0)):
        offset = vertices - centres[side]
        distance = np.linalg.norm(offset, axis=1)
        weight = 1.0 - smoothstep((distance - _LIDS) / 0.1)
        weight[source.eye_vertices(side)] = 1.0
        push = offset * (character.eye_scale - 1.0) + [sign * character.eye_spacing, 0.0, 0.0]
        lids = np.flatnonzero((distance < _LIDS) & (offset[:, 2] > 0.0))[::3]
        moved.append((vertices[lids], push[lids]))
        weights.append(weight)
        targets.append(push)
    fixed = np.concatenate([_FIXED, _FIXED * [-1.0, 1.0, 1.0]])
    fixed = np.unique(fixed, axis=0)
    points = np.concatenate([moved[0][0], moved[1][0], fixed])
    values = np.concatenate([moved[0][1], moved[1][1], np.zeros_like(fixed)])
    spline = RBFInterpolator(points, values, kernel="thin_plate_spline", smoothing=1e-2)
    head = vertices[:, 1] > 5.5
    free = 1.0 - weights[0] - weights[1]
    result = vertices + weights[0][:, None] * targets[0] + weights[1][:, None] * targets[1]
    result[head] += free[head, None] * spline(vertices[head])
    return result


def _scale_about(
    vertices: Array, centre: Array, radius: float, scale: float, amount: tuple[float, float, float]
) -> Array:
    offset = vertices - centre
    weight = np.clip(1.0 - (np.linalg.norm(offset, axis=1) / radius) ** 2, 0.0, 1.0) ** 1.5
    return vertices + weight[:, None] * offset * (scale - 1.0) * np.array(amount)


def _moved(source: MakeHuman, vertices: Array, place: Array) -> Array:
    """Where a place near the base head's surface went to."""
    nearest = np.argsort(np.linalg.norm(source.vertices[:13380] - place, axis=1))[:12]
    return place + (vertices[nearest] - source.vertices[nearest]).mean(axis=0)


def _scale_nose_and_mouth(source: MakeHuman, vertices: Array, character: Character) -> Array:
    nose = _moved(source, vertices, _NOSE)
    vertices = _scale_about(vertices, nose, 0.42, character.nose_scale, (1.0, 1.0, 0.8))
    mouth = _moved(source, vertices, _MOUTH)
    return _scale_about(vertices, mouth, 0.60, character.mouth_scale, (1.0, 0.6, 0.3))


def _scale_jaw_and_cranium(vertices: Array, eye: Array, character: Character) -> Array:
    below = smoothstep((_NOSE[1] - vertices[:, 1]) / 1.0)
    above = smoothstep((vertices[:, 1] - eye[1] - 0.1) / 0.8)
    growth = (character.cranium_scale - 1.0) * above
    scaled = vertices.copy()
    scaled[:, 0] *= (1.0 + (character.jaw_scale - 1.0) * below) * (1.0 + growth)
    scaled[:, 2] += (scaled[:, 2] - (eye[2] - 0.6)) * growth
    scaled[:, 1] += growth * 0.8
    return scaled
