# SPDX-License-Identifier: GPL-3.0-or-later
"""One picture that shows how a head came out: its poses, from the front and three quarters."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..rigging.data import FaceMesh, FaceRig, HeadFrame
from ..rigging.views import Camera, look, render
from ..vocabulary import CONTACT_SHEET_POSES

Picture = NDArray[np.uint8]

_CELL: Final = 256  # pixels a side
_LABEL: Final = 26  # height of a pose's title
_LINE: Final = 24  # height of a line of text
# The face, not the whole head: lids and lips are what is looked at. In IOD, head frame.
_WIDTH: Final = 4.0
_CENTRE: Final = (0.0, -0.35, -0.3)
_COLUMNS: Final = 3  # poses in a row, two pictures each
_VIEWS: Final = (0.0, 38.0)  # yaw in degrees: from the front, three quarters
_PAPER: Final = (250, 250, 250)
_INK: Final = (40, 40, 40)
_ALARM: Final = (176, 24, 16)
_CERTAIN: Final = np.array((20, 140, 60))
_UNCERTAIN: Final = np.array((220, 60, 20))


def rig_sheet(face_mesh: FaceMesh, rig: FaceRig, title: str, notes: Sequence[str]) -> Picture:
    """Contact sheet (H, W, 3) of a rigged head.

    Every pose of the vocabulary and the landmarks, under ``title`` and above ``notes``.
    """
    cells = [
        _pair(_pose_title(pose, values, rig), _pose_pictures(face_mesh, rig, values))
        for pose, values in CONTACT_SHEET_POSES.items()
    ]
    landmarks = rig.landmarks
    cells.append(landmark_pair(face_mesh, landmarks.frame, landmarks.named, landmarks.confidence))
    return _page(_grid(cells), title, notes)


def _pose_title(pose: str, values: Mapping[str, float], rig: FaceRig) -> str:
    """The pose's name, and whether the head can't have it: an empty pose looks like a failure."""
    made = not values or set(values) - set(rig.disabled_shapes)
    return pose if made else f"{pose}: not made, see below"


def refusal_sheet(cells: Sequence[Picture], title: str, notes: Sequence[str]) -> Picture:
    """Contact sheet of a head that could not be rigged: what was seen of it, and why not."""
    return _page(_grid(cells), title, notes)


def landmark_pair(
    face_mesh: FaceMesh,
    frame: HeadFrame,
    points: Mapping[str, NDArray[np.float64]],
    confidence: Mapping[str, float],
    title: str = "landmarks",
) -> Picture:
    """The head at rest from both sides with ``points`` (world) on it, red where uncertain."""
    import cv2

    pictures = []
    for camera in _cameras(frame):
        picture = np.ascontiguousarray(render(face_mesh, camera))
        for name, point in points.items():
            trust = float(np.clip(confidence.get(name, 0.0), 0.0, 1.0))
            colour = tuple(int(c) for c in trust * _CERTAIN + (1.0 - trust) * _UNCERTAIN)
            x, y = (round(float(value)) for value in camera.project(point)[0])
            cv2.circle(picture, (x, y), 3, colour, -1, cv2.LINE_AA)
        pictures.append(picture)
    return _pair(title, pictures)


def _cameras(frame: HeadFrame) -> list[Camera]:
    return [look(frame, yaw, size=_WIDTH, centre=_CENTRE, resolution=_CELL) for yaw in _VIEWS]


def _pose_pictures(face_mesh: FaceMesh, rig: FaceRig, values: Mapping[str, float]) -> list[Picture]:
    from ..rigging.raycast import RayScene

    vertices = face_mesh.vertices.copy()
    for name, value in values.items():
        if name in rig.shapes:
            vertices += value * rig.shapes[name]
    scene = RayScene(vertices, face_mesh.triangles)
    return [
        render(face_mesh, camera, vertices=vertices, scene=scene)
        for camera in _cameras(rig.landmarks.frame)
    ]


def _pair(title: str, pictures: Sequence[Picture]) -> Picture:
    row = np.concatenate(pictures, axis=1)
    label = np.full((_LABEL, row.shape[1], 3), _PAPER, np.uint8)
    _write(label, title, 6, 18, _INK)
    return np.concatenate([label, row])


def _grid(cells: Sequence[Picture]) -> Picture:
    blank = np.full((_CELL + _LABEL, 2 * _CELL, 3), _PAPER, np.uint8)
    columns = max(min(_COLUMNS, len(cells)), 2)
    filled = [*cells, *[blank] * (-len(cells) % columns)] or [blank[:1]] * columns
    rows = [filled[i : i + columns] for i in range(0, len(filled), columns)]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def _page(grid: Picture, title: str, notes: Sequence[str]) -> Picture:
    width = grid.shape[1]
    letters = width // 9
    lines = [line for note in notes for line in textwrap.wrap(_ascii(note), letters)]
    head = np.full((_LINE + 16, width, 3), _PAPER, np.uint8)
    _write(head, title, 8, 26, _INK, scale=0.65)
    foot = np.full((_LINE * len(lines) + 12, width, 3), _PAPER, np.uint8)
    for i, line in enumerate(lines):
        _write(foot, line, 8, 20 + i * _LINE, _ALARM)
    return np.concatenate([head, grid, foot])


def _write(
    picture: Picture,
    text: str,
    x: int,
    y: int,
    colour: tuple[int, int, int],
    scale: float = 0.5,
) -> None:
    import cv2

    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(picture, _ascii(text), (x, y), font, scale, colour, 1, cv2.LINE_AA)


def _ascii(text: str) -> str:
    """OpenCV draws ASCII only; anything else would come out as rows of question marks."""
    return text.encode("ascii", "replace").decode()
