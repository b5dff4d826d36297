# SPDX-License-Identifier: GPL-3.0-or-later
"""The landmark benchmark's figures as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from training.markdown import table

from . import landmark_scores as scores

DASH: Final = "-"


def markdown(result: Mapping[str, Any], images: Mapping[str, str]) -> str:
    """The page. ``images``: name of a plot -> its path as seen from the page."""
    parts = (_head, _errors, _regions, _peers, _calibration, _found, _times)
    lines = [line for part in parts for line in part(result)]
    plots = [f"![{name}]({path})\n" for name, path in images.items()]
    return "\n".join([*lines, "## Plots\n", *plots])


def _head(result: Mapping[str, Any]) -> Iterator[str]:
    machine = result["machine"]
    yield "# Landmarks\n"
    yield (
        f"{machine['processor']}, {machine['cores']} cores (load {machine['load']:.1f} at the "
        f"start), no GPU. Written by `make bench-landmarks`: {result['pictures']} pictures of "
        f"faces and {result['pictures without a face']} of things without one; networks "
        f"`{result['networks']}`.\n"
    )
    rows = []
    for check in result["checks"]:
        value, goal = (_figure(check[key], check["kind"]) for key in ("value", "goal"))
        sign = "≥" if check["at_least"] else "≤"
        met = {True: "yes", False: "**no**", None: DASH}[check["met"]]
        rows.append((check["name"], value, f"{sign} {goal}", met))
    yield table(("figure", "ours", "goal", "met"), rows, "lrrl")
    yield ""
    yield (
        "Pictures are rendered by the code that also made the training pictures, of identities "
        "that were held out from training and calibration: whole scenes of 128 to 1024 pixels, the "
        "face's longer side 25 to 85 % of the picture's, yaw within 75, pitch 35, roll 45 degrees, "
        "every style, and camera faults on most. Photographs and artists' heads are not among "
        "them. Every network looks for the face itself.\n"
    )
    yield (
        "Errors are percent of the inter-ocular distance (IOD), which is that of the face seen "
        "from straight on, whatever its turn; means over pictures of the mean over the product's "
        f"{len(scores.NAMED)} named points that exist and lie inside the picture, hidden ones "
        "among them. Our own errors count every picture, also where no face was seen.\n"
    )


def _errors(result: Mapping[str, Any]) -> Iterator[str]:
    yield "## Error by family and style\n"
    groups = {
        "all": result["all"],
        "all that were found": result["all found"],
        "human, near front": result["human, near front"],
        **{f"family {name}": row for name, row in result["families"].items()},
        **{f"style {name}": row for name, row in result["styles"].items()},
    }
    rows = [
        (
            *(name, str(row["pictures"])),
            *(_figure(row[key], "percent") for key in ("nme", "median")),
            _figure(row["auc@10"], "area"),
            *(_figure(row[key], "share") for key in ("fr@10", "found")),
        )
        for name, row in groups.items()
    ]
    heads = ("pictures of", "count", "NME", "median", "AUC@10", "FR@10", "found")
    yield table(heads, rows, "lrrrrrr")
    yield ""


def _regions(result: Mapping[str, Any]) -> Iterator[str]:
    yield "## Error by region\n"
    yield (
        "All points of the dense scheme that belong to the region, exist and lie inside the "
        "picture. The last columns are shares of points, not of pictures.\n"
    )
    limits = [f"within {limit:g} %" for limit in scores.SHARES_WITHIN]
    rows = []
    for region, row in result["regions"].items():
        errors = [_figure(row[key], "percent") for key in ("nme", *scores.HALVES)]
        shares = [_figure(row[key], "share") for key in limits]
        rows.append((region, str(row["points"]), *errors, *shares))
    heads = ("region", "points", "NME", *scores.HALVES, *limits)
    yield table(heads, rows, "l" + "r" * (len(heads) - 1))
    yield (
        "\nThe paper's own figures by region (Table VIII) are not at hand, and neither is how it "
        "counts a point as right; the two thresholds stand in for that.\n"
    )


def _peers(result: Mapping[str, Any]) -> Iterator[str]:
    yield "## Beside other networks, on the same pictures\n"
    yield (
        f"Found: a score above {scores.SURE:g} and a mean error below {scores.FOUND:g} % of the "
        f"IOD (for boxes: an overlap of {scores.OVERLAP:g} with the face's). Errors are those on "
        "pictures where both networks found the face, over the named points that both give; "
        '"wherever" is the same where both say that there is a face, even if they point elsewhere. '
        "AUC@10 and FR@10 are over all pictures of the half, a face not seen counting as a failure."
        " Where Face Landmarker has no point on a named one, that is interpolated, as the product "
        "does it; what others call the middle of a lid or brow may differ by some percent.\n"
    )
    heads = (
        *("network", "half", "pictures", "it found", "we found", "both", "its error", "ours"),
        *("ratio", "its, wherever", "ours, wherever", "its AUC@10", "ours", "its FR@10", "ours"),
    )
    rows = []
    for name, halves in result["peers"].items():
        for half, row in halves.items():
            cells = [
                str(row["pictures"]),
                *(_figure(row[key], "share") for key in ("found", "found, ours")),
                str(row["both"]),
                *(_figure(row[key], "percent") for key in ("theirs", "ours")),
                _figure(row["ratio"], "ratio"),
                *(_figure(row[f"{who}, wherever"], "percent") for who in ("theirs", "ours")),
                *(_figure(row[key], "area") for key in ("auc@10", "auc@10, ours")),
                *(_figure(row[key], "share") for key in ("fr@10", "fr@10, ours")),
            ]
            rows.append((name, half, *cells))
    yield table(heads, rows, "ll" + "r" * 13)
    for name, what in result["not installed"].items():
        yield f"\n{name} took no part: {what} isn't installed."
    yield ""


def _calibration(result: Mapping[str, Any]) -> Iterator[str]:
    yield "## Expected and observed error\n"
    yield (
        "All points of the dense scheme that exist and lie inside the picture, of faces that were "
        "seen, in ten groups of equal size by the error that the network expects of each.\n"
    )
    rows = []
    for number, row in enumerate(result["calibration"], start=1):
        errors = [_figure(row[key], "percent") for key in ("expected", "observed")]
        rows.append((str(number), *errors, f"{row['factor']:.2f}"))
    yield table(("tenth", "expected", "observed", "factor"), rows, "rrrr")
    yield ""


def _found(result: Mapping[str, Any]) -> Iterator[str]:
    yield "## Found, and found where nothing is\n"
    rows = []
    for name, row in result["found"].items():
        shares = [_figure(row[group], "share") for group in scores.GROUPS]
        false = _figure(result["false finds"][name], "share")
        rows.append((name, *shares, false))
    yield table(("network", *scores.GROUPS, "false finds"), rows, "lr" + "r" * len(scores.GROUPS))
    groups = "; ".join(f"{group}: {', '.join(names)}" for group, names in scores.GROUPS.items())
    yield f"\nFamilies: {groups}.\n"


def _times(result: Mapping[str, Any]) -> Iterator[str]:
    sizes = list(next(iter(result["milliseconds"].values()), {}))
    yield "## Milliseconds a picture\n"
    yield "Picture in, points out, two threads, median of 20 after warming up.\n"
    rows = [
        (name, *(_figure(row[size], "ms") for size in sizes))
        for name, row in result["milliseconds"].items()
    ]
    yield table(("network", *(f"{size} px" for size in sizes)), rows, "l" + "r" * len(sizes))
    yield ""


def _figure(value: float | None, kind: str) -> str:
    """A figure with its unit; a dash where nothing was measured."""
    if value is None:
        return DASH
    forms = {
        "percent": f"{value:.2f} %",
        "share": f"{100 * value:.1f} %",
        "ms": f"{value:.1f} ms",
    }
    return forms.get(kind, f"{value:.2f}")
