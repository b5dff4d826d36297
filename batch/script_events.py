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
from ..models.pictures import FILM_ENDINGS, PICTURE_ENDINGS, pictures_in
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
_NAME_A_PICTURE: Final = "Name a PNG or JPEG picture, or save it as one."
_MATCH_FIELDS: Final = ("type", "file", "start", "strength", "neutral")
_OF_A_PICTURE: Final = ("length", "hold")
_OF_A_PERFORMANCE: Final = ("smoothing", "tolerance", "first_is_neutral")


@dataclass(frozen=True)
class Event:
    """``number``: place in the script, from 1; ``start``: scene frame at which it begins."""

    kind: ClassVar[str]
    number: int
    start: int

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files that it takes something from."""
        return tuple(value for value in vars(self).values() if isinstance(value, Path))

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
class Match(Event):
    """The expression of a picture, or the performance of a film or of a folder's pictures, in
    ``file``; ``strength`` multiplies it. ``neutral``: a picture of the same face at rest.

    Of a picture: the face turns to it within ``length`` frames and keeps it for ``hold`` frames. Of
    the others: ``smoothing`` and ``tolerance`` as acting.CaptureOptions, and ``first_is_neutral``
    where their first frame shows the face at rest.
    """

    kind = "match"
    file: Path
    strength: float = 1.0
    neutral: Path | None = None
    length: int = Emotion.length
    hold: int = Emotion.hold
    smoothing: float = Capture.smoothing
    tolerance: float = Capture.tolerance
    first_is_neutral: bool = False

    @property
    def is_picture(self) -> bool:
        """Whether it is one picture, which makes an expression instead of a performance."""
        return self.file.suffix.lower() in PICTURE_ENDINGS and not self.file.is_dir()


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


def _match(number: int, fields: Fields, folder: Path) -> Match:
    fields.allow((*_MATCH_FIELDS, *_OF_A_PICTURE, *_OF_A_PERFORMANCE))
    neutral = None
    if "neutral" in fields.values:
        neutral = _file(fields, folder, "neutral")
        if neutral.suffix.lower() not in PICTURE_ENDINGS:
            raise RigError(f"{fields.where}: {neutral} is no picture.", _NAME_A_PICTURE)
    event = Match(
        number,
        start=fields.whole("start", FIRST_FRAME, LAST_FRAME),
        file=_seen(fields, folder),
        strength=fields.number("strength", 0.0, MOST_GAIN, Match.strength),
        neutral=neutral,
        length=fields.whole("length", SHORTEST, _LONGEST, Match.length),
        hold=fields.whole("hold", 0, LAST_FRAME, Match.hold),
        smoothing=fields.number("smoothing", 0.0, _MOST_SMOOTHING, Match.smoothing),
        tolerance=fields.number("tolerance", 0.0, _MOST_TOLERANCE, Match.tolerance),
        first_is_neutral=fields.flag("first_is_neutral", Match.first_is_neutral),
    )
    what = "a picture" if event.is_picture else "a film or a folder of pictures"
    for name in _OF_A_PERFORMANCE if event.is_picture else _OF_A_PICTURE:
        if name in fields.values:
            raise RigError(f'{event.where}: "{name}" means nothing for {what}.', "Leave it out.")
    if event.first_is_neutral and event.neutral is not None:
        raise RigError(
            f'{event.where} has a "neutral" picture and "first_is_neutral".', "Keep one of them."
        )
    if event.is_picture:
        check_end(event, event.start + event.length + event.hold)
    return event


def _seen(fields: Fields, folder: Path) -> Path:
    """The picture, the film or the folder of pictures that an event names."""
    path = _file(fields, folder, folders=True)
    if path.is_dir():
        count = len(pictures_in(path))
        if count < 2:
            held = "a single picture" if count else "no pictures"
            raise RigError(
                f"{fields.where}: the folder {path} holds {held}.",
                "Name a folder with one picture for each frame, or the picture itself.",
            )
    elif path.suffix.lower() not in (*PICTURE_ENDINGS, *FILM_ENDINGS):
        raise RigError(f"{fields.where}: {path} is no picture and no film.", _NAME_A_PICTURE)
    return path


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


def _file(fields: Fields, folder: Path, name: str = "file", *, folders: bool = False) -> Path:
    """The file that an event names, or the folder where that may be; one that isn't there is told
    at once.
    """
    text = fields.text(name)
    # Windows would ask another computer for such a path, and sign in there.
    if text.startswith(("\\\\", "//")):
        raise RigError(
            f'{fields.where}: "{name}" lies on another computer.', "Copy the file to this one."
        )
    path = folder / text
    try:
        # No device or pipe, which might never end.
        is_file = path.is_file() or (folders and path.is_dir())
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
    Match.kind: _match,
    Blink.kind: _blink,
    Speech.kind: _speech,
    IdleLife.kind: _idle,
}
