# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions that bones alone carry: for engines and formats without shape keys, or with few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from .animation.emotions import pose
from .errors import RigError
from .properties import state_of
from .scene.bone_copy import (
    SKULL,
    BoneRig,
    require_no_mirror,
    rest_matrix,
    write_copy,
    write_poses,
)
from .scene.fcurves import require_shape_keys
from .scene.key_writer import key_name
from .scene.landmark_motion import RiggedSurface
from .scene.storage import required_landmarks
from .scene.transaction import Transaction
from .vocabulary import ARKIT_SHAPES, EMOTIONS, corrective_pair

if TYPE_CHECKING:
    import bpy

    from .rigging.data import FaceLandmarks

Floats = NDArray[np.float64]

# What moves by less isn't counted, in inter-ocular distances.
MOVED: Final = 0.005
MOST_FRAMES: Final = 20_000
_AT_ONCE: Final = 64  # frames
_SWEEPS: Final = 6


@dataclass(frozen=True)
class Carried:
    """``armature`` of the copy; ``poses``: how many were keyed; ``residual`` and ``worst``: mean
    distance of what moves, and the 95th percentile, in shares of the inter-ocular distance.
    """

    armature: bpy.types.Object
    poses: int
    residual: float
    worst: float


class _Motion:
    """How the head's own shape keys move it and its parts, in the space of the copy's armature."""

    def __init__(self, context: bpy.types.Context, head: bpy.types.Object) -> None:
        surface = RiggedSurface(context, head)
        blocks = head.data.shape_keys.key_blocks
        own = {key_name(head, shape) for shape in ARKIT_SHAPES}
        own |= {key.name for key in state_of(head).keys}
        self.names = [block.name for block in blocks if block.name in own]
        to_local = np.linalg.inv(rest_matrix(context, head))
        self.scale = float(np.cbrt(abs(np.linalg.det(to_local[:3, :3]))))
        self.vertices = surface.face_mesh.vertices @ to_local[:3, :3].T + to_local[:3, 3]
        self.offsets = np.zeros((len(self.names), *self.vertices.shape))
        for row, name in enumerate(self.names):
            away = surface.offsets(name)
            if away is not None:
                self.offsets[row] = away @ to_local[:3, :3].T

    def of(self, values: Floats) -> Floats:
        """(P, V, 3) displacements of (P, K) values of the keys ``names``."""
        return np.tensordot(values, self.offsets, axes=1)


def carry_by_bones(
    context: bpy.types.Context,
    head: bpy.types.Object,
    bones: int,
    frames: tuple[int, int] | None = None,
) -> Carried:
    """Make a copy of a rigged head that ``bones`` bones move, keyed with what it shows from the
    first to the last of ``frames``, or with one named frame for each shape key.

    Raises RigError where the head has no shape keys, is mirrored, or the span is impossible; the
    scene is then as it was.
    """
    from .rigging.bone_shapes import fit_bones

    require_shape_keys(head, "carry")
    require_no_mirror(head)
    landmarks = required_landmarks(head)
    _check(frames)
    motion = _Motion(context, head)
    unit = landmarks.frame.scale * motion.scale
    fitted = fit_bones(motion.vertices, motion.of(_examples(head, motion.names)), unit, bones)
    names = _names(fitted.places, landmarks, rest_matrix(context, head))
    if frames is None:
        values, markers = _one_each(head, motion.names)
        at = np.arange(len(values), dtype=np.float64)
    else:
        values, at = _performed(context, head, motion.names, frames)
        markers = []
    turns, moves, off = _solve(motion, fitted.weights, values, unit)
    world = rest_matrix(context, head)
    places = fitted.places @ world[:3, :3].T + world[:3, 3]
    rig = BoneRig(names, places, fitted.weights, landmarks.frame.scale)
    with Transaction() as transaction:
        armature = write_copy(context, head, rig, transaction)
        write_poses(armature, names, at, turns, moves, markers)
    residual, worst = (float(off.mean()), float(np.quantile(off, 0.95))) if len(off) else (0.0, 0.0)
    return Carried(armature, len(values), residual, worst)


