# SPDX-License-Identifier: GPL-3.0-or-later
"""From visemes with their times to curves of the mouth, in which neighbours blend.

Every viseme has a dominance over lips, jaw and tongue that fades before and after it; each weight
is the mean of all targets, weighted by dominance: M. Cohen and D. Massaro, "Modeling
coarticulation in synthetic visual speech" (1993). So fast speech undershoots, and rounded lips are
there early. Such a mean never quite reaches a target, but lips must meet for p, b, m and the lower
lip must touch the teeth for f, v (Edwards et al. 2016): these contacts are put on top, complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..vocabulary import mirror_shape
from .data import Animation, Curve, Floats
from .easing import cubic_ease
from .turning_points import keyed_at_turns
from .visemes import (
    BEHAVIOURS,
    BILABIAL,
    LABIODENTAL,
    SILENCE,
    SPEECH_SHAPES,
    TARGETS,
    VISEMES,
    Behaviour,
    VisemeCue,
)

LEAD: Final = 0.2  # seconds before the first sound in which the mouth gets ready
TAIL: Final = 0.25  # seconds after the last one in which it comes to rest
STRONGEST: Final = 2.0  # amount, and gain of the jaw
TOLERANCE: Final = 0.03  # of a weight
_ENDS: Final = 0.1  # seconds of lead and tail in which nothing is at rest yet
_PAUSE: Final = 0.06  # seconds without a sound that are a pause
# The jaw is heavy and keeps to the sound; the tongue is quick.
_JAW_FADE: Final = 0.06  # seconds
_TONGUE_FADE: Final = 0.045
_REACH: Final = 3.0  # fades after which a dominance is next to nothing
_FLANK: Final = 0.05  # seconds in which a contact is made and let go
_SMALL: Final = 1e-9
_STILL: Final = 1e-3  # of a weight
# Jaw and closed lips are keyed finer: what they are off adds up to a gap.
_FINER: Final = 0.5

_JAW: Final = SPEECH_SHAPES.index("jawOpen")
_CLOSE: Final = SPEECH_SHAPES.index("mouthClose")
# Lips that meet can be round or wide at the same time, and the jaw open behind them.
_SPARED: Final = {
    BILABIAL: ("jawOpen", "mouthClose", "mouthPucker", "mouthStretch", "mouthDimple"),
    LABIODENTAL: ("mouthClose", "mouthPucker"),
}
_MOVED: Final = {
    viseme: [i for i, shape in enumerate(SPEECH_SHAPES) if not shape.startswith(spared)]
    for viseme, spared in _SPARED.items()
}
_GROUP: Final = np.array(
    [1 if i in (_JAW, _CLOSE) else 2 * (s == "tongueOut") for i, s in enumerate(SPEECH_SHAPES)]
)


@dataclass(frozen=True)
class Delivery:
    """How speech is acted. ``amount`` 0..2 of all motion, contacts of the lips excepted; ``jaw``
    0..2: gain of the jaw alone (amount and jaw are the two axes of JALI's field: mumbling to
    enunciating, and ventriloquist to shouting); ``tolerance``: of a weight, how far a curve may be
    off between its turning points, so that it needs fewer keys.
    """

    amount: float = 1.0
    jaw: float = 1.0
    tolerance: float = TOLERANCE


def spoken(cues: Sequence[VisemeCue], fps: float, start: float, delivery: Delivery) -> Animation:
    """Curves of SPEECH_SHAPES for ``cues``, which are in order and don't overlap: second 0 is scene
    frame ``start``. At rest at both ends, LEAD before the first sound and TAIL after the last.

    Raises RigError where nothing is said or a setting is impossible.
    """
    _check(delivery, fps)
    offsets, values = frames_of(cues, fps, delivery)
    frames = start + offsets
    curves: dict[str, Curve] = {}
    for index, shape in enumerate(SPEECH_SHAPES):
        channel = values[:, index]
        other = mirror_shape(shape)
        if channel.max() <= _STILL:
            continue
        if other in curves:  # both sides speak alike
            curves[shape] = curves[other]
            continue
        tolerance = delivery.tolerance * (_FINER if index in (_JAW, _CLOSE) else 1.0)
        curves[shape] = keyed_at_turns(frames, channel, tolerance)
    still = tuple(shape for shape in SPEECH_SHAPES if shape not in curves)
    return Animation(float(frames[0]), float(frames[-1]), curves, still)


def frames_of(cues: Sequence[VisemeCue], fps: float, delivery: Delivery) -> tuple[Floats, Floats]:
    """What the curves of ``spoken`` are fitted to: offsets (F,) in whole frames from second 0, and
    weights (F, S) of SPEECH_SHAPES.
    """
    said = [cue for cue in cues if cue.viseme != SILENCE]
    if not said:
        raise RigError(
            "Nothing is said: all is silence.", "Choose a file with words, phonemes or mouth cues."
        )
    begins, ends = said[0].start - LEAD, said[-1].end + TAIL
    offsets = np.arange(np.floor(begins * fps), np.ceil(ends * fps) + 1.0)
    times = offsets / fps
    segments = _segments(said)
    values = _blended(segments, times)
    values[:, _JAW] *= delivery.jaw
    values *= delivery.amount
    values[:, _CLOSE] = 0.0
    if delivery.amount > 0.0:
        _make_contacts(values, segments, times, fps, delivery.amount)
    window = cubic_ease((times - times[0]) / _ENDS) * cubic_ease((times[-1] - times) / _ENDS)
    return offsets, np.clip(values, 0.0, 1.0) * window[:, None]


def _check(delivery: Delivery, fps: float) -> None:
    for what, value in (("amount", delivery.amount), ("gain of the jaw", delivery.jaw)):
        if not 0.0 <= value <= STRONGEST:
            raise RigError(
                f"{value:g} isn't possible as the {what} of speech.",
                f"Give a number from 0 to {STRONGEST:g}.",
            )
    if not (np.isfinite(fps) and fps > 0.0):
        raise ValueError("A frame rate is more than 0.")


def _segments(said: Sequence[VisemeCue]) -> list[VisemeCue]:
    """The cues with the pauses between them, and rest before and after. The same viseme twice in a
    row is one: no mouth opens between the sounds of "lamp post".
    """
    segments = [VisemeCue(said[0].start - 2.0 * LEAD, said[0].start, SILENCE)]
    for cue in said:
        last = segments[-1]
        pause = cue.start - last.end >= _PAUSE
        if pause:
            segments.append(VisemeCue(last.end, cue.start, SILENCE))
        elif cue.viseme == last.viseme:
            strength = max(last.strength, cue.strength)
            segments[-1] = VisemeCue(last.start, cue.end, cue.viseme, strength)
            continue
        segments.append(cue)
    return [*segments, VisemeCue(said[-1].end, said[-1].end + 2.0 * TAIL, SILENCE)]


def _blended(segments: Sequence[VisemeCue], times: Floats) -> Floats:
    """(F, S) means of the targets, weighted by dominance."""
    sums = np.zeros((len(times), len(SPEECH_SHAPES)))
    weights = np.zeros((len(times), 3))
    for segment in segments:
        behaviour = BEHAVIOURS[segment.viseme]
        target = TARGETS[VISEMES.index(segment.viseme)] * segment.strength
        reach = _REACH * max(behaviour.early, behaviour.late, _JAW_FADE)
        rows = slice(*np.searchsorted(times, (segment.start - reach, segment.end + reach)))
        dominance = _dominance(segment, behaviour, times[rows])
        sums[rows] += dominance[:, _GROUP] * target
        weights[rows] += dominance
    return sums / np.maximum(weights, _SMALL)[:, _GROUP]


def _dominance(segment: VisemeCue, behaviour: Behaviour, times: Floats) -> Floats:
    """(F, 3) of a viseme over lips, jaw and tongue: full in its core, fading on both sides."""
    middle, half = (segment.start + segment.end) / 2, (segment.end - segment.start) / 2
    # The longer a sound, the nearer to its ends its target is held.
    core = max(half / 2, half - behaviour.early)
    beyond = np.abs(times - middle) - core
    late = times > middle
    fades = (
        (behaviour.lips, np.where(late, behaviour.late, behaviour.early)),
        (behaviour.jaw, _JAW_FADE),
        (1.0, _TONGUE_FADE),
    )
    distance = np.maximum(beyond, 0.0)
    return np.stack([a * np.exp(-((distance / fade) ** 2)) for a, fade in fades], axis=1)


def _make_contacts(
    values: Floats, segments: Sequence[VisemeCue], times: Floats, fps: float, amount: float
) -> None:
    """Shut the lips and put the lower lip to the teeth, in place, at least in one whole frame."""
    full = min(1.0, 4.0 * amount)  # from a quarter on nobody leaves them out
    for viseme in (LABIODENTAL, BILABIAL):
        share = _contact([s for s in segments if s.viseme == viseme], times, fps)
        moved = _MOVED[viseme]
        target = TARGETS[VISEMES.index(viseme)][moved] * full
        values[:, moved] += share[:, None] * (target - values[:, moved])
        if viseme == BILABIAL:
            # The jaw goes its own way, and the lips shut all the same.
            values[:, _JAW] = np.clip(values[:, _JAW], 0.0, 1.0)
            values[:, _CLOSE] = values[:, _JAW] * share


def _contact(segments: Sequence[VisemeCue], times: Floats, fps: float) -> Floats:
    """(F,) 0..1: how complete a contact is."""
    share = np.zeros(len(times))
    for segment in segments:
        middle = (segment.start + segment.end) / 2
        held = max((segment.end - segment.start) / 4, 0.5 / fps + _SMALL)
        rows = slice(*np.searchsorted(times, (middle - held - _FLANK, middle + held + _FLANK)))
        beyond: NDArray[np.float64] = np.abs(times[rows] - middle) - held
        share[rows] = np.maximum(share[rows], 1.0 - cubic_ease(beyond / _FLANK))
    return share
