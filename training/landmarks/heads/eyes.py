# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes of built heads: balls with or without lids, and eyes that are only drawn.

Each is drawn in coordinates (u, v) about the eye's centre, u outwards, and lifted onto a ball or
onto the face. One set of curves serves all: the two lid margins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import points as scheme
from ..expressions import SideControls
from ..scene import Role
from .assembly import Assembly, Chart, Surface
from .drawing import Lift, disc, lifted, line, resample, strip
from .shapes import Floats, ellipsoid

STEP = 0.006  # IOD between the layers of a drawing
_U = np.sin(np.linspace(-np.pi / 2, np.pi / 2, 33))


@dataclass(frozen=True)
class EyeDesign:
    """How both eyes look; lengths in IOD.

    ``half_width``, ``upper``, ``lower``: the opening about the centre; ``tilt``: rise of the outer
    corner over the inner one; ``power``: 2 ellipse, less almond, more box; ``lean``: where the
    upper margin is highest, -1 inner to 1 outer corner.
    ``iris``: its radius, 0 for none; ``iris_height``: its height to width; ``pupil``: radius as a
    share of the iris, ``slit``: the pupil's width to height; ``glints``: 0 to 2.
    ``ball``: a solid ball (else drawn); ``sink``: how deep it sits, 0 on the face to 1 level with
    it; ``lids``: skin that closes over a ball; ``rest``: share of the opening that shows at rest.
    ``lash``, ``lower_lash``: widths of the lines on the margins; ``wing``: how far the upper one
    runs out. ``fill``: role of the eye's white.
    ``hollow``: how deep a drawn eye lies in the face at its middle.
    """

    half_width: float
    upper: float
    lower: float
    tilt: float = 0.0
    power: float = 2.0
    lean: float = 0.0
    iris: float = 0.15
    iris_height: float = 1.0
    pupil: float = 0.5
    slit: float = 1.0
    glints: int = 1
    ball: bool = True
    sink: float = 0.5
    lids: bool = True
    rest: float = 1.0
    lash: float = 0.0
    lower_lash: float = 0.0
    wing: float = 0.0
    fill: Role = Role.SCLERA
    hollow: float = 0.0


@dataclass(frozen=True)
class Opening:
    """Lid margins in drawing coordinates: ``upper`` and ``lower`` (K, 2) at the same u, at rest
    (``full_*``) and as the expression has them.
    """

    full_upper: Floats
    full_lower: Floats
    upper: Floats
    lower: Floats

    def clip(self, drawing: Floats) -> Floats:
        """``drawing`` (N, 2) drawn into the opening."""
        u = np.clip(drawing[:, 0], self.upper[0, 0], self.upper[-1, 0])
        high = np.interp(u, self.upper[:, 0], self.upper[:, 1])
        low = np.interp(u, self.lower[:, 0], self.lower[:, 1])
        return np.stack([u, np.clip(drawing[:, 1], low, high)], axis=1)


def opening(design: EyeDesign, controls: SideControls) -> Opening:
    """The margins of one eye."""
    crown = (1 - np.abs(_U) ** design.power) ** (1 / max(design.power, 1.4))
    slope = design.tilt / 2 * _U
    lean = 1 + 0.45 * design.lean * _U
    high = design.upper * crown * lean + slope
    low = -design.lower * crown + slope
    closed = low + 0.25 * (high - low)
    lift = design.rest * (1 + 0.22 * controls.wide) * (1 - controls.blink)
    drop = (1 - 0.55 * controls.squint) * (1 - controls.blink)
    upper, lower = closed + (high - closed) * lift, closed + (low - closed) * drop
    u = _U * design.half_width
    return Opening(*(np.stack([u, v], axis=1) for v in (high, low, upper, lower)))


