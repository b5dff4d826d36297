# SPDX-License-Identifier: GPL-3.0-or-later
"""From transferred displacements to shape keys that hold: lids meet, lips seal and don't cross."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..vocabulary import ARKIT_SHAPES, mirror_shape
from .head import Head, Role
from .laplacian import HarmonicSolver
from .lids import Lids
from .lips import Lips, close_sealed_mouth, parts_lips
from .mirror import MirrorSymmetry, mirror_symmetry
from .template import Template
from .unfold import Unfolder

SIDE_NAMES: Final[dict[str, str]] = {"L": "Left", "R": "Right"}
LID_SHAPES: Final[tuple[str, ...]] = ("eyeBlink", "eyeSquint", "eyeWide")
LIP_SHAPES: Final[tuple[str, ...]] = ("mouth", "jaw", "cheekPuff", "noseSneer")
# Rolled lips fold over each other by nature; mouthClose means something only with jawOpen.
MAY_CROSS: Final[tuple[str, ...]] = ("mouthRollLower", "mouthRollUpper", "mouthClose")
TOLERATED_CROSSING: Final[float] = 0.008
TOLERATED_ASYMMETRY: Final[float] = 0.004
NEGLIGIBLE: Final[float] = 2e-5  # of the IOD; below that a vertex doesn't move

Shapes = dict[str, NDArray[np.float64]]


def build_shapes(head: Head, template: Template, raw: Shapes) -> tuple[Shapes, tuple[str, ...]]:
    """Shapes (N, 3) that keep the hard constraints, and the names of those that this head can't
    have.
    """
    shapes = {name: raw.get(name, np.zeros_like(head.vertices)).copy() for name in ARKIT_SHAPES}
    symmetry = mirror_symmetry(head)
    unfold = Unfolder(head)
    if symmetry is not None:
        shapes = symmetrise(shapes, symmetry)
    shapes = {name: unfold(shape) for name, shape in shapes.items()}
    disabled: list[str] = []
    lids = _constrain_lids(head, shapes, disabled)
    if symmetry is not None:
        _symmetrise_lids(shapes, symmetry, lids)
    if head.seam is None:
        _keep_mouth_sealed(head, template, shapes, disabled)
        shapes = {name: unfold(shape) for name, shape in shapes.items()}
    else:
        lips = Lips(head)
        mouth = {name: shape for name, shape in shapes.items() if name.startswith(LIP_SHAPES)}
        shapes |= _part_lips(mouth, lips, unfold, symmetry)
        # Last, because it answers to jawOpen as that has become.
        shapes["mouthClose"] = _seal_lips(lips, unfold, shapes["jawOpen"], shapes["mouthClose"])
    for shape in shapes.values():
        shape[np.linalg.norm(shape, axis=1) < NEGLIGIBLE] = 0.0
    return shapes, tuple(disabled)


def symmetrise(shapes: Shapes, symmetry: MirrorSymmetry) -> Shapes:
    """Each shape averaged with the mirror image of its counterpart on the other side.

    Vertices without a partner keep their own motion.
    """
    paired = symmetry.partner >= 0
    partner = symmetry.partner[paired]
    result = {}
    for name, shape in shapes.items():
        other = shapes[mirror_shape(name)]
        result[name] = shape.copy()
        result[name][paired] = (shape[paired] + symmetry.reflect_vectors(other[partner])) / 2
    return result


def _part_lips(
    mouth: Shapes, lips: Lips, unfold: Unfolder, symmetry: MirrorSymmetry | None
) -> Shapes:
    """The mouth's shapes without folds, alike on both sides, and with lips that don't cross."""

    def apart(name: str, shape: NDArray[np.float64], tolerated: float) -> NDArray[np.float64]:
        return shape if name in MAY_CROSS else lips.uncross(shape, tolerated)

    mouth = {name: unfold(apart(name, shape, 0.0)) for name, shape in mouth.items()}
    if symmetry is not None:
        mouth = symmetrise(mouth, symmetry)
    # Smoothing may have brought the lips together again, and so may averaging where the two
    # sides of the mesh don't quite match.
    mouth = {name: apart(name, shape, TOLERATED_CROSSING) for name, shape in mouth.items()}
    if symmetry is None:
        return mouth
    mean = symmetrise(mouth, symmetry)
    return {
        name: mean[name] if _mean_length(shape - mean[name]) > TOLERATED_ASYMMETRY else shape
        for name, shape in mouth.items()
    }


def _mean_length(difference: NDArray[np.float64]) -> float:
    """Mean over the vertices that differ at all."""
    length = np.linalg.norm(difference, axis=1)
    return float(length[length > NEGLIGIBLE].mean()) if (length > NEGLIGIBLE).any() else 0.0


def _seal_lips(
    lips: Lips, unfold: Unfolder, jaw_open: NDArray[np.float64], mouth_close: NDArray[np.float64]
) -> NDArray[np.float64]:
    """MouthClose (N, 3) that seals the lips on top of jawOpen, without folds where that holds."""
    sealed = jaw_open + lips.seal(jaw_open, mouth_close)
    smooth = unfold(sealed)
    opened = np.abs(lips.gap(smooth) - lips.gap(sealed)).max()
    return (smooth if opened < TOLERATED_CROSSING / 2 else sealed) - jaw_open


def _symmetrise_lids(shapes: Shapes, symmetry: MirrorSymmetry, lids: dict[str, Lids]) -> None:
    """Give both eyes the mean of their shapes, in place, unless that would open a shut lid."""
    eyes = {name: shape for name, shape in shapes.items() if name.startswith("eye")}
    mean = symmetrise(eyes, symmetry)
    for side, word in SIDE_NAMES.items():
        blink = f"eyeBlink{word}"
        if side in lids and lids[side].shows_through(mean[blink]):
            del mean[blink], mean[mirror_shape(blink)]
            break
    shapes |= mean


def _constrain_lids(head: Head, shapes: Shapes, disabled: list[str]) -> dict[str, Lids]:
    """Constrain the shapes of both eyes in place; returns the lids that there are."""
    found: dict[str, Lids] = {}
    for side, word in SIDE_NAMES.items():
        if side not in head.rims:
            disabled.extend(name + word for name in LID_SHAPES)
            for name, shape in shapes.items():
                # Gaze moves lids, too; without any, it moves the eye parts alone.
                if name.endswith(word) and name.startswith("eye"):
                    shape[:] = 0.0
            continue
        lids = found[side] = Lids(head, side)
        for name, shape in shapes.items():
            if name == f"eyeBlink{word}":
                shapes[name] = lids.close(shape)
            elif name.endswith(word) and name.startswith(("eye", "cheekSquint")):
                shapes[name] = lids.clear_path(shape, (0.5, 1.0))
    return found


def _keep_mouth_sealed(head: Head, template: Template, shapes: Shapes, disabled: list[str]) -> None:
    """Shapes that part the template's lips must not tear a mouth without a slit."""
    skin_triangles = head.triangles_of(Role.SKIN)
    solver = HarmonicSolver(head.vertices, skin_triangles)
    template_lips = Lips(template.head)
    rest = template_lips.gap(np.zeros_like(template.head.vertices))
    shapes["mouthClose"][:] = 0.0
    disabled.append("mouthClose")
    for name, shape in template.shapes.items():
        if name == "mouthClose" or not name.startswith(("mouth", "jaw")):
            continue
        if parts_lips(template_lips.gap(shape.astype(np.float64)) - rest):
            shapes[name] = close_sealed_mouth(head, solver, shapes[name])
