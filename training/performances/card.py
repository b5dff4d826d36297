# SPDX-License-Identifier: GPL-3.0-or-later
"""The model card of the network that reads films, in Markdown, from the figures of a run."""

from __future__ import annotations

from typing import Any, Final

from auto_rig_face.models.performance_reader import NETWORK

from ..markdown import number, table

_WAYS: Final = {"alone": "no", "compared": "yes"}
_MEASURES: Final = ("error", "rms", "moved", "correlation", "jitter", "lag")


def card(figures: dict[str, Any]) -> str:
    """The model card."""
    file, spent = figures["file"], figures["training"]
    return f"""# Performance reader: model card

Reads from the frames of a film what a face does: the 52 ARKit coefficients of every frame, from
what the [expression reader](../expression_reader/README.md) says of each of them. The two are the
CNN-LSTM of Liao et al.; this one looks forwards and backwards, so that nothing comes late. It
doesn't say what a face shows, but which of the eight frames before and after to believe, for every
shape and frame: a filter that gives way where the face moves and holds where the reading shakes.

| file | bytes | torch against ONNX | sha256 |
|---|---|---|---|
| `{NETWORK}` | {file["bytes"]} | {file["agreement"]:.1e} | `{file["sha256"]}` |

Input: `frames` `(1, F, {spent["inputs"]})`, made by `inputs_of` in
`models/performance_reader.py`: readings by themselves and against a picture at rest, emotions and
the frame rate.

## Data
Synthetic: {spent["clips"]} performances of {spent["frames"]} frames, acted by heads made in code
and from the CC0 MakeHuman template, rendered by `training/landmarks` and read by the product's
networks (`training/performances`). Faces go from pose to pose, part by part, speak, blink, look
about and breathe by the product's own rules; heads turn, cameras have noise. No film of anybody,
and nobody was recorded. Frame rates of 24, 25, 30 and 60.

## Figures
`python -m training.performances` gives them. Films of characters that no network was trained on.
*Error*: mean of all coefficients, *rms* its root mean square; *moved*: mean where more than 0.05
is shown; *jitter*: mean difference of the steps from frame to frame, in weight a second; *lag* in
seconds. The 1-euro filter runs both ways, so that it isn't late either; its settings are the best
of a grid of {figures["grid"]} on other films, by the error, and among those as calm as the network.

{_tables(figures)}

Milliseconds a frame, one thread: {figures["milliseconds"]:.2f} beside what the expression reader
takes.

## Limits
As of the expression reader: what that gets wrong in every frame stays wrong. A network that may
correct the readings, too, was tried on the same films: on held-out characters it is right more
often, but where another renderer shows a rig that holds an emotion for long, it takes the emotion
for a misreading. Synthetic figures say little about films of people. A cut to another face is
smoothed over.

## Licence
GPL-3.0-or-later, as the project that it belongs to.
"""


def _tables(figures: dict[str, Any]) -> str:
    parts = []
    for title, tests in figures["tests"].items():
        rows = [
            (name, _WAYS[way], *(number(found[measure]) for measure in _MEASURES))
            for way, methods in tests["methods"].items()
            for name, found in methods.items()
        ]
        heads = ("", "picture at rest", *_MEASURES)
        parts.append(
            f"{title}: {tests['films']} films of {tests['frames']} frames.\n\n{table(heads, rows)}"
        )
    return "\n\n".join(parts)
