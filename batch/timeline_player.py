# SPDX-License-Identifier: GPL-3.0-or-later
"""Play the events of a script on a rigged head, as F-curves.

Two layers: emotions and captures first, in order of their start, each taking its part of the face
over from what began before it; then what lies on top of them, such as blinks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import bpy

from .. import acting
from ..acting import CaptureOptions, Performance, Turn
from ..animation.captures import read_capture
from ..animation.regions import region_of
from ..animation.transition import Acting
from ..errors import RigError
from ..vocabulary import ARKIT_SHAPES
from .hand_over import drop_after, keep_until
from .script_events import CURRENT, Blink, Capture, Emotion, Event, check_end


@dataclass(frozen=True)
class Played:
    """``performance``: what became of ``event``; ``notes``: what to tell about it."""

    event: Event
    performance: Performance
    notes: tuple[str, ...] = ()


@dataclass
class Stage:
    """The head that acts, and until when each shape was still moved by an event before."""

    context: bpy.types.Context
    head: bpy.types.Object
    # ARKit name -> frames at which its last motion and its last hold end.
    moves_until: dict[str, float] = field(default_factory=dict)
    held_until: dict[str, float] = field(default_factory=dict)

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
    stage.take_over(ARKIT_SHAPES, event.start, jumps=True)
    performance = acting.perform(stage.context, stage.head, capture, event.start, options)
    stage.taken(ARKIT_SHAPES, performance.end, performance.end)
    return Played(event, performance, capture.notes)


def _play_blink(stage: Stage, event: Blink) -> Played:
    return Played(event, acting.blink(stage.context, stage.head, event.start, event.seed))


@dataclass(frozen=True)
class Player:
    """``layer``: 0 for what takes over from what was before, 1 for what lies on top of that."""

    layer: int
    play: Callable[[Stage, Any], Played]


PLAYERS: Final[dict[type[Event], Player]] = {
    Emotion: Player(0, _play_emotion),
    Capture: Player(0, _play_capture),
    Blink: Player(1, _play_blink),
}
