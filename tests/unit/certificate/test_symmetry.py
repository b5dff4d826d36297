# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetry of shapes, on symmetric and on crooked heads."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.certificate.skin import exposed_skin
from auto_rig_face.rigging.certificate.symmetry import find_mirror_plane, measure_symmetry
from hypothesis import given
from hypothesis import strategies as st


def test_mirrored_shapes_pass(face):
    metric = measure_symmetry(face.head, exposed_skin(face.head), face.shapes)
    assert metric.passed
    assert metric.value < 0.3


def test_one_side_weaker_than_the_other_is_caught(face):
    shapes = dict(face.shapes, mouthSmileRight=0.6 * face.shapes["mouthSmileRight"])
    metric = measure_symmetry(face.head, exposed_skin(face.head), shapes)
    assert not metric.passed
    assert metric.place == "mouthSmileLeft and mouthSmileRight"


def test_a_midline_shape_that_pulls_to_one_side_is_caught(face):
    jaw = face.shapes["jawOpen"].copy()
    jaw[:, 0] -= 0.2 * jaw[:, 1]
    shapes = dict(face.shapes, jawOpen=jaw)
    metric = measure_symmetry(face.head, exposed_skin(face.head), shapes)
    assert metric.place == "jawOpen"
    assert not metric.passed


def test_a_crooked_face_is_not_judged(face):
    vertices = face.head.vertices.copy()
    vertices += face.moved(face.bump((0.7, -0.6), 0.6), (0.0, 0.0, 0.2))
    head = face.with_points(vertices)
    shapes = dict(face.shapes, mouthSmileRight=0 * face.shapes["mouthSmileRight"])
    metric = measure_symmetry(head, exposed_skin(head), shapes)
    assert metric.passed
    assert metric.value is None
    assert "not symmetric" in metric.note


@given(st.floats(-6, 6), st.floats(-6, 6), st.floats(-0.05, 0.05))
def test_the_mirror_plane_is_found_again_after_a_small_turn(shared_face, yaw, roll, shift):
    skin = exposed_skin(shared_face.head).points
    points = skin[np.linalg.norm(skin[:, :2] - [0, -0.5], axis=1) < 1.4]
    a, b = np.radians([yaw, roll])
    turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    turn = turn @ np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    normal, offset = find_mirror_plane(points @ turn.T + [shift, 0, 0])
    expected = turn @ [1.0, 0.0, 0.0]
    assert normal @ expected > np.cos(np.radians(1.0))
    assert offset == pytest.approx(shift * expected[0], abs=0.02)
