# SPDX-License-Identifier: GPL-3.0-or-later
"""From a face mesh and its landmarks to a head that is understood (see head.py)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .canonical_order import canonical_weld
from .data import FaceLandmarks, FaceMesh, Message
from .dense_points import EYE_OUTLINE
from .drawn_lips import drawn_mouth
from .drawn_mouth import is_drawn_over
from .exposure import HIDDEN_BELOW, exposure
from .facing import turn_outwards
from .front_depth import front_depths
from .head import EYE_ROLES, Eyeball, Head, LidRim, LipSeam, LipSide, Role
from .lid_rims import eye_axes, find_lid_rim, in_view
from .lip_seam import MouthRegion, find_seam, lip_sides
from .parts import FaceFigure, classify, piece_hints
from .pieces import bends_over
from .raycast import RayScene
from .topology import all_corners, components, edge_graph, mostly, vertex_normals, weld

FACE_CENTRE = np.array([0.0, -0.6, -0.3])
FACE_REACH = 2.6
BESIDE = 1.5  # of an eye's half sizes: so far away the skin around it is looked at
LEVEL = 0.01  # IOD; an eye that is painted on may sink so deep into the skin
ALIKE = 0.2  # of the larger eye: two eyes of one head differ by no more
SIDE_WORDS = {"L": "left", "R": "right"}


def analyse(face_mesh: FaceMesh, landmarks: FaceLandmarks) -> Head:
    """Weld the mesh, tell its pieces apart, and find lid margins and lip seam.

    What the head lacks (a lip slit, lids that can close) is told in ``Head.messages``.
    """
    frame = landmarks.frame
    welded = canonical_weld(weld(face_mesh.vertices, face_mesh.triangles))
    vertices = frame.to_head(welded.vertices)
    component = components(welded.triangles, len(vertices))
    triangles = turn_outwards(vertices, welded.triangles, component)
    normals = vertex_normals(vertices, triangles)
    scene = RayScene(vertices, triangles)
    in_reach = np.linalg.norm(vertices - FACE_CENTRE, axis=1) < FACE_REACH
    seen = exposure(scene, vertices, normals, in_reach)
    points = {name: frame.to_head(point) for name, point in landmarks.named.items()}
    figure = FaceFigure(
        eye={
            side: (points[f"eye_outer_{side}"] + points[f"eye_inner_{side}"]) / 2 for side in "LR"
        },
        brow={side: points[f"brow_mid_{side}"] for side in "LR"},
        nose_base=points["nose_base"],
        mouth=(points["lip_upper_inner"] + points["lip_lower_inner"]) / 2,
        chin=points["chin"],
    )
    hints = piece_hints(component, welded.weld, face_mesh.parts)
    role = classify(vertices, triangles, component, seen, hints, figure, scene)
    _look_under_loose_parts(vertices, triangles, normals, role, seen)
    visible = seen >= HIDDEN_BELOW
    messages: list[Message] = []
    rims, buttons = _find_rims(vertices, triangles, role, visible, points, landmarks, messages)
    _take_outlines_for_lashes(role, vertices, component, hints, buttons)
    seam, lip_side = _find_lips(vertices, triangles, role, visible, points)
    covered = seam is not None and is_drawn_over(
        seam, vertices, triangles, component, hints, scene, points["nose_base"]
    )
    if covered:
        seam, lip_side = None, np.full_like(lip_side, LipSide.NONE)
        messages.append(
            Message(
                "warning",
                "The lips are a piece that lies over the mouth and can't part: jawOpen and the jaw "
                "bone move the chin without opening them. For a mouth that opens, delete that "
                "piece or split it along the lip line, then press Auto-Rig Face again.",
            )
        )
    if seam is not None and not (role == Role.TONGUE).any():
        messages.append(
            Message(
                "info",
                "No tongue was found in the mouth, so tongueOut is left empty. Where there is one, "
                "make it a piece of its own, or an object that has tongue in its name.",
            )
        )
    head = Head(
        frame=frame,
        landmarks=landmarks,
        vertices=vertices,
        triangles=triangles,
        normals=normals,
        weld=welded.weld,
        component=component,
        role=role,
        exposure=seen,
        visible=visible,
        lip_side=lip_side,
        rims=rims,
        seam=seam,
        eyeballs={side: _eyeball(vertices, role, figure, side) for side in "LR"},
        messages=messages,
        buttons=buttons,
        covered=covered,
    ).keep(scene)
    if head.seam is None and not head.covered:
        messages.append(_about_mouth(head))
    return head


def _about_mouth(head: Head) -> Message:
    """What to tell of a mouth without a slit."""
    if drawn_mouth(head):
        return Message(
            "info",
            "The mouth is drawn on to skin without a slit. jawOpen opens the drawing, the jaw bone "
            "moves the chin alone. For lips that part, delete the drawing and press Cut Mouth Open "
            "(--cut-mouths in the batch), then Auto-Rig Face again.",
        )
    return Message(
        "warning",
        "The mouth is sealed: the mesh has no slit between the lips, so they can't part. "
        "jawOpen and the jaw bone move the chin without opening the lips. For a mouth that "
        "opens press Cut Mouth Open (--cut-mouths in the batch), then Auto-Rig Face again.",
    )


def _look_under_loose_parts(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    normals: NDArray[np.float64],
    role: NDArray[np.int8],
    seen: NDArray[np.float64],
) -> None:
    """Measure skin that looks hidden again without hair, brows and lashes, which only lie on it.

    Changes ``seen`` in place. What stays hidden is mouth bag, socket or nostril.
    """
    covered = (role == Role.SKIN) & (seen < HIDDEN_BELOW)
    lying_on = np.isin(role[triangles[:, 0]], (Role.HAIR, Role.BROW, Role.LASH, Role.ATTACHED))
    if not covered.any() or not lying_on.any():
        return
    bare = RayScene(vertices, triangles[~lying_on])
    seen[covered] = exposure(bare, vertices, normals, covered)[covered]


def _find_rims(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    role: NDArray[np.int8],
    visible: NDArray[np.bool_],
    points: dict[str, NDArray[np.float64]],
    landmarks: FaceLandmarks,
    messages: list[Message],
) -> tuple[dict[str, LidRim], frozenset[str]]:
    """The lid margins by side, and the sides whose eye is a button instead."""
    kind_of = role[triangles[:, 0]]
    shown = np.isin(kind_of, (Role.SKIN, Role.EYE_L, Role.EYE_R))
    shown &= (np.abs(vertices) < 1.8).all(axis=1)[triangles[:, 0]]
    triangles, kind_of = triangles[shown], kind_of[shown]
    rims: dict[str, LidRim] = {}
    buttons = set()
    for side in "LR":
        guess = _eye_guess(side, vertices, role, points, landmarks)
        seen = in_view(vertices, triangles, guess, side)
        eye_triangles, kinds = triangles[seen], kind_of[seen]
        rim, kind = find_lid_rim(
            RayScene(vertices, eye_triangles),
            (kinds == Role.SKIN) & mostly(visible, eye_triangles),
            kinds == EYE_ROLES[side],
            kinds == EYE_ROLES["R" if side == "L" else "L"],
            guess,
            side,
        )
        if rim is not None:
            rims[side] = rim
        elif (
            kind == "button"
            or _stands_out(vertices, role, visible, side)
            or _lies_flat(vertices, triangles[kind_of == Role.SKIN], role == EYE_ROLES[side])
        ):
            buttons.add(side)
    if len(buttons) == 1 and _are_alike(*(vertices[role == eye] for eye in EYE_ROLES.values())):
        # On coarse triangles, one of two such eyes may look like one in a socket.
        buttons, rims = set("LR"), {}
    messages.extend(
        _about_lids(side, side in buttons) for side in "LR" if side in buttons or side not in rims
    )
    return rims, frozenset(buttons)


def _about_lids(side: str, is_button: bool) -> Message:
    if is_button:
        return Message(
            "info",
            f"The {SIDE_WORDS[side]} eye lies on the face like a button, so there are no "
            "lids to close: a blink and a squint flatten it, and a wide eye is a larger "
            "one. For lids, model an eye socket.",
        )
    return Message(
        "warning",
        f"No opening was found at the {SIDE_WORDS[side]} eye (painted, or modelled "
        "shut): its blink, squint and wide shapes are left empty. Cut the eye open, "
        "or drag the eye markers to where the lids are.",
    )


def _are_alike(left: NDArray[np.float64], right: NDArray[np.float64]) -> bool:
    """Whether two eyes of points (P, 3) and (Q, 3) are of one size and lie on one level."""
    if min(len(left), len(right)) < 8:
        return False
    sizes = np.stack([np.ptp(left, axis=0), np.ptp(right, axis=0)])
    largest = float(sizes.max())
    apart = abs(np.median(left[:, 1]) - np.median(right[:, 1]))
    return bool(np.abs(sizes[0] - sizes[1]).max() < ALIKE * largest and apart < ALIKE * largest)


def _stands_out(
    vertices: NDArray[np.float64],
    role: NDArray[np.int8],
    visible: NDArray[np.bool_],
    side: str,
) -> bool:
    """Whether half of an eye lies before the skin around it, as that of a snail or a frog."""
    eye, skin = vertices[role == EYE_ROLES[side]], vertices[(role == Role.SKIN) & visible]
    if len(eye) < 8:
        return False
    low, high = eye.min(axis=0), eye.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-6)
    away = np.linalg.norm((skin[:, :2] - middle[:2]) / half[:2], axis=1)
    around = skin[(away > 1.0) & (away < BESIDE)]
    return len(around) >= 5 and bool(middle[2] > np.median(around[:, 2]) - 0.15 * half[2])


def _lies_flat(
    vertices: NDArray[np.float64], skin: NDArray[np.int64], is_eye: NDArray[np.bool_]
) -> bool:
    """Whether an eye lies just before skin (M, 3) that goes on behind it, however coarse."""
    eye = vertices[is_eye]
    if len(eye) < 8:
        return False
    above = eye[:, 2] - front_depths(vertices, skin, eye)
    deepest = max(0.25 * float(np.ptp(eye[:, 1])), 0.03)
    return bool(((above > -LEVEL) & (above < deepest)).mean() > 0.8)


def _take_outlines_for_lashes(
    role: NDArray[np.int8],
    vertices: NDArray[np.float64],
    component: NDArray[np.int64],
    hints: list[str],
    sides: frozenset[str],
) -> None:
    """The outline around the upper half of an eye without lids, which looks like a brow, is its
    lash: it reaches further down than a brow and not as far up. So is an arch over a large eye,
    which looks like neither. In place.
    """
    for side in sides:
        eye = vertices[role == EYE_ROLES[side]]
        low, high = eye.min(axis=0), eye.max(axis=0)
        third = (high[1] - low[1]) / 3
        for piece in np.unique(component[np.isin(role, (Role.BROW, Role.ATTACHED))]):
            points = vertices[component == piece]
            if role[component == piece][0] == Role.ATTACHED and not bends_over(points):
                continue
            middle = (points[:, 0].min() + points[:, 0].max()) / 2
            reaches_down = points[:, 1].min() < high[1] - third
            ends_at_eye = points[:, 1].max() < high[1] + third
            over_eye = low[0] < middle < high[0]
            named = hints[piece] in ("brow", "attached")
            if over_eye and reaches_down and ends_at_eye and not named:
                role[component == piece] = Role.LASH


def _eye_guess(
    side: str,
    vertices: NDArray[np.float64],
    role: NDArray[np.int8],
    points: dict[str, NDArray[np.float64]],
    landmarks: FaceLandmarks,
) -> NDArray[np.float64]:
    """Points around the eye that the opening must hold: the eye part's own, else landmarks."""
    eye = vertices[role == EYE_ROLES[side]]
    if len(eye) >= 8:
        axes = eye_axes(side)
        local = eye @ axes.T
        low, high = local.min(axis=0), local.max(axis=0)
        middle, half = (low + high) / 2, (high - low) / 2
        half[:2] *= 0.5
        corners = middle + half * np.array([[-1, -1, 1], [1, -1, 1], [-1, 1, 1], [1, 1, 1]])
        return corners @ axes
    if landmarks.dense is not None:
        return landmarks.frame.to_head(landmarks.dense[list(EYE_OUTLINE[side])])
    names = ("eye_outer", "eye_inner", "lid_upper", "lid_lower")
    return np.array([points[f"{name}_{side}"] for name in names])


