# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit the factors of ``rigging/expected_error.py``: ``python -m benchmarks.expected_error``.

Each network alone looks at heads made in code, of identities that are kept for validation. Prints
the factors that fit best, and expected beside observed error in ten groups of equal size.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from auto_rig_face.errors import RigError
from auto_rig_face.models.assets import asset_path
from auto_rig_face.rigging import fusion
from auto_rig_face.rigging.dense_points import name_points
from auto_rig_face.rigging.expected_error import expected_error
from auto_rig_face.rigging.orientation import Detector
from auto_rig_face.rigging.template import load_template
from numpy.typing import NDArray
from scipy.optimize import nnls

from training.landmarks import expressions, source
from training.landmarks.heads import families

from .generality import known_points, mesh_of
from .networks import detectors

Floats = NDArray[np.float64]
GROUPS: Final = 10
FIRST: Final = 500  # of the validation identities
# Points that are off by more than this say that something else was taken for a face.
WORST: Final = 0.6


@dataclass(frozen=True)
class Known:
    """What is known of N points before their place is checked, and how far they are off; IOD.

    ``network`` is zero where the network doesn't say.
    """

    network: Floats
    spread: Floats
    score: Floats
    observed: Floats


class _Recorder:
    """Stands in for ``expected_error`` and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Floats, Floats, Floats, float]] = []

    def __call__(
        self, network: Floats | None, spread: Floats, scale: float, score: float
    ) -> Floats:
        answer = expected_error(network, spread, scale, score)
        own = np.zeros_like(spread) if network is None else network / scale
        self.asked.append((answer, own, spread / scale, score))
        return answer


def look(detect: Detector, count: int) -> Known:
    """All named points of ``count`` heads of each family, as one network finds them."""
    rows: list[Floats] = []
    for family in families.FAMILIES:
        for number in range(count):
            identity = source.identity_of("validation", FIRST + number)
            head = families.build_head(family, identity, expressions.neutral())
            recorder = _Recorder()
            fusion.expected_error = recorder
            try:
                located = fusion.locate_face(mesh_of(head), detect)
            except RigError:
                continue
            finally:
                fusion.expected_error = expected_error
            _, network, spread, score = next(
                asked for asked in recorder.asked if asked[0] is located.expected_error
            )
            places, truth = name_points(located.dense), known_points(head)
            names = [name for name in truth if name in places]
            own, apart = (name_points(values[:, None]) for values in (network, spread))
            rows += [
                np.array([own[n][0], apart[n][0], score, np.linalg.norm(places[n] - truth[n])])
                for n in names
            ]
    network, spread, scores, observed = np.array(rows).T
    return Known(network, spread, scores, observed)


def fit(known: Known) -> Floats:
    """(4,) floor, network, spread and doubt, none of them negative, by relative least squares."""
    columns = [np.ones_like(known.spread), known.network, known.spread, 1.0 - known.score]
    usable = known.observed < WORST
    table = np.stack(columns, axis=1)[usable]
    # Errors are skewed: each point counts in the measure of what is expected of points like it.
    weight = 1.0 / (0.03 + known.spread + known.network)[usable]
    factors, _ = nnls(table * weight[:, None], known.observed[usable] * weight)
    return factors


def deciles(known: Known, factors: Floats) -> Iterator[tuple[float, float]]:
    """Expected and observed error in groups of equal size, the surest first."""
    columns = [np.ones_like(known.spread), known.network, known.spread, 1.0 - known.score]
    expected = np.stack(columns, axis=1) @ factors
    for group in np.array_split(np.argsort(expected), GROUPS):
        yield float(expected[group].mean()), float(known.observed[group].mean())


def main() -> int:
    """The command line; 0 when it is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=4, help="heads of each family")
    given = parser.parse_args()
    template = load_template(asset_path("template.npz"))
    for name, detect in zip(("SILENT", "SAYS"), detectors(template), strict=True):
        known = look(detect, given.count)
        factors = fit(known)
        named = zip(("floor", "network", "spread", "doubt"), factors, strict=True)
        print(f"{name}: {len(known.observed)} points, median {np.median(known.observed):.3f} IOD")
        print("  " + ", ".join(f"{key}={value:.3f}" for key, value in named))
        for expected, observed in deciles(known, factors):
            print(f"  expected {expected:.3f}, observed {observed:.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
