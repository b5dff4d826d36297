# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what each connected piece of a head is: skin, eyes, teeth, tongue, lashes, brows, hair.

Geometry decides; the names that the artist gave to objects settle what geometry leaves open.
All coordinates are in the head frame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .data import MeshPart
from .head import Role
from .pieces import Pieces, front_hits
from .raycast import RayScene
from .spectacles import find_spectacles
from .surface import closest

# Words in object names, English as in most rigs and asset stores; first match wins.
NAME_HINTS: Final[tuple[tuple[str, str], ...]] = (
    ("lash", r"lash"),
    ("brow", r"brow"),
    ("tongue", r"tongue"),
    ("teeth", r"teeth|tooth|denture|gum(s|_|\b)"),
    ("hair", r"hair|\bhat\b|helmet|hood|\bcap\b"),
    ("eye", r"eye|iris|pupil|sclera|cornea"),
    ("attached", r"beard|moustache|mustache|glasses|piercing|goatee|stubble"),
)

LIDS: Final = 0.75  # of their size at least has the eyeball that lies in them
SEEN_THROUGH: Final = 0.8  # of an eye's half size: no further from its middle is it, in lids
TONGUE: Final = 0.75  # of the width of the teeth around it
GLINT: Final = 0.4  # of an eye's width; what lies on it and is smaller is no brow
LYING: Final = 0.08  # IOD; what is nowhere further off the face lies on it
SEEN: Final = 0.5  # a piece of which less is hidden is seen
ROUND: Final = 1.1  # IOD; a brow reaches no further round the head
AT_BROW: Final = 0.62  # of the way from the eye to the brow


@dataclass(frozen=True)
class FaceFigure:
    """Key places in the head frame that pieces are judged by."""

    eye: dict[str, NDArray[np.float64]]  # side -> centre between the corners
    brow: dict[str, NDArray[np.float64]]
    nose_base: NDArray[np.float64]
    mouth: NDArray[np.float64]
    chin: NDArray[np.float64]


def name_hint(part_name: str) -> str:
    """Which kind of piece an object's name speaks of; "" where it names none or several."""
    kinds = {kind for kind, pattern in NAME_HINTS if re.search(pattern, part_name.lower())}
    for general, special in (("eye", "lash"), ("eye", "brow")):  # "eyelash" is no eye
        if special in kinds:
            kinds.discard(general)
    return kinds.pop() if len(kinds) == 1 else "mouth" if kinds == {"tongue", "teeth"} else ""


def piece_hints(
    component: NDArray[np.int64], weld: NDArray[np.int64], parts: tuple[MeshPart, ...]
) -> list[str]:
    """The name hint of each connected piece, from the object that its vertices come from."""
    hints = [""] * (int(component.max()) + 1)
    for part in parts:
        hint = name_hint(part.name)
        if hint:
            for piece in np.unique(component[weld[part.start : part.stop]]):
                hints[piece] = hint
    return hints


def classify(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    component: NDArray[np.int64],
    exposure: NDArray[np.float64],
    hints: list[str],
    figure: FaceFigure,
    scene: RayScene,
) -> NDArray[np.int8]:
    """(N,) Role of each vertex."""
    x, y, seen = front_hits(scene, triangles, component)
    pieces = Pieces(vertices, component, exposure, hints, seen, x, y)
    worn = find_spectacles(pieces, figure.eye)
    if worn.any():
        without = triangles[~worn[component[triangles[:, 0]]]]
        x, y, seen = front_hits(RayScene(vertices, without), without, component)
        hints = ["attached" if on else hint for on, hint in zip(worn, hints, strict=True)]
        pieces = Pieces(vertices, component, exposure, hints, seen, x, y)
    roles = np.full(pieces.count, Role.HAIR, np.int8)
    skin = _find_skin(pieces, figure, triangles)
    for piece in range(pieces.count):
        if skin[piece]:
            roles[piece] = Role.SKIN
        elif pieces.size[piece] > 1:
            roles[piece] = _role_of(piece, pieces, figure)
    _tell_eyes_from_brows(roles, pieces, figure)
    _take_in_what_parts_hold(roles, pieces)
    _take_shells_for_lids(roles, pieces)
    _agree_left_and_right(roles, pieces)
    vertex_roles = roles[component]
    _split_teeth(vertex_roles, vertices, component, roles, figure)
    return vertex_roles


