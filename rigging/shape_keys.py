# SPDX-License-Identifier: GPL-3.0-or-later
"""From transferred displacements to shape keys that hold: lids meet, lips seal and don't cross."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..vocabulary import ARKIT_SHAPES, SIDE_NAMES, mirror_shape
from .head import Head, Role
from .lids import BLINK_STEPS, Lids, lids_of
from .lips import Lips, lips_of
from .mirror import MirroredSkin, mirrored_skin
from .sealed import SealedSkin
from .set_on import seat_of
from .template import Template
from .unfold import Unfolder

LID_SHAPES: Final[tuple[str, ...]] = ("eyeBlink", "eyeSquint", "eyeWide")
ANSWERING: Final[tuple[str, ...]] = ("eyeBlink", "eyeLook")  # a blink shuts, lids follow a gaze
OTHER_STEPS: Final[tuple[float, ...]] = (0.5, 1.0)  # a blink goes further than others
JAW_SHAPES: Final[tuple[str, ...]] = ("jaw", "mouthClose")
MOST_JAW: Final[float] = 1.2  # further open, lips that shut all the same stretch to a spike
LID_REGION: Final[tuple[str, ...]] = ("eye", "cheekSquint")
LIP_SHAPES: Final[tuple[str, ...]] = ("mouth", "jaw", "cheekPuff", "noseSneer")
# Rolled lips fold over each other by nature; mouthClose means something only with jawOpen.
MAY_CROSS: Final[tuple[str, ...]] = ("mouthRollLower", "mouthRollUpper", "mouthClose")
TOLERATED_CROSSING: Final[float] = 0.008
TOLERATED_ASYMMETRY: Final[float] = 0.004
NEGLIGIBLE: Final[float] = 2e-5  # of the IOD; below that a vertex doesn't move

THREADS: Final[int] = min(4, os.cpu_count() or 1)

Shapes = dict[str, NDArray[np.float64]]


def build_shapes(head: Head, template: Template, raw: Shapes) -> tuple[Shapes, tuple[str, ...]]:
    """Shapes (N, 3) that keep the hard constraints, and the names of those that this head can't
    have.
    """
    shapes = {name: raw.get(name, np.zeros_like(head.vertices)).copy() for name in ARKIT_SHAPES}
    mirrored = mirrored_skin(head)
    unfold = Unfolder(head)
    disabled = _keep_shut(head, template, shapes)
    if not (head.role == Role.TONGUE).any():
        disabled.append("tongueOut")
        shapes["tongueOut"] = np.zeros_like(head.vertices)
    shapes = _each(unfold, symmetrise(shapes, mirrored))
    lids = _constrain_lids(head, shapes)
    shapes |= _settle_lids(shapes, lids, unfold, mirrored)
    if head.seam is not None:
        lips = lips_of(head)
        mouth = {name: shape for name, shape in shapes.items() if _moves_lips(name)}
        shapes |= _part_lips(mouth, lips, _shut_in_template(template), unfold, mirrored)
        # Last, because it answers to jawOpen as that has become.
        shapes["mouthClose"] = _seal_lips(lips, unfold, shapes["jawOpen"], shapes["mouthClose"])
    seat = seat_of(head)
    if seat is not None:
        shapes = _each(unfold, {name: seat(shape) for name, shape in shapes.items()})
    for shape in shapes.values():
        shape[np.linalg.norm(shape, axis=1) < NEGLIGIBLE] = 0.0
    return shapes, tuple(disabled)


def _keep_shut(head: Head, template: Template, shapes: Shapes) -> list[str]:
    """Make shapes hold eyes and a mouth together that have no opening, in place; the names of
    those that are nothing without one.
    """
    disabled: list[str] = []
    sides = [side for side in SIDE_NAMES if side not in head.rims]
    if not sides and head.seam is not None:
        return disabled
    sealed = SealedSkin(head)
    for side in sides:
        word, band = SIDE_NAMES[side], sealed.eye(side)
        if side not in head.buttons:
            disabled.extend(name + word for name in LID_SHAPES)
        for name, shape in shapes.items():
            # Gaze moves lids, too; without any, it moves the eye parts alone.
            if name.startswith("eye"):
                shapes[name] = np.zeros_like(shape) if name.endswith(word) else shape
            else:
                shapes[name] = sealed.fill(shape, band)
    if head.seam is None:
        disabled.append("mouthClose")
        shapes["mouthClose"] = np.zeros_like(head.vertices)
        lips = Lips(template.head)
        for name, own in template.shapes.items():
            parts = name.startswith(("mouth", "jaw")) and lips.opens(own.astype(np.float64))
            if parts or (head.covered and _moves_lips(name)):
                shapes[name] = sealed.fill_mouth(shapes[name])
            if name.startswith("jaw"):
                shapes[name] = sealed.keep_line(sealed.below_mouth(shapes[name]))
    return disabled


def _moves_lips(name: str) -> bool:
    return name.startswith(LIP_SHAPES)


def _shut_in_template(template: Template) -> frozenset[str]:
    """Names of the shapes in which the template's lips stay together."""
    lips = Lips(template.head)
    return frozenset(
        name
        for name, shape in template.shapes.items()
        if lips.keeps_together(shape.astype(np.float64))
    )


