# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a sealed mouth is to be cut, and what comes behind the cut: a bag, teeth and a tongue.

The template's tongue and its rows of teeth, modelled tooth by tooth (denture.py), are fitted to the
mouth; the bag goes around them. Head frame
(see data.py), unit IOD.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ..errors import RigError
from .data import BagRing, FaceLandmarks, FaceMesh, HeadFrame, LoosePart, MouthPlan
from .denture import TeethRow, model_row
from .head import Head, Role
from .raycast import RayScene
from .template import Template
from .topology import all_corners, any_corner

Floats = NDArray[np.float64]

NARROWEST: Final = 0.08  # IOD; a mouth narrower than this holds no bag
LIP_THICKNESS: Final = 0.06  # of the mouth's width
ROOM: Final = 1.15  # of the teeth's size: the bag's
# Shares that teeth and bag may take: of the way from the lip line to nose and chin, and of the
# head's depth behind the lips.
UP_AND_DOWN: Final = 0.75
DEPTH: Final = 0.6
FAR: Final = 20.0  # IOD: behind every head
THINNEST: Final = 0.2  # IOD; what is thinner than this at the mouth is a mask
HIDDEN_FROM: Final = 0.15  # mouth widths from the lip line on, the bag must not be seen
MAY_SHOW: Final = 0.002  # of the picture: hardly anything, with the lips shut
# From where the mouth is looked at, yaw and pitch in degrees, by so many rays a side.
LOOKS: Final = ((0, 0), (40, 0), (-40, 0), (0, 40), (0, -40))
RAYS: Final = 64
# Linear colours.
ENAMEL: Final = (0.93, 0.91, 0.85)
GUM: Final = (0.56, 0.20, 0.20)
FLESH: Final = (0.78, 0.42, 0.42)


class BadCutError(RigError):
    """A cut that came out badly; with a smaller bag it may not."""


def plan_mouth(
    face_mesh: FaceMesh, landmarks: FaceLandmarks, template: Template, room: float = 1.0
) -> MouthPlan:
    """Plan a mouth along the head's landmarks. Raises RigError where it has no room.

    ``room``: the share of the usual room that bag, teeth and tongue may take.
    """
    frame = landmarks.frame
    point = {name: frame.to_head(place) for name, place in landmarks.named.items()}
    middle = (point["lip_upper_inner"] + point["lip_lower_inner"]) / 2
    line = np.array([point["mouth_corner_R"], middle, point["mouth_corner_L"]])
    width = float(line[2, 0] - line[0, 0])
    if width < NARROWEST or not line[0, 0] < middle[0] < line[2, 0]:
        raise RigError(
            "The mouth's corners lie in one place, or its middle isn't between them.",
            "Press Edit Markers, drag the mouth markers to the lips, and rig the head again.",
        )
    up = room * UP_AND_DOWN * float(point["nose_base"][1] - middle[1])
    down = room * UP_AND_DOWN * float(middle[1] - point["chin"][1])
    if min(up, down) <= 0.0:
        raise RigError(
            "The mouth doesn't lie between nose and chin.",
            "Press Edit Markers, drag the markers to their places, and rig the head again.",
        )
    deep = room * DEPTH * _depth_behind(face_mesh, frame, middle)
    parts, size = _fitted_parts(template, frame, middle, width, (up, down, deep))
    half = max(width / 2, ROOM * size[0])
    lip = LIP_THICKNESS * width
    above, below = min(ROOM * size[1], up), min(ROOM * size[2], down)
    rings = (
        BagRing(lip / 2, width / 2, 0.3 * lip, 0.3 * lip),
        BagRing(2.0 * lip, half, above, below),
        BagRing(lip + 0.6 * size[3], half, above, below),
        BagRing(lip + ROOM * size[3], 0.8 * half, 0.8 * above, 0.8 * below),
    )
    return MouthPlan(frame, line, rings, parts)


def _depth_behind(face_mesh: FaceMesh, frame: HeadFrame, middle: Floats) -> float:
    """How far behind the lips the back of the head is; a mask without one has room enough."""
    scene = RayScene(frame.to_head(face_mesh.vertices), face_mesh.triangles)
    # From behind, so that teeth which are there already don't count.
    hits = scene.cast((middle - [0.0, 0.0, FAR])[None], np.array([0.0, 0.0, 1.0]))
    depth = FAR - float(hits.distance[0])
    return depth if hits.found[0] and depth > THINNEST else FAR


