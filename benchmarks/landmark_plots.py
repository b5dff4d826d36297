# SPDX-License-Identifier: GPL-3.0-or-later
"""The landmark benchmark's plots: calibration, cumulative errors, errors by region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, ScalarFormatter

from . import landmark_scores as scores
from .landmark_figures import GOOGLE
from .landmark_scores import Answers, Truth

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOLERANCE: Final = 1.3
LONGEST: Final = 20.0  # percent, of the cumulative curves
DOTS_AN_INCH: Final = 110
# Okabe and Ito: apart for every kind of colour vision.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")


def draw_all(
    truth: Truth, networks: Sequence[Answers], result: Mapping[str, Any], folder: Path
) -> dict[str, Path]:
    """Write every plot to ``folder``; what it shows -> its file. ``networks``: ours first."""
    with_points = [answers for answers in networks if answers.has_points]
    plots = {
        "Expected and observed error by decile": (
            "landmark_calibration.png",
            _calibration(result["calibration"]),
        ),
        "Cumulative error": ("landmark_cumulative_error.png", _cumulative(truth, with_points)),
        "Error by region": ("landmark_regions.png", _regions(truth, with_points)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in plots.values():
        figure.savefig(
            folder / name, dpi=DOTS_AN_INCH, bbox_inches="tight", metadata={"Software": None}
        )
    return {title: folder / name for title, (name, _) in plots.items()}


def _calibration(tenths: Sequence[Mapping[str, float]]) -> Figure:
    figure = Figure(figsize=(5.6, 5.2), layout="constrained")
    axes = figure.subplots()
    expected, observed = (
        np.array([tenth[key] for tenth in tenths]) for key in ("expected", "observed")
    )
    ends = np.array([0.8, 1.25]) * [
        min(expected.min(), observed.min()),
        max(expected.max(), observed.max()),
    ]
    axes.fill_between(
        ends, ends / TOLERANCE, ends * TOLERANCE, color="0.88", label=f"within a factor {TOLERANCE}"
    )
    axes.plot(ends, ends, color="0.5", linewidth=1)
    axes.plot(expected, observed, "o-", color=COLOURS[0], label="tenths of the points")
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_formatter(ScalarFormatter())
    axes.tick_params(which="both", labelsize=8)
    axes.set(xlabel="expected error, % IOD", ylabel="observed error, % IOD")
    axes.legend(loc="upper left", frameon=False)
    return figure


def _cumulative(truth: Truth, networks: Sequence[Answers]) -> Figure:
    figure = Figure(figsize=(9.4, 4.2), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    limits = np.linspace(0, LONGEST, 400)
    for axes, (half, names) in zip(panels, scores.HALVES.items(), strict=True):
        chosen = truth.of(names)
        for answers, colour in zip(networks, COLOURS, strict=False):
            means = scores.answered_means(answers, truth)[chosen]
            axes.plot(limits, scores.cumulative(means, limits), color=colour, label=answers.name)
        axes.axvline(scores.FAILURE, color="0.8", linewidth=1, zorder=0)
        axes.set(xlim=(0, LONGEST), ylim=(0, 1), xlabel="error of a picture, % IOD")
        axes.xaxis.set_major_locator(MultipleLocator(5))
        axes.set_title(f"{half} half, {chosen.sum()} pictures")
        _bare(axes)
    panels[0].set_ylabel("share of pictures")
    panels[1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return figure


def _regions(truth: Truth, networks: Sequence[Answers]) -> Figure:
    """Ours beside Face Landmarker, on pictures where both found the face."""
    figure = Figure(figsize=(9.4, 4.0), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    shown = [networks[0], *(answers for answers in networks if answers.name == GOOGLE)]
    found = np.all([scores.found(answers, truth) for answers in shown], axis=0)
    places = np.arange(len(scores.REGIONS))
    width = 0.8 / len(shown)
    for axes, (half, names) in zip(panels, scores.HALVES.items(), strict=True):
        chosen = found & truth.of(names)
        for number, (answers, colour) in enumerate(zip(shown, COLOURS, strict=False)):
            heights = [_region_error(answers, truth, region, chosen) for region in scores.REGIONS]
            left = places + (number - (len(shown) - 1) / 2) * width
            bars = axes.bar(left, heights, width, color=colour, label=answers.name)
            axes.bar_label(bars, fmt="%.1f", fontsize=8, padding=1)
        axes.set_xticks(places, scores.REGIONS)
        axes.set_title(f"{half} half, {chosen.sum()} pictures")
        _bare(axes)
    panels[0].set_ylabel("error of the named points, % IOD")
    panels[1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return figure


def _region_error(answers: Answers, truth: Truth, region: str, chosen: scores.Bools) -> float:
    rows = scores.region_rows(region, named=True)
    means = scores.picture_means(answers.error[chosen][:, rows], truth.valid[chosen][:, rows])
    return scores.mean(means) or 0.0


def _bare(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.92")
    axes.set_axisbelow(True)
