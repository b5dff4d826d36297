# SPDX-License-Identifier: GPL-3.0-or-later
"""What may happen on the timeline of a script: each type of event, and how its JSON is read.

A new type takes a dataclass and a reader in ``READERS`` here, and a player in
``timeline_player.PLAYERS``. docs/animate.md tells users about every field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from ..animation import idle, speech
from ..animation.easing import STYLES
from ..animation.reduction import TOLERANCE
from ..animation.retarget import Gain
from ..animation.transition import SHORTEST
from ..errors import RigError
from ..vocabulary import ARKIT_SHAPES, EMOTIONS, FACE_REGIONS, MOST_GAIN, STRONGEST_EMOTION
from .script_fields import Fields, nearest

# Frames that a scene can have: https://docs.blender.org/api/current/bpy.types.Scene.html
FIRST_FRAME: Final = 0
LAST_FRAME: Final = 1_048_574
CURRENT: Final = "current"  # what the face shows as an emotion begins
_LONGEST: Final = 10_000  # frames of one transition
_MOST_SMOOTHING: Final = 10.0
_MOST_TOLERANCE: Final = 0.2
_MOST_SEED: Final = 2**31 - 1
_EMOTION_FIELDS: Final = (
    *("type", "emotion", "start", "length", "hold", "intensity", "style", "asymmetry", "seed"),
    *("blink", "regions", "from", "back"),
)


@dataclass(frozen=True)
class Event:
    """``number``: place in the script, from 1; ``start``: scene frame at which it begins."""

    kind: ClassVar[str]
    number: int
    start: int

    @property
    def where(self) -> str:
        """What messages about this event begin with."""
        return where(self.number, self.kind)


@dataclass(frozen=True)
class Emotion(Event):
    """The face turns to ``emotion`` within ``length`` frames and keeps it for ``hold`` frames.

    The defaults are those of the panel (properties.TurnProperties, MannerProperties). ``first``:
    what the face begins with, an emotion or "current"; ``back``: it returns to that after the hold.
    """

    kind = "emotion"
    emotion: str
    length: int = 24
    hold: int = 24
    intensity: float = 1.0
    style: str = "natural"
    asymmetry: float = 0.15
    seed: int = 0
    blink: bool = True
    regions: tuple[str, ...] = FACE_REGIONS
    first: str = CURRENT
    back: bool = False


@dataclass(frozen=True)
class Capture(Event):
    """A recorded performance in ``file``, from ``start`` on. The rest as acting.CaptureOptions."""

    kind = "capture"
    file: Path
    smoothing: float = 0.5
    tolerance: float = TOLERANCE
    calibrate: bool = True
    gains: Mapping[str, Gain] | None = None


@dataclass(frozen=True)
class Blink(Event):
    """The lids shut and open; ``seed``: how long they stay shut."""

    kind = "blink"
    seed: int = 0


@dataclass(frozen=True)
class Speech(Event):
    """The mouth says what ``file`` has timings for, second 0 of it at ``start``. The rest as
    speech.Delivery.
    """

    kind = "speech"
    file: Path
    amount: float = speech.Delivery.amount
    jaw: float = speech.Delivery.jaw


@dataclass(frozen=True)
class IdleLife(Event):
    """Blinks, glances and breath from ``start`` to ``end``, added to all else. The rest as
    idle.Idle.
    """

    kind = "idle"
    end: int
    amount: float = idle.Idle.amount
    seed: int = idle.Idle.seed


def where(number: int, kind: str) -> str:
    """What messages about an event begin with."""
    return f"Event {number} ({kind})"


def _emotion(number: int, fields: Fields, _folder: Path) -> Emotion:
    fields.allow(_EMOTION_FIELDS)
    event = Emotion(
        number,
        start=fields.whole("start", FIRST_FRAME, LAST_FRAME),
        emotion=fields.choice("emotion", EMOTIONS),
        length=fields.whole("length", SHORTEST, _LONGEST, Emotion.length),
        hold=fields.whole("hold", 0, LAST_FRAME, Emotion.hold),
        intensity=fields.number("intensity", 0.0, STRONGEST_EMOTION, Emotion.intensity),
        style=fields.choice("style", tuple(STYLES), Emotion.style),
        asymmetry=fields.number("asymmetry", 0.0, 1.0, Emotion.asymmetry),
        seed=fields.whole("seed", 0, _MOST_SEED, Emotion.seed),
        blink=fields.flag("blink", Emotion.blink),
        regions=fields.choices("regions", FACE_REGIONS),
        first=fields.choice("from", (CURRENT, *EMOTIONS), CURRENT),
        back=fields.flag("back", Emotion.back),
    )
    check_end(event, event.start + event.length + event.hold + event.back * event.length)
    return event


def _capture(number: int, fields: Fields, folder: Path) -> Capture:
    fields.allow(("type", "file", "start", "smoothing", "tolerance", "calibrate", "gains"))
    return Capture(
        number,
        start=fields.whole("start", FIRST_FRAME, LAST_FRAME),
        file=_file(fields, folder),
        smoothing=fields.number("smoothing", 0.0, _MOST_SMOOTHING, Capture.smoothing),
        tolerance=fields.number("tolerance", 0.0, _MOST_TOLERANCE, Capture.tolerance),
        calibrate=fields.flag("calibrate", Capture.calibrate),
        gains=_gains(fields),
    )


def _blink(number: int, fields: Fields, _folder: Path) -> Blink:
    fields.allow(("type", "frame", "seed"))
    return Blink(
        number,
        start=fields.whole("frame", FIRST_FRAME, LAST_FRAME),
        seed=fields.whole("seed", 0, _MOST_SEED, Blink.seed),
    )


def _speech(number: int, fields: Fields, folder: Path) -> Speech:
    fields.allow(("type", "file", "start", "amount", "jaw"))
    return Speech(
        number,
        start=fields.whole("start", FIRST_FRAME, LAST_FRAME),
        file=_file(fields, folder),
        amount=fields.number("amount", 0.0, speech.STRONGEST, Speech.amount),
        jaw=fields.number("jaw", 0.0, speech.STRONGEST, Speech.jaw),
    )


def _idle(number: int, fields: Fields, _folder: Path) -> IdleLife:
    fields.allow(("type", "start", "end", "amount", "seed"))
    event = IdleLife(
        number,
        start=fields.whole("start", FIRST_FRAME, LAST_FRAME),
        end=fields.whole("end", FIRST_FRAME, LAST_FRAME),
        amount=fields.number("amount", 0.0, idle.STRONGEST, IdleLife.amount),
        seed=fields.whole("seed", 0, _MOST_SEED, IdleLife.seed),
    )
    if event.end <= event.start:
        raise RigError(
            f'{event.where}: "end" is {event.end}, which isn\'t after "start", {event.start}.',
            'Give a later "end".',
        )
    return event


def check_end(event: Event, end: float) -> None:
    """Raise RigError for an event that is over only after the last frame of all."""
    if end > LAST_FRAME:
        raise RigError(
            f"{event.where} ends at frame {end:,.0f}; a scene has {LAST_FRAME:,} at most.",
            "Let it begin earlier or shorten it.",
        )


def _file(fields: Fields, folder: Path) -> Path:
    """The file that an event names; one that isn't there is told at once."""
    text = fields.text("file")
    # Windows would ask another computer for such a path, and sign in there.
    if text.startswith(("\\\\", "//")):
        raise RigError(
            f'{fields.where}: "file" lies on another computer.', "Copy the file to this one."
        )
    path = folder / text
    try:
        is_file = path.is_file()  # no folder, device or pipe, which might never end
    except (OSError, ValueError):
        is_file = False
    if not is_file:
        raise RigError(
            f"{fields.where}: {path} is no file.",
            "Check the path; a relative one starts at the script's folder.",
        )
    return path


def _gains(fields: Fields) -> dict[str, Gain] | None:
    """None where the script leaves them to the head."""
    if "gains" not in fields.values:
        return None
    gains = {}
    for shape, entry in fields.objects("gains").items():
        if shape not in ARKIT_SHAPES:
            raise RigError(
                f'{fields.where}: "gains" names "{shape[:60]}", which is no ARKit shape.',
                nearest(shape, ARKIT_SHAPES),
            )
        entry.allow(("gain", "offset"))
        gains[shape] = Gain(
            entry.number("gain", -MOST_GAIN, MOST_GAIN, Gain().gain),
            entry.number("offset", -1.0, 1.0, Gain().offset),
        )
    return gains


READERS: Final[dict[str, Callable[[int, Fields, Path], Event]]] = {
    Emotion.kind: _emotion,
    Capture.kind: _capture,
    Blink.kind: _blink,
    Speech.kind: _speech,
    IdleLife.kind: _idle,
}
