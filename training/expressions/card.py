# SPDX-License-Identifier: GPL-3.0-or-later
"""The model card of the reader, in Markdown, from the figures of a run."""

from __future__ import annotations

from typing import Any, Final

from auto_rig_face.models.expression_reader import NETWORK
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS

from ..markdown import number, table
from .evaluate import CLEAR, STRONG

_PARTS: Final = ("all heads", "people", "all, with rest", "people, with rest")
_NAMES: Final = {"both": "picture and points", "picture": "picture", "points": "points"}


def card(figures: dict[str, Any], others: list[dict[str, Any]]) -> str:
    """The model card; ``others``: figures of networks to compare with."""
    file, spent = figures["file"], figures["training"]
    gap, took = figures["difference"], figures["milliseconds"]
    everyone = figures["alone"]["all"]
    size = f"{spent['size']}, {spent['size']}"
    start = "; its convolutions started from the landmark network's" if spent["trunk"] else ""
    return f"""# Expression reader: model card

Reads from a picture of a face of any style what it shows: the 52 ARKit coefficients, probabilities
of seven emotions, and an intensity of 0 to 2. Where a picture of the same character at rest is
given, too, it reads the difference between the two.

| file | bytes | torch against ONNX | sha256 |
|---|---|---|---|
| `{NETWORK}` | {file["bytes"]} | {file["agreement"]:.1e} | `{file["sha256"]}` |

Inputs: `picture` `(batch, 3, {size})`, RGB in 0..1, aligned by the landmarks; `points`
`(batch, 301, 2)`, the landmarks in the same crop, -1..1; `rest`, the features of the picture at
rest, and `known`, 1 where there is one. `models/expression_reader.py` prepares them.

## Data
Synthetic: {spent["bank"]} pictures and {spent["groups"]} groups of pictures of one character each,
rendered by `training/landmarks` and `training/expressions` from heads made in code and from the
CC0 MakeHuman template. No photograph, nobody was recorded. Emotions are EMFACS prototypes (see
`animation/emotions.py`), blended and varied: what is called anger here is what those tables call
anger. Coefficients are those that a head was posed with, 0 where it can't show them.

Trained for {spent["seconds"]:.0f} s on a CPU: {spent["steps"]} steps, {spent["shown"]} pictures,
drawn again and again, mirrored, moved and in other light{start}.

## Figures
{figures["pictures"]} synthetic pictures of characters that no network was trained on, each found
and aligned by `models/landmarks`. *People*: the family of realistic heads. *With rest*: a picture
of the character at rest is known, in half of the cases from another camera. Emotions count from
an intensity of {CLEAR} on.

{_summary(figures)}

Most coefficients are 0: reading nothing at all has a mean error of
{figures["nothing"]["error"]:.3f} and an RMS error of {figures["nothing"]["rms"]:.3f}. Taking the
reading at rest off the other one, without the network's help: error {gap["error"]:.3f}, RMS
{gap["rms"]:.3f}, correlation {number(gap["correlation"])}.

{_recall(figures)}

Confusion, rows are what was shown, all heads, picture alone:

{_confusion(everyone["confusion"])}

Milliseconds a picture, median, two threads: {took["reader"]:.1f} for this network,
{took["with landmarks"]:.1f} with the landmarks of a picture that is framed,
{took["with finding"]:.1f} with finding the face in it first.

{_compared([figures, *others])}## Keys
Read of what was posed at {STRONG} or more (*strong*), and of what wasn't posed at all (*absent*);
*rest*: the correlation with a picture at rest.

{_keys(everyone["keys"], figures["with rest"]["all"]["keys"])}

## Limits
Synthetic figures say little about photographs and drawings. A key whose correlation is low is a
guess. The network knows emotions: single shapes, a blink among them, and mixtures that no emotion
makes are read too weakly, or taken for the nearest emotion; `deviations` in the description says
how far each shape is off, pictures that show it counting as much as those that don't. Coefficients
that look alike in a picture (jawForward from the front, mouthClose, lips rolled or pressed) are
mixed up. Heads turned beyond 45 degrees show half a face. Emotions are prototypes, not feelings:
not for telling what somebody feels, nor who somebody is.

## Licence
GPL-3.0-or-later, as the project that it belongs to.
"""


def _parts(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """In the order of _PARTS."""
    return [figures[way][who] for way in ("alone", "with rest") for who in ("all", "people")]


def _summary(figures: dict[str, Any]) -> str:
    names = {
        "coefficients: mean absolute error": "error",
        "coefficients: RMS error": "rms",
        "coefficients: correlation, mean of the keys": "correlation",
        "emotions: mean recall": "mean recall",
        "intensity: correlation": "intensity",
        "intensity: mean absolute error": "intensity error",
    }
    rows = [
        (label, *(number(part[name]) for part in _parts(figures))) for label, name in names.items()
    ]
    return table(("", *_PARTS), rows)


def _recall(figures: dict[str, Any]) -> str:
    rows = [
        (name, *(number(part["recall"][name]) for part in _parts(figures))) for name in EMOTIONS
    ]
    return table(("recall", *_PARTS), rows)


def _confusion(counts: list[list[int]]) -> str:
    rows = zip(EMOTIONS, counts, strict=True)
    return table(("", *EMOTIONS), [(name, *map(str, row)) for name, row in rows])


def _keys(alone: dict[str, Any], rest: dict[str, Any]) -> str:
    return table(
        ("key", "error", "correlation", "rest", "strong", "absent", "strong examples"),
        [
            (
                name,
                number(alone[name]["error"]),
                number(alone[name]["correlation"]),
                number(rest[name]["correlation"]),
                number(alone[name]["strong"]),
                number(alone[name]["absent"]),
                str(alone[name]["examples"]),
            )
            for name in ARKIT_SHAPES
        ],
    )


def _compared(runs: list[dict[str, Any]]) -> str:
    if len(runs) < 2:
        return ""
    heads = ("looks at", "network", "seconds", "pictures shown", "bytes", "ms")
    compared = table(
        (*heads, "correlation", "with rest", "recall", "recall, people"),
        [
            (
                _NAMES[run["training"]["inputs"]],
                "VGG-16" if run["training"]["architecture"] == "vgg16" else "this one",
                f"{run['training']['seconds']:.0f}",
                str(run["training"]["shown"]),
                str(run["file"]["bytes"]),
                f"{run['milliseconds']['reader']:.1f}",
                number(run["alone"]["all"]["correlation"]),
                number(run["with rest"]["all"]["correlation"]),
                number(run["alone"]["all"]["mean recall"]),
                number(run["alone"]["people"]["mean recall"]),
            )
            for run in runs
        ],
    )
    return f"""## Compared
The first row is the network of this card. All learnt from the same bank, on a processor that had
other work as well: what they saw in their time tells more than the time does.

{compared}

"""
