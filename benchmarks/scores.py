# SPDX-License-Identifier: GPL-3.0-or-later
"""How far shapes are from an artist's. docs/evaluation.md defines every figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOVED_SHARE = 0.1  # of a shape's largest displacement
EMPTY = 1e-3  # IOD; a shape that the artist left empty
# It corrects jawOpen and means nothing alone.
LEFT_OUT = frozenset({"mouthClose"})
UNIT_SPHERE_MM = 1000.0


@dataclass(frozen=True)
class Truth:
    """An artist's shapes and what of the head they are judged on.

    ``shapes``: name -> (V, 3) world displacement. ``visible``: (V,) bool, visible skin. ``skin``:
    (V,) bool, all skin. ``iod``: world units. ``radius``: of the head's skin, world units.
    """

    shapes: dict[str, NDArray[np.float64]]
    visible: NDArray[np.bool_]
    skin: NDArray[np.bool_]
    iod: float
    radius: float

    def judged(self) -> list[str]:
        """Names of the shapes that count."""
        return [
            name
            for name, shape in self.shapes.items()
            if name not in LEFT_OUT
            and np.linalg.norm(shape[self.visible], axis=1).max(initial=0.0) > EMPTY * self.iod
        ]


@dataclass(frozen=True)
class ShapeScore:
    """One shape against the artist's.

    ``error`` and ``nothing`` (the error of doing nothing): mean over moved vertices, % IOD;
    ``cosine``: between the whole displacements there; ``mae`` and ``q95``: mm on the head scaled
    into the unit sphere; ``amplitude``: length of the whole displacement against the artist's.
    """

    shape: str
    error: float
    nothing: float
    cosine: float
    amplitude: float
    mae: float
    q95: float

    @property
    def ratio(self) -> float:
        return self.error / self.nothing


@dataclass(frozen=True)
class HeadScore:
    """All shapes of a head: means, but for the cosine, which is the median over shapes."""

    shapes: int
    error: float
    nothing: float
    ratio: float
    cosine: float
    mae: float
    q95: float


def score_shapes(truth: Truth, shapes: Mapping[str, NDArray]) -> list[ShapeScore]:
    """Every judged shape of the artist's against ``shapes``; a missing one does nothing."""
    still = np.zeros_like(next(iter(truth.shapes.values()))) if truth.shapes else None
    return [
        _score_shape(truth, name, np.asarray(shapes.get(name, still), np.float64))
        for name in truth.judged()
    ]


def _score_shape(truth: Truth, name: str, shape: NDArray[np.float64]) -> ShapeScore:
    wanted = truth.shapes[name]
    motion = np.linalg.norm(wanted, axis=1)
    moved = truth.visible & (motion > MOVED_SHARE * motion[truth.visible].max())
    distance = np.linalg.norm(shape - wanted, axis=1)
    mine, theirs = shape[moved].ravel(), wanted[moved].ravel()
    lengths = np.linalg.norm(mine) * np.linalg.norm(theirs)
    to_mm = UNIT_SPHERE_MM / truth.radius
    return ShapeScore(
        shape=name,
        error=100 * float(distance[moved].mean()) / truth.iod,
        nothing=100 * float(motion[moved].mean()) / truth.iod,
        cosine=float(mine @ theirs / lengths) if lengths > 0 else 0.0,
        amplitude=float(np.linalg.norm(mine) / np.linalg.norm(theirs)),
        mae=float(distance[truth.skin].mean()) * to_mm,
        q95=float(np.quantile(distance[truth.skin], 0.95)) * to_mm,
    )


def summarise(scores: Iterable[ShapeScore]) -> HeadScore | None:
    """The figures of a head; None where no shape is judged."""
    scores = list(scores)
    if not scores:
        return None
    error, nothing, mae, q95 = (
        float(np.mean([getattr(score, name) for score in scores]))
        for name in ("error", "nothing", "mae", "q95")
    )
    cosine = float(np.median([score.cosine for score in scores]))
    return HeadScore(len(scores), error, nothing, error / nothing, cosine, mae, q95)