def add_eye(
    assembly: Assembly,
    design: EyeDesign,
    controls: SideControls,
    side: str,
    chart: Chart,
    face: Surface,
) -> None:
    """Build one eye at the origin of ``chart`` (its u axis points to the character's left)."""
    sign = 1.0 if side == "L" else -1.0
    margins = opening(design, controls)
    if design.ball:
        lift = _ball(assembly, design, sign, chart, face, margins)
    else:
        lift = _flat(sign, chart, face)
        # Fine enough to follow the ridges of a coarse face.
        white = strip(margins.lower, margins.upper, 14)
        # A drawn dot is ink: in one colour for all it would vanish.
        fill = Role.INK if design.fill == Role.PUPIL else design.fill
        assembly.add(lifted(white, lift, 1, sign < 0), fill, solid=False)
    pupil, ring = _iris(assembly, design, controls, sign, lift, margins)
    _lashes(assembly, design, sign, lift, margins)
    _mark(assembly, design, side, lift, _flat(sign, chart, face), margins)
    assembly.mark_row(f"iris_{side}", lift(ring, 2))
    assembly.mark({f"pupil_{side}": lift(pupil[None], 3)[0]})


def _flat(sign: float, chart: Chart, face: Surface) -> Lift:
    def lift(drawing: Floats, layer: float) -> Floats:
        return face.lay(drawing * [sign, 1.0], chart, STEP * layer)

    return lift


def _ball(
    assembly: Assembly,
    design: EyeDesign,
    sign: float,
    chart: Chart,
    face: Surface,
    margins: Opening,
) -> Lift:
    """Add the eyeball and its lids; the lift brings drawings onto the ball."""
    middle = (design.upper - design.lower) / 2
    radii = np.array([design.half_width, (design.upper + design.lower) / 2, 0.0])
    radii[2] = radii[:2].mean()
    if design.lids:  # the lids' outline is the ball's, so that the opening is a part of it
        radii = radii * 1.12
    seat = face.lay([[0.0, middle]], chart)[0]
    centre = seat - chart.axes[2] * radii[2] * (2 * design.sink - 0.9)
    rows, columns = (7, 10) if assembly.faceted and not design.iris else (17, 28)
    ball = ellipsoid(centre, radii * 0.985, rotation=chart.axes.T, rows=rows, columns=columns)
    assembly.add(ball, design.fill, solid=False, flat=not design.iris)

    def lift(drawing: Floats, layer: float) -> Floats:
        flat = (drawing - [0.0, middle]) / radii[:2]
        rise = np.sqrt(np.clip(1 - (flat**2).sum(axis=1), 0.0, None))
        out = 1 + STEP * layer / radii[2]
        across = chart.axes[0] * sign
        return centre + out * (
            flat[:, :1] * radii[0] * across
            + flat[:, 1:] * radii[1] * chart.axes[1]
            + rise[:, None] * radii[2] * chart.axes[2]
        )

    if design.lids:
        for margin, way in ((margins.upper, 1.0), (margins.lower, -1.0)):
            rim = np.stack(
                [_U * radii[0] * 0.999, middle + way * radii[1] * np.sqrt(1 - (_U * 0.999) ** 2)], 1
            )
            lower, upper = (margin, rim) if way > 0 else (rim, margin)
            sheet = lifted(strip(lower, upper, 9), lift, 6, sign < 0)
            assembly.add(sheet, Role.SKIN, solid=False)
    return lift


def _iris(
    assembly: Assembly,
    design: EyeDesign,
    controls: SideControls,
    sign: float,
    lift: Lift,
    margins: Opening,
) -> tuple[Floats, Floats]:
    """Draw iris, pupil and glints; the drawing of the pupil's centre (2,) and of 8 points of the
    iris' outline, from outwards over up.
    """
    radius = design.iris or 0.45 * min(design.half_width, (design.upper + design.lower) / 2)
    room = np.maximum(
        [design.half_width - radius, (design.upper + design.lower) / 2 - radius], 0.02
    )
    middle = (design.upper - design.lower) / 2
    gaze = np.array([controls.gaze[0] * sign, controls.gaze[1]])
    centre = np.array([0.0, middle]) + 0.8 * gaze * room
    tall = radius * design.iris_height

    def draw(where: Floats, radii: tuple[float, float], role: Role, layer: float) -> None:
        points, triangles = disc(where, radii, rings=6)
        points = margins.clip(points)
        assembly.add(lifted((points, triangles), lift, layer, sign < 0), role, solid=False)

    if design.iris:
        draw(centre, (radius, tall), Role.IRIS, 2)
        if design.pupil > 0:
            small = design.pupil * radius
            draw(centre, (small * design.slit, design.pupil * tall), Role.PUPIL, 3)
    for glint in range(design.glints):
        place = centre + np.array([sign * -0.4, 0.42]) * [radius, tall] * (
            1 if glint == 0 else -0.8
        )
        size = radius * (0.26 if glint == 0 else 0.13)
        draw(place, (size, size), Role.GLINT, 4)
    around = np.arange(8) * np.pi / 4
    ring = centre + np.stack([np.cos(around) * radius, np.sin(around) * tall], axis=1)
    return centre, margins.clip(ring) if design.iris else ring


