# SPDX-License-Identifier: GPL-3.0-or-later
"""The expression benchmark's figures as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS

from training.markdown import number, table

OURS: Final = "Auto-Rig Face"
GOOGLE: Final = "Face Landmarker"
# Recall of four classes in percent: the paper's own figures, on pictures of its own.
PAPER: Final = "96, 94, 90 and 92 %"
# Of Face Landmarker, these are known to stay near zero whatever the face does.
SAID_DEAD: Final = ("cheekPuff", "noseSneer", "eyeWide", "tongueOut", "jawLeft", "jawRight")


def markdown(result: Mapping[str, Any]) -> str:
    """The page."""
    parts = (_head, _coefficients, _emotions, _confusion, _keys)
    return "\n".join(line for part in parts for line in part(result)) + "\n"


def _head(result: Mapping[str, Any]) -> Iterator[str]:
    where, took = result["machine"], result["milliseconds"]
    yield "# Reading expressions\n"
    yield (
        f"{where['processor']}, {where['cores']} cores (load {where['load']:.1f} at the start), no "
        f"GPU. Written by `make bench-expressions`: {result['pictures']} pictures of "
        f"{result['characters']} characters that no network was trained on, {result['people']} of "
        "them of realistic people, 128 pixels a side, yaw within 75 degrees, every style. They are "
        "rendered by the code that rendered the training pictures: of photographs and of artists' "
        "heads these figures say nothing. *With rest*: a picture of the character at rest is known "
        "as well.\n"
    )
    yield (
        f"Milliseconds a picture, median, two threads: {took['reader']:.1f} to read a face whose "
        f"landmarks are known, {took['with landmarks']:.1f} with the landmarks of a framed picture "
        f"(the goal is 12), {took['with finding']:.1f} with finding the face.\n"
    )


def _coefficients(result: Mapping[str, Any]) -> Iterator[str]:
    yield "## The 52 coefficients\n"
    yield (
        "Errors are over all coefficients, most of which are 0; the correlation is the mean of the "
        f"keys' own. Keys count as alive from a correlation of {result['alive']} on.\n"
    )
    rows = []
    for crowd in ("all", "people"):
        nothing = result["nothing"][crowd]
        rows.append((crowd, "reading nothing", *_numbers(nothing, "error", "rms"), "-", "-"))
        for who, figures in result["coefficients"].items():
            part = figures[crowd]
            alive = sum(
                (key["correlation"] or 0) >= result["alive"] for key in part["keys"].values()
            )
            label = f"{OURS}, with rest" if who == "with rest" else who
            found = result["found"].get(who, {}).get(crowd)
            if found is not None:
                label = f"{label} (face found in {100 * found:.0f} %)"
            rows.append((crowd, label, *_numbers(part, "error", "rms", "correlation"), str(alive)))
    yield table(("pictures", "", "mean error", "RMS error", "correlation", "alive of 52"), rows)
    yield ""


def _emotions(result: Mapping[str, Any]) -> Iterator[str]:
    yield "## Emotions\n"
    yield (
        "Recall of those shown at an intensity of 0.5 or more; a face that isn't found counts as a "
        "miss, but for the last column. Chance is 0.143. "
        f"The paper reports {PAPER} for four classes on its own pictures; these are others, "
        "so no comparison.\n"
    )
    rows = [
        (
            crowd,
            f"{OURS}, with rest" if who == "with rest" else who,
            *(number(figures[crowd]["recall"][name]) for name in EMOTIONS),
            *_numbers(figures[crowd], "mean", "found", "mean of found"),
        )
        for crowd in ("all", "people")
        for who, figures in result["emotions"].items()
    ]
    yield table(("pictures", "", *EMOTIONS, "mean", "found", "mean of found"), rows)
    yield ""
    for name, what in result["lacking"].items():
        yield f"{name} took no part: {what} isn't installed.\n"
    yield (
        "DeepFace took no part: its package holds no weights and loads them from the network when "
        "it first runs.\n"
    )


def _confusion(result: Mapping[str, Any]) -> Iterator[str]:
    yield "Confusion of ours on people, with rest; rows are what was shown:\n"
    counts = result["emotions"]["with rest"]["people"]["confusion"]
    rows = [(name, *map(str, row)) for name, row in zip(EMOTIONS, counts, strict=True)]
    yield table(("", *EMOTIONS), rows)
    yield ""


def _keys(result: Mapping[str, Any]) -> Iterator[str]:
    yield "## Keys\n"
    yield (
        "Correlation on people. In bold what Face Landmarker's own network is known to leave at "
        "rest.\n"
    )
    ours, rest, google = (
        result["coefficients"][who]["people"]["keys"] for who in (OURS, "with rest", GOOGLE)
    )
    rows = [
        (
            f"**{name}**" if name.startswith(SAID_DEAD) else name,
            *(number(keys[name]["correlation"]) for keys in (ours, rest, google)),
        )
        for name in ARKIT_SHAPES
    ]
    yield table(("key", OURS, "with rest", GOOGLE), rows)


def _numbers(part: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    return tuple(number(part[name]) for name in names)
