# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered performances, as the product's networks read them frame by frame.

A clip shows one character in one look; its head turns, and a crop follows its face as a detector
does, never exactly. What is kept is what the reader says: pictures would be a thousand times as
much.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from auto_rig_face.models.dense_landmarks import DenseLandmarker
from auto_rig_face.models.expression_reader import ExpressionReader, Reading
from numpy.typing import NDArray

from ..expressions.groups import SHARES
from ..landmarks import looks, source
from ..landmarks import points as scheme
from ..landmarks.draw import Order, fulfil
from ..landmarks.expressions import Expression, neutral
from ..landmarks.heads import families
from ..landmarks.pool import MOST_TRIANGLES, MOST_VERTICES, HeadPool
from ..landmarks.scene import Head, Look, face_frame, project
from . import curves

Floats = NDArray[np.float64]
SIZE: Final = 128  # pixels of a picture's side
_BOX: Final = scheme.indices(scheme.FACE_BOX)
_FILL: Final = (0.5, 0.75)  # of the picture by the face
_UNSTEADY: Final = 0.012  # deviation of a crop's middle, of half a picture
_AT_ONCE: Final = 16  # pictures


@dataclass(frozen=True)
class Clip:
    """F frames of one character. ``rate`` in frames a second; ``truth`` (F, 52); ``alone`` and
    ``compared`` (F, 52): readings by themselves, and against a picture at rest; ``emotions``
    (F, 7), ``intensity`` (F,); ``family``.
    """

    rate: float
    truth: Floats
    alone: Floats
    compared: Floats
    emotions: Floats
    intensity: Floats
    family: str


@dataclass(frozen=True)
class Shot:
    """``pictures`` (1 + F, SIZE, SIZE, 3) uint8, the first at rest, of a performance ``truth``
    (F, 52) as far as the character can show it.
    """

    pictures: NDArray[np.uint8]
    truth: Floats
    rate: float
    family: str


def shot_at(
    split: str,
    index: int,
    frames: int,
    seed: int = 0,
    performed: tuple[float, Floats] | None = None,
) -> Shot | None:
    """The ``index``-th shot of a split, the same in every run; None where its head is too large.
    ``performed``: rate and coefficients (F, 52) to act instead of a random performance.
    """
    rng = np.random.default_rng((seed, source.SPLITS.index(split), index, 7))
    # Films show people more often than pictures do.
    family = source.family_of(rng, SHARES["test"])
    identity = source.identity_of(split, int(rng.integers(2**40)))
    if performed is None:
        rate = float(rng.choice(curves.RATES))
        values = curves.performance(rng, max(frames, round(rate) + 1), rate)[:frames]
    else:
        rate, values = performed
    shown = [neutral(), *(Expression(row.astype(np.float32), "", 0.0) for row in values)]
    heads = [families.build_head(family, identity, expression) for expression in shown]
    if any(len(h.vertices) > MOST_VERTICES or len(h.triangles) > MOST_TRIANGLES for h in heads):
        return None
    look, style = _look(rng, heads, rate)
    truth = np.array([head.expression.coefficients for head in heads[1:]], np.float64)
    return Shot(_pictures(heads, look, style), truth, rate, family)


def _look(
    rng: np.random.Generator, heads: list[Head], rate: float
) -> tuple[Look, NDArray[np.str_]]:
    """One look for all frames, but for the head's turns, the crop and the camera's noise."""
    count = len(heads)
    points = np.stack([head.points for head in heads])
    first, style = looks.sample_looks(rng, points[:1])
    look = first.rows(np.zeros(count, np.int64))
    angles = curves.turns(rng, count, rate)
    plain = replace(
        look,
        rotation=looks.angles_to_rotation(*angles.T),
        focal=np.ones_like(look.focal),
        shift=np.zeros_like(look.shift),
        seed=rng.integers(0, 2**31, count),
        occluder=np.zeros_like(look.occluder),
    )
    boxes = face_frame(project(plain, points[:, _BOX]))
    # The size of a box follows every yawn; a crop does so slowly, if at all.
    side = np.median((boxes[:, 2:] - boxes[:, :2]).max(axis=1))
    focal = 2.0 * rng.uniform(*_FILL) / side
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2 * focal
    place = rng.uniform(-0.1, 0.1, 2) + rng.normal(0.0, _UNSTEADY, (count, 2))
    aimed = replace(
        plain,
        focal=np.full(count, focal, np.float32),
        shift=(place - middles).astype(np.float32),
    )
    return aimed, np.repeat(style, count)


def _pictures(heads: list[Head], look: Look, style: NDArray[np.str_]) -> NDArray[np.uint8]:
    taken = []
    for first in range(0, len(heads), _AT_ONCE):
        some = heads[first : first + _AT_ONCE]
        pool = HeadPool(len(some), "cpu")
        pool.add(some)
        rows = slice(first, first + len(some))
        wanted = Order(np.arange(len(some)), look.rows(rows), style[rows])
        pixels = (fulfil(pool, wanted, SIZE).pictures * 255 + 0.5).to(torch.uint8).numpy()
        taken.append(pixels.transpose(0, 2, 3, 1))
    return np.ascontiguousarray(np.concatenate(taken))


def read(shot: Shot, reader: ExpressionReader, landmarker: DenseLandmarker) -> Clip:
    """What the networks say of a shot."""
    faces = [landmarker.predict(picture, framed=True) for picture in shot.pictures]
    seen = list(zip(shot.pictures, faces, strict=True))
    rest = reader.read_face(*seen[0])
    alone = [reader.read_face(*one) for one in seen[1:]]
    compared = [reader.read_face(*one, rest=rest) for one in seen[1:]]
    return Clip(
        rate=shot.rate,
        truth=shot.truth,
        alone=_coefficients(alone),
        compared=_coefficients(compared),
        emotions=np.array([reading.emotions for reading in alone]),
        intensity=np.array([reading.intensity for reading in alone]),
        family=shot.family,
    )


def _coefficients(readings: list[Reading]) -> Floats:
    return np.array([reading.coefficients for reading in readings])


def save(clip: Clip, path: Path) -> None:
    """Half precision is finer than what the networks know."""
    values = {field.name: np.asarray(getattr(clip, field.name)) for field in fields(Clip)}
    halves = {n: v.astype(np.float16) if v.ndim else v for n, v in values.items()}
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **halves)
    partial.replace(path)


def load(path: Path) -> Clip:
    """A clip of a file."""
    with np.load(path, allow_pickle=False) as kept:
        values = {field.name: kept[field.name] for field in fields(Clip)}
    arrays = {n: v.astype(np.float64) for n, v in values.items() if v.ndim}
    return Clip(rate=float(values["rate"]), family=str(values["family"]), **arrays)


def fill(
    folder: Path,
    split: str,
    count: int,
    frames: int,
    part: int = 0,
    parts: int = 1,
    performed: tuple[float, Floats] | None = None,
) -> None:
    """Render clips ``part``, ``part + parts``, ... of the first ``count`` of a split; those that
    are there already stay. ``performed`` as in ``shot_at``.
    """
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    landmarker = DenseLandmarker(1)
    reader = ExpressionReader(1, landmarker=landmarker)
    for index in range(part, count, parts):
        path = folder / f"clip_{index:05d}.npz"
        if path.exists():
            continue
        try:
            shot = shot_at(split, index, frames, performed=performed)
        except (ValueError, IndexError, FloatingPointError, np.linalg.LinAlgError) as error:
            # One bad seed must not end a long run.
            print(f"{split} clip {index} could not be built: {error}", flush=True)
            continue
        if shot is not None:
            save(read(shot, reader, landmarker), path)
