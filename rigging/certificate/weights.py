# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the skin weights are what Blender and game engines need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from ..data import Metric
from .report import judged

SUM_TOLERANCE = 1e-6  # weights are stored as float32
MOST_INFLUENCES = 4


def measure_weights(weights: csr_matrix, bones: Sequence[str]) -> list[Metric]:
    """Sum of the weights, number of influences, and vertices that no bone holds.

    Raises ValueError where the table's columns are not the bones.
    """
    if weights.shape[1] != len(bones):
        raise ValueError(f"{weights.shape[1]} columns of weights for {len(bones)} bones")
    table = csr_matrix(weights, copy=True)
    table.eliminate_zeros()
    influences = np.diff(table.indptr)
    error = np.abs(np.asarray(table.sum(axis=1)).ravel() - 1.0)
    worst = int(error.argmax()) if len(error) else 0
    if not np.isfinite(table.data).all() or (table.data < 0).any():
        return [judged("weights", 1.0, SUM_TOLERANCE, "sum - 1", "", "negative or undefined")]
    heaviest = int(influences.argmax()) if len(influences) else 0
    loose = np.flatnonzero(influences == 0)
    return [
        judged(
            "weights",
            error.max(initial=0.0),
            SUM_TOLERANCE,
            "sum - 1",
            _vertex(table, worst, bones) if error.max(initial=0.0) > SUM_TOLERANCE else "",
        ),
        judged(
            "weight influences",
            influences.max(initial=0),
            MOST_INFLUENCES,
            "bones",
            _vertex(table, heaviest, bones) if influences.max(initial=0) > MOST_INFLUENCES else "",
        ),
        judged(
            "unweighted vertices",
            len(loose),
            0,
            "vertices",
            f"vertex {loose[0]}" if len(loose) else "",
        ),
    ]


def _vertex(table: csr_matrix, vertex: int, bones: Sequence[str]) -> str:
    """A vertex and its strongest bone."""
    row = table.getrow(vertex) if table.shape[0] else None
    if row is None or row.nnz == 0:
        return f"vertex {vertex}"
    return f"vertex {vertex}, {bones[int(row.indices[row.data.argmax()])]}"
