# SPDX-License-Identifier: GPL-3.0-or-later
"""How good a rig is, measured on the rig itself. docs/evaluation.md defines every figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ..data import Certificate, Metric
from ..head import Head
from .folds import measure_folds
from .lids import measure_lids
from .lips import measure_lips
from .regions import measure_leak
from .report import judged
from .skin import exposed_skin, poses
from .spikes import measure_spikes
from .symmetry import measure_symmetry
from .teeth import measure_teeth
from .weights import measure_weights

__all__ = ["certify"]


def certify(
    head: Head,
    shapes: dict[str, NDArray[np.float64]],
    weights: csr_matrix | None,
    bones: Sequence[str],
    disabled_shapes: Iterable[str] = (),
) -> Certificate:
    """Measure a rig.

    ``shapes``: ARKit name -> (N, 3) displacement of ``head.vertices``, head frame; the ones that
    were asked for. ``weights``: (N, B) sparse, columns in the order of ``bones``; None when no
    bones were asked for. ``disabled_shapes``: names that this head can't have.
    """
    defined = {name: shape for name, shape in shapes.items() if np.isfinite(shape).all()}
    disabled = frozenset(disabled_shapes)
    usable = {name: shape for name, shape in defined.items() if name not in disabled}
    skin = exposed_skin(head)
    local = dict(poses({name: shape[skin.index] for name, shape in usable.items()}))
    metrics = [
        *measure_lids(head, skin, defined, disabled),
        *measure_lips(head, usable, disabled),
        *measure_folds(head, skin, local),
        measure_spikes(head, skin, local),
        *measure_leak(head, skin, local),
        measure_teeth(head, skin, usable),
        measure_symmetry(head, skin, usable),
        _measure_reconstruction(shapes),
    ]
    if weights is not None:
        metrics += measure_weights(weights, bones)
    return Certificate(tuple(metrics))


def _measure_reconstruction(shapes: dict[str, NDArray[np.float64]]) -> Metric:
    """Vertices that the shape keys move although all are at 0: only undefined numbers can."""
    broken = {
        name: 0 if np.isfinite(shape).all() else int((~np.isfinite(shape)).any(axis=1).sum())
        for name, shape in shapes.items()
    }
    worst = max(broken, key=lambda name: broken[name], default="")
    count = sum(broken.values())
    return judged("reconstruction", count, 0, "vertices", worst if count else "")
