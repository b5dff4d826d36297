# SPDX-License-Identifier: GPL-3.0-or-later
"""The 1€ filter: steady where a signal rests, quick where it moves.

G. Casiez, N. Roussel, D. Vogel, "1€ Filter: A Simple Speed-based Low-pass Filter for Noisy Input in
Interactive Systems", CHI 2012, https://doi.org/10.1145/2207676.2208639
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .data import Floats


@dataclass(frozen=True)
class OneEuro:
    """``min_cutoff`` in hertz, of a signal at rest: lower is steadier; ``beta``: hertz more for a
    speed of 1 a second: higher lags less; ``derivative_cutoff`` in hertz, of the speed itself.
    The defaults are for weights from 0 to 1 at 60 frames a second: what shakes at rest is less than
    a third of itself, what is said and blinked keeps its height within 0.03.
    """

    min_cutoff: float = 1.5
    beta: float = 4.0
    derivative_cutoff: float = 3.0


def smooth(
    times: Floats,
    values: Floats,
    filter_: OneEuro | None = None,
    *,
    strength: float = 1.0,
    zero_lag: bool = True,
) -> Floats:
    """(F, C) smoothed channels; ``times`` (F,) seconds, increasing.

    ``strength`` divides the cut-off frequencies: 0 leaves ``values`` as they are, 1 is the filter
    as it is given. ``zero_lag``: the mean of a run forwards and one backwards, which are late and
    early by the same, instead of the filter as it runs in real time.
    """
    if len(times) != len(values):
        raise ValueError("Every sample needs its time.")
    if strength <= 0.0 or len(values) < 2:
        return values.copy()
    chosen = filter_ or OneEuro()
    steps = np.diff(times)
    forwards = _run(steps, values, chosen, strength)
    if not zero_lag:
        return forwards
    backwards = _run(steps[::-1], values[::-1], chosen, strength)[::-1]
    return 0.5 * (forwards + backwards)


def _run(steps: Floats, values: Floats, filter_: OneEuro, strength: float) -> Floats:
    """The algorithm of the paper over all channels at once; steps (F - 1,) in seconds."""
    smoothed = np.empty_like(values)
    smoothed[0] = values[0]
    speed = np.zeros(values.shape[1])
    for row, step in enumerate(steps, start=1):
        measured = (values[row] - smoothed[row - 1]) / step
        speed += _share(filter_.derivative_cutoff, step) * (measured - speed)
        cutoff = (filter_.min_cutoff + filter_.beta * np.abs(speed)) / strength
        share = _share(cutoff, step)
        smoothed[row] = share * values[row] + (1.0 - share) * smoothed[row - 1]
    return smoothed


def _share(cutoff: Floats | float, step: float) -> Floats | float:
    """Of the new sample, in exponential smoothing with a cut-off frequency: 1 / (1 + tau / step),
    tau = 1 / (2 pi cutoff).
    """
    turns = 2.0 * np.pi * cutoff * step
    return turns / (1.0 + turns)
