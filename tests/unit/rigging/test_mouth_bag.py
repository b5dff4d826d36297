# SPDX-License-Identifier: GPL-3.0-or-later
"""A mouth is planned where the landmarks say, as large as the head has room for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.rigging.mouth_bag import check_mouth, plan_mouth
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation


def with_named(landmarks, **places):
    moved = {name: landmarks.frame.to_world(np.asarray(place)) for name, place in places.items()}
    return replace(landmarks, named=landmarks.named | moved)


@settings(max_examples=15)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    size=st.floats(1e-3, 1e3),
    room=st.floats(0.3, 1.0),
)
def test_a_plan_fits_between_nose_and_chin(closed_mouth, template, angles, size, room) -> None:
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    model = closed_mouth.in_frame([4.0, -2.0, 9.0], turn, size)
    landmarks = model.landmarks()
    plan = plan_mouth(model.face_mesh(), landmarks, template, room)

    np.testing.assert_allclose(plan.line[0], model.point("mouth_corner_R"), atol=1e-6)
    np.testing.assert_allclose(plan.line[2], model.point("mouth_corner_L"), atol=1e-6)
    np.testing.assert_allclose(plan.at(plan.line[:, 0]), plan.line, atol=1e-6)
    nose, chin = model.point("nose_base")[1], model.point("chin")[1]
    for part in plan.parts:
        points = landmarks.frame.to_head(part.vertices)
        assert points[:, 1].max() < nose
        assert points[:, 1].min() > chin
        assert points[:, 2].max() < plan.line[1, 2]
    depths = [ring.depth for ring in plan.rings]
    assert depths == sorted(depths)


@given(share=st.floats(0.0, 1.0), ring=st.integers(0, 3), side=st.sampled_from([-1.0, 0.0, 1.0]))
def test_rings_lie_behind_the_lips(closed_mouth, template, share, ring, side) -> None:
    plan = plan_mouth(closed_mouth.face_mesh(), closed_mouth.landmarks(), template)
    rim = plan.at(np.linspace(plan.line[0, 0], plan.line[2, 0], 9))
    places = plan.place(plan.rings[ring], rim, np.full(9, side))
    np.testing.assert_allclose(places[:, 2], rim[:, 2] - plan.rings[ring].depth)
    assert (side * (places[:, 1] - rim[:, 1]) >= -1e-9).all()
    np.testing.assert_allclose(places[[0, -1], 1], rim[[0, -1], 1], atol=1e-6)


def test_markers_in_the_wrong_place_are_told(closed_mouth, template) -> None:
    landmarks, mesh = closed_mouth.landmarks(), closed_mouth.face_mesh()
    middle = closed_mouth.point("lip_upper_inner")
    together = with_named(landmarks, mouth_corner_L=middle, mouth_corner_R=middle)
    with pytest.raises(RigError, match="in one place"):
        plan_mouth(mesh, together, template)
    upside_down = with_named(landmarks, chin=middle + [0.0, 0.4, 0.0])
    with pytest.raises(RigError, match="between nose and chin"):
        plan_mouth(mesh, upside_down, template)


def test_a_head_that_is_still_sealed_is_no_success(closed_mouth, template) -> None:
    plan = plan_mouth(closed_mouth.face_mesh(), closed_mouth.landmarks(), template)
    head = closed_mouth.analysed()
    with pytest.raises(RigError, match="couldn't be opened"):
        check_mouth(head, plan, len(head.weld))


def test_teeth_that_come_out_of_the_face_are_seen(model, closed_mouth, template) -> None:
    plan = plan_mouth(closed_mouth.face_mesh(), closed_mouth.landmarks(), template)
    out = [replace(part, vertices=part.vertices + [0.0, -0.05, 0.0]) for part in plan.parts]
    head = model.analysed()
    check_mouth(head, plan, len(head.weld))
    with pytest.raises(RigError, match="no room"):
        check_mouth(head, replace(plan, parts=tuple(out)), len(head.weld))