def exaggerate(shapes: Shapes, amount: float) -> Shapes:
    """The shapes ``amount`` times as strong, but for those that answer to something else."""
    if amount == 1.0:
        return shapes
    result = {}
    for name, shape in shapes.items():
        most = MOST_JAW if name.startswith(JAW_SHAPES) else np.inf
        result[name] = shape if name.startswith(ANSWERING) else min(amount, most) * shape
    return result


def symmetrise(shapes: Shapes, mirrored: MirroredSkin | None) -> Shapes:
    """Each shape averaged with the mirror image of its counterpart on the other side; the shapes
    themselves on a head that isn't symmetric.
    """
    if mirrored is None:
        return shapes
    others = [shapes[mirror_shape(name)] for name in shapes]
    with ThreadPoolExecutor(THREADS) as pool:
        return dict(zip(shapes, pool.map(mirrored.mean, shapes.values(), others), strict=True))


def _each(change: Callable[[NDArray[np.float64]], NDArray[np.float64]], shapes: Shapes) -> Shapes:
    """Every shape changed; large numpy operations run side by side."""
    with ThreadPoolExecutor(THREADS) as pool:
        return dict(zip(shapes, pool.map(change, shapes.values()), strict=True))


def _part_lips(
    mouth: Shapes, lips: Lips, shut: frozenset[str], unfold: Unfolder, mirrored: MirroredSkin | None
) -> Shapes:
    """The mouth's shapes without folds, alike on both sides, and with lips that don't cross.

    ``shut``: shapes that keep the lips together.
    """

    def apart(name: str, shape: NDArray[np.float64], tolerated: float) -> NDArray[np.float64]:
        if name in MAY_CROSS:
            return shape
        if name in shut:
            return lips.hold_together(shape)
        return lips.uncross(shape, tolerated)

    mouth = {name: unfold(apart(name, shape, 0.0)) for name, shape in mouth.items()}
    # Smoothing may have brought the lips together again, and so may averaging where the two
    # sides of the mesh don't quite match.
    mouth = {
        name: apart(name, shape, TOLERATED_CROSSING)
        for name, shape in symmetrise(mouth, mirrored).items()
    }
    mean = symmetrise(mouth, mirrored)
    for name, shape in mouth.items():
        if _mean_length(shape - mean[name]) > TOLERATED_ASYMMETRY:
            mouth[name] = mean[name]
        mouth[name] = _smooth_if_apart(mouth[name], lips, unfold)
    return mouth


def _smooth_if_apart(
    shape: NDArray[np.float64], lips: Lips, unfold: Unfolder
) -> NDArray[np.float64]:
    """The shape without folds, unless its lips would shift by that."""
    smooth = unfold(shape)
    shifted = np.abs(lips.gap(smooth) - lips.gap(shape)).max()
    return smooth if shifted < TOLERATED_CROSSING / 2 else shape


def _mean_length(difference: NDArray[np.float64]) -> float:
    """Mean over the vertices that differ at all."""
    length = np.linalg.norm(difference, axis=1)
    return float(length[length > NEGLIGIBLE].mean()) if (length > NEGLIGIBLE).any() else 0.0


def _seal_lips(
    lips: Lips, unfold: Unfolder, jaw_open: NDArray[np.float64], mouth_close: NDArray[np.float64]
) -> NDArray[np.float64]:
    """MouthClose (N, 3) that seals the lips on top of jawOpen, without folds where that holds."""
    sealed = jaw_open + lips.seal(jaw_open, mouth_close)
    return _smooth_if_apart(sealed, lips, unfold) - jaw_open


def _settle_lids(
    shapes: Shapes, lids: dict[str, Lids], unfold: Unfolder, mirrored: MirroredSkin | None
) -> Shapes:
    """The shapes of the eyes alike on both sides and without folds, and blinks that stay shut.

    Both may have brought a lid back into an eye, whose two sides never quite match.
    """
    eyes = {name: shape for name, shape in shapes.items() if name.startswith(LID_REGION)}
    settled = _each(unfold, symmetrise(eyes, mirrored))
    _clear_eyes(settled, lids)
    for side, own in lids.items():
        blink = f"eyeBlink{SIDE_NAMES[side]}"
        if own.shows_through(settled[blink]):
            settled[blink] = own.close(settled[blink])
    return settled


def _constrain_lids(head: Head, shapes: Shapes) -> dict[str, Lids]:
    """Constrain the shapes of both eyes in place; returns the lids that there are."""
    found = lids_of(head)
    for side, lids in found.items():
        blink = f"eyeBlink{SIDE_NAMES[side]}"
        shapes[blink] = lids.close(shapes[blink])
    _clear_eyes(shapes, found)
    return found


def _clear_eyes(shapes: Shapes, lids: dict[str, Lids]) -> None:
    """Keep the lids out of the eyes on the way into each shape, in place."""
    for side, own in lids.items():
        word = SIDE_NAMES[side]
        for name, shape in shapes.items():
            if name.endswith(word) and name.startswith(LID_REGION):
                is_blink = name.startswith("eyeBlink")
                shapes[name] = own.clear_path(shape, BLINK_STEPS if is_blink else OTHER_STEPS)