def _lashes(
    assembly: Assembly, design: EyeDesign, sign: float, lift: Lift, margins: Opening
) -> None:
    lash, lower_lash = design.lash, design.lower_lash
    if not design.ball:  # a drawn eye has an outline
        lash, lower_lash = max(lash, 0.015), max(lower_lash, 0.012)
    if lash:
        path = margins.upper
        if design.wing:
            out = path[-1] + design.wing * np.array([0.9, 0.35])
            path = np.concatenate([path, out[None]])
        grow = np.linspace(0.45, 1.0, len(path))
        grow[-1] *= 0.15
        stroke = line(path + [0, lash * 0.3], lash * grow)
        assembly.add(lifted(stroke, lift, 7, sign < 0), Role.LASH, solid=False)
    if lower_lash:
        stroke = line(margins.lower, np.full(len(margins.lower), lower_lash))
        assembly.add(lifted(stroke, lift, 7, sign < 0), Role.LASH, solid=False)


def _mark(
    assembly: Assembly, design: EyeDesign, side: str, lift: Lift, flat: Lift, margins: Opening
) -> None:
    """Lid margins, and the points on the skin around the eye."""
    upper = resample(margins.upper, scheme.LID)
    lower = resample(margins.lower, scheme.LID)[1:-1]
    if design.ball and not design.lids:
        # The margin is the outline of what shows of the ball.
        rim = [_outer(0.97 * curve, lift, flat) for curve in (upper, lower)]
    else:
        rim = [lift(curve, 6) for curve in (upper, lower)]
    assembly.mark_row(f"lid_upper_{side}", rim[0])
    assembly.mark_row(f"lid_lower_{side}", rim[1], first=1)
    mark_around_eye(assembly, side, flat, margins.full_upper, margins.full_lower)
    if not design.iris:
        assembly.missing.update(f"iris_{side}_{index:02d}" for index in range(8))


def _outer(drawing: Floats, ball: Lift, skin: Lift) -> Floats:
    """(N, 3) whichever of ball and skin stands out further."""
    on_ball, on_skin = ball(drawing, 0), skin(drawing, 0)
    return np.where((on_ball[:, 2] > on_skin[:, 2])[:, None], on_ball, on_skin)


def mark_around_eye(
    assembly: Assembly, side: str, flat: Lift, upper: Floats, lower: Floats
) -> None:
    """Set crease, ring and lower rim of the orbit from the margins at rest, ``upper`` and
    ``lower`` (K, 2), both from the inner to the outer corner.
    """
    high, low = upper[:, 1].max(), lower[:, 1].min()
    height, half = high - low, (upper[-1, 0] - upper[0, 0]) / 2
    middle = np.array([(upper[-1, 0] + upper[0, 0]) / 2, (high + low) / 2])
    crease = resample(upper, 7)[1:-1] + [0.0, 0.18 * height + 0.03]
    under = resample(lower, 5)[1:-1] - [0.0, 0.2 * height + 0.06]
    around = np.arange(8) * np.pi / 4
    ring = np.stack(
        [np.cos(around) * (1.25 * half + 0.05), np.sin(around) * (0.75 * height + 0.06)], axis=1
    )
    ring[3:6, 0] = np.maximum(ring[3:6, 0], -0.42)
    assembly.mark_row(f"crease_{side}", flat(crease, 1))
    assembly.mark_row(f"under_eye_{side}", flat(under, 1))
    assembly.mark_row(f"orbit_{side}", flat(middle + ring, 1))
