# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be shown of a head that was not rigged: where the face is, or where it might be."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ..errors import RigError
from ..rigging.data import FaceLandmarks, FaceMesh, HeadFrame
from ..scene.reader import read
from ..scene.storage import stored_base_landmarks, stored_landmarks
from .contact_sheet import Picture, landmark_pair

_GUESS_TITLE: Final = "no face found; markers would start here"
# Picture size of a whole mesh without any idea of its face: half its box across, in IOD.
_BOX_PER_IOD: Final = 4.0


def known_landmarks(head: bpy.types.Object) -> FaceLandmarks | None:
    """Landmarks that an earlier step or an earlier run left on the object, world space."""
    return stored_landmarks(head) or stored_base_landmarks(head)


def refusal_pictures(
    context: bpy.types.Context, head: bpy.types.Object, landmarks: FaceLandmarks | None
) -> list[Picture]:
    """The head at rest with its landmarks, else with the guess that marker placing begins with.

    Empty for a mesh that can't be read at all: then the message alone has to do.
    """
    try:
        face_mesh, _ = read(context, head)
    except RigError:
        return []  # the reason why it can't be read is the very message of this head
    if landmarks is not None:
        frame, points = landmarks.frame, landmarks.named
        return [landmark_pair(face_mesh, frame, points, landmarks.confidence)]
    return [_guess(face_mesh)]


def _guess(face_mesh: FaceMesh) -> Picture:
    from ..models.assets import asset_path
    from ..rigging.landmarks import frame_of
    from ..rigging.marker_guess import BLENDER_AXES, guess_markers
    from ..rigging.template import load_template

    try:
        template = load_template(asset_path("template.npz"))
        points = guess_markers(face_mesh, template)
        frame = frame_of(points, BLENDER_AXES)
    except RigError as error:
        return landmark_pair(face_mesh, _box_frame(face_mesh), {}, {}, f"no guess: {error.problem}")
    return landmark_pair(face_mesh, frame, points, {}, _GUESS_TITLE)


def _box_frame(face_mesh: FaceMesh) -> HeadFrame:
    """A frame from which the whole mesh is in the picture, in Blender's axes."""
    low, high = face_mesh.vertices.min(axis=0), face_mesh.vertices.max(axis=0)
    axes = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    return HeadFrame((low + high) / 2, axes, float(np.linalg.norm(high - low)) / _BOX_PER_IOD)
