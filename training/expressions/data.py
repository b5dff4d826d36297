# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches for the reader: pictures of a bank and of groups, aligned by landmarks as at run time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from auto_rig_face.animation.emotions import SHAPE_MIRROR
from auto_rig_face.models.expression_reader import FARTHEST, alignment, undone
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ..landmarks import points as scheme
from ..landmarks.bank import Bank
from . import groups
from .located import Locator, located

Floats = NDArray[np.float64]
# What a similarity is fitted to: points that expressions move little, and the mouth's corners,
# without which heads turned far away would have no height.
ANCHORS: Final = (
    *(f"lid_upper_{side}_{end}" for side in scheme.SIDES for end in ("00", "10")),
    *("ridge_00", "nose_base", "ala_L", "ala_R", "lip_inner_00", "lip_inner_10"),
)
ANCHOR_ROWS: Final = scheme.indices(ANCHORS)
# The aligned crop on the average head: its middle below the eyes, and half of its side, in IOD.
# An open jaw and raised brows of cartoons lie inside.
MIDDLE: Final = np.array([0.0, 0.6])
HALF: Final = 1.65
# How far an alignment is moved in training, beyond what the landmarks' own errors do.
TURN: Final = 0.05  # radians
SCALE: Final = 0.06
SHIFT: Final = 0.04  # of half a crop
NOISE: Final = 0.006  # of points, in half crops
SMALLEST: Final = 0.04  # scale of an alignment that has gone wrong, in half pictures
GAIN: Final = 0.12
BRIGHTNESS: Final = 0.12
# Labels of the bank end at this intensity: above it, its strong units only saturate.
TRUSTED: Final = 1.0
# How many times as often, at most, a picture with a rare shape is drawn; and how quickly that grows
# with its rarity against the most frequent one.
RARE: Final = 8.0
RARITY: Final = 0.75
SHOWN: Final = 0.4  # of a coefficient that counts as shown


def targets_of(rest: Floats) -> Floats:
    """(A, 2) where the anchors lie in the aligned frame, from ``rest`` (N, 3), the average head."""
    return (rest[ANCHOR_ROWS, :2] * [1.0, -1.0] - MIDDLE) / HALF


@dataclass(frozen=True)
class Labels:
    """Of M pictures. ``points``, ``located`` (M, N, 2) true and by the landmark network, picture
    frame; ``shapes`` (M, 52); ``emotion`` (M,) or -1; ``intensity`` (M,); ``family`` (M,) or "";
    ``seen`` (M,) share of the points that are visible.
    """

    points: NDArray[Any]
    located: NDArray[Any]
    shapes: NDArray[Any]
    emotion: NDArray[np.int64]
    intensity: NDArray[np.float32]
    family: NDArray[np.str_]
    seen: Floats


@dataclass(frozen=True)
class Prepared:
    """A batch: ``picture`` (B, 3, S, S) in 0..1, ``points`` and ``true_points`` (B, N, 2) aligned,
    as they were found and as they are, ``shapes`` (B, 52),
    ``emotion``, ``intensity``, ``capped`` (B,) true where the intensity may be more than it says.
    The last ``grouped`` rows are groups of ``groups.SIZE``.
    """

    picture: Tensor
    points: Tensor
    true_points: Tensor
    shapes: Tensor
    emotion: Tensor
    intensity: Tensor
    capped: Tensor
    grouped: int


