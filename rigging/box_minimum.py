# SPDX-License-Identifier: GPL-3.0-or-later
"""The minimum of a convex quadratic function within bounds."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STEPS: Final = 30
_HALVINGS: Final = 8
_SMALL: Final = 1e-9


def box_minimum(hessian: Floats, gradient: Floats, low: Floats, high: Floats) -> Floats:
    """(N,) the minimum of x H x / 2 + g x with low <= x <= high, for a positive definite H (N, N)
    and bounds that hold 0. Projected Newton steps: D. P. Bertsekas, "Projected Newton Methods for
    Optimization Problems with Simple Constraints", SIAM J. Control Optim. 20 (1982).
    """
    x = np.zeros(len(gradient))
    value = 0.0
    for _ in range(_STEPS):
        slope = hessian @ x + gradient
        free = ~(((x <= low) & (slope > 0.0)) | ((x >= high) & (slope < 0.0)))
        step = np.zeros(len(x))
        step[free] = -np.linalg.solve(hessian[np.ix_(free, free)], slope[free])
        if np.abs(step).max() < _SMALL:
            break
        for _ in range(_HALVINGS):
            tried = np.clip(x + step, low, high)
            better = float(tried @ (0.5 * hessian @ tried + gradient))
            if better < value:
                break
            step *= 0.5
        else:
            break
        x, value = tried, better
    return x
