# SPDX-License-Identifier: GPL-3.0-or-later
"""What a head remembers of its rig: certificate, messages and landmarks."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import replace

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..properties import CertificateLine, state_of
from ..rigging.data import FaceLandmarks, FaceRig, HeadFrame, Message, Metric, Status
from .head import SceneHead
from .mesh_access import basis_positions, matrix_array


def store_rig(
    scene_head: SceneHead,
    rig: FaceRig,
    status: Status,
    messages: Iterable[Message],
) -> None:
    """Keep the certificate, the messages and who belongs to whom on the head and its parts."""
    head = scene_head.obj
    state = state_of(head)
    state.role, state.status = "HEAD", status.upper()
    state.sealed_mouth = rig.has_sealed_mouth
    state.problem = state.remedy = ""
    for part in scene_head.parts[1:]:
        part_state = state_of(part.obj)
        part_state.role, part_state.head = "PART", head
        part_state.mesh_digest = mesh_digest(part.obj)
    state.thumbnails.clear()  # they show the rig before
    state.metrics.clear()
    for metric in rig.certificate.metrics:
        _fill(state.metrics.add(), metric)
    state.messages.clear()
    for message in messages:
        line = state.messages.add()
        line.severity, line.text = message.severity, message.text


def store_landmarks(head: bpy.types.Object, final: FaceLandmarks, base: FaceLandmarks) -> None:
    """Keep where the face is; it goes where the object goes.

    ``final``: where the rig's landmarks came to be. ``base``: what the rig was built from, found
    by the detector or placed by hand; a later correction starts there.
    """
    state = state_of(head)
    state.landmarks, state.base_landmarks = _to_text(head, final), _to_text(head, base)
    state.mesh_digest = mesh_digest(head)


def stored_landmarks(head: bpy.types.Object) -> FaceLandmarks | None:
    """The landmarks of the present rig in world space; None if there are none for this mesh."""
    return _stored(head, state_of(head).landmarks)


def required_landmarks(head: bpy.types.Object) -> FaceLandmarks:
    """The landmarks of the present rig. Raises RigError if there are none for this mesh."""
    landmarks = stored_landmarks(head)
    if landmarks is None:
        raise RigError(
            f'The mesh of "{head.name}" has changed since it was rigged, so where its face is '
            "isn't known.",
            "Press Auto-Rig Face again.",
        )
    return landmarks


def stored_base_landmarks(head: bpy.types.Object) -> FaceLandmarks | None:
    """The landmarks that the present rig was built from, in world space, or None likewise."""
    return _stored(head, state_of(head).base_landmarks)


def outdated_base_landmarks(head: bpy.types.Object) -> FaceLandmarks | None:
    """The landmarks that the last rig was built from, even if the mesh has changed since: world
    space, as they would be had it not. None without any.
    """
    text = state_of(head).base_landmarks
    return _from_text(head, text) if text else None


def row_major(landmarks: FaceLandmarks) -> FaceLandmarks:
    """The same numbers in the memory layout that stored landmarks have.

    Matrix products round differently for another layout, and every press must give the same bits.
    """
    frame = replace(
        landmarks.frame,
        origin=np.ascontiguousarray(landmarks.frame.origin),
        axes=np.ascontiguousarray(landmarks.frame.axes),
    )
    dense = landmarks.dense
    return replace(
        landmarks,
        frame=frame,
        named={name: np.ascontiguousarray(point) for name, point in landmarks.named.items()},
        dense=None if dense is None else np.ascontiguousarray(dense),
    )


def landmarks_source(head: bpy.types.Object) -> str:
    """How the last landmarks came about, even if the mesh has changed since; "" without any."""
    text = state_of(head).base_landmarks
    return json.loads(text)["source"] if text else ""


def mesh_digest(obj: bpy.types.Object) -> str:
    """Changes when the undeformed mesh does; a head's landmarks are worthless then."""
    return f"{zlib.crc32(basis_positions(obj.data).tobytes()):08x}"


def _fill(line: CertificateLine, metric: Metric) -> None:
    line.name = metric.name
    line.measured, line.value = metric.value is not None, metric.value or 0.0
    line.limited, line.limit = metric.limit is not None, metric.limit or 0.0
    line.passed = metric.passed
    line.unit, line.place, line.note = metric.unit, metric.place, metric.note


def _stored(head: bpy.types.Object, text: str) -> FaceLandmarks | None:
    if not text or state_of(head).mesh_digest != mesh_digest(head):
        return None
    return _from_text(head, text)


def _to_text(head: bpy.types.Object, landmarks: FaceLandmarks) -> str:
    """World coordinates with the object's matrix at that time: exact where it does not move."""
    frame, dense = landmarks.frame, landmarks.dense
    return json.dumps(
        {
            "matrix_world": matrix_array(head.matrix_world).tolist(),
            "origin": frame.origin.tolist(),
            "axes": frame.axes.tolist(),
            "scale": float(frame.scale),
            "named": {name: point.tolist() for name, point in landmarks.named.items()},
            "confidence": {name: float(value) for name, value in landmarks.confidence.items()},
            "dense": None if dense is None else dense.tolist(),
            "source": landmarks.source,
            "picture": landmarks.picture,
        }
    )


def _from_text(head: bpy.types.Object, text: str) -> FaceLandmarks:
    values = json.loads(text)
    frame = HeadFrame(np.array(values["origin"]), np.array(values["axes"]), values["scale"])
    landmarks = FaceLandmarks(
        frame=frame,
        named={name: np.array(point) for name, point in values["named"].items()},
        confidence=values["confidence"],
        dense=None if values["dense"] is None else np.array(values["dense"]),
        source=values["source"],
        picture=values.get("picture", ""),
    )
    then, now = np.array(values["matrix_world"]), matrix_array(head.matrix_world)
    if np.array_equal(then, now):
        return landmarks
    return _moved(landmarks, now @ np.linalg.inv(then))


def _moved(landmarks: FaceLandmarks, motion: NDArray[np.float64]) -> FaceLandmarks:
    """Landmarks after the (4, 4) affine ``motion`` of their head."""
    # A similarity is not one any more on a head that was stretched, but its axis tips move along.
    tips = landmarks.frame.to_world(np.vstack((np.zeros(3), np.eye(3))))
    dense = landmarks.dense
    return replace(
        landmarks,
        frame=_frame_from_tips(_apply(motion, tips)),
        named={name: _apply(motion, point) for name, point in landmarks.named.items()},
        dense=None if dense is None else _apply(motion, dense),
    )


def _frame_from_tips(tips: NDArray[np.float64]) -> HeadFrame:
    """The similarity nearest to four points: the origin and the tips of the three axes."""
    axes = tips[1:] - tips[0]
    u, sizes, vt = np.linalg.svd(axes)
    return HeadFrame(origin=tips[0], axes=u @ vt, scale=float(sizes.mean()))


def _apply(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(points, dtype=np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