def _find_lips(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    role: NDArray[np.int8],
    visible: NDArray[np.bool_],
    points: dict[str, NDArray[np.float64]],
) -> tuple[LipSeam | None, NDArray[np.int8]]:
    skin = role == Role.SKIN
    near_mouth = np.linalg.norm(vertices - points["lip_upper_inner"], axis=1) < 2.0
    skin_triangles = triangles[all_corners(skin & near_mouth, triangles)]
    seen_skin = skin & visible & near_mouth
    found = find_seam(
        vertices,
        skin_triangles,
        seen_skin,
        edge_graph(vertices, skin_triangles, seen_skin),
        MouthRegion(
            points["nose_base"],
            points["chin"],
            np.array([points["mouth_corner_R"], points["mouth_corner_L"]]),
        ),
    )
    if found is None:
        return None, np.full(len(vertices), LipSide.NONE, np.int8)
    sides = lip_sides(
        vertices, skin & near_mouth, visible, edge_graph(vertices, skin_triangles), found
    )
    return found.seam, sides


def _eyeball(
    vertices: NDArray[np.float64], role: NDArray[np.int8], figure: FaceFigure, side: str
) -> Eyeball:
    """Least-squares sphere through the eye part; a flat eye gives its middle and half-width."""
    points = vertices[role == EYE_ROLES[side]]
    if len(points) < 8:
        return Eyeball(figure.eye[side], 0.0)
    system = np.c_[2 * points, np.ones(len(points))]
    solution = np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)[0]
    centre = solution[:3]
    radius = float(np.sqrt(max(solution[3] + centre @ centre, 0.0)))
    size = float(np.ptp(points, axis=0).max())
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    if not 0.3 * size < radius < 1.2 * size or np.linalg.norm(centre - middle) > size:
        return Eyeball(middle, size / 2)
    return Eyeball(centre, radius)
