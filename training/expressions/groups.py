# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered groups of pictures of one character each: at rest first, then in several expressions.

They teach and test what a picture of the character at rest is worth, and unlike the bank of
``training.landmarks`` they show emotions as ``animation.emotions`` defines them, up to intensity 2.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from auto_rig_face.animation.emotions import SHAPE_INDEX, SHAPE_MIRROR
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from ..emotions import data as acted
from ..landmarks import expressions, looks, source
from ..landmarks.bank import Shelf
from ..landmarks.draw import Order, fulfil
from ..landmarks.expressions import Expression
from ..landmarks.heads import families
from ..landmarks.pool import MOST_TRIANGLES, MOST_VERTICES, HeadPool
from ..landmarks.scene import Head, Look

KIND: Final = "groups"
SIZE: Final = 4  # pictures of a group; the first is at rest
TOGETHER: Final = 16  # groups that are rendered at once
# Times that heads are drawn, each time in another look. Building them takes half of the time.
VIEWS: Final = {"train": 3, "validation": 1, "test": 1}
SAME_CAMERA: Final = 0.5  # share of groups that one camera sees
FAMILY_FILE: Final = "family.npy"
# How often each family is drawn. People are what users' pictures show most, and need figures of
# their own.
SHARES: Final[dict[str, dict[str, float]]] = {
    "train": source.FACES,
    "validation": source.FACES,
    "test": {**source.FACES, "human": 0.4},
}

# What makes a character look like itself from picture to picture; cameras, backgrounds and camera
# faults may change.
_OWN: Final = ("palette", "tint_palette", "mottle", "light", "strength", "ambient", "specular",
               "bands", "rim", "cavity", "outline", "ink")  # fmt: skip
_CAMERA: Final = ("rotation", "target", "distance", "focal", "shift")


def group_at(split: str, index: int, seed: int = 0) -> list[Head]:
    """The ``index``-th group of heads of a split: one identity, SIZE expressions."""
    rng = np.random.default_rng((seed, source.SPLITS.index(split), index))
    family = source.family_of(rng, SHARES[split])
    identity = source.identity_of(split, int(rng.integers(2**40)))
    person = acted.person_of(rng)
    poses = [expressions.neutral(), *(shown(rng, person) for _ in range(SIZE - 1))]
    return [families.build_head(family, identity, expression) for expression in poses]


def shown(rng: np.random.Generator, person: acted.Person) -> Expression:
    """Emotions as the product acts them, mixtures of all kinds, and single shapes: the rarest move
    in few of the others. Raised brows say much in talk (Ekman, "About brows", 1979), but come with
    other units in every emotion.
    """
    kind = rng.choice(("acted", "any", "single", "raised"), p=(0.42, 0.23, 0.25, 0.1))
    if kind == "acted":
        coefficients, emotion, intensity = acted.sample(rng, person)
        return Expression(coefficients, EMOTIONS[emotion], intensity)
    if kind == "raised":
        return _raised(rng)
    return expressions.sample(rng) if kind == "any" else _single(rng)


def _raised(rng: np.random.Generator) -> Expression:
    """Both brows raised, inner and outer ends, and nothing else."""
    coefficients = np.zeros(len(ARKIT_SHAPES), np.float32)
    for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"):
        coefficients[SHAPE_INDEX[name]] = rng.uniform(0.5, 1.0)
    return Expression(coefficients, "", 0.0)


def _single(rng: np.random.Generator) -> Expression:
    """One shape, on one side or on both."""
    coefficients = np.zeros(len(ARKIT_SHAPES), np.float32)
    index = int(rng.integers(len(ARKIT_SHAPES)))
    coefficients[index] = rng.uniform(0.4, 1.0)
    if rng.random() < 0.5:
        coefficients[SHAPE_MIRROR[index]] = coefficients[index]
    if ARKIT_SHAPES[index] == "mouthClose":  # shows nothing by itself
        coefficients[SHAPE_INDEX["jawOpen"]] = coefficients[index]
    return Expression(coefficients, "", 0.0)


def looks_of(rng: np.random.Generator, points: NDArray[np.float32]) -> tuple[Look, NDArray]:
    """Looks for heads with ``points`` (G * SIZE, N, 3), group by group, and their styles."""
    groups = len(points) // SIZE
    first, style = looks.sample_looks(rng, points[::SIZE])
    other, _ = looks.sample_looks(rng, points)
    rows = np.repeat(np.arange(groups), SIZE)
    still = np.repeat(rng.random(groups) < SAME_CAMERA, SIZE)
    changed = {name: getattr(first, name)[rows] for name in _OWN}
    for name in _CAMERA:
        fixed, free = getattr(first, name)[rows], getattr(other, name)
        changed[name] = np.where(still.reshape(-1, *[1] * (free.ndim - 1)), fixed, free)
    return replace(other, **changed), style[rows]


def fill(folder: Path, size: int, count: int, split: str, seconds: float, seed: int) -> None:
    """Render ``count`` groups of ``size`` pixels a side, or until the time is over."""
    torch.set_num_threads(1)
    deadline = time.monotonic() + seconds
    rng = np.random.default_rng((seed, source.SPLITS.index(split)))
    views = VIEWS[split]
    batches = -(-count // (TOGETHER * views)) * views
    place = folder / f"{KIND}-{seed}"
    shelf = Shelf(place, size, batches * TOGETHER * SIZE, create=True)
    family = open_memmap(place / FAMILY_FILE, "w+", "<U12", (shelf.capacity,))
    index = 0
    for _ in range(batches // views):
        heads: list[Head] = []
        while len(heads) < TOGETHER * SIZE:
            heads += _fitting(split, index, seed)
            index += 1
        pool = HeadPool(len(heads), "cpu")
        pool.add(heads)
        for _ in range(views):
            look, style = looks_of(rng, pool.points)
            example = fulfil(pool, Order(np.arange(len(heads)), look, style), size)
            family[shelf.added : shelf.added + len(heads)] = example.family
            shelf.add(example.pictures, example.truth)
        if time.monotonic() > deadline:
            break


def _fitting(split: str, index: int, seed: int) -> list[Head]:
    """A group, or nothing where a head can't be built or is too large: one bad seed must not end a
    long run.
    """
    try:
        group = group_at(split, index, seed)
    except (ValueError, IndexError, FloatingPointError, np.linalg.LinAlgError) as error:
        print(f"group {index} could not be built: {error}", flush=True)
        return []
    large = any(len(h.vertices) > MOST_VERTICES or len(h.triangles) > MOST_TRIANGLES for h in group)
    return [] if large else group
