# SPDX-License-Identifier: GPL-3.0-or-later
"""Play the events of a script on a rigged head, as F-curves.

Layer by layer: emotions, captures and matches first, in order of their start, each taking its part
of the face over from what began before it; then speech, which has the mouth while it lasts; then
blinks; and idle life last, which is added to all of that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import bpy

from .. import acting, matching
from ..acting import CaptureOptions, Performance, Turn
from ..animation import idle
from ..animation.captures import Capture as Recording
from ..animation.captures import read_capture
from ..animation.regions import region_of
from ..animation.retarget import even_gains
from ..animation.speech import LEAD, TAIL, Delivery
from ..animation.speech_file import read_speech
from ..animation.transition import Acting
from ..animation.visemes import SILENCE, VisemeCue
from ..errors import RigError
from ..liveliness import live, speak
from ..models.pictures import pictures_in, read_picture
from ..scene.actions import write_animation
from ..vocabulary import ARKIT_SHAPES
from .hand_over import drop_after, keep_until
from .script_events import (
    CURRENT,
    Blink,
    Capture,
    Emotion,
    Event,
    IdleLife,
    Match,
    Speech,
    check_end,
)
from .speech_edges import edge


@dataclass(frozen=True)
class Played:
    """``performance``: what became of ``event``; ``notes``: what to tell about it."""

    event: Event
    performance: Performance
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Said:
    """What the mouth says in ``event``. Scene frames: it gets ready at ``begins``, the last sound
    is over at ``silent``, and it rests from ``ends`` on.
    """

    event: Speech
    begins: float
    silent: float
    ends: float


@dataclass
class Stage:
    """The head that acts, and until when each shape was still moved by an event before."""

    context: bpy.types.Context
    head: bpy.types.Object
    # ARKit name -> frames at which its last motion and its last hold end.
    moves_until: dict[str, float] = field(default_factory=dict)
    held_until: dict[str, float] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Frames a second."""
        return float(acting.frame_rate(self.context.scene))

    def take_over(self, shapes: Sequence[str], frame: float, *, jumps: bool) -> None:
        """Let what began before go no further than ``frame`` in ``shapes``. ``jumps``: what comes
        now doesn't begin with what the face shows, so that this must be kept by keys until then.
        """
        until = frame - 1.0 if jumps else frame
        for shape in shapes:
            moves = self.moves_until.get(shape, until)
            if moves > until:
                drop_after(self.head, shape, until, moves)
            elif jumps and shape in self.held_until:
                keep_until(self.head, shape, min(self.held_until[shape], until))

    def taken(self, shapes: Sequence[str], moves_until: float, held_until: float) -> None:
        """Remember how long ``shapes`` are moved, and held after that."""
        self.moves_until |= dict.fromkeys(shapes, moves_until)
        self.held_until |= dict.fromkeys(shapes, held_until)

    def speaks(self, first: float, last: float) -> bool:
        """Whether speech that was played has keys within these frames."""
        return any(said.begins < last and first < said.ends for said in self.said)


def play(
    context: bpy.types.Context, head: bpy.types.Object, events: Sequence[Event]
) -> list[Played]:
    """Play all events; what became of each, in the order of the script. Raises RigError naming the
    event that can't be played.
    """
    stage = Stage(context, head)
    played = []
    for event in sorted(events, key=lambda e: (PLAYERS[type(e)].layer, e.start, e.number)):
        try:
            done = PLAYERS[type(event)].play(stage, event)
        except RigError as error:
            raise RigError(f"{event.where}: {error.problem}", error.remedy) from error
        check_end(event, done.performance.end)
        played.append(done)
    return sorted(played, key=lambda done: done.event.number)


def _play_emotion(stage: Stage, event: Emotion) -> Played:
    shapes = [shape for shape in ARKIT_SHAPES if region_of(shape) in event.regions]
    stage.take_over(shapes, event.start, jumps=event.first != CURRENT)
    performance = acting.act(
        stage.context,
        stage.head,
        [Turn(event.emotion, event.intensity, event.length, event.hold)],
        event.start,
        Acting(event.style, event.asymmetry, event.seed, event.blink, event.regions),
        first=(event.first, event.intensity),
        back=event.back,
    )
    settles = event.start + event.length
    stage.taken(shapes, performance.end if event.back else settles, performance.end)
    return Played(event, performance)


def _play_capture(stage: Stage, event: Capture) -> Played:
    capture = read_capture(event.file)
    options = CaptureOptions(event.smoothing, event.tolerance, event.calibrate, event.gains)
    return _perform(stage, event, capture, options)