def _check(frames: tuple[int, int] | None) -> None:
    if frames is not None and not 0 <= frames[1] - frames[0] < MOST_FRAMES:
        raise RigError(
            f"Frames {frames[0]} to {frames[1]} are no span that can be baked.",
            f"Set the scene's frame range to at least one and at most {MOST_FRAMES} frames.",
        )


def _examples(head: bpy.types.Object, names: list[str]) -> Floats:
    """(P, K) values that bones must show: every key by itself, those of a pair together with what
    corrects them, and the emotions.
    """
    columns = {name: column for column, name in enumerate(names)}
    rows = []
    for column, name in enumerate(names):
        row = np.zeros(len(names))
        row[column] = 1.0
        for shape in corrective_pair(name) or ():
            row[columns[key_name(head, shape) or name]] = 1.0
        rows.append(row)
    for emotion in EMOTIONS[1:]:
        row = np.zeros(len(names))
        for shape, value in zip(ARKIT_SHAPES, pose(emotion, 1.0), strict=True):
            key = key_name(head, shape)
            if key in columns:
                row[columns[key]] = value
        rows.append(row)
    return np.array(rows)


def _one_each(head: bpy.types.Object, names: list[str]) -> tuple[Floats, list[str]]:
    """(P, K) values of the face at rest and of each ARKit shape, and what these are called."""
    shapes = [shape for shape in ARKIT_SHAPES if key_name(head, shape) is not None]
    values = np.zeros((1 + len(shapes), len(names)))
    for row, shape in enumerate(shapes, start=1):
        values[row, names.index(key_name(head, shape) or "")] = 1.0
    return values, ["rest", *shapes]


def _performed(
    context: bpy.types.Context, head: bpy.types.Object, names: list[str], span: tuple[int, int]
) -> tuple[Floats, Floats]:
    """(F, K) values of the keys at each frame of a span, and the frames."""
    scene = context.scene
    now, part = scene.frame_current, scene.frame_subframe
    frames = np.arange(span[0], span[1] + 1)
    values = np.zeros((len(frames), len(names)))
    try:
        for row, frame in enumerate(frames.tolist()):
            scene.frame_set(frame)
            blocks = head.data.shape_keys.key_blocks
            values[row] = [0.0 if blocks[name].mute else blocks[name].value for name in names]
    finally:
        scene.frame_set(now, subframe=part)
    return values, frames.astype(np.float64)


def _solve(
    motion: _Motion, weights: Floats, values: Floats, unit: float
) -> tuple[Floats, Floats, Floats]:
    """Turns (F, B, 3, 3) and moves (F, B, 3) of the bones, and how far off what moves is."""
    from .rigging.bone_shapes import blended, solve_bones

    count, bones = len(values), weights.shape[1]
    turns, moves = np.tile(np.eye(3), (count, bones, 1, 1)), np.zeros((count, bones, 3))
    mine = np.flatnonzero(weights[:, 0] < 1.0)
    rest, held = motion.vertices[mine], weights[mine]
    off = []
    for first in range(0, count, _AT_ONCE):
        rows = slice(first, first + _AT_ONCE)
        away = motion.of(values[rows])
        goal = rest + away[:, mine]
        for _ in range(_SWEEPS):
            solve_bones(rest, goal, held, turns[rows], moves[rows], unit)
        far = np.linalg.norm(blended(held, turns[rows], moves[rows], rest) - goal, axis=2) / unit
        off.append(far[np.linalg.norm(away[:, mine], axis=2) > MOVED * unit])
    return turns, moves, np.concatenate(off)


def _names(places: Floats, landmarks: FaceLandmarks, world: Floats) -> tuple[str, ...]:
    """The skull, and each other bone by the landmark that it lies nearest to."""
    points = np.array(list(landmarks.named.values()))
    spoken = list(landmarks.named)
    names = [SKULL]
    for place in places[1:] @ world[:3, :3].T + world[:3, 3]:
        nearest = spoken[int(np.linalg.norm(points - place, axis=1).argmin())]
        stem, side = (
            (nearest[:-2], "." + nearest[-1]) if nearest[-2:] in {"_L", "_R"} else (nearest, "")
        )
        taken = sum(name.startswith(f"face_{stem}_") and name.endswith(side) for name in names)
        names.append(f"face_{stem}_{taken + 1}{side}")
    return tuple(names)