class Pictures:
    """All finished pictures of faces of one kind below a folder; those that come later don't count.

    ``cache``: where the landmark network's points are kept.
    """

    def __init__(self, folder: Path, kind: str, locator: Locator, cache: Path) -> None:
        self._pictures: list[NDArray[np.uint8]] = []
        parts: dict[str, list[NDArray]] = {}
        for shelf, path in zip(Bank(folder, kind).shelves(), _paths(folder, kind), strict=True):
            every = np.arange(shelf.count)
            pictures = np.load(path / "pictures.npy", mmap_mode="r")[: len(every)]
            if pictures.shape[2] != locator.size:
                raise ValueError(f"{path}: pictures must be {locator.size} pixels a side")
            found = {name: shelf.rows(name, every) for name in
                     ("points", "shapes", "emotion", "intensity", "face")}  # fmt: skip
            found["seen"] = shelf.rows("visible", every).mean(axis=1)
            found["located"] = located(locator, pictures, cache / f"{path.name}.npy")
            names = path / groups.FAMILY_FILE
            found["family"] = (
                np.load(names)[: len(every)] if names.is_file() else np.full(len(every), "")
            )
            for name, values in found.items():
                parts.setdefault(name, []).append(values)
            self._pictures.append(pictures)
        joined = {name: np.concatenate(values) for name, values in parts.items()}
        if not joined:
            raise ValueError(f"There are no pictures of the kind {kind} in {folder}")
        self._starts = np.cumsum([0, *(len(part) for part in self._pictures)])
        self.faces = np.flatnonzero(joined.pop("face"))
        joined["emotion"] = joined["emotion"].astype(np.int64)
        joined["intensity"] = joined["intensity"].astype(np.float32)
        self.labels = Labels(**joined)

    def __len__(self) -> int:
        return len(self.labels.emotion)

    def at(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """(B, 3, S, S)."""
        part = np.searchsorted(self._starts, rows, side="right") - 1
        pairs = zip(part, rows - self._starts[part], strict=True)
        return np.stack([self._pictures[number][row] for number, row in pairs])

    def odds(self) -> Floats:
        """How often each of ``faces`` is to be drawn: more where it shows what few show, less where
        half of the face is hidden, which teaches little.
        """
        shown = self.labels.shapes[self.faces] >= SHOWN
        share = shown.mean(axis=0)
        rarity = (share.max() / np.maximum(share, 1 / len(shown))) ** RARITY
        odds = np.where(shown, np.clip(rarity, 1.0, RARE), 1.0).max(axis=1)
        odds = odds * self.labels.seen[self.faces] ** 2
        return odds / odds.sum()


def _paths(folder: Path, kind: str) -> list[Path]:
    return [path.parent for path in sorted(folder.glob(f"{kind}-*/count"))]


class Source:
    """Draws batches of pictures of ``size`` pixels a side: ``single`` ones from the bank, and
    ``together`` whole groups, where there are any. With a size of 0 there are only labels.
    """

    def __init__(
        self, bank: Pictures, grouped: Pictures | None, targets: Floats, size: int
    ) -> None:
        self._bank, self._groups = bank, grouped
        self._targets, self._size = targets, size
        self._odds = bank.odds()

    def draw(self, rng: np.random.Generator, single: int, together: int) -> Prepared:
        """A batch, changed at random."""
        together = together if self._groups is not None else 0
        rows = self._bank.faces[rng.choice(len(self._odds), single, p=self._odds)]
        flip = rng.random(single) < 0.5
        parts = [(self._bank, rows)]
        if self._groups is not None and together:
            first = rng.integers(len(self._groups) // groups.SIZE, size=together) * groups.SIZE
            parts.append((self._groups, (first[:, None] + np.arange(groups.SIZE)).ravel()))
            # A character's pictures are compared with each other: all or none are mirrored.
            flip = np.append(flip, np.repeat(rng.random(together) < 0.5, groups.SIZE))
        pictures = torch.zeros(len(flip), 3, 0, 0)
        if self._size:
            found_pictures = np.concatenate([source.at(some) for source, some in parts])
            pictures = torch.from_numpy(found_pictures).float() / 255

        def joined(name: str) -> NDArray:
            return np.concatenate([getattr(source.labels, name)[some] for source, some in parts])

        true, found = (joined(name).astype(np.float64) for name in ("points", "located"))
        points = _uncertain(rng, true, found)
        pictures, points, shapes = mirrored(pictures, points, joined("shapes"), flip)
        inverse = _moved(rng, _aligned(points, self._targets, flip, true))
        aligned = warped(pictures, inverse, self._size) if self._size else pictures
        local = undone(inverse, points) + rng.normal(0.0, NOISE, points.shape)
        exact = undone(inverse, seen_in_a_mirror(true, flip))
        intensity = joined("intensity")
        capped = (intensity > TRUSTED) & (np.arange(len(intensity)) < single)
        return Prepared(
            picture=_relit(rng, aligned),
            points=torch.from_numpy(local.clip(-FARTHEST, FARTHEST)).float(),
            true_points=torch.from_numpy(exact.clip(-FARTHEST, FARTHEST)).float(),
            shapes=torch.from_numpy(shapes).float(),
            emotion=torch.from_numpy(joined("emotion")),
            intensity=torch.from_numpy(intensity),
            capped=torch.from_numpy(capped),
            grouped=together * groups.SIZE,
        )


def _uncertain(rng: np.random.Generator, true: Floats, found: Floats) -> Floats:
    """Points as the network finds them, or nearer to the truth, as a better network would."""
    share = np.where(rng.random(len(true)) < 0.5, 1.0, rng.uniform(0.0, 1.2, len(true)))
    return true + share[:, None, None] * (found - true)


def mirrored(
    pictures: Tensor, points: Floats, shapes: NDArray, flip: NDArray[np.bool_]
) -> tuple[Tensor, Floats, NDArray]:
    """The rows in ``flip`` seen in a mirror."""
    pictures, shapes = pictures.clone(), shapes.copy()
    pictures[flip] = pictures[flip].flip(3)
    shapes[flip] = shapes[flip][:, SHAPE_MIRROR]
    return pictures, seen_in_a_mirror(points, flip), shapes


def seen_in_a_mirror(points: Floats, flip: NDArray[np.bool_]) -> Floats:
    """``points`` (B, N, 2), those in ``flip`` (B,) with sides exchanged."""
    return np.where(flip[:, None, None], points[:, scheme.MIRROR] * [-1.0, 1.0], points)


def _aligned(points: Floats, targets: Floats, flip: NDArray[np.bool_], true: Floats) -> Floats:
    """Alignments (B, 2, 3); where the network has lost the face, by the true points."""
    inverse = alignment(points[:, ANCHOR_ROWS], targets)
    lost = np.hypot(inverse[:, 0, 0], inverse[:, 1, 0]) < SMALLEST
    if lost.any():
        known = seen_in_a_mirror(true, flip)
        inverse[lost] = alignment(known[lost][:, ANCHOR_ROWS], targets)
        # No face is smaller than that: points that have all met in one place.
        inverse[lost, 0, 0] += SMALLEST
        inverse[lost, 1, 1] += SMALLEST
    return inverse


def _moved(rng: np.random.Generator, inverse: Floats) -> Floats:
    """Alignments turned, scaled and shifted a little, each in its own way."""
    count = len(inverse)
    angle = rng.normal(0.0, TURN, count)
    scale = np.exp(rng.normal(0.0, SCALE, count))
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.stack([cosine, -sine, sine, cosine], axis=1).reshape(-1, 2, 2)
    shift = rng.normal(0.0, SHIFT, (count, 2, 1))
    return np.concatenate(
        [inverse[..., :2] @ linear, inverse[..., :2] @ shift + inverse[..., 2:]], axis=2
    )


def warped(pictures: Tensor, inverse: Floats, size: int) -> Tensor:
    """Crops (B, 3, size, size); what comes in from outside repeats the border."""
    theta = torch.from_numpy(inverse).float()
    grid = functional.affine_grid(theta, [len(pictures), 3, size, size], align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def _relit(rng: np.random.Generator, pictures: Tensor) -> Tensor:
    count = len(pictures)
    gain = torch.from_numpy(rng.normal(1.0, GAIN, (count, 3, 1, 1))).float()
    level = torch.from_numpy(rng.normal(0.0, BRIGHTNESS, (count, 1, 1, 1))).float()
    return (pictures * gain + level).clamp(0, 1)


def statistics(source: Source, rng: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (N, 2) of aligned points."""
    points: Sequence[Tensor] = [source.draw(rng, 32, 0).points for _ in range(-(-count // 32))]
    joined = torch.cat(list(points))
    return joined.mean(dim=0), joined.std(dim=0).clamp(min=0.02)
