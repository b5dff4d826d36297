# SPDX-License-Identifier: GPL-3.0-or-later
"""The quality benchmark's figures as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from training.markdown import table

if TYPE_CHECKING:
    from .quality import HeadResult

WORST_SHAPES = 8
INTRODUCTION = (
    "Written by `python -m benchmarks.quality`; docs/evaluation.md defines every figure. "
    "Errors are means over moved vertices, % IOD; the ratio is to doing nothing."
)


def markdown(results: Sequence[HeadResult], ours: str) -> str:
    """The whole report."""
    others = [result for result in results if not result.own_prior]
    own = [result for result in results if result.own_prior]
    parts = [
        "# Shape quality",
        "",
        INTRODUCTION,
        "",
        "## Heads by other artists",
        *_shape_table(others),
        "",
        "## The product's own prior (no evidence of generality)",
        *_shape_table(own),
        "",
        "## Worst shapes of heads by other artists",
        *_worst_table(others, ours),
        "",
        "## Landmarks on the mesh, % IOD",
        *_landmark_table(results),
        "",
        "## Certificates",
        *_certificate_table(results),
        "",
    ]
    return "\n".join(parts)


def _shape_table(results: Sequence[HeadResult]) -> list[str]:
    rows = [
        (
            *(result.name, method, str(score.shapes)),
            *(f"{value:.2f}" for value in (score.error, score.nothing, score.ratio)),
            *(f"{score.cosine:.3f}", f"{score.mae:.2f}", f"{score.q95:.2f}"),
        )
        for result in results
        for method, score in result.summary.items()
    ]
    heads = ("head", "method", "shapes", "error", "nothing", "ratio", "cosine", "MAE mm", "Q95 mm")
    return _table(heads, rows)


def _worst_table(results: Sequence[HeadResult], ours: str) -> list[str]:
    rows = []
    for result in results:
        scores = sorted(result.methods.get(ours, []), key=lambda score: -score.ratio)
        for score in scores[:WORST_SHAPES]:
            figures = (score.error, score.nothing, score.ratio, score.cosine, score.amplitude)
            rows.append((result.name, score.shape, *(f"{value:.2f}" for value in figures)))
    return _table(("head", "shape", "error", "nothing", "ratio", "cosine", "amplitude"), rows)


def _landmark_table(results: Sequence[HeadResult]) -> list[str]:
    rows = []
    for result in results:
        if result.landmark_errors:
            worst = max(result.landmark_errors, key=lambda name: result.landmark_errors[name])
            values = list(result.landmark_errors.values())
            figures = (f"{np.mean(values):.1f}", f"{max(values):.1f}")
            rows.append((result.name, str(len(values)), *figures, worst))
    return _table(("head", "points", "mean", "worst", "where"), rows)


def _certificate_table(results: Sequence[HeadResult]) -> list[str]:
    rows = []
    for result in results:
        missed = [
            f"{metric['name']} {metric['value']:.3g} of {metric['limit']:.3g} ({metric['place']})"
            for metric in result.metrics
            if not metric["passed"]
        ]
        absent = [metric["name"] for metric in result.metrics if metric["value"] is None]
        outcome = result.outcome if result.outcome != "rigged" or missed else "certified"
        size = (str(result.vertices), f"{result.seconds:.1f}")
        misses = "; ".join(missed) or result.message
        rows.append((result.name, *size, outcome, misses, ", ".join(absent)))
    return _table(("head", "vertices", "seconds", "outcome", "misses", "not measurable"), rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [table(heads, rows)] if rows else ["", "None in this run."]
