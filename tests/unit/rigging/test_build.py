# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of the rigging geometry on a head whose shapes are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.rigging.build import build, build_stages
from auto_rig_face.rigging.data import FaceMesh
from auto_rig_face.rigging.head import Role
from auto_rig_face.vocabulary import ARKIT_SHAPES, BONES

LID_AND_LIP_METRICS = ("lid aperture", "lid penetration", "lip seal", "lip crossing")


@pytest.fixture(scope="module")
def rig(model, template):
    return build(model.face_mesh(), model.landmarks(), template)


def test_a_rig_is_complete(rig, model):
    assert tuple(rig.shapes) == ARKIT_SHAPES
    assert tuple(bone.name for bone in rig.bones) == BONES
    count = len(model.vertices)
    assert all(shape.shape == (count, 3) for shape in rig.shapes.values())
    assert all(np.isfinite(shape).all() for shape in rig.shapes.values())
    np.testing.assert_allclose(np.asarray(rig.weights.sum(axis=1)).ravel(), 1.0, atol=1e-12)


def test_lids_and_lips_are_certified(rig):
    failed = [
        metric
        for metric in rig.certificate.metrics
        if metric.name.startswith(LID_AND_LIP_METRICS) and not metric.passed
    ]
    assert failed == []


def test_the_same_input_gives_the_same_bits(rig, model, template):
    again = build(model.face_mesh(), model.landmarks(), template)
    for name, shape in rig.shapes.items():
        assert np.array_equal(shape, again.shapes[name]), name
    assert (rig.weights != again.weights).nnz == 0


def test_a_dirty_mesh_is_rigged(model, template):
    mesh = model.face_mesh()
    count = len(mesh.vertices)
    extra = mesh.triangles[:40]
    zero_area = np.stack([extra[:, 0], extra[:, 1], extra[:, 1]], axis=1)
    loose = mesh.vertices[:5] + [0.0, 0.01, 0.0]
    dirty = FaceMesh(
        np.concatenate([mesh.vertices, loose]),
        np.concatenate([mesh.triangles, extra, zero_area]),
        (*mesh.parts[:-1], replace(mesh.parts[-1], stop=count + 5)),
    )
    rig = build(dirty, model.landmarks(), template)
    assert all(np.isfinite(shape).all() for shape in rig.shapes.values())
    np.testing.assert_allclose(np.asarray(rig.weights.sum(axis=1)).ravel(), 1.0, atol=1e-12)


def test_a_mouth_without_a_tongue_is_told(rig, model, roles, template):
    tongue = roles[model.triangles[:, 0]] == Role.TONGUE
    without = build(model.without(tongue).face_mesh(), model.landmarks(), template)
    assert "tongueOut" not in rig.disabled_shapes
    assert rig.shapes["tongueOut"].any()
    assert "tongueOut" in without.disabled_shapes
    assert not without.shapes["tongueOut"].any()
    assert any("tongue" in message.text for message in without.messages)


def test_stages_go_forward(model, template):
    fractions = [
        fraction for _, fraction in build_stages(model.face_mesh(), model.landmarks(), template)
    ]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0


def test_landmarks_that_are_no_face_are_refused(model, template):
    landmarks = model.landmarks()
    # As if the views had seen a face at the back of the head.
    behind = landmarks.frame.to_world(model.dense * [1.0, 1.0, -1.0] - [0.0, 0.0, 1.9])
    with pytest.raises(RigError) as refusal:
        build(model.face_mesh(), replace(landmarks, dense=behind), template)
    assert refusal.value.wants_markers
    assert refusal.value.refused
