# SPDX-License-Identifier: GPL-3.0-or-later
"""The script of an animation, from JSON to events that are known to be sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from ..errors import RigError
from .frame_rates import exact_rate
from .script_events import READERS, Event, IdleLife, where
from .script_fields import Fields, nearest, read_object

VERSION: Final = 1
MOST_EVENTS: Final = 2_000
_MOST_FRAMES_A_SECOND: Final = 1000.0


@dataclass(frozen=True)
class Timeline:
    """``head``: name of the object that acts, None for the only one; ``frame_rate``: frames a
    second, None for the scene's own; ``events`` as they stand in the script.
    """

    events: tuple[Event, ...]
    head: str | None = None
    frame_rate: Fraction | None = None


def read_timeline(path: Path) -> Timeline:
    """The script in the JSON file at ``path``. Raises RigError that says what is wrong where."""
    return parse_timeline(read_object(path), path.parent)


def parse_timeline(content: Mapping[str, Any], folder: Path) -> Timeline:
    """The script in ``content``; relative paths in it start at ``folder``. Raises RigError."""
    script = Fields("The script", content)
    script.allow(("version", "head", "frame_rate", "events"))
    script.whole("version", VERSION, VERSION)
    rate = None
    if "frame_rate" in content:
        rate = exact_rate(script.number("frame_rate", 1.0, _MOST_FRAMES_A_SECOND))
    head = script.text("head") if "head" in content else None
    events = content.get("events")
    if not isinstance(events, list) or not events:
        raise RigError(
            "The script has no events.", 'Add a list of at least one: "events": [{"type": ...}].'
        )
    if len(events) > MOST_EVENTS:
        raise RigError(
            f"The script has {len(events):,} events; {MOST_EVENTS:,} may be played at once.",
            "Divide it into several scripts and play one after the other.",
        )
    read = tuple(_event(number, event, folder) for number, event in enumerate(events, 1))
    _check_lives(read)
    return Timeline(read, head, rate)


def _check_lives(events: Sequence[Event]) -> None:
    """Raise RigError for a second event of idle life: it would take the first one off again."""
    lives = [event for event in events if isinstance(event, IdleLife)]
    if len(lives) > 1:
        raise RigError(
            f"{lives[1].where}: event {lives[0].number} is idle life already, and a head has one.",
            'Keep one, with the earliest "start" and the latest "end".',
        )


def _event(number: int, content: Any, folder: Path) -> Event:
    if not isinstance(content, dict):
        raise RigError(
            f"Event {number} is no object.", 'Write it in braces: {"type": "blink", "frame": 40}.'
        )
    kind = Fields(f"Event {number}", content).text("type")
    if kind not in READERS:
        raise RigError(
            f'Event {number} has the type "{kind[:60]}", which isn\'t known.',
            nearest(kind, READERS),
        )
    return READERS[kind](number, Fields(where(number, kind), content), folder)
