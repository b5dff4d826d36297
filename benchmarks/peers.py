# SPDX-License-Identifier: GPL-3.0-or-later
"""What else could have been done with the same landmarks and the same template.

- nothing: every shape is empty.
- landmark RBF: the template's motion at its landmarks, spread over the head by radial basis
  functions. What rigging scripts do that move landmarks and let the skin follow.
- deformation transfer: registration and transfer (Sumner and Popovic 2004) as the product does
  them, without anything that comes after: lids, lips, parts, corrections.
"""

from __future__ import annotations

import numpy as np
from auto_rig_face.rigging.analyse import analyse
from auto_rig_face.rigging.data import FaceLandmarks, FaceMesh
from auto_rig_face.rigging.final_landmarks import finalise, reframe
from auto_rig_face.rigging.head import Head, Role
from auto_rig_face.rigging.registration import register
from auto_rig_face.rigging.similarity import fit_similarity
from auto_rig_face.rigging.template import Template
from auto_rig_face.rigging.transfer import correspond, pull_shapes, transfer_deformations
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

Shapes = dict[str, NDArray[np.float64]]
ANCHOR_REACH = 2.5  # IOD; beyond this nothing moves
CHUNK = 4000


def nothing() -> Shapes:
    """No motion at all."""
    return {}


def landmark_rbf(face_mesh: FaceMesh, landmarks: FaceLandmarks, template: Template) -> Shapes:
    """Shapes (V, 3), world, interpolated from the template's motion at the dense landmarks."""
    if landmarks.dense is None:
        return {}
    frame = landmarks.frame
    target = frame.to_head(landmarks.dense)
    source = template.dense.on(template.head.vertices)
    fit = fit_similarity(source, target, np.ones(len(source)))
    names = list(template.shapes)
    motion = np.stack(
        [template.dense.on(template.shapes[name].astype(np.float64)) for name in names], axis=1
    )
    motion = fit.scale * motion @ fit.rotation.T
    corners = ANCHOR_REACH * np.array(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, -1).T
    unique, first = np.unique(target, axis=0, return_index=True)
    spread = RBFInterpolator(
        np.concatenate([unique, corners]),
        np.concatenate([motion[first], np.zeros((8, len(names), 3))]).reshape(-1, 3 * len(names)),
        kernel="linear",
        degree=0,
        smoothing=1e-3,
    )
    points = frame.to_head(face_mesh.vertices)
    near = np.flatnonzero(np.linalg.norm(points, axis=1) < ANCHOR_REACH)
    result = np.zeros((len(points), len(names), 3))
    for start in range(0, len(near), CHUNK):
        chunk = near[start : start + CHUNK]
        result[chunk] = spread(points[chunk]).reshape(-1, len(names), 3)
    return {name: frame.vectors_to_world(result[:, k]) for k, name in enumerate(names)}


def deformation_transfer(
    face_mesh: FaceMesh, landmarks: FaceLandmarks, template: Template
) -> Shapes:
    """Shapes (V, 3), world, straight from the transfer."""
    head = reframe(analyse(face_mesh, landmarks))
    registration = register(template, head)
    head = finalise(head, template, registration)
    match = correspond(template, head, registration)
    names = list(template.shapes)
    own = np.stack([template.shapes[name][registration.skin] for name in names]).astype(np.float64)
    raw = pull_shapes(head, match, transfer_deformations(registration, own))
    return {
        name: head.frame.vectors_to_world(shape)[head.weld]
        for name, shape in zip(names, raw, strict=True)
    }


def skin_masks(head: Head) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(V,) visible skin and (V,) all skin of the face mesh's own vertices."""
    skin = head.role == Role.SKIN
    return (skin & head.visible)[head.weld], skin[head.weld]
