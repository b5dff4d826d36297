# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets: the rig's poses beside the artist's, to be looked at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from auto_rig_face.rigging.data import FaceMesh, FaceRig
from auto_rig_face.rigging.views import look, render
from auto_rig_face.vocabulary import CONTACT_SHEET_POSES
from numpy.typing import NDArray

from .artists import ArtistHead

Picture = NDArray[np.uint8]
TILE = 260
SIZE = 3.4  # IOD across a tile
CENTRE = (0.0, -0.45, -0.2)
THREE_QUARTERS = 35.0  # degrees
# Poses that show more than the product's own contact sheet does.
MORE_POSES = {
    "half blink": {"eyeBlinkLeft": 0.5, "eyeBlinkRight": 0.5},
    "jaw open, closed": {"jawOpen": 1.0, "mouthClose": 1.0},
    "funnel": {"mouthFunnel": 1.0},
    "mouth left": {"mouthLeft": 1.0},
    "sneer, puff": {"noseSneerLeft": 1.0, "noseSneerRight": 1.0, "cheekPuff": 1.0},
    "stretch": {"mouthStretchLeft": 1.0, "mouthStretchRight": 1.0},
    "look up, wide": {
        **dict.fromkeys(("eyeLookUpLeft", "eyeLookUpRight", "eyeWideLeft", "eyeWideRight"), 1.0)
    },
    "roll": {"mouthRollLower": 1.0, "mouthRollUpper": 1.0},
}
POSES = CONTACT_SHEET_POSES | MORE_POSES


def comparison_sheet(head: ArtistHead, rig: FaceRig) -> Picture:
    """One row each: the rig from the front, the artist from the front, the rig from the side."""
    rows = [_row(head.face_mesh, rig, rig.shapes, 0.0, "")]
    if head.shapes:
        rows.append(_row(head.face_mesh, rig, head.shapes, 0.0, "artist: "))
    rows.append(_row(head.face_mesh, rig, rig.shapes, THREE_QUARTERS, ""))
    half = (len(POSES) + 1) // 2
    upper = np.concatenate([row[:, : half * TILE] for row in rows])
    lower = np.concatenate([row[:, half * TILE :] for row in rows])
    return np.concatenate([upper, lower])


def _row(
    face_mesh: FaceMesh,
    rig: FaceRig,
    shapes: dict[str, NDArray],
    yaw: float,
    prefix: str,
) -> Picture:
    camera = look(rig.landmarks.frame, yaw, size=SIZE, centre=CENTRE, resolution=TILE)
    tiles = []
    for title, pose in POSES.items():
        vertices = face_mesh.vertices.copy()
        for name, value in pose.items():
            if name in shapes:
                vertices += value * shapes[name]
        tile = render(face_mesh, camera, vertices=vertices)
        tiles.append(_titled(tile, prefix + title))
    return np.concatenate(tiles, axis=1)


def _titled(tile: Picture, title: str) -> Picture:
    tile = np.ascontiguousarray(tile)
    cv2.putText(tile, title, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    return tile


def write_png(path: Path, picture: Picture) -> None:
    """Save an RGB picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), picture[..., ::-1]):
        raise OSError(f"{path} can't be written.")