def _fitted_parts(
    template: Template,
    frame: HeadFrame,
    middle: Floats,
    width: float,
    room: tuple[float, float, float],
) -> tuple[tuple[LoosePart, ...], tuple[float, float, float, float]]:
    """The template's teeth and tongue behind the lips, and their half-width, their reach up and
    down from the lip line and their depth. ``room``: up, down and behind.
    """
    head = template.head
    named = dict(zip(template.landmark_names, template.named.on(head.vertices), strict=True))
    lips = (named["lip_upper_inner"] + named["lip_lower_inner"]) / 2
    own_width = float(named["mouth_corner_L"][0] - named["mouth_corner_R"][0])
    inside = np.isin(head.role, (Role.TEETH_UPPER, Role.TEETH_LOWER, Role.TONGUE))
    offset = head.vertices[inside] - lips
    reach = np.array(
        [np.abs(offset[:, 0]).max(), offset[:, 1].max(), -offset[:, 1].min(), -offset[:, 2].min()]
    )
    limits = np.array([width / own_width, *(np.array(room) / (ROOM * reach[1:]))])
    scale = float(limits.min())
    front = float(offset[:, 2].max()) * scale
    setback = max(0.0, front + 1.5 * LIP_THICKNESS * width)

    def placed(points: Floats) -> Floats:
        return frame.to_world(middle + scale * (points - lips) - [0.0, 0.0, setback])

    rows = [
        model_row(head.vertices[head.role == role], upper=role == Role.TEETH_UPPER)
        for role in (Role.TEETH_UPPER, Role.TEETH_LOWER)
    ]
    used, tongue = np.unique(head.triangles_of(Role.TONGUE), return_inverse=True)
    tongue = tongue.reshape(-1, 3)
    parts = (
        _teeth([replace(row, vertices=placed(row.vertices)) for row in rows]),
        LoosePart(
            "Tongue",
            placed(head.vertices[used]),
            tongue,
            {"Tongue": FLESH},
            np.zeros(len(tongue), int),
        ),
    )
    size = reach * scale + np.array([0.0, 0.0, 0.0, setback])
    return parts, (float(size[0]), float(size[1]), float(size[2]), float(size[3]))


def _teeth(rows: list[TeethRow]) -> LoosePart:
    starts = np.cumsum([0, *(len(row.vertices) for row in rows)])
    return LoosePart(
        "Teeth",
        np.concatenate([row.vertices for row in rows]),
        np.concatenate([row.faces + start for row, start in zip(rows, starts, strict=False)]),
        {"Teeth": ENAMEL, "Gums": GUM},
        np.concatenate([row.gum for row in rows]).astype(int),
    )


def check_mouth(head: Head, plan: MouthPlan, first_new: int) -> None:
    """Raise BadCutError where a cut didn't become a slit, or its bag comes out of the face.

    ``head``: the cut mesh, analysed, whose vertices from ``first_new`` on the cut has added.
    """
    if head.seam is None:
        raise BadCutError(
            "The mouth couldn't be opened: the mesh is too coarse there, or lips and face are "
            "separate pieces.",
            "Cut the lip line by hand: rip it open, extrude its edges inwards, and rig again.",
        )
    if _seen(head, plan, first_new) > MAY_SHOW:
        raise BadCutError(
            "There is no room for a mouth bag behind the lips: it would come out of the face.",
            "Press Edit Markers, see that the mouth markers lie on the lips, and rig again.",
        )


def _seen(head: Head, plan: MouthPlan, first_new: int) -> float:
    """The share of the mouth's surroundings in which bag, teeth or tongue show, from the side where
    it is largest.
    """
    new = np.zeros(len(head.vertices), bool)
    new[head.weld[first_new:]] = True
    apart = np.linalg.norm(head.vertices - plan.at(head.vertices[:, 0]), axis=1)
    inner = new & (apart > HIDDEN_FROM * plan.width)
    is_bag = all_corners(new, head.triangles) & any_corner(inner, head.triangles)
    meshes = [(head.vertices, head.triangles, is_bag)]
    for part in plan.parts:
        shown = np.ones(len(part.triangles), bool)
        meshes.append((plan.frame.to_head(part.vertices), part.triangles, shown))
    starts = np.cumsum([0, *(len(vertices) for vertices, _, _ in meshes)])
    scene = RayScene(
        np.concatenate([vertices for vertices, _, _ in meshes]),
        np.concatenate([mesh[1] + start for mesh, start in zip(meshes, starts, strict=False)]),
    )
    inside = np.concatenate([shown for _, _, shown in meshes])
    steps = np.linspace(-1.0, 1.0, RAYS) * plan.width
    across, upwards = (grid.ravel()[:, None] for grid in np.meshgrid(steps, steps))
    most = 0.0
    for yaw, pitch in LOOKS:
        turn = Rotation.from_euler("yx", [yaw, pitch], degrees=True).as_matrix()
        origins = plan.line[1] + (across * turn[:, 0] + upwards * turn[:, 1]) + 3.0 * turn[:, 2]
        hits = scene.cast(origins, -turn[:, 2])
        most = max(most, float((hits.found & inside[hits.triangle]).mean()))
    return most
