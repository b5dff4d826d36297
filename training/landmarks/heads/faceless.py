# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that are no face: pots, blocks, blobs, bare skulls, and heads seen from behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from .. import points as scheme
from ..expressions import neutral
from ..scene import Head, Role
from . import toon
from .assembly import Assembly
from .plans import PLANS
from .shapes import Mesh, box, cone, ellipsoid, lathe, tube, turn

FAMILY: Final = "faceless"
Rng = np.random.Generator


def build(identity: int) -> Head:
    """A thing about as large as a head; its points only give its extent."""
    rng = np.random.default_rng((identity, 99))
    return _turned_away(rng, identity) if rng.random() < 0.35 else _things(rng, identity)


def _turned_away(rng: Rng, identity: int) -> Head:
    """A head of another family that shows its back, also to a camera at the side."""
    family = str(rng.choice(tuple(PLANS)))
    head = toon.build(PLANS[family](rng), neutral(), family, identity, rng)
    rotation = turn("y", rng.uniform(177, 183)).astype(np.float32)
    middle = head.vertices.mean(axis=0)
    # The sides of the skull take the place of the face's points, so that it is framed like one.
    points = (head.points - middle) * [1.0, 1.0, 0.2] + middle
    return replace(
        head,
        vertices=(head.vertices - middle) @ rotation.T + middle,
        normals=head.normals @ rotation.T,
        points=points.astype(np.float32),
        exists=np.zeros(scheme.COUNT, bool),
        family=FAMILY,
        face=False,
    )


def _things(rng: Rng, identity: int) -> Head:
    assembly = Assembly(faceted=bool(rng.random() < 0.3))
    if rng.random() < 0.25:
        skull = PLANS[str(rng.choice(tuple(PLANS)))](rng).skull
        assembly.add(skull.mesh(), Role.SKIN)
    roles = [role for role in Role if role not in {Role.GLINT, Role.PUPIL}]
    for _ in range(int(rng.integers(1, 9))):
        assembly.add(_thing(rng), roles[int(rng.integers(len(roles)))])
    spread = np.concatenate([part.mesh.vertices for part in assembly.parts])
    low, high = spread.min(axis=0), spread.max(axis=0)
    places = low + (high - low) * rng.random((scheme.COUNT, 3))
    assembly.mark(dict(zip(scheme.NAMES, places, strict=True)))
    for feature in scheme.FEATURES:
        assembly.lack(feature)
    head = assembly.finish(neutral(), FAMILY, identity)
    return replace(head, exists=np.zeros(scheme.COUNT, bool), face=False)


def _thing(rng: Rng) -> Mesh:
    size = rng.uniform(0.15, 1.1, 3)
    kind = rng.integers(5)
    if kind == 0:
        mesh = ellipsoid((0, 0, 0), size, squareness=float(rng.uniform(0.3, 1.0)))
    elif kind == 1:
        mesh = box((0, 0, 0), size)
    elif kind == 2:
        height = np.sort(rng.uniform(-1.2, 1.2, 6))[::-1]
        mesh = lathe(np.stack([rng.uniform(0.1, 1.0, 6), height], axis=1))
    elif kind == 3:
        mesh = cone((0, 0, 0), rng.normal(0, 1, 3), float(size[0]))
    else:
        mesh = tube(np.cumsum(rng.normal(0, 0.5, (7, 3)), axis=0), float(0.3 * size[0]))
    rotation = turn("y", rng.uniform(0, 360)) @ turn("x", rng.uniform(0, 360))
    return mesh.moved(rotation, rng.normal(0, 0.7, 3))
