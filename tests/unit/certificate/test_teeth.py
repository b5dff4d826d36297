# SPDX-License-Identifier: GPL-3.0-or-later
"""Teeth that come through the skin are caught, and covered again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging.certificate.lips import measure_lips
from auto_rig_face.rigging.certificate.skin import exposed_skin
from auto_rig_face.rigging.certificate.teeth import TeethFinder, measure_teeth
from auto_rig_face.rigging.cover_teeth import TeethCover
from auto_rig_face.rigging.head import Role
from hypothesis import given
from hypothesis import strategies as st


def forward(face, by: float) -> np.ndarray:
    """Teeth and nothing else moved forward."""
    return np.where((face.head.role == Role.TEETH_LOWER)[:, None], [0.0, 0.0, by], 0.0)


def teeth_of(face, shape, name="jawForward"):
    return measure_teeth(face.head, exposed_skin(face.head), {name: shape})


@given(by=st.floats(-0.2, 0.05))
def test_teeth_behind_the_skin_are_fine(shared_face, by: float) -> None:
    metric = teeth_of(shared_face, forward(shared_face, by))
    assert metric.value == 0
    assert metric.passed


@given(by=st.floats(0.08, 0.25))
def test_teeth_count_by_how_far_they_come_through(shared_face, by: float) -> None:
    metric = teeth_of(shared_face, forward(shared_face, by))
    # The skin is curved: along its normal it is a little less.
    assert 0.8 * 100 * (by - 0.06) < metric.value < 1.02 * 100 * (by - 0.06)
    assert metric.place.startswith("jawForward, near ")


def test_a_head_without_teeth_has_nothing_to_measure(face) -> None:
    head = replace(
        face.head, role=np.where(face.head.role == Role.TEETH_LOWER, Role.HAIR, face.head.role)
    )
    metric = measure_teeth(head, exposed_skin(head), {"jawOpen": face.shapes["jawOpen"]})
    assert metric.value is None
    assert metric.passed


def test_teeth_that_stand_out_at_rest_are_left_alone(face) -> None:
    tusks = face.with_points(face.head.vertices + forward(face, 0.1))
    assert (
        measure_teeth(tusks, exposed_skin(tusks), {"jawOpen": face.shapes["jawOpen"]}).value is None
    )


@pytest.mark.parametrize("by", [0.1, 0.2])
def test_skin_is_pushed_out_over_teeth(face, by: float) -> None:
    skin = exposed_skin(face.head)
    shape = face.shapes["jawOpen"] + forward(face, by)
    covered = TeethCover(face.head, skin)(shape)
    assert covered is not None
    assert len(TeethFinder(face.head, skin)(shape).depth)
    assert teeth_of(face, covered).passed
    moved = np.linalg.norm(covered - shape, axis=1)
    assert not moved[face.head.role != Role.SKIN].any()
    assert moved.max() < 1.5 * by
    before, after = (measure_lips(face.head, {"jawOpen": s}, frozenset()) for s in (shape, covered))
    assert [metric.value for metric in before] == [metric.value for metric in after]


def test_what_is_covered_stays_as_it_is(face) -> None:
    cover = TeethCover(face.head, exposed_skin(face.head))
    assert cover(face.shapes["jawOpen"]) is None
