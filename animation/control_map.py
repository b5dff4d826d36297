# SPDX-License-Identifier: GPL-3.0-or-later
"""Which on-face control moves which ARKit shape: one half of one local axis for each of the 52.

A control's local axes are the character's left (x), up (y) and front (z). On the right side the
table's x is the character's right, so that Blender's pose flipping, which turns x round and swaps
.L with .R, mirrors an expression exactly. Shapes without a side are never on x alone: only pairs
that mirror each other are.

Two shapes share an axis only where no face does both at once: in a recorded capture of 327 frames
smile and frown, blink and wide eyes, and the opposite ways of gaze, jaw and mouth are never both
above 0.01. Lip shapes that look like opposites (funnel and pucker, roll and shrug) are often on
together, and so have axes of their own.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ..vocabulary import ARKIT_SHAPES, SIDES

PREFIX: Final = "ctrl_"
COLLECTION: Final = "Face Controls"
LOOSE: Final = 1.5  # how far shapes go beyond 1 where the limits are loosened

Offset = tuple[float, float, float]


class Channel(NamedTuple):
    """A local axis (0 x, 1 y, 2 z) of a control."""

    control: str
    axis: int


class HalfAxis(NamedTuple):
    """``sign``: which half of the axis; ``size``: IOD from rest to the whole shape."""

    channel: Channel
    sign: int
    size: float


class Control(NamedTuple):
    """A control bone. It lies in the middle of its ``anchors`` (vocabulary.LANDMARKS), plus
    ``offset`` in IOD along the character's left, up and front. ``radius``: its widget's, in IOD.
    """

    name: str
    label: str
    region: str
    anchors: tuple[str, ...]
    offset: Offset
    widget: str
    radius: float
    parent: str = ""

    @property
    def side(self) -> str:
        """L, R or nothing."""
        return self.name[-1] if self.name.endswith((".L", ".R")) else ""


class _Row(NamedTuple):
    """A control of the table: a name without a side, halves as (axis and sign, shape, size)."""

    name: str
    label: str
    region: str
    anchors: tuple[str, ...]
    offset: Offset
    widget: str
    radius: float
    halves: tuple[tuple[str, str, float], ...]
    parent: str = ""


_PAIRS: Final = (
    _Row(
        *("brow_inner", "Inner Brow", "brows", ("brow_inner",), (0.06, 0.0, 0.0), "bow", 0.07),
        (("-y", "browDown", 0.2),),
    ),
    _Row(
        *("brow_outer", "Outer Brow", "brows", ("brow_outer",), (-0.04, 0.0, 0.0), "bow", 0.07),
        (("+y", "browOuterUp", 0.25),),
    ),
    _Row(
        *("lid_upper", "Upper Lid", "eyes", ("lid_upper",), (0.0, 0.05, 0.0), "lid_up", 0.07),
        (("-y", "eyeBlink", 0.2), ("+y", "eyeWide", 0.15)),
    ),
    _Row(
        *("lid_lower", "Lower Lid", "eyes", ("lid_lower",), (0.0, -0.06, 0.0), "lid_down", 0.07),
        (("+y", "eyeSquint", 0.12),),
    ),
    _Row(
        *("eye", "Gaze", "eyes", ("pupil",), (0.0, 0.0, 0.05), "ring", 0.055),
        (
            ("+x", "eyeLookOut", 0.2),
            ("-x", "eyeLookIn", 0.2),
            ("+y", "eyeLookUp", 0.2),
            ("-y", "eyeLookDown", 0.2),
        ),
        "eyes",
    ),
    _Row(
        *("sneer", "Nose Sneer", "nose", ("ala",), (0.05, 0.04, 0.0), "up", 0.055),
        (("+y", "noseSneer", 0.15),),
    ),
    _Row(
        *("cheek", "Cheek", "cheeks", ("eye_outer", "mouth_corner"), (0.25, 0.0, 0.0), "up", 0.08),
        (("+y", "cheekSquint", 0.15),),
    ),
    _Row(
        *("lip_corner", "Lip Corner", "mouth", ("mouth_corner",), (0.05, 0.0, 0.05)),
        *("square", 0.055),
        (
            ("+y", "mouthSmile", 0.25),
            ("-y", "mouthFrown", 0.25),
            ("+x", "mouthStretch", 0.25),
        ),
    ),
    _Row(
        *("lip_tuck", "Dimple and Press", "mouth", ("mouth_corner",), (0.22, 0.0, 0.0)),
        *("diamond", 0.045),
        (("+x", "mouthDimple", 0.15), ("-y", "mouthPress", 0.15)),
    ),
    _Row(
        *("lip_up", "Upper Lip Side", "mouth", ("mouth_corner", "lip_upper_top")),
        *((0.02, 0.06, 0.05), "up", 0.045),
        (("+y", "mouthUpperUp", 0.15),),
    ),
    _Row(
        *("lip_down", "Lower Lip Side", "mouth", ("mouth_corner", "lip_lower_bottom")),
        *((0.02, -0.06, 0.05), "down", 0.045),
        (("-y", "mouthLowerDown", 0.15),),
    ),
)
_MIDLINE: Final = (
    _Row(
        *("brow_centre", "Inner Brows Up", "brows", ("brow_inner_L", "brow_inner_R")),
        *((0.0, 0.06, 0.0), "up", 0.07),
        (("+y", "browInnerUp", 0.25),),
    ),
    _Row(
        *("eyes", "Gaze of Both Eyes", "eyes", ("pupil_L", "pupil_R"), (0.0, 0.0, 0.15)),
        *("goggles", 0.09),
        (),
    ),
    _Row(
        *("cheek_puff", "Cheek Puff", "cheeks", ("chin",), (0.4, -0.5, 0.0), "disc", 0.06),
        (("+y", "cheekPuff", 0.15),),
    ),
    _Row(
        *("lip_upper", "Upper Lip", "mouth", ("lip_upper_top",), (0.0, 0.02, 0.03)),
        *("lid_up", 0.06),
        (("+y", "mouthShrugUpper", 0.12), ("-z", "mouthRollUpper", 0.15)),
    ),
    _Row(
        *("lip_lower", "Lower Lip", "mouth", ("lip_lower_bottom",), (0.0, -0.02, 0.03)),
        *("lid_down", 0.06),
        (("+y", "mouthShrugLower", 0.12), ("-z", "mouthRollLower", 0.15)),
    ),
    _Row(
        *("mouth", "Mouth", "mouth", ("lip_upper_inner", "lip_lower_inner"), (0.0, 0.0, 0.1)),
        *("sideways", 0.055),
        (("+x", "mouthLeft", 0.25), ("-x", "mouthRight", 0.25)),
    ),
    _Row(
        *("mouth_pucker", "Pucker", "mouth", ("chin",), (-0.4, -0.5, 0.0), "star", 0.06),
        (("+y", "mouthPucker", 0.15),),
    ),
    _Row(
        *("mouth_funnel", "Funnel", "mouth", ("chin",), (-0.2, -0.5, 0.0), "ring", 0.06),
        (("+y", "mouthFunnel", 0.15),),
    ),
    _Row(
        *("mouth_close", "Lips Together", "mouth", ("chin",), (0.2, -0.5, 0.0), "bar", 0.06),
        (("+y", "mouthClose", 0.15),),
    ),
    _Row(
        *("jaw", "Jaw", "jaw", ("chin",), (0.0, -0.03, 0.05), "chin", 0.12),
        (
            ("-y", "jawOpen", 0.3),
            ("+x", "jawLeft", 0.25),
            ("-x", "jawRight", 0.25),
            ("+z", "jawForward", 0.25),
        ),
    ),
    _Row(
        *("tongue", "Tongue", "tongue", ("chin",), (0.0, -0.5, 0.0), "tongue", 0.06),
        (("-y", "tongueOut", 0.2),),
    ),
)
_WORDS: Final = {"L": "Left", "R": "Right", "": ""}


def _of_side(row: _Row, side: str) -> Control:
    x, y, z = row.offset
    anchors = tuple(f"{name}_{side}" if _is_paired(name) else name for name in row.anchors)
    return Control(
        name=f"{PREFIX}{row.name}.{side}",
        label=f"{row.label} {_WORDS[side]}",
        region=row.region,
        anchors=anchors,
        offset=(x if side == "L" else -x, y, z),
        widget=row.widget,
        radius=row.radius,
        parent=PREFIX + row.parent if row.parent else "",
    )


def _is_paired(landmark: str) -> bool:
    return not landmark.startswith(("lip_", "chin", "nose_"))


def _of_middle(row: _Row) -> Control:
    return Control(
        PREFIX + row.name,
        *(row.label, row.region, row.anchors, row.offset, row.widget, row.radius),
    )


def _halves(row: _Row, side: str) -> dict[str, HalfAxis]:
    halves = {}
    name = f"{PREFIX}{row.name}.{side}" if side else PREFIX + row.name
    for half, shape, size in row.halves:
        sign = 1 if half[0] == "+" else -1
        if side == "R" and half[1] == "x":
            sign = -sign
        channel = Channel(name, "xyz".index(half[1]))
        halves[shape + _WORDS[side]] = HalfAxis(channel, sign, size)
    return halves


# All controls, parents before their children.
CONTROLS: Final[tuple[Control, ...]] = (
    *map(_of_middle, _MIDLINE),
    *(_of_side(row, side) for row in _PAIRS for side in SIDES),
)
CONTROL: Final[dict[str, Control]] = {control.name: control for control in CONTROLS}

# ARKit shape -> the half-axis that drives it, in ARKit order.
_FOUND: Final = {
    shape: half
    for rows, sides in ((_PAIRS, SIDES), (_MIDLINE, ("",)))
    for row in rows
    for side in sides
    for shape, half in _halves(row, side).items()
}
HALF_AXES: Final[dict[str, HalfAxis]] = {shape: _FOUND[shape] for shape in ARKIT_SHAPES}

# Channel -> the shapes on its halves, one or two.
SHAPES_ON: Final[dict[Channel, tuple[str, ...]]] = {
    channel: tuple(shape for shape, half in HALF_AXES.items() if half.channel == channel)
    for channel in dict.fromkeys(half.channel for half in HALF_AXES.values())
}

# Channel of one eye -> that of both eyes, which is added to it.
ADDED: Final[dict[Channel, Channel]] = {
    channel: Channel(CONTROL[channel.control].parent, channel.axis)
    for channel in SHAPES_ON
    if CONTROL[channel.control].parent
}

# The controls as they lie on the face of somebody who looks at us, with words for buttons.
PICKER: Final[tuple[tuple[tuple[str, str] | None, ...], ...]] = tuple(
    tuple((PREFIX + name, text) if name else None for name, text in row)
    for row in (
        (
            *(("brow_outer.R", "Outer"), ("brow_inner.R", "Inner"), ("brow_centre", "Brows")),
            *(("brow_inner.L", "Inner"), ("brow_outer.L", "Outer")),
        ),
        (("", ""), ("lid_upper.R", "Lid"), ("", ""), ("lid_upper.L", "Lid"), ("", "")),
        (("", ""), ("eye.R", "Gaze"), ("eyes", "Both"), ("eye.L", "Gaze"), ("", "")),
        (("", ""), ("lid_lower.R", "Lid"), ("", ""), ("lid_lower.L", "Lid"), ("", "")),
        (
            *(("cheek.R", "Cheek"), ("sneer.R", "Sneer"), ("", "")),
            *(("sneer.L", "Sneer"), ("cheek.L", "Cheek")),
        ),
        (("", ""), ("lip_up.R", "Up"), ("lip_upper", "Lip"), ("lip_up.L", "Up"), ("", "")),
        (
            *(("lip_tuck.R", "Tuck"), ("lip_corner.R", "Corner"), ("mouth", "Mouth")),
            *(("lip_corner.L", "Corner"), ("lip_tuck.L", "Tuck")),
        ),
        (("", ""), ("lip_down.R", "Down"), ("lip_lower", "Lip"), ("lip_down.L", "Down"), ("", "")),
        (("", ""), ("", ""), ("jaw", "Jaw"), ("", ""), ("", "")),
        (
            *(("mouth_pucker", "Pucker"), ("mouth_funnel", "Funnel"), ("tongue", "Tongue")),
            *(("mouth_close", "Close"), ("cheek_puff", "Puff")),
        ),
    )
)


def limits(control: str, most: float = 1.0) -> tuple[tuple[float, float], ...]:
    """How far a control may go along x, y and z, in IOD: (lowest, highest) of each axis, where
    shapes may reach ``most``.
    """
    reach = [[0.0, 0.0] for _ in range(3)]
    for channel, shapes in SHAPES_ON.items():
        if control in (channel.control, CONTROL[channel.control].parent):
            for half in (HALF_AXES[shape] for shape in shapes):
                reach[channel.axis][half.sign > 0] = half.sign * half.size * most
    return tuple((low, high) for low, high in reach)


if len(_FOUND) != len(ARKIT_SHAPES):
    raise ValueError("Every ARKit shape needs one half-axis, and nothing else has any.")