def _play_match(stage: Stage, event: Match) -> Played:
    matcher = matching.matcher_for(stage.context, stage.head)
    if event.neutral is not None:
        matcher.learn_rest(read_picture(event.neutral))
    if event.is_picture:
        match = matcher.match(read_picture(event.file))
        wanted = (match.coefficients * event.strength).clip(0.0, 1.0)
        stage.take_over(ARKIT_SHAPES, event.start, jumps=False)
        performance = acting.turn_to(
            stage.context, stage.head, wanted, event.start, event.length, event.hold
        )
        stage.taken(ARKIT_SHAPES, event.start + event.length, performance.end)
        return Played(event, performance, match.notes)
    paths = pictures_in(event.file) if event.file.is_dir() else [event.file]
    frames = matching.frames_of(matcher, paths, stage.rate, first_is_neutral=event.first_is_neutral)
    capture = matcher.follow(frames, event.file.stem, stage.rate)
    options = CaptureOptions(event.smoothing, event.tolerance, gains=even_gains(event.strength))
    return _perform(stage, event, capture, options)


def _perform(stage: Stage, event: Event, capture: Recording, options: CaptureOptions) -> Played:
    """A recording, which begins with a pose of its own."""
    stage.take_over(ARKIT_SHAPES, event.start, jumps=True)
    performance = acting.perform(stage.context, stage.head, capture, event.start, options)
    stage.taken(ARKIT_SHAPES, performance.end, performance.end)
    return Played(event, performance, capture.notes)


def _play_blink(stage: Stage, event: Blink) -> Played:
    return Played(event, acting.blink(stage.context, stage.head, event.start, event.seed))


def _play_speech(stage: Stage, event: Speech) -> Played:
    speech = read_speech(event.file)
    said = _said(event, speech.cues, stage.rate)
    _check_turns(stage, said)
    settle = max(1, round(LEAD * stage.rate))
    edges = [
        edge(stage.head, outer, rest)
        for outer, rest in ((said.begins - settle, said.begins), (said.ends + settle, said.ends))
        if stage.head.data.shape_keys is not None
        and not stage.speaks(min(outer, rest), max(outer, rest))
    ]
    delivery = Delivery(event.amount, event.jaw)
    performance = speak(stage.context, stage.head, speech.cues, event.start, delivery)
    beside = write_animation(stage.head, edges)
    stage.said.append(said)
    written = replace(performance.written, keys=performance.written.keys + beside.keys)
    return Played(event, replace(performance, written=written), speech.notes)


def _said(event: Speech, cues: Sequence[VisemeCue], rate: float) -> Said:
    """When the mouth says ``cues``, as animation.speech.spoken does it."""
    sounds = [cue for cue in cues if cue.viseme != SILENCE]
    begins = math.floor((sounds[0].start - LEAD) * rate)
    ends = math.ceil((sounds[-1].end + TAIL) * rate)
    silent = sounds[-1].end * rate
    return Said(event, *(event.start + frame for frame in (begins, silent, ends)))


def _check_turns(stage: Stage, said: Said) -> None:
    """Raise RigError where the mouth would have to get ready while it still says something else."""
    for other in stage.said:
        first, second = sorted((other, said), key=lambda each: each.begins)
        if second.begins < math.floor(first.silent):
            late = math.floor(first.silent) - second.begins
            raise RigError(
                f"The words of event {first.event.number} last until frame "
                f"{math.ceil(first.silent)}, where event {second.event.number} speaks already.",
                f"Let event {second.event.number} start {late:g} frames later, or put both into "
                "one file of timings.",
            )


def _play_idle(stage: Stage, event: IdleLife) -> Played:
    seconds = (event.end - event.start) / stage.rate
    if not idle.SHORTEST <= seconds <= idle.LONGEST:
        raise RigError(
            f"Frames {event.start} to {event.end} are {seconds:.3g} seconds.",
            f"Let it last from {idle.SHORTEST:g} to {idle.LONGEST:,.0f} seconds.",
        )
    life = idle.Idle(event.amount, event.seed)
    return Played(event, live(stage.context, stage.head, event.start, float(event.end), life))


@dataclass(frozen=True)
class Player:
    """``layer``: those of a lower one are played before."""

    layer: int
    play: Callable[[Stage, Any], Played]


PLAYERS: Final[dict[type[Event], Player]] = {
    Emotion: Player(0, _play_emotion),
    Capture: Player(0, _play_capture),
    Match: Player(0, _play_match),
    Speech: Player(1, _play_speech),
    Blink: Player(2, _play_blink),
    IdleLife: Player(3, _play_idle),
}