def _find_skin(
    pieces: Pieces, figure: FaceFigure, triangles: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """The piece that carries cheeks, nose, mouth and chin, and pieces that carry on from it."""
    face = np.zeros(pieces.count)
    for place, weight in (
        (figure.nose_base, 1.0),
        (figure.mouth, 1.0),
        (figure.chin, 1.0),
        ((figure.eye["L"] + figure.mouth) / 2, 2.0),
        ((figure.eye["R"] + figure.mouth) / 2, 2.0),
    ):
        face += weight * pieces.pixels_within(place, 0.3)
    named_otherwise = np.array([hint not in ("", "eye") for hint in pieces.hints])
    face[named_otherwise] = 0
    skin = np.zeros(pieces.count, bool)
    if face.max() <= 0:
        return skin
    main = int(face.argmax())
    skin[main] = True
    # A face modelled in several shells: each covers a good share of the face itself.
    shells = (face > 0.2 * face[main]) & (pieces.extent.max(axis=1) > 0.8) & ~named_otherwise
    own = triangles[pieces.component[triangles[:, 0]] == main]
    for piece in np.flatnonzero(shells & ~skin):
        # Wide lips that are drawn on cover a good share of it, too, but lie on the face.
        away = closest(pieces.vertices, own, pieces.vertices[pieces.component == piece]).distance
        skin[piece] = np.quantile(away, 0.9) > LYING
    # A nose set on to the face as a piece of its own is skin all the same.
    bridge = (figure.eye["L"] + figure.eye["R"]) / 2
    lip = (figure.nose_base[1] + figure.mouth[1]) / 2  # lips that are drawn on reach up to it
    nose = (
        (np.abs(pieces.centre[:, 0]) < 0.12)
        & (pieces.centre[:, 1] < bridge[1] + 0.1)
        & (pieces.centre[:, 1] > max(figure.mouth[1] + 0.03, lip))
        & (pieces.extent[:, :2].max(axis=1) < 1.1)
        & (pieces.extent[:, :2].min(axis=1) > 0.06)
        & (pieces.high[:, 2] > pieces.high[main, 2] - 0.35)
        & (pieces.hidden < 0.6)
        & (pieces.pixels > 3)
    )
    return skin | (nose & ~named_otherwise)


def _role_of(piece: int, pieces: Pieces, figure: FaceFigure) -> Role:
    hint = pieces.hints[piece]
    centre = pieces.centre[piece]
    side = "L" if centre[0] > 0 else "R"
    eye = Role.EYE_L if side == "L" else Role.EYE_R
    if hint in ("lash", "brow", "tongue", "hair", "attached"):
        return Role[hint.upper()]
    tests = (
        (hint == "eye" and np.linalg.norm(centre[:2] - figure.eye[side][:2]) < 0.6, eye),
        # Split into upper and lower afterwards.
        (hint == "teeth", Role.TEETH_UPPER),
        (
            centre[1] < figure.chin[1] - 1.0 and pieces.high[piece][1] < figure.mouth[1],
            Role.BODY,
        ),
        (_is_tongue(piece, pieces, figure), Role.TONGUE),
        (hint == "mouth" or _in_mouth(piece, pieces, figure), Role.TEETH_UPPER),
        (_is_eye(piece, pieces, figure, side), eye),
        (_is_lash(piece, pieces, figure, side), Role.LASH),
        (_is_brow(piece, pieces, figure, side), Role.BROW),
    )
    for holds, role in tests:
        if holds:
            return role
    return _hair_or_attached(piece, pieces, figure)


def _is_tongue(piece: int, pieces: Pieces, figure: FaceFigure) -> bool:
    """One body in the mouth that is longer than high and doesn't reach round to the cheeks: on a
    wide mouth, the teeth do.

    A row of teeth is an arch: the middle of its box is empty. A tongue fills its box.
    """
    if not (pieces.hints[piece] == "mouth" or _in_mouth(piece, pieces, figure)):
        return False
    extent = pieces.extent[piece]
    wide = extent[0] > 0.25 and extent[1] < 0.9 * extent[0]
    long = extent[2] > 1.1 * extent[1]
    low = pieces.low[piece][1] < figure.mouth[1]
    narrow = extent[0] < max(0.85, TONGUE * pieces.widest_in(figure.mouth))
    return bool(wide and long and low and narrow and not pieces.is_arch(piece))


def _in_mouth(piece: int, pieces: Pieces, figure: FaceFigure) -> bool:
    """Behind the lips and out of sight but for what shows between them."""
    centre, extent = pieces.centre[piece], pieces.extent[piece]
    below_nose = centre[1] < figure.nose_base[1] + 0.05
    above_chin = centre[1] > figure.chin[1] - 0.25
    behind = pieces.high[piece][2] < figure.mouth[2] + 0.08
    inside = abs(centre[0]) < 0.45 and centre[2] > figure.mouth[2] - 1.6
    small = extent.max() < 1.8
    return (
        below_nose and above_chin and behind and inside and small and (pieces.hidden[piece] > 0.35)
    )


def _is_eye(piece: int, pieces: Pieces, figure: FaceFigure, side: str) -> bool:
    """Compact, at the eye, and seen there.

    On toons the views may put the eyes as far up as the brows, so there is more room up and down
    than sideways.
    """
    centre, extent = pieces.centre[piece], pieces.extent[piece]
    offset = np.abs(centre[:2] - figure.eye[side][:2])
    across = extent[:2].max()
    # Two eyes side by side are no wider than their distance, but may be taller.
    compact = extent[:2].min() > 0.3 * across and extent[0] < 1.15 and extent[1] < 1.5
    between = figure.mouth[1] + 0.1 < centre[1] < figure.brow[side][1] + 0.45
    here = offset[0] < max(0.3, 0.3 * across) and offset[1] < max(0.5, 0.3 * across)
    seen = pieces.pixels[piece] > 2
    return bool(compact and between and here and seen and not pieces.bends_over(piece))


def _is_lash(piece: int, pieces: Pieces, figure: FaceFigure, side: str) -> bool:
    """A strip along the lid: across the eye, thin, no higher than the brow, and not all of it close
    below the brow: that would be the brow itself.
    """
    centre, extent = pieces.centre[piece], pieces.extent[piece]
    place = figure.eye[side]
    near = abs(centre[0] - place[0]) < 0.35 and abs(centre[1] - place[1]) < 0.3
    thin = extent[1] < 0.3 and extent[0] > 1.4 * extent[1] and 0.15 < extent[0] < 1.0
    brow = figure.brow[side][1]
    at_lid = pieces.low[piece][1] < place[1] + AT_BROW * max(brow - place[1], 0.2)
    return bool(near and thin and at_lid and pieces.high[piece][1] < brow + 0.03)


def _is_brow(piece: int, pieces: Pieces, figure: FaceFigure, side: str) -> bool:
    """A bar above the eye."""
    centre, extent = pieces.centre[piece], pieces.extent[piece]
    above = figure.eye[side][1] + 0.05 < centre[1] < figure.brow[side][1] + 0.5
    across = 0.2 < extent[0] < 1.2 and extent[1] < max(0.45, 0.7 * extent[0])
    over_eye = abs(centre[0] - figure.eye[side][0]) < 0.4
    one_for_both = abs(centre[0]) < 0.1 and 0.8 < extent[0] < 2.2 and extent[1] < 0.45
    in_front = centre[2] > figure.eye[side][2] - 0.35 and extent[2] < ROUND
    return bool(above and in_front and ((across and over_eye) or one_for_both))


def _hair_or_attached(piece: int, pieces: Pieces, figure: FaceFigure) -> Role:
    centre, extent = pieces.centre[piece], pieces.extent[piece]
    on_face = (
        figure.chin[1] - 1.2 < centre[1] < figure.brow["L"][1] + 0.1
        and centre[2] > figure.mouth[2] - 0.7
        and abs(centre[0]) < 0.9
    )
    # A line that is drawn on the face may lie between all rays of the raster.
    is_seen = pieces.pixels[piece] > 0 or pieces.hidden[piece] < SEEN
    if on_face and extent.max() < 2.2 and is_seen:
        return Role.ATTACHED
    return Role.HAIR


def _tell_eyes_from_brows(roles: NDArray[np.int8], pieces: Pieces, figure: FaceFigure) -> None:
    """Where two stacked pieces both look like an eye, the upper bar is the brow. In place."""
    for eye in (Role.EYE_L, Role.EYE_R):
        candidates = [
            piece for piece in np.flatnonzero(roles == eye) if pieces.hints[piece] != "eye"
        ]
        others = np.flatnonzero(roles == eye)
        for piece in candidates:
            width, height = pieces.extent[piece][:2]
            below = [
                other
                for other in others
                if pieces.high[other][1] < pieces.centre[piece][1] - 0.1 * height
                and pieces.low[other][1] < pieces.low[piece][1]  # no glint on it
                and abs(pieces.centre[other][0] - pieces.centre[piece][0]) < width
            ]
            if below and width > 1.15 * height:
                roles[piece] = Role.BROW
        _keep_one_eye(roles, pieces, figure, eye)


def _keep_one_eye(roles: NDArray[np.int8], pieces: Pieces, figure: FaceFigure, eye: Role) -> None:
    """Of the pieces that look like one eye, keep the nearest to where the eye is and what lies
    before or behind it; a blush or a jewel beside it only lies on the skin. In place.
    """
    members = np.flatnonzero(roles == eye)
    unnamed = np.array([piece for piece in members if pieces.hints[piece] != "eye"], int)
    if len(unnamed) == 0 or len(members) < 2:
        return
    place = figure.eye["L" if eye == Role.EYE_L else "R"][:2]
    named = np.setdiff1d(members, unnamed)
    pool = named if len(named) else members
    first = pool[np.linalg.norm(pieces.centre[pool, :2] - place, axis=1).argmin()]
    low = pieces.low[first, :2] - 0.1 * pieces.extent[first, :2]
    high = pieces.high[first, :2] + 0.1 * pieces.extent[first, :2]
    for piece in unnamed:
        apart = (pieces.low[piece, :2] > high).any() or (pieces.high[piece, :2] < low).any()
        if apart:
            roles[piece] = Role.ATTACHED


def _take_shells_for_lids(roles: NDArray[np.int8], pieces: Pieces) -> None:
    """A shell around an eyeball, through which that is seen, is its lids, as puppets have them: it
    doesn't turn with the eye. What is seen through a hole in an eyeball, an iris, is much smaller;
    of a socket's lining no more than the edge is seen around the eyeball in it. In place.
    """
    for eye in (Role.EYE_L, Role.EYE_R):
        members = [m for m in np.flatnonzero(roles == eye) if pieces.hints[m] != "eye"]
        seen = [piece for piece in np.flatnonzero(roles == eye) if pieces.pixels[piece] > 2]
        seen = [piece for piece in seen if pieces.from_middle(piece) < SEEN_THROUGH]
        for shell in members:
            margin = 0.05 * pieces.extent[shell].max()
            for ball in seen:
                around = (pieces.low[shell] < pieces.low[ball] + margin)[:2].all()
                around &= (pieces.high[shell] > pieces.high[ball] - margin)[:2].all()
                alike = pieces.extent[ball] > LIDS * pieces.extent[shell]
                # An iris on the front of an eyeball is flatter than that; lids are, too.
                deep = pieces.extent[ball][2] > 0.5 * pieces.extent[ball][:2].max()
                deep &= pieces.extent[ball][2] > pieces.extent[shell][2]
                # Lids lie before the ball, the lining of a socket behind it.
                before = (
                    pieces.high[shell][2] > pieces.centre[ball][2] + 0.2 * pieces.extent[ball][2]
                )
                if shell != ball and around and alike[:2].all() and deep and before:
                    roles[shell] = Role.LASH


def _take_in_what_parts_hold(roles: NDArray[np.int8], pieces: Pieces) -> None:
    """Iris, lens, cornea and glint lie inside the eye's box, seen or not; molars inside that of
    the teeth. In place.
    """
    lashes = np.flatnonzero(roles == Role.LASH)
    outlines = lashes[[pieces.bends_over(piece) for piece in lashes]] if len(lashes) else lashes
    for eye in (Role.EYE_L, Role.EYE_R):
        members = np.flatnonzero(roles == eye)
        if len(members) == 0:
            continue
        low, high = pieces.low[members].min(axis=0), pieces.high[members].max(axis=0)
        margin = 0.08 * (high - low).max()
        inside = (pieces.low > low - margin).all(axis=1) & (pieces.high < high + margin).all(axis=1)
        # A glint is small; a toon's brow may lie before a tall eye, too.
        small = pieces.extent[:, 0] < GLINT * (high - low)[0]
        inside &= np.isin(roles, (Role.HAIR, Role.ATTACHED, Role.LASH)) | (
            (roles == Role.BROW) & small
        )
        inside[outlines] = False
        named = np.isin(pieces.hints, ("brow", "lash", "attached"))
        roles[inside & ~named & (pieces.size > 1)] = eye
    teeth = np.flatnonzero(roles == Role.TEETH_UPPER)
    if len(teeth) > 1:
        low, high = pieces.low[teeth].min(axis=0) - 0.05, pieces.high[teeth].max(axis=0) + 0.05
        inside = (pieces.low > low).all(axis=1) & (pieces.high < high).all(axis=1)
        roles[inside & (roles == Role.HAIR)] = Role.TEETH_UPPER


def _agree_left_and_right(roles: NDArray[np.int8], pieces: Pieces) -> None:
    """Mirror twins are the same kind of piece. In place.

    Hair over one eye or a tilted frame can hide what one twin is; the clearer twin decides.
    """
    clear = (Role.EYE_L, Role.EYE_R, Role.BROW, Role.LASH)
    flip = {Role.EYE_L: Role.EYE_R, Role.EYE_R: Role.EYE_L}
    mirror = np.array([-1.0, 1.0, 1.0])
    for kind in clear:
        for piece in np.flatnonzero(roles == kind):
            offset = np.linalg.norm(pieces.centre - pieces.centre[piece] * mirror, axis=1)
            alike = (
                np.abs(pieces.extent - pieces.extent[piece]) < 0.3 * pieces.extent[piece].max()
            ).all(axis=1)
            offset[~alike | (offset > 0.3)] = np.inf
            offset[piece] = np.inf
            if len(offset) == 0 or not np.isfinite(offset.min()):
                continue
            twin = int(offset.argmin())
            if roles[twin] in (Role.HAIR, Role.ATTACHED) and not pieces.hints[twin]:
                roles[twin] = flip.get(kind, kind)


def _split_teeth(
    vertex_roles: NDArray[np.int8],
    vertices: NDArray[np.float64],
    component: NDArray[np.int64],
    roles: NDArray[np.int8],
    figure: FaceFigure,
) -> None:
    """Give lower teeth and gums their own role, in place.

    A jaw's piece lies wholly above or below the bite; a piece that holds both jaws (gums and
    mouth bag in one) is split at the bite. The bite is the height that best parts the teeth, or
    the lip line where nothing parts them.
    """
    teeth = np.flatnonzero(roles == Role.TEETH_UPPER)
    if len(teeth) == 0:
        return
    low = np.array([vertices[component == piece][:, 1].min() for piece in teeth])
    high = np.array([vertices[component == piece][:, 1].max() for piece in teeth])
    lips = figure.mouth[1]
    middle = (low + high) / 2
    bite = lips
    if len(teeth) == 2 and np.ptp(middle) > 0.05:
        bite = float(middle.mean())
    for piece, below, above in zip(teeth, low, high, strict=True):
        mine = component == piece
        if above - bite > 0.25 * (above - below) and bite - below > 0.25 * (above - below):
            if len(teeth) == 2:
                lower = mine & ((below + above) / 2 < bite)
            else:
                lower = mine & (vertices[:, 1] < bite)
        else:
            lower = mine & ((below + above) / 2 < bite)
        vertex_roles[lower] = Role.TEETH_LOWER
